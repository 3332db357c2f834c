import candidate.größe  # finds: candidate.größe
from candidate import größe  # finds: candidate.größe
import candidate.ﬁle  # finds: candidate.file
import ｃandidate.core  # finds: candidate.core
