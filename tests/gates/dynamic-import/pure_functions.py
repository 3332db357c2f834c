"""Names that functions of Python itself put together."""
import ast
import base64
import binascii
import codecs
import functools
import html
import io
import itertools
import json
import operator
import os
import random
import re
import shlex
import string
import sys
import textwrap
import zlib
from importlib import import_module
from itertools import chain, product
from pathlib import PurePath
from types import MappingProxyType
from urllib.parse import unquote

import_module(operator.add("candidate", ".a"))  # finds: candidate.a
import_module(operator.concat("candidate", ".a"))  # finds: candidate.a
import_module(operator.mod("candidate.%s", "a"))  # finds: candidate.a
import_module(operator.itemgetter("core")({"core": "candidate.b"}))  # finds: candidate.b
import_module(operator.itemgetter(1)(["x", "candidate.b"]))  # finds: candidate.b
import_module(operator.methodcaller("lower")("CANDIDATE.B"))  # finds: candidate.b
import_module(operator.getitem(["candidate.b"], 0))  # finds: candidate.b
import_module(functools.reduce(operator.add, ["candidate", ".", "c"]))  # finds: candidate.c
import_module(functools.reduce(lambda one, other: one + "." + other, ["candidate", "c"]))  # finds: candidate.c
import_module("".join(map(chr, [99, 97, 110])))  # finds: can
import_module("".join(map(str, ["candidate", ".", "d"])))  # finds: candidate.d
import_module(".".join(map(str.lower, ["CANDIDATE", "D"])))  # finds: candidate.d
import_module(".".join(filter(None, ["candidate", "", "e"])))  # finds: candidate.e
import_module(".".join(part for part in ("candidate", "x", "e") if part != "x"))  # finds: candidate.e
import_module(".".join([part.strip() for part in "candidate, f".split(",")]))  # finds: candidate.f
import_module(".".join(reversed(["g", "candidate"])))  # finds: candidate.g
import_module(".".join(sorted(["g", "candidate"])))  # finds: candidate.g
import_module(".".join(["candidate", "g", "x"][:2]))  # finds: candidate.g
import_module(".".join({"candidate": 1, "h": 2}))  # finds: candidate.h
import_module(".".join(("candidate",) + ("h",)))  # finds: candidate.h
import_module(".".join(["candidate", *["h"]]))  # finds: candidate.h
import_module(".".join({"h", "candidate"}))  # opaque
import_module(".".join(unknown_parts))  # opaque
import_module("{lane}.{part}".format(**{"lane": "candidate", "part": "i"}))  # finds: candidate.i
import_module("{lane}.i".format_map({"lane": "candidate"}))  # finds: candidate.i
import_module("{0[1]}.{0[0]}".format(["i", "candidate"]))  # finds: candidate.i
import_module("%(lane)s.i" % {"lane": "candidate"})  # finds: candidate.i
import_module(f"{'candidate':<9}.{'j':.1}")  # finds: candidate.j
import_module(f"{'candidate'!s}.{'j':s}")  # finds: candidate.j
import_module(format("candidate.j", "s"))  # finds: candidate.j
import_module(str.lower("CANDIDATE.K"))  # finds: candidate.k
import_module(str.join(".", ["candidate", "k"]))  # finds: candidate.k
import_module("candidate/k".translate(str.maketrans("/", ".")))  # finds: candidate.k
import_module("candidate k".translate({32: "."}))  # finds: candidate.k
import_module("CANDIDATE.K".casefold())  # finds: candidate.k
import_module("candidate.kxx".rstrip("x"))  # finds: candidate.k
import_module("\ncandidate.k\n".splitlines()[1])  # finds: candidate.k
import_module("candidate.k" * 1)  # finds: candidate.k
named_by_format = "candidate.{}".format
import_module(named_by_format("l"))  # finds: candidate.l
import_module(string.Template("$lane.l").substitute(lane="candidate"))  # finds: candidate.l
import_module(string.Template("$lane.l").safe_substitute({"lane": "candidate"}))  # finds: candidate.l
import_module(re.sub("[/:]", ".", "candidate:m"))  # finds: candidate.m
import_module(re.compile("[/:]").sub(".", "candidate/m"))  # finds: candidate.m
import_module(re.split(":", "candidate.m:thing")[0])  # finds: candidate.m
import_module(re.sub("(a|a)*b", "", "candidate.m"))  # opaque
import_module(base64.urlsafe_b64decode(b"Y2FuZGlkYXRlLm4=").decode())  # finds: candidate.n
import_module(base64.b16decode(b"63616E6469646174652E6E").decode())  # finds: candidate.n
import_module(binascii.unhexlify("63616e6469646174652e6e").decode())  # finds: candidate.n
import_module(bytes.fromhex("63616e6469646174652e6e").decode())  # finds: candidate.n
import_module(bytes([99, 97, 110]).decode())  # finds: can
import_module(codecs.decode("pnaqvqngr.a", "rot13"))  # finds: candidate.n
import_module(codecs.encode("pnaqvqngr.a", "rot_13"))  # finds: candidate.n
import_module(codecs.decode(b"63616e6469646174652e6e", "hex").decode())  # finds: candidate.n
import_module(str(b"candidate.n", "ascii"))  # finds: candidate.n
import_module("candidate\\x2en".encode().decode("unicode_escape"))  # finds: candidate.n
import_module(zlib.decompress(b"x\x9cKN\xccK\xc9L\x01\x91%\xa9z\xf9\x00!T\x04\xd8").decode())  # opaque
import_module(unquote("candidate%2Eo"))  # finds: candidate.o
import_module(html.unescape("candidate&#46;o"))  # finds: candidate.o
import_module(json.loads('{"backend": ["candidate.o"]}')["backend"][0])  # finds: candidate.o
import_module(ast.literal_eval("{'backend': 'candidate.o'}")["backend"])  # finds: candidate.o
import_module(shlex.split("python candidate.o")[1])  # finds: candidate.o
import_module(textwrap.dedent("  candidate.o"))  # finds: candidate.o
import_module(io.StringIO("candidate.o").read())  # finds: candidate.o
import_module(sys.intern("candidate.p"))  # finds: candidate.p
import_module(min("candidate.p", "production"))  # finds: candidate.p
import_module(max(["candidate.p"]))  # finds: candidate.p
import_module(max(["candidate.p", "x"], key=len))  # finds: candidate.p, x
import_module(random.choice(["candidate.p", "candidate.q"]))  # finds: candidate.p, candidate.q
import_module(sum([["candidate.p"]], [])[0])  # finds: candidate.p
import_module(next(iter(["candidate.p"])))  # finds: candidate.p
import_module(next(name for name in ("x", "candidate.p") if name.startswith("candidate")))  # finds: candidate.p
import_module(".".join(PurePath("candidate/q.py").with_suffix("").parts))  # finds: candidate.q
import_module(PurePath("x/candidate.py").stem)  # finds: candidate
import_module(os.getenv("BACKEND", default="candidate.r"))  # finds: candidate.r; opaque
os.environ.setdefault("LANE", "candidate.s")
import_module(os.environ["LANE"])  # finds: candidate.s; opaque
os.environ["PART"] = "candidate.t"
import_module(os.environ.get("PART"))  # finds: candidate.t; opaque
import_module(dict(core="candidate.u")["core"])  # finds: candidate.u
import_module(dict([("core", "candidate.u")])["core"])  # finds: candidate.u
import_module(dict(zip(["core"], ["candidate.u"]))["core"])  # finds: candidate.u
import_module(MappingProxyType({"core": "candidate.u"})["core"])  # finds: candidate.u
import_module(dict.fromkeys(["core"], "candidate.u")["core"])  # finds: candidate.u
import_module({**{"core": "x"}, "core": "candidate.u"}["core"])  # finds: candidate.u
import_module(({"core": "x"} | {"core": "candidate.u"})["core"])  # finds: candidate.u
import_module({key: "candidate." + key for key in ("u", "v")}["v"])  # finds: candidate.v
import_module({"core": {"deep": "candidate.v"}}["core"].get("deep"))  # finds: candidate.v

