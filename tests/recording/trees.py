"""The files of the scratch repositories."""

from __future__ import annotations

BRIDGE = '''\
"""Every way to load a module by a name, a path or a text that somebody else says."""
import importlib
import importlib.util
import pickle
import runpy
from importlib import import_module as load_it


def by_name(name):
    return importlib.import_module(name)  # ran: candidate/idea.py; candidate/__init__.py; elsewhere


def by_another_name(name):
    return load_it(name)  # ran: candidate/idea.py


def relative(name):
    return importlib.import_module(name, "candidate")  # ran: candidate/idea.py


def by_function(name):
    return __import__(name)  # ran: candidate/idea.py


def from_list(names):
    return __import__("candidate", fromlist=names)  # ran: candidate/idea.py; candidate/other.py


def by_path(path):
    spec = importlib.util.spec_from_file_location("some_name", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # ran: candidate/idea.py
    return module


def by_text(text):
    exec(text)  # ran: candidate/idea.py; elsewhere


def by_another_text(text):
    eval(text)  # ran: candidate/other.py


def by_running(path):
    runpy.run_path(path)  # ran: candidate/idea.py


def by_running_a_module(name):
    runpy.run_module(name)  # ran: pack/script.py; pack/__init__.py through runpy; pack/__init__.py through importlib


def compiled(path):
    with open(path) as stream:
        exec(compile(stream.read(), path, "exec"), {"__name__": "x"})  # ran: candidate/idea.py


def again(module):
    importlib.reload(module)  # ran: candidate/idea.py


def unpickled(text):
    return pickle.loads(text)  # ran: candidate/idea.py through <C>


def through_a_library(name):
    import library
    return library.load(name)  # ran: candidate/idea.py through library


def through_a_library_that_imports_when_it_is_imported():
    import eager_library  # ran: candidate/wanted.py through eager_library


def that_fails(name):
    return importlib.import_module(name)  # ran: candidate/broken.py


def that_is_not_there(name):
    return importlib.import_module(name)


def an_object(path):
    module = importlib.util.spec_from_file_location
    return module("x", path)


def in_a_namespace(name):
    return importlib.import_module(name)  # ran: spread/part.py;\x20


def without_source(name):
    return importlib.import_module(name)  # ran: candidate/unsourced.pyc


def in_a_thread(name):
    return importlib.import_module(name)  # ran: candidate/idea.py


def lazily(name):
    spec = importlib.util.find_spec(name)  # ran: candidate/__init__.py through importlib
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def at_last(module):
    return module.VALUE  # ran: candidate/lazy.py


def the_other(name): return [importlib.import_module(name)  # ran: candidate/idea.py
]
'''

TESTS = """\
import os
import pathlib
import pickle
import sys
import threading
import warnings

import pytest

from app import bridge  # ran: app/bridge.py through import

ROOT = pathlib.Path(__file__).resolve().parents[1]
IDEA = str(ROOT / "candidate" / "idea.py")


def test_by_name():
    for name in ("candidate.idea", "candidate", "json", "candidate.idea"):
        assert bridge.by_name(name).__name__ == name
    bridge.by_another_name("candidate.idea")
    bridge.relative(".idea")
    bridge.by_function("candidate.idea")
    bridge.from_list(["idea", "other"])
    bridge.the_other("candidate.idea")


def test_by_path():
    assert bridge.by_path(IDEA).VALUE == 1
    bridge.by_running(IDEA)
    bridge.by_running_a_module("pack.script")
    bridge.compiled(IDEA)


def test_by_text():
    bridge.by_text("import candidate.idea, json")
    bridge.by_another_text("__import__('candidate.other')")


def test_again():
    from candidate import idea  # ran: candidate/idea.py through import
    bridge.again(idea)
    bridge.unpickled(pickle.dumps(idea.Idea()))  # ran: candidate/idea.py through <C>


def test_through_libraries():
    bridge.through_a_library("candidate.idea")
    bridge.through_a_library("json")
    bridge.through_a_library_that_imports_when_it_is_imported()
    pytest.importorskip("candidate.other")  # ran: candidate/other.py through _pytest


def test_failing():
    with pytest.raises(ImportError):
        bridge.that_fails("candidate.broken")
    with pytest.raises(ImportError):
        bridge.that_is_not_there("candidate.not_there")
    try:
        import candidate.broken  # ran: candidate/broken.py through import
    except ImportError as error:
        assert "not_installed" in str(error)


def test_odd_places():
    bridge.in_a_namespace("spread.part")
    bridge.in_a_namespace("spread")
    bridge.without_source("candidate.unsourced")


def test_threads_and_forks():
    thread = threading.Thread(target=bridge.in_a_thread, args=("candidate.idea",))
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        bridge.that_is_not_there("candidate.idea")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_a_lazy_module_stays_lazy():
    import candidate  # ran: candidate/__init__.py through import
    module = sys.modules["candidate.lazy"] = candidate.lazy = bridge.lazily("candidate.lazy")
    from candidate import lazy  # ran: candidate/lazy.py through import
    assert object.__getattribute__(module, "__dict__").get("VALUE") is None
    assert bridge.at_last(module) == 3


def test_a_warning_about_the_importer_names_the_same_line():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import candidate.deprecated; line = sys._getframe().f_lineno  # ran: candidate/deprecated.py through import
    assert [(found.filename, found.lineno) for found in caught] == [(__file__, line)]


@pytest.mark.parametrize("number", [1, 2])
def test_a_comparison_is_rewritten(number):
    assert [number] == [number]
    import candidate.idea  # ran: candidate/idea.py through import
"""

TREE = {
    ".gitignore": "__pycache__/\n",
    "app/__init__.py": "",
    "app/bridge.py": BRIDGE,
    "candidate/__init__.py": "",
    "candidate/idea.py": "VALUE = 1\n\n\nclass Idea:\n    pass\n",
    "candidate/other.py": "",
    "pack/__init__.py": "",
    "pack/script.py": "",
    "candidate/wanted.py": "",
    "candidate/broken.py": "import not_installed\n",
    "candidate/lazy.py": "VALUE = 3\n",
    "candidate/deprecated.py": "import warnings\n\nwarnings.warn('use another', DeprecationWarning, stacklevel=2)\n",
    "spread/part.py": "",
    "tests/test_bridge.py": TESTS,
    "conftest.py": "import app  # ran: app/__init__.py through import\n",
}

LIBRARY = {
    "library.py": "import importlib\nimport json\n\n\ndef load(name):\n    return importlib.import_module(name)\n",
    "eager_library.py": "import json\nimport candidate.wanted\n",
}
