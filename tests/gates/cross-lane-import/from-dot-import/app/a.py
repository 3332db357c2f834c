from . import experimental  # finds: app.experimental
from . import stable
from .experimental import *  # finds: app.experimental
from . import *
