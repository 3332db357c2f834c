from candidate import (  # finds: candidate.core
    # the shape of things
    core,  # (not this)
    # import nothing
)
from candidate import (core)  # finds: candidate.core
from candidate import (core as c,)  # finds: candidate.core
from candidate import (
    core
    as
    d,
)
from runtime import (
    b,  # from candidate import core
)
