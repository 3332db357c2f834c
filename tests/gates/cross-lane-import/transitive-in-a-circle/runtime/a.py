import runtime.b
import tools.x  # finds: tools.x -> candidate [runtime.a > tools.x > tools.y > candidate.core]
