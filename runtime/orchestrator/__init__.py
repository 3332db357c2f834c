"""One query through its stages, within one deadline."""
