"""What a statement can be spoiled into; a pure function of bytes.

Few ways, each of which changes what the code does and not how it does it: a statement is left out, a value becomes
None, a condition is turned round, a loop gets nothing, and within expressions a comparison, an `and`, an operator, a
number. Texts are left alone but where the whole value goes: few tests pin the words of a message, and few should.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from typing import NamedTuple, Optional

from gates.facts.extractors.syntax_tree import parsed

_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_LEFT_OUT = (ast.Raise, ast.Delete, ast.AugAssign, ast.Assert)
# What Python reads and does not run, or where nothing tells in which line it stands.
_UNSEEN = ("annotation", "returns", "type_params", "pattern", "decorator_list")
_BLOCKS = frozenset(("body", "orelse", "finalbody", "handlers", "cases"))
_LONGEST = 60


class Mutant(NamedTuple):
    """Bytes `start` to `end` are replaced by `text`; `line` is the first line of the statement, counted from 1."""

    line: int
    start: int
    end: int
    text: str
    said: str


def mutants(source: bytes, lines: Container[int]) -> Iterator[Mutant]:
    """Those of the statements that begin on these lines, by statement, the coarsest first; none where it is no UTF-8.

    What does not parse is none. A compound statement is spoiled in its head.
    """
    try:
        source.decode("utf-8")
        tree = parsed(source)
    except (SyntaxError, ValueError):
        return
    spelled = _Spelled(source)
    for statement in ast.walk(tree):
        if isinstance(statement, ast.stmt) and statement.lineno in lines:
            for node, text in _spoiled(statement):
                mutant = spelled.mutant(statement.lineno, node, text)
                if mutant is not None and _parses(applied(source, mutant)):
                    yield mutant


def applied(source: bytes, mutant: Mutant) -> bytes:
    """The module with the mutant in it."""
    return source[: mutant.start] + mutant.text.encode("utf-8") + source[mutant.end :]


class _Spelled:
    """Where the lines of a source begin, in bytes, as the positions of a syntax tree count them."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def mutant(self, line: int, node: ast.AST, text: str) -> Optional[Mutant]:
        start = self._starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = self._starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        before = self._source[start:end].decode("utf-8", "replace")
        if before == text:
            return None
        return Mutant(line, start, end, text, f"`{_short(before)}` as `{_short(text)}`")


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 3]}..."


def _parses(source: bytes) -> bool:
    try:
        parsed(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _spoiled(statement: ast.stmt) -> Iterator[tuple[ast.AST, str]]:
    """What is replaced, and by what."""
    if isinstance(statement, ast.Expr):
        if not isinstance(statement.value, ast.Constant):
            yield statement, "pass"
    elif isinstance(statement, _LEFT_OUT):
        yield statement, "pass"
    elif isinstance(statement, (ast.Return, ast.Assign, ast.AnnAssign)):
        if statement.value is not None and not _is_none(statement.value):
            yield statement.value, "None"
    elif isinstance(statement, (ast.If, ast.While)):
        yield statement.test, f"(not ({ast.unparse(statement.test)}))"
    elif isinstance(statement, ast.For):
        yield statement.iter, "()"
    elif isinstance(statement, ast.Break):
        yield statement, "continue"
    elif isinstance(statement, ast.Continue):
        yield statement, "break"
    yield from _within(statement, is_top=True)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _within(node: ast.AST, is_top: bool = False) -> Iterator[tuple[ast.AST, str]]:
    """The expressions of a statement; not within f-strings, in which older Pythons tell no places."""
    for name, value in ast.iter_fields(node):
        if name in _UNSEEN or (is_top and name in _BLOCKS):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, (ast.JoinedStr, ast.stmt)):
                continue
            changed = _changed(child)
            if changed is not None:
                yield child, f"({ast.unparse(changed)})"
            yield from _within(child)


def _changed(node: ast.AST) -> Optional[ast.expr]:
    """A near neighbour of an expression, by its outermost operator; None where it has none."""
    if isinstance(node, ast.Compare):
        operators = [_TURNED[type(node.ops[0])](), *node.ops[1:]]
        return ast.Compare(node.left, operators, node.comparators)
    if isinstance(node, ast.BoolOp):
        return ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    if isinstance(node, ast.BinOp) and type(node.op) in _SWAPPED:
        return ast.BinOp(node.left, _SWAPPED[type(node.op)](), node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    if isinstance(node, ast.IfExp):
        return ast.IfExp(node.test, node.orelse, node.body)
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            return ast.Constant(not node.value)
        if isinstance(node.value, (int, float)):
            return ast.Constant(node.value + 1)
    return None
