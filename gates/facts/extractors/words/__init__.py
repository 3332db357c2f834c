"""What the words of a file are: found by their spelling, told apart by what they are there."""
