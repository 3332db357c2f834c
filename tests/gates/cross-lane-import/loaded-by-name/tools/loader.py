import importlib

for name in ("json", "candidate.core"):
    importlib.import_module(name)
