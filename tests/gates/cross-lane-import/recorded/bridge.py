import importlib


def load(name):
    return importlib.import_module(name)  # finds: candidate.idea [bridge > candidate.idea]


def drop(name):
    return importlib.import_module(name)
