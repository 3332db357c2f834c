"""Which expected failures are any failure, a misspelt name as well; asked of the syntax tree of one test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.what_asserts import inside, last, spelled

_RAISES = frozenset(("raises", "assertRaises", "assertRaisesRegex", "assertRaisesRegexp"))
_BROAD = frozenset(("Exception", "BaseException"))
_MATCHES_ALL = frozenset(("", ".*", "(?s).*", "^.*$"))
_ONLY_SAY = frozenset(("print", "pprint", "debug", "info", "log"))


def too_broad(function: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and spelling of each `raises(Exception)`, where nothing is asked of what was raised."""
    calls = [node for node in inside(function, ast.Call) if last(node.func) in _RAISES]
    if not calls:
        return
    names = {id(item.context_expr): item.optional_vars for node in ast.walk(function)
             if isinstance(node, (ast.With, ast.AsyncWith)) for item in node.items}  # fmt: skip
    names.update((id(node.value), node.targets[0]) for node in ast.walk(function) if isinstance(node, ast.Assign))
    for call in calls:
        broad = _broad(call)
        if broad and not _is_narrowed(call) and not _is_asked(function, names.get(id(call)), call.lineno):
            yield call.lineno, f"{last(call.func)}({broad})"


def _broad(call: ast.Call) -> str:
    given = [each.value for each in call.keywords if each.arg in ("expected_exception", "exception")]
    for kind in (*call.args[:1], *given):
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        if any(spelled(each) in _BROAD for each in kinds):
            return spelled(kind)
    return ""


def _is_narrowed(call: ast.Call) -> bool:
    """Whether it asks something of the message, or of the exception."""
    asked = [each.value for each in call.keywords if each.arg in ("match", "check", "expected_regex", None)]
    if last(call.func).startswith("assertRaisesReg"):
        asked += call.args[1:2]
    return any(not (isinstance(each, ast.Constant) and each.value in _MATCHES_ALL) for each in asked)


def _is_asked(function: ast.AST, name: Optional[ast.expr], line: int) -> bool:
    """Whether what was raised is looked at, before its name stands for something else."""
    if not isinstance(name, ast.Name):
        return name is not None
    said = {id(inner) for node in ast.walk(function) if isinstance(node, ast.Call) and last(node.func) in _ONLY_SAY
            for inner in ast.walk(node)}  # fmt: skip
    own = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name.id]
    after = [node.lineno for node in own if isinstance(node.ctx, ast.Store) and node.lineno > name.lineno]
    until = min(after, default=0)
    return any(
        isinstance(node.ctx, ast.Load) and node.lineno >= line and (not until or node.lineno <= until)
        for node in own
        if id(node) not in said
    )
