import json
import candidate.core  # finds: candidate.core
def f():
    import candidate.core  # finds: candidate.core
