"""__import__ and the ways to it."""
import builtins
import builtins as b
from builtins import __import__ as fetch
from operator import attrgetter

__import__("candidate.a")  # finds: candidate.a
builtins.__import__("candidate.b")  # finds: candidate.b
b.__import__("candidate.c")  # finds: candidate.c
fetch("candidate.d")  # finds: candidate.d
__builtins__.__import__("candidate.e")  # finds: candidate.e
__builtins__["__import__"]("candidate.f")  # finds: candidate.f
__builtins__.get("__import__")("candidate.g")  # finds: candidate.g
getattr(builtins, "__import__")("candidate.h")  # finds: candidate.h
getattr(builtins, "__imp" + "ort__")("candidate.i")  # finds: candidate.i
vars(builtins)["__import__"]("candidate.j")  # finds: candidate.j
builtins.__dict__["__import__"]("candidate.k")  # finds: candidate.k
globals()["__builtins__"].__import__("candidate.l")  # finds: candidate.l
getattr(builtins, unknown)("candidate.m")  # opaque
attrgetter("__import__")(builtins)("candidate.n")  # finds: candidate.n
__import__("candidate", fromlist=["o"])  # finds: candidate.o
__import__("candidate", {}, {}, ("p", "q"))  # finds: candidate.p, candidate.q
__import__("candidate", globals(), locals(), names)  # finds: candidate
__import__("r", globals(), locals(), [], 1)  # finds: .r
__import__("", globals(), locals(), ["s"], 2)  # finds: ..s
__import__("r", globals(), locals(), [], depth)  # opaque
__import__(name)  # opaque
__import__("importlib").import_module("candidate.t")  # finds: importlib, candidate.t
__import__("os.path").sep  # finds: os.path
map(__import__, ["candidate.u", "candidate.v"])  # finds: candidate.u, candidate.v
list(map(__import__, names))  # opaque
apply(__import__, "candidate.w")  # opaque
builtins.__import__ = replacement  # opaque
builtins.open = replacement
builtins.print("__import__")
patch.object(builtins, "open")
patch.object(builtins, "__import__")  # opaque
setattr(builtins, "__import__", replacement)  # opaque
