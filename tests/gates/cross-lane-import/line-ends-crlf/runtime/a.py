import json
import candidate.core  # finds: candidate.core
from candidate import (  # finds: candidate.core
    core,
)
