"""Loads by name at the nodes of grimp's graph that they enter."""

from __future__ import annotations

import sys

import pytest

if sys.version_info < (3, 11):
    pytest.skip("gates.contracts is for Python 3.11 and newer", allow_module_level=True)

from grimp import ImportGraph

from gates.contracts.feeding import feed
from gates.contracts.loads import Load, Loads


def graph(*modules: str) -> ImportGraph:
    made = ImportGraph()
    for module in modules:
        made.add_module(module)
    return made


def loads(*imported: str, modules: tuple[str, ...] = ()) -> Loads:
    known = tuple(Load("app.low", name, number, f"load({name!r})") for number, name in enumerate(imported, 1))
    return Loads(known, (), frozenset(modules))


def targets(made: ImportGraph, found: Loads, packages: tuple[str, ...] = ("app",), externals: bool = False) -> set[str]:
    feed(made, found, packages, externals)
    return set(made.find_modules_directly_imported_by("app.low"))


def test_an_edge_has_its_line_and_what_stands_there() -> None:
    made = graph("app", "app.low", "app.high")

    assert feed(made, loads("app.high"), ("app",), False) == [Load("app.low", "app.high", 1, "load('app.high')")]
    (detail,) = made.get_import_details(importer="app.low", imported="app.high")
    assert (detail["line_number"], detail["line_contents"]) == (1, "load('app.high')")


def test_the_end_of_a_name_that_is_no_module_lies_in_one() -> None:
    made = graph("app", "app.low", "app.high", "app.high.tool")

    assert targets(made, loads("app.high.tool.Tool.make", "app.gone.deep")) == {"app.high.tool", "app"}


def test_a_module_that_grimp_left_out_is_added() -> None:
    made = graph("app", "app.low")

    assert targets(made, loads("app.plain.deep", modules=("app.plain.deep",))) == {"app.plain.deep"}


def test_a_module_that_loads_itself_is_no_edge() -> None:
    assert targets(graph("app", "app.low"), loads("app.low", "app.low.name")) == set()


def test_what_lies_outside_is_there_only_where_the_graph_was_built_with_such() -> None:
    assert targets(graph("app", "app.low"), loads("os.path")) == set()

    made = graph("app", "app.low")
    assert targets(made, loads("os.path"), externals=True) == {"os"}
    assert made.is_module_squashed("os")


def test_a_namespace_is_shared_with_what_lies_outside_of_it() -> None:
    made = graph("app.low")

    assert targets(made, loads("space.blue.a.b", "space"), ("app", "space.green"), externals=True) == {"space.blue"}
