"""Our static edges are grimp's, edge for edge, on this repository; what differs elsewhere has a known reason."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

if sys.version_info < (3, 11):
    pytest.skip("what grimp is for older Pythons knows no namespaces", allow_module_level=True)

from bench import differences
from bench.cross_check import checked, main
from bench.differences import REASONS, Comparison, compared
from bench.edges import Edge, Ends, Grimps, Ours

ROOT = Path(__file__).parents[1]


def tree(folder: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


def reasons(comparison: Comparison) -> dict[str, tuple[int, int]]:
    """For each reason, how many edges we alone have, and how many grimp alone."""
    found = (*comparison.only_ours, *comparison.only_grimps)
    ours, theirs = comparison.only_ours, comparison.only_grimps
    return {reason: (len(ours.get(reason, ())), len(theirs.get(reason, ()))) for reason in found}


def test_of_this_repository_both_have_the_same_edges(tmp_path: Path) -> None:
    for package in ("gates", "runtime", "bench"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))

    comparison = checked(tmp_path)

    assert comparison.unexplained == ()
    assert reasons(comparison) == {}
    assert comparison.both > 1000
    assert comparison.modules == sum(1 for _ in tmp_path.rglob("*.py"))


APP = {"app/__init__.py": "", "app/one.py": "", "app/sub/__init__.py": "", "app/sub/leaf.py": ""}

SAME = {
    "a guard for type checkers": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from app import one\n",
    "a star": "from app.one import *\nfrom .sub import *\nfrom . import *\n",
    "a submodule or an attribute": "from app.sub import leaf, nothing\nfrom . import one, other\n",
    "a module that imports itself": "import app.tried\nfrom app.tried import x\n",
    "an import anywhere": "def f():\n    class A:\n        import app.one\nif 1: import app.sub; import app.sub.leaf\n",
    "lines that go on": "from app \\\n  import \\\n  one\nfrom app import (  # why\n    sub,\n\n    one as two,\n)\n",
    "letters that Python folds": "import app.\uff4fne\n",
    "what lies elsewhere": "import os.path, apples.one\nfrom application import one\n",
    "text that looks like an import": '"""\nimport app.one\n"""\nx = """\nfrom app import sub\n"""\n',
    "a carriage return": "import os\rimport app.one\r",
}


@pytest.mark.parametrize("what", SAME)
def test_both_see_the_same_in(tmp_path: Path, what: str) -> None:
    tree(tmp_path, APP)
    (tmp_path / "app/tried.py").write_bytes(SAME[what].encode())

    comparison = checked(tmp_path)

    assert (comparison.unexplained, reasons(comparison)) == ((), {})
    assert comparison.both > 0 or what == "what lies elsewhere" or what.startswith("text")


# For each reason a tree, and how many edges we alone have, and grimp alone.
DIFFERENT = {
    differences.UNPARSED: ({"app/tried.py": "import app.one\ndef (:\n"}, 1, 0),
    differences.REFUSED: ({"app/tried.py": "import app.one\nf(a=1, a=2)\n"}, 1, 0),
    differences.STUB: ({"app/only.pyi": "import app.one\n", "app/tried.py": "import app.only\n"}, 2, 1),
    differences.LINK: ({"app/tried.py": "import app.linked\n"}, 1, 1),
    differences.UNNAMED: ({"app/no-name/tried.py": "import app.one\n", "app/a.b.py": "import app.one\n"}, 2, 0),
    differences.PLAIN: ({"app/plain/tried.py": "import app.one\n", "app/up.py": "import app.plain.tried\n"}, 2, 0),
    differences.PREFIX: ({"space/app/__init__.py": "", "space/apples/tried.py": "import app.one\n"}, 1, 0),
    differences.ABOVE: ({"app/tried.py": "from ..other import x\n", "other/x.py": ""}, 1, 0),
    differences.OWN_FILE: ({"app/tried.py": "from app.__init__ import x\n"}, 1, 0),
    differences.ABSENT: ({"app/tried.py": "import app.gone\nimport app.gone.deeper\n"}, 2, 1),
    differences.TWIN: ({"app/twin.py": "import app.one\n", "app/twin/__init__.py": "import app.sub\n"}, 1, 0),
    differences.BESIDE: ({"scripts/run.py": "import beside\n", "scripts/beside.py": ""}, 1, 0),
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_difference_has_its_reason(tmp_path: Path, reason: str) -> None:
    files, ours, theirs = DIFFERENT[reason]
    tree(tmp_path, {**APP, **files})
    if reason == differences.LINK:
        (tmp_path / "app/linked.py").symlink_to("one.py")

    comparison = checked(tmp_path)

    assert comparison.unexplained == ()
    assert reasons(comparison) == {reason: (ours, theirs)}


EDGE = Edge("app.one", "app.two", 1)
MODULES = {"app/__init__.py": "app", "app/one.py": "app.one", "app/two.py": "app.two"}


def graphs(ours: bool = True, theirs: bool = True, scanned: bool = True, more: str = "app") -> Comparison:
    ends = Ends("app/one.py", "app/two.py", True, ("app.two",))
    unscanned = frozenset() if scanned else frozenset([EDGE])
    own = Ours(("app",), MODULES, {EDGE: ends} if ours else {}, frozenset(), {}, unscanned)
    return compared(own, Grimps(frozenset([*MODULES.values(), more]), frozenset([EDGE] if theirs else [])))


def test_what_one_has_alone_without_a_reason_is_said() -> None:
    assert graphs().unexplained == ()
    assert graphs(theirs=False).unexplained == ("only ours: app.one -> app.two (l.1)",)
    assert graphs(ours=False).unexplained == ("only grimp's: app.one -> app.two (l.1)",)
    assert graphs(scanned=False).unexplained == ("our scan missed: app.one -> app.two (l.1)",)
    assert graphs(more="app.three").unexplained == ("only grimp knows the module app.three",)


def test_the_command_prints_what_it_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree(tmp_path, {**APP, "app/tried.py": "import app.one\nimport app.gone\n"})

    assert main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "5 modules and 1 edges of both" in said
    assert f"1 ours alone: {differences.ABSENT}" in said


def test_the_command_fails_where_there_is_nothing_to_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree(tmp_path, {**APP, "app/tried.py": "from ....far import x\n"})  # on which grimp 3.19 panics

    assert main([str(tmp_path)]) == 2
    assert "grimp" in capsys.readouterr().err
