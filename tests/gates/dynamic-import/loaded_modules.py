"""sys.modules, and the hooks that decide what an import gives."""
import sys
import sys as system
from sys import meta_path, modules

sys.modules["candidate.a"]  # finds: candidate.a
system.modules["candidate.b"]  # finds: candidate.b
modules["candidate.c"]  # finds: candidate.c
sys.modules.get("candidate.d")  # finds: candidate.d
kept = sys.modules.pop("candidate.e", None)  # finds: candidate.e
getattr(sys, "modules")["candidate.f"]  # finds: candidate.f
getattr(sys, "mod" + "ules")["candidate.g"]  # finds: candidate.g
vars(sys)["modules"]["candidate.h"]  # finds: candidate.h
sys.modules["importlib"].import_module("candidate.i")  # finds: importlib, candidate.i
sys.modules[name]  # opaque
sys.modules[name].thing  # opaque
sys.modules[__name__]
sys.modules[__name__].thing = 1
setattr(sys.modules[__name__], "thing", 1)
sys.modules[f"{__name__}.sub"]  # finds: .sub
sys.modules["candidate.j"] = stub  # opaque
sys.modules[__name__] = Proxy()  # opaque
sys.modules.setdefault("candidate.k", stub)  # opaque
sys.modules.update(stubs)  # opaque
register(sys.modules)  # opaque
patch.dict(sys.modules, {"candidate.l": stub})  # opaque
register(dict(sys.modules))  # opaque
for loaded in sys.modules.values():  # opaque
    pass
for loaded_name in sys.modules:
    pass
sorted(sys.modules)
len(sys.modules)
if "candidate.m" in sys.modules:
    del sys.modules["candidate.m"]
table = sys.modules
table["candidate.n"]  # finds: candidate.n
sys.meta_path.insert(0, Finder())  # opaque
sys.meta_path.append(Finder())  # opaque
sys.path_hooks.append(hook)  # opaque
sys.meta_path = [Finder()]  # opaque
sys.meta_path += [Finder()]  # opaque
meta_path.clear()  # opaque
for finder in sys.meta_path:  # opaque
    pass
finder in sys.meta_path
getattr(sys, "frozen", False)
sys.argv[1]
sys.modules_of("candidate.o")
patch.object(sys, "argv", [])
package.modules["candidate.p"]


class OnlyLooked:
    def test_it(self):
        self.assertNotIn("candidate.a", sys.modules)
