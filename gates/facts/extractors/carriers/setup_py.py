"""What the call of `setup` in setup.py says, where it is constant."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Optional

from gates.facts.extractors.carriers.metadata import packaged, registered_in, shipped
from gates.facts.extractors.carriers.names import of_target
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.use import FILE, INSTALLS, NAME, REGISTERS, ROOT, RUNS, Use
from gates.facts.extractors.syntax_tree import parsed

_BUILDER = re.compile(rb"setuptools|distutils|skbuild|mypyc|cx_Freeze|py2app|py2exe")
_DEEPEST = 8
Names = Mapping[str, ast.expr]


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names. SyntaxError where it cannot be parsed, as for every module."""
    if b"setup(" not in source or not _BUILDER.search(source):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in somebody's file is not ours to report
        tree = parsed(source)
    places = Places(source.decode("utf-8", "replace"))
    names = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == "setup")
    return tuple(use for call in calls for use in _uses(call, names, places)) or None


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _uses(call: ast.Call, names: Names, places: Places) -> Iterator[Use]:
    for word, value in _arguments(call, names):
        if word == "entry_points":
            yield from _entry_points(value, names, places)
        elif word == "package_dir":
            for name, folder in _pairs(value, names):
                yield from packaged(name, folder[0], places, folder[1])
        elif word in ("packages", "py_modules"):
            yield from _packages(value, names)
        elif word == "scripts":
            for text, line in _strings(value, names):
                yield Use(*places.find(text, line), FILE, text, REGISTERS)
        elif word == "test_suite":
            for text, line in _strings(value, names):
                if of_target(text):
                    yield Use(*places.find(text, line), NAME, text, RUNS)


def _entry_points(value: ast.expr, names: Names, places: Places) -> Iterator[Use]:
    table = _followed(value, names)
    grouped = list(_pairs(table, names)) if isinstance(table, ast.Dict) else []
    for text, line in _strings(table, names) if not grouped else ():
        grouped.append(("", (text, line)))
    for group, (text, line) in grouped:
        for number, part in enumerate(text.split("\n")):
            yield from registered_in(group, part, places, line + number)


def _arguments(call: ast.Call, names: Names) -> Iterator[tuple[str, ast.expr]]:
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value
            continue
        table = _followed(keyword.value, names)
        if isinstance(table, ast.Dict):
            for key, value in zip(table.keys, table.values):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value
        elif isinstance(table, ast.Call) and _name(table.func) == "dict":
            yield from _arguments(table, names)


def _followed(node: ast.expr, names: Names) -> ast.expr:
    for _ in range(_DEEPEST):
        if not isinstance(node, ast.Name) or node.id not in names:
            break
        node = names[node.id]
    return node


def _strings(node: ast.expr, names: Names, depth: int = 0) -> Iterator[tuple[str, int]]:
    """Every constant text in an expression that is no key, and the line of it."""
    node = _followed(node, names)
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value, node.lineno
    elif depth < _DEEPEST:
        inside = node.values if isinstance(node, ast.Dict) else ast.iter_child_nodes(node)
        for child in inside:
            value = child.value if isinstance(child, ast.keyword) else child
            if isinstance(value, ast.expr):
                yield from _strings(value, names, depth + 1)


def _pairs(node: ast.expr, names: Names) -> Iterator[tuple[str, tuple[str, int]]]:
    node = _followed(node, names)
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values):
            if key is None and isinstance(_followed(value, names), ast.Dict):  # `**more`
                yield from _pairs(value, names)
                continue
            for text, line in _strings(value, names):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, (text, line)


def _packages(node: ast.expr, names: Names) -> Iterator[Use]:
    node = _followed(node, names)
    if isinstance(node, ast.Call) and _name(node.func) in ("find_packages", "find_namespace_packages"):
        where = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "where")]
        for text, line in (found for value in where for found in _strings(value, names)):
            yield Use(line, 0, ROOT, text.strip("./"), INSTALLS)
            yield from shipped(text, line)
        include = [word.value for word in node.keywords if word.arg == "include"]
        for text, line in (found for value in include for found in _strings(value, names)):
            yield from shipped(text, line)
        return
    for text, line in _strings(node, names):
        yield from shipped(text.replace(".", "/"), line)
