import labs.core  # finds: labs.core
from labs import core  # finds: labs
import labs  # finds: labs
import old.labs.x.y  # finds: old.labs.x.y
import old.other
import labs_tools
import labsx.core
from . import labs
import x.labs
