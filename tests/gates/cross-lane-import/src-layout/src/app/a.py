import app.candidate.core  # finds: app.candidate.core [app.a > app.candidate.core]
from .candidate import core  # finds: app.candidate.core
from app import candidate  # finds: app.candidate
import src.app.candidate.core  # finds: app.candidate.core
