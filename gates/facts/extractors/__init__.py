"""What one file's bytes say, each a pure function of them: no path, no policy, no date."""
