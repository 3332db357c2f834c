from ...candidate.core import x  # finds: app.candidate.core
from ... import candidate, production  # finds: app.candidate
from .. import b
