import bridge  # finds: bridge -> candidate [user > bridge > candidate.idea]
