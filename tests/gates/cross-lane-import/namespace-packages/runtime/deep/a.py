import candidate.parts.core  # finds: candidate.parts.core
from candidate.parts import core  # finds: candidate.parts.core
from candidate import parts  # finds: candidate
import candidate.parts  # finds: candidate.parts
