from candidate \
    import core
import \
    candidate.core
from \
    candidate.core \
    import SHAPE
import candidate \
    .core, json
from candidate import \
    core, \
    other
