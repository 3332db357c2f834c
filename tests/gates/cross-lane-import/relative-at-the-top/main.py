from . import core
from .candidate import core  # finds: candidate.core
import candidate.core  # finds: candidate.core
