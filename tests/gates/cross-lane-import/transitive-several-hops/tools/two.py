import tools.three
