"""Each handler that catches every failure, and what it does with it; a pure function of bytes.

Broad are `except:`, `except Exception`, `except BaseException`, tuples that hold one of them, and `contextlib.suppress`
of them, under whatever name this file gives them. A name imported from elsewhere is not followed.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple, Optional, Union

from gates.facts.extractors.failure_treatment import Function, is_below, treatment
from gates.facts.extractors.syntax_tree import parsed

_BROAD = frozenset(("Exception", "BaseException"))
_BUILTINS = frozenset(("builtins", "__builtins__", "__builtin__"))
# A literal first: that is what makes a search fast.
_WORD = rb"Exception(?![A-Za-z0-9_])(?:(?<![A-Za-z0-9_]Exception)|(?<=BaseException)(?<![A-Za-z0-9_]BaseException))"
_NAMED = re.compile(_WORD)
# Called, raised, an annotation or in `raises(...)`: no clause and no name is given the class there.
_OPEN = re.compile(
    _WORD
    + rb"(?!\()"
    + b"".join(
        rb"(?<!%bException)(?<!%bBaseException)" % (before, before)
        for before in (rb"raise ", rb": ", rb"-> ", rb"aises\(")
    )
)
# The same of a class that inherits from it, and of a question.
_ASKED = re.compile(rb"(?:\bclass \w{1,99}\(|\bisinstance\(\w{1,99}, )(?:Base)?Exception(?![A-Za-z0-9_(])")
_CAUGHT = re.compile(rb"\bexcept (?:Base)?Exception(?![A-Za-z0-9_(])")
_BARE = re.compile(rb"except[\s\\]*:")
_HEAD = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?[^\r\n]*")
_OTHER_ENCODING = re.compile(rb"coding[:=][ \t]*(?![ \t]|utf-?8\b)", re.IGNORECASE)

Plain = tuple[int, int, str, str, tuple[str, ...]]
_Place = tuple[ast.stmt, str, Optional[Function]]
_Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BINDING = frozenset((ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom))
_SIMPLE = frozenset(
    {ast.Expr, ast.Return, ast.Pass, ast.Raise, ast.AugAssign, ast.Assert, ast.Delete, ast.Global, ast.Nonlocal}
    | {ast.Break, ast.Continue}
)


class BroadHandler(NamedTuple):
    """One place where every failure is caught; lines and columns count from 1."""

    line: int
    column: int
    caught: str
    """As spelled: "bare", "Exception", "(ValueError, Exception)", "contextlib.suppress(Exception)"; an alias with its
    meaning: "Errors (Exception)"."""
    scope: str
    """The qualified name of the function or class around it, "<module>" outside all."""
    does: tuple[str, ...]
    """What becomes of the failure, see `failure_treatment`; nothing where it is swallowed."""


def may_handle_broadly(source: bytes) -> bool:
    """A wide look at the bytes: True too often, never False wrongly."""
    text = _letters(source)
    if text is None:
        return True
    if b"except" in text and _BARE.search(text):
        return True
    if b"Exception" not in text or _NAMED.search(text) is None:
        return False
    if b"suppress" in text:
        return True
    if b"except" not in text:
        return False
    mentions = len(_OPEN.findall(text))
    return mentions > 0 and mentions != len(_ASKED.findall(text))


def _letters(source: bytes) -> Optional[bytes]:
    """The bytes with plain letters for their look-alikes; None where they may not be the letters they look like."""
    head = _HEAD.match(source)
    if head is not None and b"coding" in head.group() and _OTHER_ENCODING.search(head.group()):
        return None  # UTF-7 spells a handler without one of its letters
    if source.isascii():
        return source
    # Python folds look-alikes in names: Exception with a full-width E is Exception.
    return unicodedata.normalize("NFKC", source.decode("utf-8", "replace")).encode("utf-8", "replace")


def _may_suppress(source: bytes) -> bool:
    """Whether a class of every failure stands anywhere but in a clause of its own."""
    text = _letters(source)
    if text is None:
        return True
    return b"suppress" in text and len(_OPEN.findall(text)) > len(_ASKED.findall(text)) + len(_CAUGHT.findall(text))


def extract(source: bytes) -> Optional[tuple[Plain, ...]]:
    """The fields of each `BroadHandler`; None where the scan rules them out.

    What does not parse raises SyntaxError, or what the parser raises.
    """
    if not may_handle_broadly(source):
        return None
    found = handlers(parsed(source), _may_suppress(source))
    return tuple((one.line, one.column, one.caught, one.scope, one.does) for one in found)


def handlers(tree: ast.Module, may_suppress: bool = True) -> tuple[BroadHandler, ...]:
    """Every broad handler of a module, in order; without `may_suppress` only clauses are looked at."""
    bindings: list[ast.stmt] = []
    clauses: list[tuple[ast.ExceptHandler, str, Optional[Function]]] = []
    for statement, scope, function in _compound(tree, bindings):
        clauses += [(clause, scope, function) for clause in getattr(statement, "handlers", ())]
    names = _Names(bindings)
    found = []
    for clause, scope, function in clauses:
        caught = "bare" if clause.type is None else names.broad(clause.type)
        if caught:
            does = treatment(clause, function)
            found.append(BroadHandler(clause.lineno, clause.col_offset + 1, caught, scope or "<module>", does))
    if may_suppress and names.know_suppress:
        found += _suppressions(tree, names)
    return tuple(sorted(found))


def _suppressions(tree: ast.Module, names: _Names) -> Iterator[BroadHandler]:
    for statement, scope, _ in _statements(tree):
        for call in _calls(statement):
            if names.is_suppress(call.func):
                caught = ", ".join(filter(None, map(names.broad, call.args)))
                if caught:
                    shown = f"contextlib.suppress({caught})"
                    yield BroadHandler(call.lineno, call.col_offset + 1, shown, scope or "<module>", ())


def _compound(tree: ast.Module, bindings: list[ast.stmt]) -> Iterator[_Place]:
    """Every statement with others below it, with the scope around it; those that bind names go to `bindings`."""
    todo: list[tuple[list[ast.stmt], str, Optional[Function]]] = [(tree.body, "", None)]
    while todo:
        body, scope, function = todo.pop()
        for statement in body:
            kind = type(statement)
            if kind in _SIMPLE:
                continue
            if kind in _BINDING:
                bindings.append(statement)
                continue
            yield statement, scope, function
            if isinstance(statement, _Definition):
                bindings.append(statement)
            todo += _below(statement, scope, function)


def _statements(tree: ast.Module) -> Iterator[_Place]:
    """Every statement, with the scope around it."""
    todo: list[tuple[list[ast.stmt], str, Optional[Function]]] = [(tree.body, "", None)]
    while todo:
        body, scope, function = todo.pop()
        for statement in body:
            yield statement, scope, function
            todo += _below(statement, scope, function)


def _below(
    statement: ast.stmt, scope: str, function: Optional[Function]
) -> Iterator[tuple[list[ast.stmt], str, Optional[Function]]]:
    """The blocks directly below a statement, with the scope that they are in."""
    if isinstance(statement, _Definition):
        scope = f"{scope}.{statement.name}" if scope else statement.name
        # What a class body binds can be read from outside, as in a module.
        function = None if isinstance(statement, ast.ClassDef) else statement
    for field in ("body", "orelse", "finalbody"):
        block = getattr(statement, field, None)
        if block:
            yield block, scope, function
    for field in ("handlers", "cases"):
        for clause in getattr(statement, field, ()):
            yield clause.body, scope, function


def _calls(statement: ast.AST) -> Iterator[ast.Call]:
    """The calls in a statement's own expressions, not in the statements below it."""
    todo = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Call):
            yield node
        todo += [child for child in ast.iter_child_nodes(node) if not is_below(child)]


