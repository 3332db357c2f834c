"""Questions about what a change brings."""
