from candidate.core import SHAPE  # finds: candidate.core
