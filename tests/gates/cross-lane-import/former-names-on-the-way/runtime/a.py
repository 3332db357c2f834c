import tools.bridge  # finds: tools.bridge -> candidate [runtime.a > tools.bridge > labs.core]
