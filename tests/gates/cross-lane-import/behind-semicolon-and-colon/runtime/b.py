if 1:\
  import candidate.core  # finds: candidate.core
