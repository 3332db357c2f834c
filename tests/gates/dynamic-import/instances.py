"""Names that instances hold: what a class is given, its instances keep."""
import argparse
import collections
import dataclasses
import enum
import functools
import types
import typing
from collections import namedtuple
from importlib import import_module

import attr


class Plain:
    lane = "candidate"

    def __init__(self, part, size=4):
        self.part = part
        self.full = self.lane + "." + part

    @property
    def name(self):
        return f"{self.lane}.{self.part}"

    def spelled(self, ending):
        return self.part + ending

    @classmethod
    def made(cls, part):
        return cls(part)

    @staticmethod
    def given(part):
        return part

    def start(self):
        import_module("candidate." + self.part)  # opaque


class Child(Plain):
    def __init__(self, part):
        super().__init__(part + "c")


class Grandchild(Child):
    pass


class Old(Plain):
    def __init__(self, part):
        Plain.__init__(self, part)


plain = Plain("a")
import_module(plain.full)  # finds: candidate.a
import_module(plain.name)  # finds: candidate.a
import_module(Plain("b").full)  # finds: candidate.b
import_module(Plain(part="b").spelled(".x"))  # finds: b.x
import_module(Plain.made("candidate.c").part)  # finds: candidate.c
import_module(Plain.given("candidate.d"))  # finds: candidate.d
import_module(plain.given("candidate.d"))  # finds: candidate.d
import_module(Child("x").full)  # finds: candidate.xc
import_module(Grandchild("y").full)  # finds: candidate.yc
import_module(Old("z").full)  # finds: candidate.z
import_module(vars(plain)["full"])  # finds: candidate.a
import_module(plain.__dict__["full"])  # finds: candidate.a
import_module(getattr(plain, "full"))  # finds: candidate.a
Plain("e").start()  # finds: candidate.e
handed_over = Plain("f")
configure(handed_over)
import_module(handed_over.full)  # opaque
import_module(unknown_instance.full)  # opaque


class Set:
    backend = "candidate.g"


own = Set()
own.backend = "candidate.h"
import_module(own.backend)  # finds: candidate.g, candidate.h
setattr(Set, "other", "candidate.i")
import_module(Set.other)  # finds: candidate.i
object.__setattr__(own, "more", "candidate.j")
import_module(own.more)  # finds: candidate.j
own.__dict__["most"] = "candidate.k"
import_module(own.most)  # finds: candidate.k


class Open(Unknown):
    backend = "candidate.l"


import_module(Open().backend)  # finds: candidate.l; opaque


class Answering:
    backend = "candidate.m"

    def __getattribute__(self, name):
        return "candidate.n"


import_module(Answering().backend)  # finds: candidate.m; opaque


@dataclasses.dataclass(frozen=True)
class Data:
    lane: str
    part: str = "o"
    parts: list = dataclasses.field(default_factory=lambda: ["candidate.p"])
    kind: typing.ClassVar[str] = "x"

    @property
    def name(self):
        return self.lane + "." + self.part


import_module(Data("candidate").name)  # finds: candidate.o
import_module(Data(lane="candidate", part="q").name)  # finds: candidate.q
import_module(Data("x").parts[0])  # finds: candidate.p
import_module(dataclasses.asdict(Data("candidate.r"))["lane"])  # finds: candidate.r


@attr.s
class Attributes:
    lane = attr.ib(default="candidate.s")


import_module(Attributes().lane)  # finds: candidate.s


class Typed(typing.NamedTuple):
    lane: str
    part: str = "t"


