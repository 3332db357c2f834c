"""Old:

import candidate.core
    from candidate import core
"""
TEXT = """
import candidate.core
"""
R = r'''
from candidate.core import SHAPE
'''
# import candidate.core
x = 1  # import candidate.core
LINE = "import candidate.core"; OTHER = '\
import candidate.core'
