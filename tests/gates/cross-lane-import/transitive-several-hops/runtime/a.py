import runtime.b
