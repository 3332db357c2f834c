import tools.link  # finds: tools.link -> candidate [runtime.a > tools.link > candidate.core]
import tools.folder.core  # finds: tools.folder.core -> candidate
from tools.folder import core  # finds: tools.folder.core -> candidate
