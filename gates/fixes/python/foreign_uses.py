"""Whether another file may use a name of a module that it imports."""

from __future__ import annotations

import ast
import warnings

from gates.facts.extractors.syntax_tree import parsed


def may_use(content: bytes, module: str, name: str) -> bool:
    """Whether the file imports `name` from the module, reaches it through the module, or spells it as a text.

    Yes where that cannot be told: a star import, a file that does not parse.
    """
    if name.encode() not in content and b"*" not in content:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parsed(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    tail = module.rpartition(".")[2]
    called = {tail, *_aliases(tree, tail)}
    return any(_is_use(node, called, tail, name) for node in ast.walk(tree))


def _aliases(tree: ast.AST, tail: str) -> set[str]:
    listed = [node.names for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {each.asname for names in listed for each in names if each.asname and each.name.endswith(tail)}


def _is_use(node: ast.AST, called: set[str], tail: str, name: str) -> bool:
    if isinstance(node, ast.ImportFrom):
        is_it = node.module is None or node.module.rpartition(".")[2] == tail
        return is_it and any(each.name in (name, "*") for each in node.names)
    if isinstance(node, ast.Attribute):
        owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", None)
        return node.attr == name and owner in called
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value == name or node.value.endswith(f"{tail}.{name}")
    return False
