"""Gates on what documents say."""
