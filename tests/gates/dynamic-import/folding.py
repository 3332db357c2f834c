"""Names that are put together."""
import os
from base64 import b64decode
from importlib import import_module

from settings import BACKEND

NAME = "candidate.a"
import_module(NAME)  # finds: candidate.a
import_module("candidate" + "." + "b")  # finds: candidate.b
import_module("candidate" ".c")  # finds: candidate.c
import_module("candidate.%s" % "d")  # finds: candidate.d
import_module("%s.%s" % ("candidate", "e"))  # finds: candidate.e
import_module("{}.{}".format("candidate", "f"))  # finds: candidate.f
import_module("{lane}.g".format(lane="candidate"))  # finds: candidate.g
import_module(f"{'candidate'}.h")  # finds: candidate.h
import_module(".".join(["candidate", "i"]))  # finds: candidate.i
import_module("candidate/j".replace("/", "."))  # finds: candidate.j
import_module("CANDIDATE.K".lower())  # finds: candidate.k
import_module("l.etadidnac"[::-1])  # finds: candidate.l
import_module("candidate.m:thing".split(":")[0])  # finds: candidate.m
import_module("candidate.n.x".rpartition(".")[0])  # finds: candidate.n
import_module(b"candidate.o".decode())  # finds: candidate.o
import_module(b64decode("Y2FuZGlkYXRlLnA=").decode())  # finds: candidate.p
import_module(chr(99) + "andidate.q")  # finds: candidate.q
import_module(" candidate.r ".strip())  # finds: candidate.r
import_module("candidate.s" if flag else "candidate.t")  # finds: candidate.s, candidate.t
import_module(None or "candidate.u")  # finds: candidate.u
import_module(given or "candidate.v")  # finds: candidate.v; opaque
import_module(os.environ.get("BACKEND", "candidate.w"))  # finds: candidate.w; opaque
import_module(os.getenv("BACKEND"))  # opaque
import_module(os.environ["BACKEND"])  # opaque
import_module(BACKEND)  # opaque
import_module(f"candidate.{name}")  # opaque
import_module("candidate.%s" % name)  # opaque
import_module("candidate.{}".format(name))  # opaque
import_module(name + ".x")  # opaque
import_module(find_name())  # opaque
import_module(config["backend"])  # opaque
import_module(config.backend)  # opaque

for name_1 in ("candidate.x", "candidate.y"):
    import_module(name_1)  # finds: candidate.x, candidate.y
for name_2, attribute in [("candidate.z", "a"), ("candidate.za", "b")]:
    import_module(name_2)  # finds: candidate.z, candidate.za
for part in ["zb", "zc"]:
    import_module("candidate." + part)  # finds: candidate.zb, candidate.zc
for number, name_3 in enumerate(["candidate.zd"]):
    import_module(name_3)  # finds: candidate.zd
for name_4 in sorted({"candidate.ze", "candidate.zf"}):
    import_module(name_4)  # finds: candidate.ze, candidate.zf
for key, name_5 in {"x": "candidate.zg"}.items():
    import_module(name_5)  # finds: candidate.zg
for name_6 in {"x": "candidate.zh"}.values():
    import_module(name_6)  # finds: candidate.zh
for name_7 in {"candidate.zi": 1}:
    import_module(name_7)  # finds: candidate.zi
for name_8 in find_names():
    import_module(name_8)  # opaque
for package, module in (("candidate", "yc"), ("production", "yd")):
    import_module(f"{package}.{module}")  # finds: candidate.yc, production.yd
    whole = package + "." + module
    import_module(whole)  # finds: candidate.yc, production.yd
    __import__(package, fromlist=[module])  # finds: candidate.yc, production.yd
for lane in ("candidate", "production"):
    for module in ("ye", lane):
        import_module(f"{lane}.{module}")  # finds: candidate.ye, candidate.candidate, production.ye, production.production
[import_module(a + "." + b) for a, b in {"candidate": "yf", "x": "y"}.items()]  # finds: candidate.yf, x.y
MAP = {"a": "candidate.zj", "b": "candidate.zk"}
import_module(MAP["a"])  # finds: candidate.zj
import_module(MAP[which])  # finds: candidate.zj, candidate.zk
import_module(MAP.get(which, "candidate.zl"))  # finds: candidate.zj, candidate.zk, candidate.zl
{n: import_module(n) for n in ("candidate.zm",)}  # finds: candidate.zm
[import_module(f"candidate.{n}") for n in ["zn", "zo"]]  # finds: candidate.zn, candidate.zo
grown = []
grown.append("candidate.zp")
for name_9 in grown:
    import_module(name_9)  # opaque
filled = ["candidate.zq"]
fill(filled)
for name_10 in filled:
    import_module(name_10)  # finds: candidate.zq; opaque
stepwise = "candidate"
stepwise += ".zr"
import_module(stepwise)  # finds: candidate.zr
again = "candidate"
again = again + ".zs"
import_module(again)  # finds: candidate.zs
try:
    choice = "candidate.zt"
except Exception:
    choice = "candidate.zu"
import_module(choice)  # finds: candidate.zt, candidate.zu
late = None
late = "candidate.zv"
import_module(late)  # finds: candidate.zv


def from_parameter(name, default="candidate.zw"):
    import_module(name)  # opaque
    import_module(default)  # finds: candidate.zw; opaque
    inside = "candidate.zx"
    import_module(inside)  # finds: candidate.zx


class Settings:
    BACKEND = "candidate.zy"
    kept: str = "candidate.zz"

    def load(self):
        import_module(Settings.BACKEND)  # finds: candidate.zy
        import_module(self.kept)  # finds: candidate.zz; opaque
        import_module(self.missing)  # opaque


def outer():
    name = "candidate.yy"

    def inner():
        nonlocal name
        name = "candidate.yz"
        import_module(name)  # finds: candidate.yy, candidate.yz

    return inner
