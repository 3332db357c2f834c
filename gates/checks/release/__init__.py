"""Gates on what is released, and on when."""
