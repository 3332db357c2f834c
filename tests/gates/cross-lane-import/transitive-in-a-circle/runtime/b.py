import runtime.a
