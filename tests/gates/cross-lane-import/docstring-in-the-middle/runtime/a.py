import tools.text
import tools.both  # finds: tools.both -> candidate [runtime.a > tools.both > tools.real > candidate.core]
