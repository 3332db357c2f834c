"""Gates that judge what a repository is built from, and what it lets out."""
