"""The public names of a Python file with their signatures: what whoever imports it relies on.

Functions with their parameters, defaults and annotations, classes with their bases and public members, constants
with their annotation. A name is public where no part of it begins with an underscore; `__init__`, `__call__` and
their kin count, for they are called without being named.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Optional, Union

from gates.facts.extractors.syntax_tree import parsed

_WRITTEN_OTHERWISE = (ast.JoinedStr, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]


def extract(source: bytes) -> Optional[tuple[tuple[str, str], ...]]:
    """Dotted name and signature of each, in the order of the file; None where there are none."""
    found = tuple(_of(parsed(source).body, ""))
    return found or None


def _of(body: list[ast.stmt], within: str) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _is_public(node.name):
            yield f"{within}{node.name}", _function(node)
        elif isinstance(node, ast.ClassDef) and _is_public(node.name):
            yield f"{within}{node.name}", _class(node)
            yield from _of(node.body, f"{within}{node.name}.")
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _is_public(node.target.id):
            yield f"{within}{node.target.id}", f": {_text(node.annotation)}{' = ...' if node.value else ''}"
        elif isinstance(node, ast.Assign):
            names = (target.id for target in node.targets if isinstance(target, ast.Name))
            yield from ((f"{within}{name}", "= ...") for name in names if _is_public(name))
        elif isinstance(node, (ast.If, ast.Try)):  # defined one way or another, by version or by what is installed
            yield from _of([each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)], within)


def _function(node: _Function) -> str:
    returns = f" -> {_text(node.returns)}" if node.returns is not None else ""
    kind = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    return f"{_decorated(node)}{kind}({_text(node.args)}){returns}"


def _class(node: ast.ClassDef) -> str:
    given = [*map(_text, node.bases), *(f"{each.arg}={_text(each.value)}" for each in node.keywords)]
    return f"{_decorated(node)}class({', '.join(given)})"


def _decorated(node: Union[_Function, ast.ClassDef]) -> str:
    return "".join(f"@{_text(each)} " for each in node.decorator_list)


class _Alike(ast.NodeTransformer):
    """What each Python writes otherwise, f-strings and comprehensions: `...` stands for it."""

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.Constant(...) if isinstance(node, _WRITTEN_OTHERWISE) else self.generic_visit(node)


def _text(node: ast.AST) -> str:
    """An expression, spelled alike by every Python."""
    if any(isinstance(each, _WRITTEN_OTHERWISE) for each in ast.walk(node)):
        node = _Alike().visit(copy.deepcopy(node))  # the tree is others', too
    return ast.unparse(node).replace("lambda :", "lambda:")  # as 3.9 and 3.10 write it


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))
