"""Loaders that this file only passes on, or gets from elsewhere."""
from importlib import import_module  # opaque
from importlib import reload as again  # opaque
from compat import importlib as il
from compat import import_module as load
import compat

il.import_module("candidate.a")  # finds: candidate.a
load("candidate.b")  # finds: candidate.b
load(name)  # opaque
compat.importlib.import_module("candidate.c")  # finds: candidate.c
