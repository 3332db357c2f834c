import tools.harmless  # finds: tools.harmless -> candidate [runtime.a > tools.harmless > tools > candidate.core]
