x = \
    1
import json
