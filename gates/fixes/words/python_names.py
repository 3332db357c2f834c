"""What each name in a Python file is there: bound here, taken from somewhere else, or only used."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_BY_NAME = ("getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller", "object")


@dataclass
class Uses:
    """The names of one file. `foreign` maps a name that comes from another distribution to where it comes from."""

    every: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    public: set[str] = field(default_factory=set)
    """Bound at the top of the module, and not private."""
    foreign: dict[str, str] = field(default_factory=dict)
    looked_up: set[str] = field(default_factory=set)
    """Whole strings that are handed to getattr and its kin, stand in `__all__` or are annotations."""
    has_getattr: bool = False


def uses(tree: ast.Module, is_ours: Callable[[str], bool]) -> Uses:
    """What a module's names are. `is_ours` tells of the first part of a module's name whether it lies here."""
    found = Uses()
    roots: dict[str, str] = {}
    for node in ast.walk(tree):
        _bind(node, found)
        _import(node, found, roots, is_ours)
        _look_up(node, found)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _root(node) in roots:
            found.foreign.setdefault(node.attr, roots[_root(node)])
        if isinstance(node, ast.Call) and _root(node.func) in roots:
            for keyword in node.keywords:
                if keyword.arg is not None:
                    found.foreign.setdefault(keyword.arg, roots[_root(node.func)])
    found.public = {name for name in _at_the_top(tree) if not name.startswith("_")}
    found.has_getattr = "__getattr__" in _at_the_top(tree)
    return found


def _bind(node: ast.AST, found: Uses) -> None:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        found.bound.add(node.name)
    elif isinstance(node, ast.arg):
        found.bound.add(node.arg)
    elif isinstance(node, ast.Name):
        (found.bound if not isinstance(node.ctx, ast.Load) else found.every).add(node.id)
    elif isinstance(node, ast.Attribute):
        (found.bound if not isinstance(node.ctx, ast.Load) else found.every).add(node.attr)
    elif isinstance(node, ast.keyword) and node.arg is not None:
        found.every.add(node.arg)
    elif isinstance(node, ast.ExceptHandler) and node.name is not None:
        found.bound.add(node.name)
    found.every |= found.bound if isinstance(node, ast.Module) else set()


def _import(node: ast.AST, found: Uses, roots: dict[str, str], is_ours: Callable[[str], bool]) -> None:
    if isinstance(node, ast.ImportFrom):
        ours = node.level > 0 or is_ours((node.module or "").split(".")[0])
        for part in (node.module or "").split("."):
            found.every.add(part)
            if not ours:
                found.foreign.setdefault(part, str(node.module))
        for alias in node.names:
            found.every.add(alias.name)
            if alias.asname is not None:
                found.bound.add(alias.asname)
            if not ours:
                found.foreign.setdefault(alias.name, str(node.module))
                roots[alias.asname or alias.name] = str(node.module)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            ours = is_ours(alias.name.split(".")[0])
            found.every.update(alias.name.split("."))
            if alias.asname is not None:
                found.bound.add(alias.asname)
            if not ours:
                found.foreign.update((part, alias.name) for part in alias.name.split("."))
                roots[alias.asname or alias.name.split(".")[0]] = alias.name


def _look_up(node: ast.AST, found: Uses) -> None:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _BY_NAME:
            found.looked_up.update(_texts(node.args))
    elif isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            found.looked_up.update(_texts(list(ast.walk(node.value))))
    elif isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None:
        found.looked_up.update(_texts(list(ast.walk(node.annotation))))
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
        found.looked_up.update(_texts(list(ast.walk(node.returns))))


def _texts(nodes: list[ast.AST] | list[ast.expr]) -> Iterator[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _at_the_top(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(statement.name)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found.update(target.id for target in targets if isinstance(target, ast.Name))
    return found
