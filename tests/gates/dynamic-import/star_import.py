"""Every name of importlib."""
from importlib import *
from os import *

import_module("candidate.a")  # finds: candidate.a
reload(module)  # opaque
walk("candidate.b")
