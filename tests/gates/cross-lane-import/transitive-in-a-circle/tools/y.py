import tools.x
import candidate.core
