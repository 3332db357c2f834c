def f():
    """>>> import candidate.core

    import candidate.core; from candidate import core
    """
