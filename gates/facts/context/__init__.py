"""Context files: what they claim, and what the tree says of it."""
