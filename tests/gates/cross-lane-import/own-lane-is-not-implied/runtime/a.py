import runtime.b  # finds: runtime.b
