"""Metrics that code makes or names itself: the names in its texts, and the labels with which it makes one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple, Optional

_MADE_BY = frozenset({"Counter", "Gauge", "Histogram", "Summary", "Info"})


class Named(NamedTuple):
    """A name in a text of the code; `labels` are those with which it is made there, where they can be read."""

    line: int
    name: str
    labels: Optional[frozenset[str]] = None


def of_module(content: bytes, prefixes: tuple[str, ...]) -> list[Named]:
    """The texts that begin like a metric of the catalogue and are nothing but a name."""
    if not any(prefix.encode() in content for prefix in prefixes):
        return []
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return []  # unparsable-module says so
    made = {id(call.args[0]): _labels(call) for call in ast.walk(tree) if isinstance(call, ast.Call) and _makes(call)}
    return list(_named(tree, prefixes, made))


def _named(tree: ast.AST, prefixes: tuple[str, ...], made: dict[int, Optional[frozenset[str]]]) -> Iterator[Named]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_name(node.value, prefixes):
            yield Named(node.lineno, node.value, made.get(id(node)))


def _is_name(text: str, prefixes: tuple[str, ...]) -> bool:
    return text.startswith(prefixes) and text.replace("_", "a").isalnum() and text == text.lower()


def _makes(call: ast.Call) -> bool:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return called in _MADE_BY and bool(call.args)


def _labels(call: ast.Call) -> Optional[frozenset[str]]:
    """The third argument, or `labelnames`; without one there are none. None where they cannot be read."""
    told = [keyword.value for keyword in call.keywords if keyword.arg == "labelnames"] or call.args[2:3]
    if not told:
        return frozenset()
    try:
        read = ast.literal_eval(told[0])
    except (ValueError, TypeError, SyntaxError):
        return None
    texts = read if isinstance(read, (list, tuple, set)) else None
    return frozenset(texts) if texts is not None and all(isinstance(text, str) for text in texts) else None
