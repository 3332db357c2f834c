import json
import candidate.core  # finds: candidate.core
x = 1import candidate.core  # finds: candidate.core
