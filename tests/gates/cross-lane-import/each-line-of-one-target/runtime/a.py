import candidate.core  # finds: candidate.core


def late():
    import candidate.core  # finds: candidate.core
