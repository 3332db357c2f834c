from . import stable, experimental  # finds: app.experimental
