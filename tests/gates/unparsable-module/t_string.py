x = t'{name}'
