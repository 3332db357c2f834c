def f(x):
    match x:
        case [1, *rest] if rest:
            return rest
        case {'a': y} | y:
            return y
