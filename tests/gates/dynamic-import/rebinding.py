"""Loaders under other names, followed to where they are called."""
import functools
import importlib
import importlib as il
from functools import partial
from importlib import import_module

f = importlib.import_module
f("candidate.a")  # finds: candidate.a
g = h = f
g("candidate.b")  # finds: candidate.b
h("candidate.b")  # finds: candidate.b
i, (j, k) = 1, (import_module, 2)
j("candidate.c")  # finds: candidate.c
first, *rest, last = import_module, 1, 2, __import__
first("candidate.d")  # finds: candidate.d
last("candidate.e")  # finds: candidate.e
if (m := import_module)("candidate.f"):  # finds: candidate.f
    m("candidate.g")  # finds: candidate.g
n = getattr(importlib, "import_module")
n("candidate.h")  # finds: candidate.h
o = vars(importlib)["import_module"]
o("candidate.i")  # finds: candidate.i
TABLE = {"load": import_module, "other": print}
TABLE["load"]("candidate.j")  # finds: candidate.j
TABLE.get("load")("candidate.k")  # finds: candidate.k
TABLE["other"]("candidate.k")
TABLE[key]("candidate.l")  # finds: candidate.l
{"x": import_module}["x"]("candidate.m")  # finds: candidate.m
[import_module][0]("candidate.n")  # finds: candidate.n
(import_module if flag else __import__)("candidate.o")  # finds: candidate.o
(flag and import_module)("candidate.p")  # finds: candidate.p
(override or import_module)("candidate.q")  # finds: candidate.q
p = functools.partial(import_module, "candidate.r")  # finds: candidate.r
p()
q = partial(import_module)
q("candidate.s")  # finds: candidate.s
partial(import_module, package="candidate")(".t")  # finds: candidate.t
for loader in (import_module, __import__):
    loader("candidate.u")  # finds: candidate.u
r = lambda name: import_module(name)  # opaque
s = lambda: import_module("candidate.v")  # finds: candidate.v
eval("import_module")("candidate.w")  # finds: candidate.w
module = importlib
module.import_module("candidate.x")  # finds: candidate.x
import_module("importlib").import_module("candidate.y")  # finds: importlib, candidate.y


class Holder:
    load = import_module
    fetch = staticmethod(__import__)

    def __init__(self):
        self.bring = import_module

    def use(self):
        self.load("candidate.aa")  # finds: candidate.aa
        self.fetch("candidate.ab")  # finds: candidate.ab
        self.bring("candidate.ac")  # finds: candidate.ac


class Child(Holder):
    def use(self):
        self.load("candidate.ad")  # finds: candidate.ad


Holder.load("candidate.ae")  # finds: candidate.ae
Holder().bring("candidate.af")  # finds: candidate.af


def with_default(load=import_module):
    load("candidate.ag")  # finds: candidate.ag


def inner():
    load = import_module

    def innermost():
        load("candidate.ah")  # finds: candidate.ah

    return innermost


def give():
    return import_module  # opaque


def hand():
    yield il.import_module  # opaque


register(import_module)  # opaque
executor.submit(import_module, "candidate.ai")  # finds: candidate.ai
thing.load = import_module  # opaque
things["load"] = import_module  # opaque
register([import_module])  # opaque
register(importlib)  # opaque
register(TABLE)  # opaque
hasattr(importlib, "import_module")
isinstance(import_module, type)
assert import_module is f
print(import_module)
never_used = importlib.import_module  # opaque
