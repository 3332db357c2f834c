from candidate \
    import core
