import tools.link  # finds: candidate.core [runtime.a > candidate.core]
import tools.folder.core  # finds: candidate.core
from tools.folder import core  # finds: candidate.core
import tools.folder  # finds: candidate
import tools.mine
