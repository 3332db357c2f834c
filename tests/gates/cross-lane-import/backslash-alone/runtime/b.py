import json
from candidate \
 import core
