import importlib


def load(name):
    return importlib.import_module(name)


def drop(name):
    return importlib.import_module(name)
