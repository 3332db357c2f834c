import runtime.stable
