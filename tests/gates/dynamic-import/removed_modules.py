"""sys.modules gives a module up: nothing is loaded, unless what was taken out is used."""
import operator
import sys
from sys import modules

sys.modules.pop("candidate.a")
sys.modules.pop("candidate.b", None)
modules.pop(name, None)
sys.modules.popitem()
getattr(sys, "modules").pop("candidate.c")
drop = sys.modules.pop
drop("candidate.d", None)
del sys.modules["candidate.e"]
del modules[name], sys.modules["candidate.f"]
for name in list(sys.modules):
    if name.startswith("candidate."):
        sys.modules.pop(name)
        del sys.modules[name]
[sys.modules.pop(name, None) for name in names]
"candidate.g" in sys.modules and sys.modules.pop("candidate.g")
sys.modules.pop("candidate.h") if again else None
if sys.modules.pop("candidate.i", None) is None:
    pass
while not sys.modules.pop("candidate.j", None):
    pass
monkeypatch.delitem(sys.modules, "candidate.k", raising=False)
operator.delitem(sys.modules, "candidate.l")
case.addCleanup(sys.modules.pop, "candidate.m", None)

module = sys.modules.pop("candidate.n")  # finds: candidate.n
sys.modules.pop("candidate.o").run()  # finds: candidate.o
sys.modules.pop(name, None)()  # opaque
run(sys.modules.pop("candidate.p"))  # finds: candidate.p
table = {sys.modules.pop("candidate.q"): 1}  # finds: candidate.q
(held := sys.modules.pop("candidate.r", None))  # finds: candidate.r
if (held := sys.modules.pop("candidate.s", None)) is None:  # finds: candidate.s
    pass
taken = [sys.modules.pop(name) for name in names]  # opaque
register(lambda: sys.modules.pop("candidate.t"))  # finds: candidate.t
register(sys.modules.pop, "candidate.u")  # opaque
eval("sys.modules.pop('candidate.v')").run()  # finds: candidate.v
exec("sys.modules.pop('candidate.w')")
sys.modules["candidate.x"] = sys.modules.pop("candidate.y")  # finds: candidate.y; opaque
del sys.modules["candidate.z"].attribute  # finds: candidate.z
del __import__("candidate.aa").attribute, (one, __import__("candidate.ab").attribute)  # finds: candidate.aa, candidate.ab
del sys.meta_path[0]  # opaque
del sys.modules[__import__("candidate.ac").name]  # finds: candidate.ac
