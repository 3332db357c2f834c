import candidate.core  # finds: candidate.core
import tools.bridge
