try:
    from labs.core import x
except ImportError:
    x = None
