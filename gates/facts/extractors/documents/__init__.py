"""What documents say: their structure, and the claims of context files."""
