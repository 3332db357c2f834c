"""Names into files: what each import enters, which edges stand, and the shortest way to what is forbidden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.files import PLAIN, Files
from gates.facts.imports import Edge, Imports
from gates.facts.lanes import Lane, Lanes, LanesPolicy
from gates.facts.linked_loads import LinkedLoads
from gates.facts.modules import Modules, ModuleSettings
from gates.facts.recorded_imports import RecordedImports, RecordingSettings
from gates.facts.store import Store
from gates.globs import Glob


def confirmed(imports: Imports) -> Iterator[Edge]:
    """All edges."""
    everything = frozenset(imports.nodes())
    return imports.edges_into(lambda importer: everything)


def graph(tmp_path: Path, files: dict[str, str], formerly: tuple[str, ...] = ()) -> Imports:
    """The imports of files that exist only in an overlay."""
    checkout = Checkout(tmp_path, Files.of(())).overlaid({path: text.encode() for path, text in files.items()})
    assert all(file.mode == PLAIN for file in checkout.files.values())
    store = Store(None)
    extraction = Extraction(checkout, store, "1")
    modules = Modules.gather(checkout, extraction, ModuleSettings())
    lanes = Lanes.gather(LanesPolicy((Lane("all", (Glob("**"),), ("all",), formerly),)))
    recorded = RecordedImports.gather(checkout, modules, RecordingSettings())
    linked = LinkedLoads.gather(modules, extraction, checkout, store)
    return Imports.gather(modules, lanes, extraction, store, recorded, linked)


def edges(imports: Imports) -> set[tuple[str, str, int]]:
    found = confirmed(imports)
    return {(imports.path_of(edge.importer), imports.path_of(edge.target), edge.line) for edge in found}


PACKAGE = {"p/__init__.py": "", "p/a.py": "", "p/q/__init__.py": "", "p/q/b.py": "", "top.py": ""}

STATEMENTS = [
    ("p/x.py", "import p.a", "p/a.py"),
    ("p/x.py", "import p.q.b as c", "p/q/b.py"),
    ("p/x.py", "import p.q.__init__", "p/q/__init__.py"),
    ("p/x.py", "from p.q.__init__ import name", "p/q/__init__.py"),
    ("p/x.py", "from p.q import __init__", "p/q/__init__.py"),
    ("p/q/x.py", "from .__init__ import name", "p/q/__init__.py"),
    ("p/x.py", "from p import a", "p/a.py"),
    ("p/x.py", "from p import something", "p/__init__.py"),
    ("p/x.py", "from p.q import b", "p/q/b.py"),
    ("p/x.py", "from p.q.b import name", "p/q/b.py"),
    ("p/x.py", "from . import a", "p/a.py"),
    ("p/x.py", "from .a import name", "p/a.py"),
    ("p/x.py", "from .q import *", "p/q/__init__.py"),
    ("p/q/x.py", "from .. import a", "p/a.py"),
    ("p/q/x.py", "from ..a import name", "p/a.py"),
    ("p/q/x.py", "from ... import top", "top.py"),
    ("p/x.py", "import top", "top.py"),
    ("p/x.py", "from p.q import (\n    b,\n)", "p/q/b.py"),
    ("p/x.py", "def f():\n    import p.a", "p/a.py"),
    ("p/x.py", "x = 1; import p.a", "p/a.py"),
    ("p/x.py", "if True: from p import a", "p/a.py"),
    ("p/x.py", "import importlib\nimportlib.import_module('p.a')", "p/a.py"),
    ("p/x.py", "__import__('p.q.b')", "p/q/b.py"),
]


@pytest.mark.parametrize(("path", "text", "target"), STATEMENTS)
def test_a_statement_enters_the_file_that_python_would_load(tmp_path: Path, path: str, text: str, target: str) -> None:
    imports = graph(tmp_path, {**PACKAGE, path: text + "\n"})

    assert target in {to for importer, to, _ in edges(imports) if importer == path}


@pytest.mark.parametrize("text", ["import os", "from json import dumps", "import pp.a", "'import p.a'", "# import p.a"])
def test_what_lies_elsewhere_or_is_no_import_is_no_edge(tmp_path: Path, text: str) -> None:
    assert edges(graph(tmp_path, {**PACKAGE, "p/x.py": text + "\n"})) == set()


def test_a_line_of_a_docstring_is_seen_by_the_scan_and_taken_back_by_the_exact_look(tmp_path: Path) -> None:
    imports = graph(tmp_path, {**PACKAGE, "p/x.py": '"""\nimport p.a\n"""\nimport top\n'})

    position = [file.path for file in imports.modules.files].index("p/x.py")
    assert len(imports.wide[position]) == 2
    assert edges(imports) == {("p/x.py", "top.py", 4)}


def test_a_module_that_is_not_there_is_a_node_with_the_path_it_would_have(tmp_path: Path) -> None:
    imports = graph(tmp_path, {**PACKAGE, "p/x.py": "import p.gone.deep\nfrom .missing import y\n"})

    assert {to for _, to, _ in edges(imports)} == {"p/gone/deep.py", "p/missing.py"}


def test_a_former_root_is_a_node_though_no_file_has_it(tmp_path: Path) -> None:
    text = "import old.x\nfrom old import y\n"
    assert edges(graph(tmp_path, {**PACKAGE, "p/x.py": text})) == set()
    imports = graph(tmp_path, {**PACKAGE, "p/x.py": text}, formerly=("old",))

    assert {imports.name_of(edge.target) for edge in confirmed(imports)} >= {"old.x"}


BESIDE = [
    ("import beside", "tools/beside.py"),
    ("from beside import x", "tools/beside.py"),
    ("import plain.deep", "tools/plain/deep.py"),
    ("from plain import deep", "tools/plain/deep.py"),
    ("import package.deep", "tools/package/deep.py"),
    ("import package.gone", "tools/package/gone.py"),
]


@pytest.mark.parametrize(("text", "target"), BESIDE)
def test_a_script_finds_what_lies_beside_it(tmp_path: Path, text: str, target: str) -> None:
    beside = {f"tools/{name}.py": "" for name in ("beside", "plain/deep", "package/__init__", "package/deep")}
    imports = graph(tmp_path, {"tools/run.py": text + "\n", **beside})

    assert edges(imports) == {("tools/run.py", target, 1)}


@pytest.mark.parametrize(
    "text", ["import beside.deep", "from beside.deep import x", "import plain.gone", "import elsewhere"]
)
def test_nothing_lies_below_a_module_that_is_no_package(tmp_path: Path, text: str) -> None:
    imports = graph(tmp_path, {"tools/run.py": text + "\n", "tools/beside.py": "", "tools/plain/deep.py": ""})

    assert edges(imports) == set()


def test_a_file_that_does_not_parse_keeps_what_its_text_names(tmp_path: Path) -> None:
    imports = graph(tmp_path, {**PACKAGE, "p/x.py": "import p.a\ndef (:\n"})

    (edge,) = [edge for edge in confirmed(imports) if imports.path_of(edge.target) == "p/a.py"]
    assert edge.unparsed
    assert edge.line == 0


CHAIN = {
    "a.py": "import b\nimport far\n",
    "b.py": "'''\nimport goal\n'''\nimport c\n",
    "c.py": "\nimport goal\n",
    "far.py": "import far2\n",
    "far2.py": "import far3\n",
    "far3.py": "import goal\n",
    "goal.py": "import a\n",
    "alone.py": "",
}


def test_chains_are_the_shortest_ways_that_the_exact_look_confirms(tmp_path: Path) -> None:
    imports = graph(tmp_path, CHAIN)
    position = {file.path: number for number, file in enumerate(imports.modules.files)}

    chains = list(imports.chains({position["a.py"]}, {position["goal.py"]}))

    shown = [
        [imports.path_of(edge.importer) for edge in chain] + [imports.path_of(chain[-1].target)] for chain in chains
    ]
    assert sorted(shown) == [["a.py", "b.py", "c.py", "goal.py"], ["a.py", "far.py", "far2.py", "far3.py", "goal.py"]]
    assert chains[0][0] == Edge(position["a.py"], position["b.py"], 1, 1, "static")


def test_a_package_that_is_imported_as_its_own_file_is_passed_through(tmp_path: Path) -> None:
    imports = graph(
        tmp_path, {"a.py": "import bridge.__init__\n", "bridge/__init__.py": "import goal\n", "goal.py": ""}
    )
    position = {file.path: number for number, file in enumerate(imports.modules.files)}

    (chain,) = imports.chains({position["a.py"]}, {position["goal.py"]})

    assert [imports.path_of(edge.target) for edge in chain] == ["bridge/__init__.py", "goal.py"]


def test_a_chain_never_comes_back_and_a_direct_edge_is_none(tmp_path: Path) -> None:
    imports = graph(tmp_path, {"a.py": "import b\nimport goal\n", "b.py": "import a\n", "goal.py": ""})
    position = {file.path: number for number, file in enumerate(imports.modules.files)}

    assert list(imports.chains({position["a.py"]}, {position["goal.py"]})) == []


def test_a_ring_of_imports_ends(tmp_path: Path) -> None:
    imports = graph(tmp_path, {"a.py": "import b\n", "b.py": "import c\n", "c.py": "import b\n"})
    position = {file.path: number for number, file in enumerate(imports.modules.files)}

    assert list(imports.chains({position["a.py"]}, set())) == []
