python -m candidate.core
