#!/usr/bin/env python
# vim: set fileencoding=cp1252 :
T = '€'
from candidate import core  # finds: candidate.core
