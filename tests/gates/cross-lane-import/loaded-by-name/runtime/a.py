import importlib
from importlib import import_module as load

importlib.import_module("candidate.core")  # finds: candidate.core
load("candidate." + "core")  # finds: candidate.core
__import__("candidate.core")  # finds: candidate.core
load("json")
load(name)
TEXT = "candidate.core"
import tools.loader  # finds: tools.loader -> candidate [runtime.a > tools.loader > candidate.core]
