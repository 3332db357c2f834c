"""How it was once used:

import candidate.core
from candidate import core
"""
