import candidate.core  # finds: candidate.core
