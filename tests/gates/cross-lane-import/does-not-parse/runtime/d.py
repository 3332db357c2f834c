print 'candidate.core'
