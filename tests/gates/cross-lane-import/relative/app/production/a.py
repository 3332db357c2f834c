from ..candidate import core  # finds: app.candidate.core
from ..candidate.core import x  # finds: app.candidate.core
from .. import candidate  # finds: app.candidate
from . import b
from .b import x
