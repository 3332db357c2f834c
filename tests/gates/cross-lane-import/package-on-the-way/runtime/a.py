import tools.harmless  # finds: tools -> candidate [runtime.a > tools > candidate.core]
