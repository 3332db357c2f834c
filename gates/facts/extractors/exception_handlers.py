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
_NAMED = re.compile(rb"(?<![A-Za-z0-9_])(?:Base)?Exception(?![A-Za-z0-9_])")
_BARE = re.compile(rb"except[\s\\]*:")
_HEAD = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?[^\r\n]*")
_OTHER_ENCODING = re.compile(rb"coding[:=][ \t]*(?![ \t]|utf-?8\b)", re.IGNORECASE)

Plain = tuple[int, int, str, str, tuple[str, ...]]
_Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


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


class _Place(NamedTuple):
    statement: ast.AST
    scope: str
    function: Optional[Function]


def may_handle_broadly(source: bytes) -> bool:
    """A wide look at the bytes: True too often, never False wrongly."""
    head = _HEAD.match(source)
    if head is not None and b"coding" in head.group() and _OTHER_ENCODING.search(head.group()):
        return True  # UTF-7 spells a handler without one of its letters
    if not source.isascii():
        # Python folds look-alikes in names: Exception with a full-width E is Exception.
        source = unicodedata.normalize("NFKC", source.decode("utf-8", "replace")).encode("utf-8", "replace")
    if b"except" in source and _BARE.search(source):
        return True
    broad = b"Exception" in source and (b"except" in source or b"suppress" in source)
    return broad and _NAMED.search(source) is not None


def extract(source: bytes) -> Optional[tuple[Plain, ...]]:
    """The fields of each `BroadHandler`; None where the scan rules them out.

    What does not parse raises SyntaxError, or what the parser raises.
    """
    if not may_handle_broadly(source):
        return None
    return tuple((one.line, one.column, one.caught, one.scope, one.does) for one in handlers(parsed(source)))


def handlers(tree: ast.Module) -> tuple[BroadHandler, ...]:
    """Every broad handler of a module, in order."""
    places = list(_places(tree))
    names = _Names(places)
    found = []
    for place in places:
        if isinstance(place.statement, ast.ExceptHandler):
            handler = place.statement
            caught = "bare" if handler.type is None else names.broad(handler.type)
            if caught:
                does = treatment(handler, place.function)
                found.append(BroadHandler(handler.lineno, handler.col_offset + 1, caught, place.scope, does))
        if names.know_suppress:
            found += (
                BroadHandler(call.lineno, call.col_offset + 1, f"contextlib.suppress({caught})", place.scope, ())
                for call in _calls(place.statement)
                if names.is_suppress(call.func)
                for caught in [", ".join(filter(None, map(names.broad, call.args)))]
                if caught
            )
    return tuple(sorted(found))


def _places(tree: ast.Module) -> Iterator[_Place]:
    """Every statement and every except clause, with the scope around it."""
    todo = [_Place(tree, "", None)]
    while todo:
        place = todo.pop()
        inner = place
        if isinstance(place.statement, _Definition):
            scope = f"{place.scope}.{place.statement.name}" if place.scope else place.statement.name
            # What a class body binds can be read from outside, as in a module.
            function = None if isinstance(place.statement, ast.ClassDef) else place.statement
            inner = _Place(place.statement, scope, function)
        yield place._replace(scope=place.scope or "<module>")
        for field in ("body", "handlers", "orelse", "finalbody", "cases"):
            below = getattr(place.statement, field, ())
            if isinstance(below, list):
                todo += [_Place(statement, inner.scope, inner.function) for statement in below]


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

    def __init__(self, places: list[_Place]) -> None:
        self._values: dict[str, list[ast.expr]] = {}
        self._meanings: dict[str, set[str]] = {}
        stars = False
        for statement, _, _ in places:
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
