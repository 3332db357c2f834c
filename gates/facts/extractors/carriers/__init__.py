"""What a file that is not Python says of the code that Python will run: one module for each kind of file.

Each is an extractor like any other: a pure function of the bytes, whose answer is a list of uses (use.py).
"""
