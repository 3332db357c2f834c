import runtime, tools.clean
