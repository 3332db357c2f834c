import tools.back
