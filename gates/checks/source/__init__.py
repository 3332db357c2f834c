"""Questions about the source itself."""
