"""One question per file, named after the offence."""
