import candidate  # finds: candidate
from candidate import attribute  # finds: candidate
import candidate.missing  # finds: candidate.missing
from candidate.missing import thing  # finds: candidate.missing
import elsewhere.candidate