class _Names:
    """What the names of one file stand for, wherever in it they are bound."""

    def __init__(self, bindings: list[ast.stmt]) -> None:
        self._values: dict[str, list[ast.expr]] = {}
        self._meanings: dict[str, set[str]] = {}
        stars = False
        for statement in bindings:
            if isinstance(statement, ast.Assign):
                for target in statement.targets:
                    self._bind(target, statement.value)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                self._bind(statement.target, statement.value)
            elif isinstance(statement, ast.Import):
                for name in statement.names:
                    self._meanings.setdefault(name.asname or name.name.split(".")[0], set()).add(name.name)
            elif isinstance(statement, ast.ImportFrom):
                stars = stars or statement.names[0].name == "*"
                self._bind_import(statement)
            elif isinstance(statement, _Definition):
                self._meanings.setdefault(statement.name, set()).add("")
        if stars and "suppress" not in self._meanings:
            self._meanings["suppress"] = {"contextlib.suppress"}
        self.know_suppress = any(
            meaning == "contextlib" or meaning.endswith(".suppress")
            for meanings in self._meanings.values()
            for meaning in meanings
        )

    def broad(self, expression: ast.expr, depth: int = 8) -> str:
        """How a type of exception is spelled, where every failure is among what it catches; nothing otherwise."""
        meaning = self._meaning(expression, depth)
        if not meaning:
            return ""
        spelled = _spelled(expression)
        return spelled if meaning in spelled else f"{spelled} ({meaning})"

    def is_suppress(self, function: ast.expr, depth: int = 8) -> bool:
        """Whether this is contextlib.suppress under one of its names."""
        if isinstance(function, ast.Attribute):
            return (
                function.attr == "suppress"
                and isinstance(function.value, ast.Name)
                and "contextlib" in self._meanings.get(function.value.id, ())
            )
        if not isinstance(function, ast.Name) or not depth:
            return False
        return any(meaning.endswith(".suppress") for meaning in self._meanings.get(function.id, ())) or any(
            self.is_suppress(value, depth - 1) for value in self._values.get(function.id, ())
        )

    def _meaning(self, expression: Optional[ast.expr], depth: int) -> str:
        if not depth or expression is None:
            return ""
        if isinstance(expression, ast.Name):
            return self._meaning_of_name(expression.id, depth)
        if isinstance(expression, ast.Attribute):
            owner = expression.value.id if isinstance(expression.value, ast.Name) else ""
            built_in = owner in _BUILTINS or "builtins" in self._meanings.get(owner, ())
            return expression.attr if built_in and expression.attr in _BROAD else ""
        parts: list[ast.expr] = []
        if isinstance(expression, (ast.Tuple, ast.List, ast.Set)):
            parts = expression.elts
        elif isinstance(expression, ast.BinOp):
            parts = [expression.left, expression.right]
        elif isinstance(expression, ast.IfExp):
            parts = [expression.body, expression.orelse]
        elif isinstance(expression, ast.BoolOp):
            parts = expression.values
        elif isinstance(expression, (ast.Starred, ast.NamedExpr)):
            parts = [expression.value]
        elif isinstance(expression, ast.Call) and _spelled(expression.func) == "tuple":
            parts = expression.args
        return next(filter(None, (self._meaning(part, depth - 1) for part in parts)), "")

    def _meaning_of_name(self, name: str, depth: int) -> str:
        meanings = self._meanings.get(name, set())
        bound = next((meaning for meaning in meanings if meaning in _BROAD), "")
        values = self._values.get(name, [])
        bound = bound or next(filter(None, (self._meaning(value, depth - 1) for value in values)), "")
        if not bound and not meanings and not values and name in _BROAD:
            return name
        return bound

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._values.setdefault(target.id, []).append(value)
        elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
            for inner, part in zip(target.elts, value.elts):
                self._bind(inner, part)

    def _bind_import(self, statement: ast.ImportFrom) -> None:
        module = (statement.module or "").rpartition(".")[2]
        for name in statement.names:
            meaning = ""
            if module in _BUILTINS and name.name in _BROAD:
                meaning = name.name
            elif name.name == "suppress":
                meaning = f"{statement.module}.suppress"  # re-exported here and there, and always the same thing
            elif name.name in ("contextlib", "builtins"):
                meaning = name.name
            self._meanings.setdefault(name.asname or name.name, set()).add(meaning)


def _spelled(expression: Union[ast.expr, ast.AST]) -> str:
    try:
        text = ast.unparse(expression)
    except RecursionError:
        return "…"
    return text if len(text) <= 200 else text[:199] + "…"
