"""What a bundle of evidence is made of, and how it is checked without knowing a gate."""
