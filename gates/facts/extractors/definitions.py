"""What the functions and classes at the top of one file say, so that a copy can be known; a pure function of bytes."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from typing import NamedTuple, Union

from gates.facts.extractors.syntax_tree import parsed
from gates.facts.extractors.tests_of_a_file import functions

_Defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
PlainDefinition = tuple[str, int, tuple[str, ...], str]


class Definition(NamedTuple):
    """A function or class: its `says` are digests of its statements, one each, without docstrings and annotations.

    `tested_by` is the first test of the file that names it; "" where none does.
    """

    name: str
    line: int
    says: tuple[str, ...]
    tested_by: str


def extract(source: bytes) -> tuple[PlainDefinition, ...]:
    """Every definition at the top; none of a file that does not parse."""
    try:
        tree = parsed(source)
        tests = [(name, set(_names(function))) for function, name, is_test in functions(tree) if is_test]
        return tuple(
            (
                node.name,
                node.lineno,
                tuple(_says(node)),
                next((test for test, names in tests if node.name in names), ""),
            )
            for node in tree.body
            if isinstance(node, _Defined)
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


def _names(function: ast.AST) -> Iterator[str]:
    return (node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def _says(definition: Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef]) -> Iterator[str]:
    waiting: list[ast.AST] = [definition]
    while waiting:
        node = waiting.pop(0)
        below = [each for block in _BLOCKS for each in getattr(node, block, ()) if not _is_text(each)]
        if node is not definition:
            yield hashlib.blake2b(_head(node).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
        waiting[:0] = below


def _head(node: ast.AST) -> str:
    """What a statement says itself: not what stands below it, and no annotation."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        node = ast.Assign([node.target], node.value)
    left_out = (*_BLOCKS, "annotation", "returns", "type_comment", "decorator_list")
    fields = [(name, value) for name, value in ast.iter_fields(node) if name not in left_out]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        fields = [("name", node.name), ("args", [each.arg for each in node.args.args])]
    told = (f"{name}={ast.dump(value) if isinstance(value, ast.AST) else _listed(value)}" for name, value in fields)
    return f"{type(node).__name__}({', '.join(told)})"


def _listed(value: object) -> str:
    if isinstance(value, list):
        return repr([ast.dump(each) if isinstance(each, ast.AST) else each for each in value])
    return repr(value)


def _is_text(statement: ast.AST) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
