import json
import candidate.core  # finds: candidate.core [runtime.a > candidate.core]
from candidate import core  # finds: candidate.core
from candidate.core import SHAPE  # finds: candidate.core
import runtime.b
