import tools.y
