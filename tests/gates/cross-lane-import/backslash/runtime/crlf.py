from candidate \
    import core
