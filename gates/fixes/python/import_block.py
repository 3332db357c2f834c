"""A `from module import name` where a reader looks for it: in the block of imports at the top, in its order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Optional, Union

import libcst as cst
from libcst.helpers import get_full_name_for_node

from gates.fixes.python.import_names import can_take_more, with_name
from gates.fixes.python.rewriting import Line

_STANDARD_LIBRARY = frozenset(getattr(sys, "stdlib_module_names", sys.builtin_module_names))  # 3.9 knows the latter
_FUTURE, _STANDARD, _OTHERS, _OURS, _RELATIVE = range(5)

IsOurs = Callable[[str], bool]
Import = Union[cst.Import, cst.ImportFrom]


def imported_as(module: cst.Module, origin: str, name: str) -> Optional[str]:
    """What the name of this module is called in the file, where the block of imports at the top brings it already."""
    for statement in _block(module)[1]:
        if isinstance(statement, cst.ImportFrom) and _origin(statement) == origin:
            for alias in statement.names if not isinstance(statement.names, cst.ImportStar) else ():
                if alias.evaluated_name == name:
                    return alias.evaluated_alias or name
    return None


def with_import(module: cst.Module, origin: str, name: str, is_ours: IsOurs) -> cst.Module:
    """The tree with `from origin import name`: in a from-import of that module, else as a line of its own.

    `is_ours` says whether a module is the repository's own: its imports stand together.
    """
    start, block = _block(module)
    for statement in block:
        if isinstance(statement, cst.ImportFrom) and _origin(statement) == origin and can_take_more(statement):
            longer = module.deep_replace(statement, with_name(statement, name))
            assert isinstance(longer, cst.Module)
            return longer
    line = cst.SimpleStatementLine([_statement(origin, name)])
    end = start + len(_lines(module, start))
    if start == end:
        return _before_code(module, start, line)
    at = _place(module, start, end, (_section_of(origin, is_ours), True, origin.lower()), is_ours)
    return _inserted(module, at, line, start, end, is_ours)


def _statement(origin: str, name: str) -> cst.ImportFrom:
    statement = cst.parse_statement(f"from {origin} import {name}")
    assert isinstance(statement, cst.SimpleStatementLine)
    found = statement.body[0]
    assert isinstance(found, cst.ImportFrom)
    return found


# --- what stands there ------------------------------------------------------------------------------------------------


def _block(module: cst.Module) -> tuple[int, list[Import]]:
    """Where the block of imports begins, behind the docstring, and what is in it."""
    start = 1 if module.get_docstring(clean=False) is not None else 0
    found = [each for line in _lines(module, start) for each in line.body]
    return start, [each for each in found if isinstance(each, (cst.Import, cst.ImportFrom))]


def _lines(module: cst.Module, start: int) -> list[cst.SimpleStatementLine]:
    lines: list[cst.SimpleStatementLine] = []
    for line in module.body[start:]:
        if not isinstance(line, cst.SimpleStatementLine):
            break
        if not all(isinstance(each, (cst.Import, cst.ImportFrom)) for each in line.body):
            break
        lines.append(line)
    return lines


def _origin(statement: cst.ImportFrom) -> str:
    module = get_full_name_for_node(statement.module) if statement.module is not None else ""
    return "." * len(statement.relative) + (module or "")


def _section_of(origin: str, is_ours: IsOurs) -> int:
    if origin.startswith("."):
        return _RELATIVE
    if origin == "__future__":
        return _FUTURE
    if is_ours(origin):
        return _OURS
    return _STANDARD if origin.split(".", 1)[0] in _STANDARD_LIBRARY else _OTHERS


def _key(line: cst.BaseStatement, is_ours: IsOurs) -> tuple[int, bool, str]:
    """Section, whether a from-import, and the module: how imports are sorted where somebody sorts them."""
    assert isinstance(line, cst.SimpleStatementLine)
    statement = line.body[0]
    if isinstance(statement, cst.ImportFrom):
        origin = _origin(statement)
    else:
        assert isinstance(statement, cst.Import)
        origin = statement.names[0].evaluated_name
    return _section_of(origin, is_ours), isinstance(statement, cst.ImportFrom), origin.lower()


# --- a line of its own ------------------------------------------------------------------------------------------------


def _place(module: cst.Module, start: int, end: int, key: tuple[int, bool, str], is_ours: IsOurs) -> int:
    """Behind the last import that comes before it in the order; the block need not be in order."""
    earlier = [at for at in range(start, end) if _key(module.body[at], is_ours) <= key]
    return max(earlier) + 1 if earlier else start


def _inserted(
    module: cst.Module, at: int, line: cst.SimpleStatementLine, start: int, end: int, is_ours: IsOurs
) -> cst.Module:
    body = list(module.body)
    own = _section_of(_origin(_first(line)), is_ours)
    if at == start and start < end:
        first = body[at]
        assert isinstance(first, cst.SimpleStatementLine)
        blank = [each for each in first.leading_lines if each.comment is None]
        if len(blank) < len(first.leading_lines):  # a comment above the first import is about that
            return _inserted_at(module, at, line.with_changes(leading_lines=blank[:1]), True)
        apart = 0 if _key(first, is_ours)[0] == own else 1
        body[at] = first.with_changes(leading_lines=[cst.EmptyLine(indent=False)] * apart)
        return module.with_changes(body=[*body[:at], line.with_changes(leading_lines=first.leading_lines), *body[at:]])
    is_alone = _key(body[at - 1], is_ours)[0] != own
    above = [cst.EmptyLine(indent=False)] if is_alone else []
    return _inserted_at(module, at, line.with_changes(leading_lines=above), is_alone or at == end)


def _first(line: cst.SimpleStatementLine) -> cst.ImportFrom:
    statement = line.body[0]
    assert isinstance(statement, cst.ImportFrom)
    return statement


def _before_code(module: cst.Module, start: int, line: cst.SimpleStatementLine) -> cst.Module:
    """Where there is no import: behind the docstring, or behind the comments that speak of the whole file."""
    header = list(module.header)
    own: list[cst.EmptyLine] = []
    if start == 0:
        blank = [at for at, each in enumerate(header) if each.comment is None]
        cut = blank[-1] + 1 if blank else len(header)
        header, own = header[:cut], header[cut:]
    is_first = start == 0 and not header
    is_apart = start == 0 and bool(header) and header[-1].comment is None
    above = [] if is_first or is_apart else [cst.EmptyLine(indent=False)]
    body = list(module.body)
    if own:
        body[start] = _below(body[start], own)
    apart = module.with_changes(header=header, body=body)
    return _inserted_at(apart, start, line.with_changes(leading_lines=above), True)


def _below(statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> Line:
    assert isinstance(statement, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
    return statement.with_changes(leading_lines=[*lines, *statement.leading_lines])


def _inserted_at(module: cst.Module, at: int, line: cst.SimpleStatementLine, is_apart: bool) -> cst.Module:
    """The line before the statement at this position, which then stands apart from it, if it did not before."""
    body = list(module.body)
    if at < len(body) and is_apart:
        follower = body[at]
        assert isinstance(follower, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
        if not follower.leading_lines or follower.leading_lines[0].comment is not None:
            blank = 2 if isinstance(follower, (cst.FunctionDef, cst.ClassDef)) else 1
            body[at] = _below(follower, [cst.EmptyLine(indent=False)] * blank)
    return module.with_changes(body=[*body[:at], line, *body[at:]])
