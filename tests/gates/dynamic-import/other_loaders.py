"""The rest of the standard library that loads by name."""
import imp
import pkgutil
import pydoc
import runpy
import zipimport
from pkgutil import resolve_name
from runpy import run_module as run

runpy.run_module("candidate.a")  # finds: candidate.a
run("candidate.b", run_name="__main__")  # finds: candidate.b
runpy.run_path("candidate/c.py")  # finds: path:candidate/c.py
runpy.run_path(path)  # opaque
pkgutil.resolve_name("candidate.d:Thing.x")  # finds: candidate.d
resolve_name("candidate.e")  # finds: candidate.e
pkgutil.find_loader("candidate.f")  # finds: candidate.f
pkgutil.get_loader("candidate.g")  # finds: candidate.g
pkgutil.get_data("candidate.h", "x.txt")  # finds: candidate.h
pkgutil.walk_packages(candidate_path, "candidate.")  # opaque
pkgutil.walk_packages()  # opaque
pkgutil.iter_modules()
pydoc.locate("candidate.i.Thing")  # finds: candidate.i.Thing
pydoc.locate(name)  # opaque
zipimport.zipimporter("x.zip").load_module("candidate.j")  # opaque
imp.load_source("x", "candidate/k.py")  # finds: path:candidate/k.py
imp.load_module("x", *imp.find_module("candidate.l"))  # finds: candidate.l
imp.new_module("candidate.m")
__loader__.load_module("candidate.n")  # finds: candidate.n
