import candidate.core as harmless  # finds: candidate.core
from candidate import core as json  # finds: candidate.core
import json, candidate.core as c, sys  # finds: candidate.core
import   candidate . core  # finds: candidate.core
from	candidate	import	core  # finds: candidate.core
from candidate import(core)  # finds: candidate.core
from.b import x
from candidate import core,core as d,  x  # finds: candidate; candidate.core
