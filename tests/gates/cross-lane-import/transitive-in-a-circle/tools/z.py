import tools.z
