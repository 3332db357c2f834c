"""What every rewrite of Python does alike: read without loss, follow names, keep comments, put imports in place."""
