"""What is renamed when a word is retired: names in Python, files, what leads to them, and the aliases that are left."""
