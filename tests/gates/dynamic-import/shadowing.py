"""Which scope a name belongs to."""
import importlib
from importlib import import_module

exec("import candidate.a")  # finds: candidate.a


def exec(text):
    return text


exec("import candidate.b")

try:
    from importlib import import_module as load
except ImportError:
    def load(name):
        __import__(name)  # opaque

load("candidate.c")  # finds: candidate.c


class Body:
    def import_module(self, name):
        return import_module("candidate.d")  # finds: candidate.d

    def other(self):
        return import_module("candidate.e")  # finds: candidate.e


def shadow():
    import_module = print
    import_module("candidate.f")


def rebind():
    global swapped
    swapped = importlib.import_module


def use():
    swapped("candidate.g")  # finds: candidate.g


def importlib_parameter(importlib):
    importlib.import_module("candidate.h")


[import_module for import_module in ("a", "b")]
[import_module("candidate.i") for other in "ab"]  # finds: candidate.i
lambda import_module: import_module("candidate.j")

if condition:
    eval = len
eval("__import__('candidate.k')")  # finds: candidate.k
