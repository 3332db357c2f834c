"""Loaders that are reached in a roundabout way, and texts and files that are run."""
import ast
import contextlib
import copy
import ctypes
import doctest
import functools
import importlib
import inspect
import io
import operator
import pickle
import pkgutil
import pydoc
import sys
import types
import xml.sax
from pathlib import Path
from unittest import mock

operator.attrgetter("import_module")(importlib)("candidate.a")  # finds: candidate.a
operator.attrgetter("util.find_spec")(importlib)("candidate.a")  # finds: candidate.a
operator.methodcaller("import_module", "candidate.b")(importlib)  # finds: candidate.b
called = operator.methodcaller("import_module", name=".b", package="candidate")
called(importlib)  # finds: candidate.b
operator.itemgetter("import_module")(vars(importlib))("candidate.c")  # finds: candidate.c
operator.getitem(vars(importlib), "import_module")("candidate.c")  # finds: candidate.c
importlib.__getattribute__("import_module")("candidate.d")  # finds: candidate.d
object.__getattribute__(importlib, "import_module")("candidate.d")  # finds: candidate.d
inspect.getattr_static(importlib, "import_module")("candidate.d")  # finds: candidate.d
functools.reduce(getattr, ["util", "find_spec"], importlib)("candidate.d")  # finds: candidate.d
getattr(importlib, unknown_name)("candidate.d")  # opaque
list(vars(importlib).values())[3]("candidate.d")  # opaque
[one for name, one in vars(importlib).items() if name == "import_module"][0]("candidate.d")  # opaque
types.MethodType(importlib.import_module, "candidate.e")()  # finds: candidate.e
importlib.import_module.__get__("candidate.e")()  # finds: candidate.e
len.__self__.__import__("candidate.f")  # finds: candidate.f
sys._getframe().f_builtins["__import__"]("candidate.f")  # finds: candidate.f
sys._getframe().f_globals["importlib"].import_module("candidate.f")  # finds: candidate.f
sys._getframe(1).f_globals["__builtins__"].exec("import candidate.f")  # finds: candidate.f
caught.tb_frame.f_builtins["__import__"]("candidate.f")  # finds: candidate.f
object.__subclasses__()[40]("candidate.g")  # opaque
().__class__.__base__.__subclasses__()[40].load_module("candidate.g")  # opaque
[one for one in object.__subclasses__() if one.__name__ == "Popen"][0](["python", "-m", "candidate.g"])  # opaque
[one.__name__ for one in object.__subclasses__()]
[one.__name__.lower() for one in Shape.__subclasses__()]


def start():
    """
    >>> import candidate.h
    """


start.__globals__["__builtins__"]["__import__"]("candidate.i")  # finds: candidate.i
start.__builtins__["__import__"]("candidate.i")  # finds: candidate.i
operator.itemgetter("candidate.j")(sys.modules)  # finds: candidate.j
operator.getitem(sys.modules, "candidate.j")  # finds: candidate.j
copy.copy(sys.modules)["candidate.j"]  # finds: candidate.j
{**sys.modules}["candidate.j"]  # finds: candidate.j
with contextlib.nullcontext(importlib.import_module) as entered:
    entered("candidate.k")  # finds: candidate.k
globals()["kept"] = importlib.import_module  # opaque
kept("candidate.l")  # finds: candidate.l


class Tools:
    pass


setattr(Tools, "load", importlib.import_module)
Tools.load("candidate.m")  # finds: candidate.m
Tools.__dict__["load"]("candidate.m")  # finds: candidate.m

exec("load('candidate.n')", {"load": importlib.import_module})  # finds: candidate.n
eval("importlib.import_module(name)", {"importlib": importlib, "name": "candidate.n"})  # finds: candidate.n
eval("load", {"load": importlib.import_module})("candidate.n")  # finds: candidate.n
exec("import " + name, {})  # opaque
exec(open("candidate/o.py").read())  # finds: path:candidate/o.py
exec(Path("candidate", "o.py").read_text())  # finds: path:candidate/o.py
exec((Path("candidate") / "o.py").read_bytes().decode())  # finds: path:candidate/o.py
exec(compile(open("candidate/o.py").read(), "o", "exec"))  # finds: path:candidate/o.py
exec(compile(ast.parse(open("candidate/o.py").read()), "o", "exec"))  # finds: path:candidate/o.py
exec(open(unknown_path).read())  # opaque
exec(open("candidate/o.txt").read())  # opaque
with open("candidate/p.py") as opened, Path(__file__).open() as other:
    exec(opened.read())  # finds: path:candidate/p.py
exec(compile(ast.parse("import candidate.q"), "q", "exec"))  # finds: candidate.q
exec(compile(compile("import candidate.q", "q", "exec", ast.PyCF_ONLY_AST), "q", "exec"))  # finds: candidate.q
tree = ast.parse("import production.q")
tree.body[0].names[0].name = "candidate.q"
exec(compile(tree, "q", "exec"))  # opaque
exec(io.StringIO("import candidate.q").read())  # finds: candidate.q

doctest.run_docstring_examples(">>> import candidate.r\n", {})  # finds: candidate.r
doctest.testsource("candidate.r", "start")  # finds: candidate.r
pydoc.render_doc("candidate.r")  # finds: candidate.r
pydoc.render_doc(start)
xml.sax.make_parser(["candidate.r"])  # finds: candidate.r
pickle.loads(b"ccandidate.s\nShape\n.")  # finds: candidate.s
pickle.loads(b"\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00\x8c\x0bcandidate.s\x94\x8c\x05Shape\x94\x93\x94.")  # finds: candidate.s
pickle.load(io.BytesIO(b"ccandidate.s\nShape\n."))  # finds: candidate.s
pickle.loads(unknown_data)
pickle.loads(b"no pickle at all")
pickle.Unpickler(opened).find_class("candidate.s", "Shape")  # finds: candidate.s
ctypes.pythonapi.PyImport_ImportModule(b"candidate.t")  # finds: candidate.t
ctypes.PyDLL(None).PyImport_ImportModule(b"candidate.t")  # finds: candidate.t
for finder, found, _ in pkgutil.iter_modules(["candidate"]):
    finder.find_spec(found)  # opaque
for info in pkgutil.iter_modules(["candidate"]):
    info.module_finder.find_spec(info.name)  # opaque
    print(info.name)
mock.patch.dict("sys.modules", {"candidate.u": stub})  # opaque
import_manager.import_plugin("candidate.v")  # finds: candidate.v
loader.load_module("candidate.w")  # finds: candidate.w
registry.load_module("candidate.w")
