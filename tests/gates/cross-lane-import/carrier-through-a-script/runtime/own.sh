python -m candidate.core  # finds: candidate.core
