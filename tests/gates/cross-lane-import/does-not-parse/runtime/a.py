import candidate.core
print 'python 2'
