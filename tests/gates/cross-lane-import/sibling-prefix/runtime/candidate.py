core = 1
