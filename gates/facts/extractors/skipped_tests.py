"""What is skipped whatever happens, without a reason or without a day; asked of syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Optional

from gates.facts.extractors.what_asserts import Function, spelled

_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_MARKS = frozenset(("pytest.mark.skip", "mark.skip", "unittest.skip"))
_CONDITIONAL = frozenset(("pytest.mark.skipif", "mark.skipif", "unittest.skipIf", "skipIf"))
_CALLS = frozenset(("pytest.skip", "self.skipTest", "unittest.SkipTest"))


def of_decorators(decorators: Iterable[ast.expr], imported: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Line of each decorator or mark that skips, and how."""
    for decorator in decorators:
        skip = _of_mark(decorator, imported)
        if skip:
            yield decorator.lineno, skip


def of_pytestmark(body: Sequence[ast.stmt], imported: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Line and how, of the marks that a module or a class gives all of its tests."""
    for statement in body:
        if isinstance(statement, ast.Assign) and any(spelled(each) == "pytestmark" for each in statement.targets):
            marks = statement.value.elts if isinstance(statement.value, (ast.List, ast.Tuple)) else [statement.value]
            yield from of_decorators(marks, imported)
        elif _called(statement, imported) == "pytest.skip":
            yield from _of_statement(statement, imported)


def of_body(function: Function, imported: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Line and how, where the test itself says so under no condition."""
    for number, statement in enumerate(function.body):
        for found in _of_statement(statement, imported):
            before = function.body[:number]
            if not any(isinstance(node, ast.Return) for each in before for node in ast.walk(each)):
                yield found  # and not only reached where nothing returned before


def skips_itself(function: Function, imported: Mapping[str, str]) -> bool:
    """Whether it says in a statement of its own that it is skipped, for whatever reason."""
    return any(_called(statement, imported) in _CALLS for statement in function.body)


def _of_statement(statement: ast.stmt, imported: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    if _called(statement, imported) in _CALLS:
        skip = _of_reason(statement.value if isinstance(statement, ast.Expr) else getattr(statement, "exc", None))
        if skip:
            yield statement.lineno, skip


def _called(statement: ast.stmt, imported: Mapping[str, str]) -> str:
    """What a statement calls or raises."""
    what = statement.value if isinstance(statement, ast.Expr) else getattr(statement, "exc", None)
    if isinstance(statement, ast.Expr) and not isinstance(what, ast.Call):
        return ""
    if not isinstance(what, ast.expr):
        return ""
    return _whole(what.func if isinstance(what, ast.Call) else what, imported)


def _whole(expression: ast.expr, imported: Mapping[str, str]) -> str:
    """As it would be spelled without the names that an import gave it."""
    root, point, rest = spelled(expression).partition(".")
    return f"{imported.get(root, root)}{point}{rest}"


def _of_mark(mark: ast.expr, imported: Mapping[str, str]) -> str:
    call = mark if isinstance(mark, ast.Call) else None
    whole = _whole(call.func if call else mark, imported)
    if whole in _CONDITIONAL and call and call.args:
        is_always = isinstance(call.args[0], ast.Constant) and bool(call.args[0].value)
        return "its condition is always true" if is_always else ""
    return _of_reason(call) if whole in _MARKS else ""


def _of_reason(call: Optional[ast.expr]) -> str:
    values = [*call.args, *(each.value for each in call.keywords if each.arg in ("reason", "msg"))] if isinstance(
        call, ast.Call) else []  # fmt: skip
    if not values:
        return "without a reason"
    text = values[0].value if isinstance(values[0], ast.Constant) else None
    if isinstance(text, str) and not text.strip():
        return "without a reason"
    return "" if not isinstance(text, str) or _DAY.search(text) else "for ever"
