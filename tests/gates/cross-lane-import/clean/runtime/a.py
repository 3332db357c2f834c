from __future__ import annotations

import json
import tools.clean
from . import b
from runtime.b import x
