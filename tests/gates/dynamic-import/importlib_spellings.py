"""importlib under its own name and others."""
import importlib
import importlib as il
import importlib.util
import importlib.util as tools
from importlib import import_module
from importlib import import_module as load
from importlib import machinery, reload, util

import json

importlib.import_module("candidate.a")  # finds: candidate.a
il.import_module("candidate.b")  # finds: candidate.b
import_module("candidate.c")  # finds: candidate.c
load(name="candidate.d")  # finds: candidate.d
importlib.import_module(".e", package="candidate.sub")  # finds: candidate.sub.e
importlib.import_module("..e", "candidate.sub.deep")  # finds: candidate.sub.e
importlib.import_module(".e", __package__)  # finds: .e
importlib.import_module("..e", package=__package__)  # finds: ..e
importlib.import_module(".e", __name__)  # finds: .e
importlib.import_module(f"{__package__}.e")  # finds: .e
importlib.import_module(__name__ + ".e.f")  # finds: .e.f
importlib.import_module(".e")  # opaque
importlib.import_module(".e", package_of())  # opaque
importlib.import_module(name)  # opaque
importlib.__import__("candidate.f")  # finds: candidate.f
importlib.import_module.__call__("candidate.g")  # finds: candidate.g
(importlib).import_module("candidate.h")  # finds: candidate.h
importlib . import_module ("candidate.i")  # finds: candidate.i
importlib.import_module(  # finds: candidate.j
    "candidate.j",
)
importlib.import_module(*("candidate.k",))  # finds: candidate.k
importlib.import_module(**{"name": "candidate.l"})  # finds: candidate.l
importlib.import_module(*names)  # opaque
importlib.import_module(**options)  # opaque
importlib.reload(json)  # finds: json
reload(module_of())  # opaque
importlib.util.find_spec("candidate.m")  # finds: candidate.m
tools.find_spec(".n", "candidate")  # finds: candidate.n
spec = util.spec_from_file_location("anything", "candidate/o.py")  # finds: path:candidate/o.py
module = util.module_from_spec(spec)
spec.loader.exec_module(module)
util.module_from_spec(spec_of())  # opaque
known = util.find_spec("candidate.p")  # finds: candidate.p
util.module_from_spec(known)
lazy = util.LazyLoader(known.loader)
machinery.SourceFileLoader("x", "candidate/x.py").load_module()  # finds: path:candidate/x.py
machinery.PathFinder.find_spec("candidate.q")  # finds: candidate.q
importlib._bootstrap._gcd_import("candidate.r")  # finds: candidate.r
importlib._bootstrap._load(spec)  # opaque
machinery.all_suffixes()
importlib.invalidate_caches()
util.resolve_name(".x", "candidate")


async def later():
    await importlib.import_module("candidate.s").start()  # finds: candidate.s
    return [importlib.import_module(x) for x in ("candidate.t", "candidate.u")]  # finds: candidate.t, candidate.u


@importlib.import_module("candidate.v").decorate  # finds: candidate.v
class Decorated(importlib.import_module("candidate.w").Thing):  # finds: candidate.w
    field = importlib.import_module("candidate.x")  # finds: candidate.x

    def method(self, default=importlib.import_module("candidate.y")):  # finds: candidate.y
        pass
