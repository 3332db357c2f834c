from candidate.core import *  # finds: candidate.core
from candidate import *  # finds: candidate
