from ... import candidate
from .... import candidate
from ...candidate import core
from .. import candidate  # finds: candidate
