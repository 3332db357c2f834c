"""Which imports really happened: seen in a running process, kept in a file, read by a fact.

Nothing of this judges, and nothing is imported where no recording is asked for.
"""
