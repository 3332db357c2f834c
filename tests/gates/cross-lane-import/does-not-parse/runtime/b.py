<<<<<<< HEAD
from candidate import core
=======
import json
>>>>>>> other
