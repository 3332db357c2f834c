def f(x):
    print 'x', x
