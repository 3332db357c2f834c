"""The tests that a change asks for: new ones, changed ones, and those that reach what it changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gates.facts.changed_code import ChangedModule
from gates.facts.checkout import Checkout
from gates.facts.extractors.statements import Statement
from gates.facts.test_code import is_test_file
from gates.flakes.pool import Worker
from gates.flakes.process import Job

NEW, CHANGED, REACHES, QUARANTINED = "new", "changed", "reaches", "quarantined"
_Functions = (ast.FunctionDef, ast.AsyncFunctionDef)


class _Place(NamedTuple):
    """Where a function or a class stands: its first line, decorators included, the one of its name, and its last."""

    name: str
    first: int
    line: int
    last: int


def of_change(modules: Sequence[ChangedModule], checkout: Checkout, tests: Sequence[str]) -> dict[str, str]:
    """The tests that are new or were changed, with which of the two."""
    found: dict[str, str] = {}
    for module in modules:
        if not is_test_file(module.path) or not module.statements:
            continue
        own = [test for test in tests if test.startswith(f"{module.path}::")]
        source = checkout.read(module.path)
        places = list(_places(source))
        lines = {statement.first for statement in module.statements}
        if _is_of_all(module.statements, source, places):
            found.update(dict.fromkeys(own, CHANGED))
        for test in own:
            name = _function_of(test)
            for place in places:
                if place.name == name and any(place.first <= line <= place.last for line in lines):
                    found[test] = NEW if place.line in lines else CHANGED
    return found


def reaching(worker: Worker, modules: Sequence[ChangedModule], tests: Sequence[str]) -> dict[str, str]:
    """The tests that run a changed statement; of what only runs when a module is imported, those that run any of it."""
    asked = {module.path: module for module in modules if module.statements and not module.fault}
    roots = [str(place) for place in (worker.process.scratch.folder, worker.process.scratch.original)]
    files = tuple(f"{root}/{path}" for root in roots for path in sorted(asked))
    if not files:
        return {}
    reached = worker.ask(Job([tests], reach=files)).reached
    found: set[str] = set()
    for path, module in asked.items():
        inside = {
            line
            for statement in module.statements
            if _is_inside(module, statement.first)
            for line in range(statement.first, statement.last + 1)
        }
        is_of_all = any(not _is_inside(module, statement.first) for statement in module.statements)
        for root in roots:
            for line, several in reached.get(f"{root}/{path}", {}).items():
                if line in inside or (is_of_all and not is_test_file(path)):
                    found.update(several)
    return {test: REACHES for test in tests if test in found}


def _is_inside(module: ChangedModule, line: int) -> bool:
    return any(function.first <= line <= function.last for function in module.code.functions)


def _is_of_all(statements: Sequence[Statement], source: bytes, places: Sequence[_Place]) -> bool:
    """Whether something was changed that all tests of the file may see: no import, and in no function."""
    lines = source.split(b"\n")
    outside = [each.first for each in statements if not any(at.first <= each.first <= at.last for at in places)]
    return any(not lines[line - 1].lstrip().startswith((b"import ", b"from ", b"class ")) for line in outside)


def _function_of(test: str) -> str:
    """`tests/test_a.py::TestA::test_b[1]` is TestA.test_b."""
    return ".".join(test.partition("[")[0].split("::")[1:])


def _places(source: bytes) -> Iterator[_Place]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    yield from _below(tree.body, "")


def _below(body: Sequence[ast.stmt], prefix: str) -> Iterator[_Place]:
    for node in body:
        if isinstance(node, (*_Functions, ast.ClassDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if isinstance(node, ast.ClassDef):
                yield from _below(node.body, f"{prefix}{node.name}.")
            else:
                yield _Place(f"{prefix}{node.name}", first, node.lineno, node.end_lineno or node.lineno)