import_module(".".join(Typed("candidate")))  # finds: candidate.t
import_module(Typed("candidate.u")[0])  # finds: candidate.u
typed_lane, typed_part = Typed("candidate", "v")
import_module(typed_lane + "." + typed_part)  # finds: candidate.v
import_module(Typed("x")._replace(lane="candidate.w").lane)  # finds: candidate.w
Named = namedtuple("Named", "lane, part", defaults=["x"])
import_module("%s.%s" % Named("candidate"))  # finds: candidate.x
import_module(Named("candidate.y", 1).lane)  # finds: candidate.y
import_module(Named(lane="candidate.y")._asdict()["lane"])  # finds: candidate.y
import_module("{0.lane}.{0.part}".format(Named("candidate", "z")))  # finds: candidate.z
import_module(types.SimpleNamespace(backend="candidate.aa").backend)  # finds: candidate.aa
import_module(vars(argparse.Namespace(backend="candidate.ab"))["backend"])  # finds: candidate.ab


class Inherited(namedtuple("Inherited", ["lane", "part"])):
    def name(self):
        return self.lane + "." + self.part


import_module(Inherited("candidate", "ac").name())  # finds: candidate.ac


class Lane(enum.Enum):
    OWN = "production.ad"
    CORE = "candidate.ad"

    def start(self):
        import_module(self.value)  # opaque


class TextLane(str, enum.Enum):
    CORE = "candidate.ae"


class Spread(enum.Enum):
    CORE = ("candidate", "af")

    def __init__(self, lane, part):
        self.lane = lane
        self.part = part


class Automatic(enum.StrEnum):
    CANDIDATE = enum.auto()


import_module(Lane.CORE.value)  # finds: candidate.ad
import_module(Lane["CORE"].value)  # finds: candidate.ad
import_module(Lane("candidate.ad").value)  # finds: candidate.ad
import_module(Lane.__members__["CORE"].value)  # finds: candidate.ad
import_module("candidate." + Lane.CORE.name.lower())  # finds: candidate.core
for member in Lane:
    import_module(member.value)  # finds: production.ad, candidate.ad
import_module([one.value for one in Lane][1])  # finds: candidate.ad
import_module(TextLane.CORE)  # finds: candidate.ae
import_module(TextLane.CORE.value)  # finds: candidate.ae
import_module(f"{Spread.CORE.lane}.{Spread.CORE.part}")  # finds: candidate.af
import_module(Automatic.CANDIDATE)  # finds: candidate
Lane.CORE.start()  # finds: candidate.ad


class Text(str):
    pass


import_module(Text("candidate.ag"))  # finds: candidate.ag
import_module(Text("CANDIDATE.AG").lower())  # finds: candidate.ag


class Calling:
    def __init__(self, lane):
        self.lane = lane

    def __call__(self, part):
        return import_module(self.lane + "." + part)  # opaque

    def __enter__(self):
        return self.lane

    def __exit__(self, *rest):
        pass

    def __iter__(self):
        yield self.lane + ".ah"

    def __getitem__(self, part):
        return self.lane + part


Calling("candidate")("ai")  # finds: candidate.ai
with Calling("candidate.aj") as entered:
    import_module(entered)  # finds: candidate.aj
for looped_over in Calling("candidate"):
    import_module(looped_over)  # finds: candidate.ah
import_module(Calling("candidate")[".ak"])  # finds: candidate.ak


class Loading:
    def load(self, name):
        return import_module(name)  # opaque

    start = functools.partialmethod(load, "candidate.al")  # finds: candidate.al


Loading().start()
tools = types.SimpleNamespace(load=import_module)
tools.load("candidate.am")  # finds: candidate.am
Tools = collections.namedtuple("Tools", "load")
Tools(import_module).load("candidate.an")  # finds: candidate.an
register(Tools(import_module))  # opaque
actions = dict(load=import_module)
actions["load"]("candidate.ao")  # finds: candidate.ao


def described():
    "candidate.ap"


described.backend = "candidate.aq"


class candidate:
    class ar:
        """candidate.as_"""


import_module(described.__doc__)  # finds: candidate.ap
import_module(described.backend)  # finds: candidate.aq
import_module(candidate.ar.__qualname__)  # finds: candidate.ar
import_module(candidate.ar.__doc__)  # finds: candidate.as_
import_module(type(candidate.ar()).__name__)  # finds: ar
import_module(__doc__.split(":")[0].replace("Names that instances hold", "candidate.at"))  # finds: candidate.at
