import bridge  # finds: bridge -> candidate.idea [user > bridge > candidate.idea]
