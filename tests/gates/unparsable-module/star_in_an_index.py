def f(*args: *Ts) -> x[*Ts]:
    pass
