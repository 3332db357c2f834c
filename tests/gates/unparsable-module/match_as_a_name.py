match = 1
case = match
type = case
lazy = type
print(match, case)
