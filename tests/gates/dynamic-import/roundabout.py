"""What is loaded in a roundabout way: commands, patches, search paths, source as text, settings."""
import subprocess, sys, os, site, timeit, cProfile, code
import subprocess as sp
from os import system as s
from unittest import mock
from unittest.mock import patch
from pathlib import Path
import pytest
import logging.config
subprocess.run([sys.executable, "-m", "candidate.a"])  # finds: candidate.a
sp.check_call(["python3", "-um", "candidate.b", "x"])  # finds: candidate.b
s("cd /tmp && python -c 'import candidate.c'")  # finds: candidate.c
subprocess.run(f"{sys.executable} -m candidate.d --x {y}", shell=True)  # finds: candidate.d
subprocess.run([sys.executable, "-m", name])  # opaque
subprocess.run(["git", "status"])
subprocess.run(cmd)
cmd2 = [sys.executable, str(Path(__file__).parent / "candidate" / "t.py")]
subprocess.Popen(cmd2)  # finds: path:./candidate/t.py
os.execv(sys.executable, [sys.executable, "-m", "candidate.e"])  # finds: candidate.e
os.execl(sys.executable, "python", "-m", "candidate.f")  # finds: candidate.f
with patch("candidate.g.Thing"):  # finds: candidate.g.Thing
    pass
@mock.patch("candidate.h.x")  # finds: candidate.h.x
def test(a):
    pass
def test_x(mocker, monkeypatch):
    mocker.patch("candidate.i.x")  # finds: candidate.i.x
    monkeypatch.setattr("candidate.j.x", 1)  # finds: candidate.j.x
    monkeypatch.setattr(thing, "x", 1)
    monkeypatch.syspath_prepend("candidate")  # finds: path:candidate
pytest.importorskip("candidate.k")  # finds: candidate.k
sys.path.insert(0, "candidate")  # finds: path:candidate
sys.path.insert(0, os.path.dirname(__file__))  # finds: path:./
sys.path[:0] = ["candidate/lib"]  # finds: path:candidate/lib
sys.path += [os.path.join(os.path.dirname(__file__), "..", "candidate")]  # finds: path:./../candidate
sys.path.append(unknown)  # opaque
site.addsitedir("candidate")  # finds: path:candidate
os.environ["PYTHONPATH"] = "candidate"  # finds: path:candidate
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "candidate.settings")  # finds: candidate.settings
pytest_plugins = ["candidate.plug"]  # finds: candidate.plug
INSTALLED_APPS = ["django.contrib", "candidate.app"]  # finds: candidate.app, django.contrib
INSTALLED_APPS += ["candidate"]  # finds: candidate
timeit.timeit("candidate.l()", setup="import candidate.l")  # finds: candidate.l
cProfile.run("import candidate.m")  # finds: candidate.m
code.InteractiveInterpreter().runsource("import candidate.n")  # finds: candidate.n
logging.config.dictConfig({"handlers": {"x": {"class": "candidate.o.H"}}, "formatters": {"f": {"()": "candidate.p.F"}}})  # finds: candidate.o.H, candidate.p.F
__path__.append("candidate")  # finds: path:candidate
class C:
    def run(self):
        subprocess.run([sys.executable, "-m", "candidate.q"])  # finds: candidate.q
subprocess.run("python -m candidate.r".split())  # finds: candidate.r
import shlex
subprocess.run(shlex.split("env X=1 python -m candidate.s"))  # finds: candidate.s
for m in ("candidate.t", "candidate.u"):
    subprocess.run([sys.executable, "-m", m])  # finds: candidate.t, candidate.u
