import tools.bridge  # finds: tools.bridge -> candidate [runtime.a > tools.bridge > candidate.core]
import tools.harmless
