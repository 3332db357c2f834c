import candidates
import candidate_ids
from runtime import candidate
from runtime.candidate import core
from . import candidate as mine
import runtime.candidate.core
candidate = [candidate_ids]
