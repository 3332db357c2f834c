"""What in a function says that something must hold, told from what merely raises; asked of syntax trees."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeVar, Union, cast

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
NESTED = (*FUNCTION, ast.ClassDef)
Node = TypeVar("Node", bound=ast.AST)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
# How much of an assertion something is: none, one if the test means it (`raise KeyError`), one wherever it stands.
NONE, IF_MEANT, SURE = 0, 1, 2

# What a function or decorator is called that fails when something is not as it should be.
_ASSERTS = re.compile(
    r"(?i)assert|^(?:expect|check|verify|fail|raises|warns|should|must|ensure|compar|validat|confirm|diff"
    r"|image_compar|does_not_raise|not_raises|no_warn|deprecated_call|simplefilter|filterwarnings|fnmatch_lines"
    r"|snapshot|expectedfailure|xfail|run_state_machine)"
)
_ASSERTS_BY_NAME_ALONE = re.compile(r"(?i)assert|^(?:fail|raises|warns)")
_FAILURES = frozenset(("AssertionError", "failureException", "Failed"))
_SEES_ALL = frozenset(("locals", "globals", "eval", "exec", "vars"))


def last(expression: ast.expr) -> str:
    """The last name of what is called or named: `b` of `a.b(1)`."""
    if isinstance(expression, ast.Call):
        return last(expression.func)
    return expression.attr if isinstance(expression, ast.Attribute) else getattr(expression, "id", "")


def spelled(expression: ast.expr) -> str:
    """As it is written, in one way."""
    return ast.unparse(expression)


def asserts_by_name(called: ast.expr) -> bool:
    """Whether it is called like something that fails when something is not as it should be."""
    return _ASSERTS.search(last(called).lstrip("_")) is not None


@lru_cache(maxsize=2)
def _by_kind(node: ast.AST) -> Mapping[type, list[ast.AST]]:
    found: dict[type, list[ast.AST]] = {}
    for each in ast.walk(node):
        found.setdefault(type(each), []).append(each)
    return found


def inside(node: ast.AST, kind: type[Node]) -> list[Node]:
    """The nodes of this kind in it, and itself. Walked once for all that ask of the same function."""
    return cast("list[Node]", _by_kind(node).get(kind, []))


def inner_functions(function: ast.AST) -> list[Function]:
    """The functions and methods inside it."""
    found: list[Function] = [*inside(function, ast.FunctionDef), *inside(function, ast.AsyncFunctionDef)]
    return [each for each in found if each is not function]


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """All statements, however deep."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        for block in _BLOCKS:
            for each in getattr(node, block, ()):
                waiting.append(each)
                if isinstance(each, ast.stmt):
                    yield each


def idle(function: ast.AST) -> frozenset[int]:
    """The ids of functions inside that nobody names: what they assert is never asked."""
    inner = inner_functions(function)
    if not inner:
        return frozenset()
    methods = {id(each) for node in inside(function, ast.ClassDef) for each in node.body}
    asked = [each for each in inner if not each.decorator_list and id(each) not in methods]
    named = _named(ast.walk(function))
    if _SEES_ALL & named.keys():
        return frozenset()
    return frozenset(id(each) for each in asked if named[each.name] == _named(ast.walk(each))[each.name])


def _named(nodes: Iterable[ast.AST]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in nodes:
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Store):
            found[each.id] += 1
        elif isinstance(each, (ast.Global, ast.Nonlocal)):
            found.update(each.names)
    return found


def walk(node: ast.AST, without: frozenset[int]) -> Iterator[ast.AST]:
    """The nodes inside, and itself, without those of these ids and what is in them."""
    if not without:
        yield from ast.walk(node)
        return
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if id(each) not in without:
            yield each
            waiting += reversed(list(ast.iter_child_nodes(each)))


def strength(node: ast.AST, without: frozenset[int] = frozenset()) -> int:
    """How much of an assertion there is in it."""
    found = NONE
    is_whole = isinstance(node, FUNCTION) and not without
    kinds = (*inside(node, ast.Assert), *inside(node, ast.Raise), *inside(node, ast.Call)) if is_whole else ()
    for each in kinds if is_whole else walk(node, without):
        if isinstance(each, ast.Assert):
            return SURE
        if isinstance(each, ast.Raise):
            found = max(found, SURE if each.exc and last(each.exc) in _FAILURES else IF_MEANT)
        elif isinstance(each, ast.Call) and asserts_by_name(each.func):
            is_sure = _ASSERTS_BY_NAME_ALONE.search(last(each.func).lstrip("_"))
            found = max(found, SURE if is_sure else IF_MEANT)
    decorators: Iterable[ast.expr] = getattr(node, "decorator_list", ())
    return SURE if any(asserts_by_name(each) for each in decorators) else found


def asserts(node: ast.AST, without: frozenset[int] = frozenset()) -> bool:
    """Whether it can fail in a way that somebody meant."""
    return strength(node, without) != NONE
