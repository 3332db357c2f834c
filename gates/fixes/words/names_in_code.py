"""The names of a Python file, renamed by libcst: definitions, uses, imports, attributes, keywords alike."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from gates.fixes.python.source import CannotRewrite, read


def renamed(before: bytes, spliced: bytes, new: Mapping[str, str]) -> bytes:
    """A file whose texts and comments were respelled already, with these names renamed.

    CannotRewrite where libcst would not give the file back byte for byte, or where its names changed already.
    """
    names = _names(read(before).module)
    source = read(spliced)
    if _names(source.module) != names:
        raise CannotRewrite("with the words replaced its names would be others")
    if not new.keys() & set(names):
        return source.written(source.module)
    after = source.module.visit(_Renaming(new))
    assert isinstance(after, cst.Module)
    return source.written(after)


class _Renaming(cst.CSTTransformer):
    def __init__(self, new: Mapping[str, str]) -> None:
        super().__init__()
        self._new = new

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        new = self._new.get(original_node.value)
        return updated_node if new is None else updated_node.with_changes(value=new)


def _names(module: cst.Module) -> list[str]:
    found: list[str] = []

    class Names(cst.CSTVisitor):
        def visit_Name(self, node: cst.Name) -> None:
            found.append(node.value)

    module.visit(Names())
    return found
