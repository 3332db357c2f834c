import tools.broken  # finds: tools.broken -> candidate [runtime.a > tools.broken > candidate.core]
