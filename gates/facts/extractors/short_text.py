"""An expression in a few words: the same on every Python, and without what a reader would skip."""

from __future__ import annotations

import ast
from typing import Union

LONGEST = 60
_OPERATORS = {ast.Add: "+", ast.Mod: "%", ast.Mult: "*", ast.BitOr: "|"}
_DEEPEST = 12


def shown(node: ast.AST, depth: int = 0) -> str:
    """The expression, shortened; `...` stands for what is left out."""
    text = _shown(node, depth)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


Spelling = Union[str, ast.AST]
"""How something is written: as a text, or as the expression that it is."""


def spelled_out(spelling: Spelling) -> str:
    """A spelling as a text."""
    return spelling if isinstance(spelling, str) else shown(spelling)


def _shown(node: ast.AST, depth: int) -> str:
    if depth > _DEEPEST:
        return "..."
    deeper = depth + 1
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant):
        return quoted(node.value) if isinstance(node.value, (str, bytes)) else repr(node.value)
    if isinstance(node, ast.Attribute):
        return f"{_shown(node.value, deeper)}.{node.attr}"
    if isinstance(node, ast.Subscript):
        return f"{_shown(node.value, deeper)}[{_shown(node.slice, deeper)}]"
    if isinstance(node, ast.Call):
        inside = _shown(node.args[0], deeper) if len(node.args) == 1 and not node.keywords else "..."
        return f"{_shown(node.func, deeper)}({inside if node.args or node.keywords else ''})"
    if isinstance(node, ast.JoinedStr):
        return "f" + quoted("".join(_piece(part, deeper) for part in node.values))
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return f"{_shown(node.left, deeper)} {_OPERATORS[type(node.op)]} {_shown(node.right, deeper)}"
    if isinstance(node, ast.BoolOp):
        word = " or " if isinstance(node.op, ast.Or) else " and "
        return word.join(_shown(value, deeper) for value in node.values)
    if isinstance(node, ast.Starred):
        return f"*{_shown(node.value, deeper)}"
    return "..."


def _piece(part: ast.AST, depth: int) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return "{" + _shown(part.value, depth) + "}" if isinstance(part, ast.FormattedValue) else "..."


def quoted(text: object) -> str:
    """A text in quotes, cut short, and never with a control letter in it."""
    whole = ascii(text)
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 4] + "..." + whole[-1]
