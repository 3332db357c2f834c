from . import stable
