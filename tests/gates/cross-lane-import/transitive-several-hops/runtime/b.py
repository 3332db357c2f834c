from tools import one  # finds: tools.one -> candidate [runtime.b > tools.one > tools.four > candidate.core]
