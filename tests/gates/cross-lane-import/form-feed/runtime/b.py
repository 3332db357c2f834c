from candidate import core  # finds: candidate.core
