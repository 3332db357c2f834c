match = 1
x = match +
