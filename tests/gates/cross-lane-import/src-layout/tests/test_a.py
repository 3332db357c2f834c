from app.candidate import core  # finds: app.candidate.core
