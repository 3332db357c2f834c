"""The statements of a module, each with a key of what it says wherever it stands; a pure function of bytes.

A statement's lines are its own: of a compound one the header, and each decorator stands alone, as coverage.py counts.
Its key leaves lines, comments and layout out, so a statement that moved with its function, or was formatted anew,
keeps it.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional, Union

from gates.facts.extractors.syntax_tree import parsed

# What coverage.py takes for an exclusion unless it is told otherwise; it, too, reads lines and not comments.
_PRAGMA = re.compile(r"#\s*(?:pragma|PRAGMA)[:\s]?\s*(?:no|NO)\s*(cover|COVER|branch|BRANCH)(.*)")
_BLOCKS = ("body", "orelse", "finalbody")
_CLAUSES = ("handlers", "cases")
_NOT_OWN = frozenset((*_BLOCKS, *_CLAUSES, "decorator_list"))
# Fields that say nothing of their own: how a name is used follows from where it stands.
_SILENT = frozenset(("ctx", "kind", "type_comment", "type_ignores"))
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

PlainStatement = tuple[int, int, str, str, tuple[str, ...]]
PlainFunction = tuple[str, int, int, int]
PlainPragma = tuple[int, str, str, str]
Plain = tuple[tuple[PlainStatement, ...], tuple[PlainFunction, ...], tuple[PlainPragma, ...]]


class Statement(NamedTuple):
    """Lines count from 1, the last one included."""

    first: int
    last: int
    scope: str
    """Qualified name of the function or class around it; "" at the top of the module."""
    key: str
    """16 hex digits of what it says and of the name of the function or class that it stands in."""
    alternatives: tuple[str, ...]
    """What in it can go two ways on one line: "conditional expression", "lambda", and the like."""


class Function(NamedTuple):
    """A function and where its body stands."""

    name: str
    line: int
    first: int
    last: int


class Pragma(NamedTuple):
    """A comment that takes lines out of what is measured, with what is written behind it."""

    line: int
    scope: str
    words: str
    hides: str = "cover"
    """"cover", or "branch" where only ways out are not measured."""


class Code(NamedTuple):
    """What one module holds."""

    statements: tuple[Statement, ...]
    functions: tuple[Function, ...]
    pragmas: tuple[Pragma, ...]

    @classmethod
    def of(cls, plain: Plain) -> Code:
        """The value that `extract` gave."""
        statements, functions, pragmas = plain
        return cls(
            tuple(Statement(*each[:4], tuple(each[4])) for each in statements),
            tuple(Function(*each) for each in functions),
            tuple(Pragma(*each) for each in pragmas),
        )


def extract(source: bytes) -> Union[Plain, str, None]:
    """None where there is nothing but white space; a string where it does not parse."""
    if not source.strip():
        return None
    try:
        tree = parsed(source)
        found = _Reader().read(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"line {getattr(error, 'lineno', None) or 1}: {type(error).__name__}"
    statements, functions = found
    pragmas = tuple(_pragmas(source, functions)) if b"ragma" in source or b"PRAGMA" in source else ()
    return tuple(sorted(statements)), tuple(functions), pragmas


def pragmas_of(source: bytes) -> Iterator[tuple[int, str, str]]:
    """Line and words of each pragma, what follows `pragma: no cover`; and "cover", or "branch"."""
    for number, line in enumerate(source.decode("utf-8", "replace").split("\n"), 1):
        found = _PRAGMA.search(line)
        if found:
            yield number, found[2].strip(), found[1].lower()


class _Reader:
    """Walks the blocks of a module, and notes each statement with the names around it."""

    def __init__(self) -> None:
        self._statements: list[PlainStatement] = []
        self._functions: list[PlainFunction] = []

    def read(self, tree: ast.Module) -> tuple[list[PlainStatement], list[PlainFunction]]:
        waiting: list[tuple[list[ast.stmt], str]] = [(tree.body, "")]
        while waiting:
            block, scope = waiting.pop()
            for statement in block:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    continue  # a docstring, or `...`: nothing that runs
                inner = self._noted(statement, scope)
                waiting += ((below, inner) for below in self._below(statement, scope))
        return self._statements, self._functions

    def _noted(self, statement: ast.stmt, scope: str) -> str:
        """The scope of what stands below the statement."""
        self._note(statement, scope, statement.lineno)
        if not isinstance(statement, _DEFINITIONS):
            return scope
        for decorator in statement.decorator_list:
            self._add(decorator, scope, decorator.lineno, decorator.end_lineno or decorator.lineno, "@")
        inner = f"{scope}.{statement.name}" if scope else statement.name
        if isinstance(statement, _FUNCTIONS):
            first = _first_line(statement.body[0])
            self._functions.append((inner, statement.lineno, first, statement.end_lineno or first))
        return inner

    def _below(self, statement: ast.stmt, scope: str) -> Iterator[list[ast.stmt]]:
        for field in _BLOCKS:
            block = getattr(statement, field, None)
            if block:
                yield block
        for clause in getattr(statement, "handlers", ()):
            self._note(clause, scope, clause.lineno)
            yield clause.body
        for case in getattr(statement, "cases", ()):
            self._note(case, scope, case.pattern.lineno)
            yield case.body

    def _note(self, node: ast.AST, scope: str, first: int) -> None:
        below = _first_below(node)
        last = max(first, below - 1) if below else getattr(node, "end_lineno", None) or first
        self._add(node, scope, first, last, "", ("one-line block",) if below == first else ())

    def _add(self, node: ast.AST, scope: str, first: int, last: int, mark: str, more: tuple[str, ...] = ()) -> None:
        said = [scope.rpartition(".")[2], mark]
        alternatives: set[str] = set(more)
        _say(node, said, alternatives, is_whole=bool(mark))
        key = hashlib.blake2b("\0".join(said).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        self._statements.append((first, last, scope, key, tuple(sorted(alternatives))))


def _first_below(node: ast.AST) -> int:
    """The line on which the first block below a node begins; 0 where there is none."""
    cases = getattr(node, "cases", None)
    if cases:
        first: int = cases[0].pattern.lineno
        return first
    body = getattr(node, "body", None)
    return _first_line(body[0]) if isinstance(body, list) and body else 0


def _first_line(statement: ast.stmt) -> int:
    decorators: Sequence[ast.expr] = getattr(statement, "decorator_list", ())
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _say(node: ast.AST, said: list[str], alternatives: set[str], is_whole: bool = True) -> None:
    """What a node says, without lines; of a statement (`is_whole` False) without what stands below it."""
    said.append(node.__class__.__name__)
    alternative = _alternative(node)
    if alternative:
        alternatives.add(alternative)
    for name in node._fields:
        if name in _SILENT or (not is_whole and name in _NOT_OWN):
            continue
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            _say(value, said, alternatives)
        elif isinstance(value, list):
            said.append("[")
            for item in value:
                if isinstance(item, ast.AST):
                    _say(item, said, alternatives)
                else:
                    said.append(repr(item))
            said.append("]")
        elif value is not None:
            said.append(repr(value))


def _alternative(node: ast.AST) -> Optional[str]:
    if isinstance(node, ast.IfExp):
        return "conditional expression"
    if isinstance(node, ast.Lambda):
        return "lambda"
    if isinstance(node, ast.BoolOp):
        return "and/or"
    if isinstance(node, _COMPREHENSIONS) and any(part.ifs for part in node.generators):
        return "filter of a comprehension"
    return None


def _pragmas(source: bytes, functions: list[PlainFunction]) -> Iterator[PlainPragma]:
    for number, words, hides in pragmas_of(source):
        around = [name for name, start, _, last in functions if start <= number <= last]
        yield number, max(around, key=len, default=""), words, hides
