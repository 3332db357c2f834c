x = 1; import candidate.core  # finds: candidate.core
if x: import candidate.core  # finds: candidate.core
else: from candidate import core  # finds: candidate.core
try: import candidate.core  # finds: candidate.core
except ImportError: pass
class A: import candidate.core  # finds: candidate.core
def f(): import json; import candidate.core  # finds: candidate.core
import json;import candidate.core  # finds: candidate.core
import json  ;  from candidate import core  # finds: candidate.core
