"""Nothing here loads anything: importlib.import_module("candidate.a") is only text, and so is exec("x")."""
import importlib.metadata
import importlib.resources
import logging
import re
from importlib.metadata import entry_points, version
from importlib.resources import files

import candidates.x

# importlib.import_module("candidate.b"), __import__("candidate.c"), eval(x)
log = logging.getLogger(__name__)
log.info("import_module('candidate.d') failed: %s", "candidate.e")
importlib.metadata.version("candidate")
importlib.resources.files(__name__)
version("candidate"), files(__package__), entry_points(group="candidate")
re.compile("candidate")
PATTERN = re.compile(r"__import__\('candidate'\)")
SQL = "SELECT candidate.x FROM candidate"
URL = "https://example.org/candidate.py"
candidate = candidates.x
candidate_ids = [candidate.id for candidate in candidates]
model.eval()
df.eval("a + b")
parser.compile("candidate.f")
self.import_module("candidate.g")
registry.import_module("candidate.h")
pattern.exec("candidate.i")
thing.__import__
call(compile=True, eval=False, exec=None)
"".join(["candidate", "x"])
"{}".format("importlib.import_module")


def import_module(name):
    return name


import_module("candidate.j")


def compile(source):
    return source


compile("import candidate.k")


class Registry:
    def import_module(self, name):
        return name

    def eval(self, text):
        return text

    def exec(self, text):
        return self.eval(text)

    def use(self):
        self.import_module("candidate.l")
        self.exec("import candidate.m")


def parameter(import_module, exec, __import__):
    import_module("candidate.n")
    exec("import candidate.o")
    __import__("candidate.p")


def local():
    eval = len
    eval("import candidate.q")
    from json import loads as exec
    exec("import candidate.r")


def annotated(spec: "importlib.machinery.ModuleSpec") -> "importlib.import_module":
    return spec
