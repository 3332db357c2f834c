try:
    import production_first as core
except ImportError:
    try:
        from candidate import core  # finds: candidate.core
    except ImportError:
        import candidate.older as core  # finds: candidate.older
finally:
    import candidate.last  # finds: candidate.last