for name_1 in chain(["candidate.w"], ("candidate.x",)):
    import_module(name_1)  # finds: candidate.w, candidate.x
for lane_1, part_1 in product(["candidate"], ["w", "x"]):
    import_module(f"{lane_1}.{part_1}")  # finds: candidate.w, candidate.x
for lane_2, part_2 in zip(["candidate", "production"], ["y", "z"]):
    import_module(f"{lane_2}.{part_2}")  # finds: candidate.y, production.z
for number, name_3 in enumerate(["ya", "yb"]):
    import_module(f"candidate.{name_3}{number}")  # finds: candidate.ya0, candidate.yb1
for name_4 in itertools.islice(["candidate.yc", "x"], 1):
    import_module(name_4)  # finds: candidate.yc
for name_5 in """
candidate.yd
""".split():
    import_module(name_5)  # finds: candidate.yd
for name_6 in sorted(os.listdir("candidate")):
    import_module("candidate." + name_6)  # opaque
for number_7 in range(2):
    import_module(f"candidate.ye{number_7}")  # finds: candidate.ye0, candidate.ye1
list(map(import_module, [".a", ".b"], ["candidate", "production"]))  # finds: candidate.a, production.b
functools.reduce(lambda last, name: import_module(name), ["candidate.yf"], None)  # finds: candidate.yf
(lambda name, load=import_module: load(name))("candidate.yg")  # finds: candidate.yg
[
    import_module(name_8)  # finds: candidate.yh
    for name_8 in ["candidate.yh"]
]
waiting = ["candidate.yi"]
while waiting:
    import_module(waiting.pop())  # finds: candidate.yi; opaque


def first_of(names, default="candidate.yj"):
    import_module(names.get("x", default))  # finds: candidate.yj; opaque
