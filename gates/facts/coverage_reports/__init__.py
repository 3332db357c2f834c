"""What coverage.py and its kin write, each format read into the same lines."""
