"""The dotted names in annotations that are text, or that are never evaluated, and in the forward references of typing.

Nothing is imported by them; a policy may want them kept to the lanes all the same.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Optional, Union

from gates.facts.extractors.syntax_tree import parsed

# "a.b" in quotes, or an annotation that nobody evaluates: what has neither holds nothing for us.
_MAY_HOLD = re.compile(rb"[\"'][^\"'\n]*\w\.\w|from\s+__future__\s+import[^\n]*annotations")
_DOTTED = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.[^\W\d]\w*)+")
# What takes a type as a text, and where: the position of the argument, and its name.
_TYPED = {"cast": (0, "typ"), "ForwardRef": (0, "arg"), "TypeVar": (-1, "bound"), "NewType": (1, "tp")}

Plain = tuple[int, int, str]


def extract(source: bytes) -> Optional[tuple[Plain, ...]]:
    """Line, column and dotted name of each; None where there are none. Raises what parsing raises."""
    if not _MAY_HOLD.search(source):
        return None
    tree = parsed(source)
    later = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(one.name == "annotations" for one in node.names)
        for node in tree.body
    )
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    found = {one for node in ast.walk(tree) for part in _typed_parts(node) for one in _names_in(part, later, imported)}
    return tuple(sorted(found)) or None


def _typed_parts(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a node that are types."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        arguments = node.args
        every = [*getattr(arguments, "posonlyargs", []), *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
        yield from (one.annotation for one in every if one.annotation is not None)
        if node.returns is not None:
            yield node.returns
    elif isinstance(node, ast.AnnAssign):
        yield node.annotation
    elif isinstance(node, ast.Call):
        position, word = _TYPED.get(_last(node.func), (-1, ""))
        if 0 <= position < len(node.args):
            yield node.args[position]
        yield from (one.value for one in node.keywords if word and one.arg == word)
    elif isinstance(node, ast.Subscript) and _last(node.value)[:1].isupper():
        yield node.slice


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _names_in(part: ast.expr, later: bool, imported: set[str]) -> Iterator[Plain]:
    if _is_literal(part):
        return
    inside: list[ast.AST] = [part]
    while inside:
        node = inside.pop()
        if isinstance(node, ast.Subscript) and _is_literal(node):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((node.lineno, node.col_offset + 1, found.group()) for found in _DOTTED.finditer(node.value))
        elif isinstance(node, ast.Attribute) and later:
            whole = _whole(node)
            if whole is not None and whole.split(".")[0] not in imported:
                yield node.lineno, node.col_offset + 1, whole
                continue
        inside.extend(ast.iter_child_nodes(node))


def _is_literal(node: ast.AST) -> bool:
    """`Literal["a.b"]` and `Annotated[...]` hold texts that are no types."""
    return isinstance(node, ast.Subscript) and _last(node.value) in ("Literal", "Annotated")


def _whole(node: Union[ast.Attribute, ast.Name]) -> Optional[str]:
    parts: list[str] = []
    current: ast.expr = node
    while isinstance(current, ast.Attribute):
        parts.append(current.attr)
        current = current.value
    return ".".join([current.id, *reversed(parts)]) if isinstance(current, ast.Name) else None
