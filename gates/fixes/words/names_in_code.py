"""The names of a Python file, renamed by libcst: definitions, uses, imports, attributes, keywords alike."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping

import libcst as cst

from gates.fixes.python.source import CannotRewrite, read

_SAYS_A_NAME = ("id", "attr", "arg", "name", "asname", "module", "rest", "names", "kwd_attrs")


def renamed(before: bytes, spliced: bytes, new: Mapping[str, str]) -> bytes:
    """A file whose texts and comments were respelled already, with these names renamed.

    CannotRewrite where libcst would not give the file back byte for byte, or where its names changed already.
    """
    if spliced != before and _names(before) != _names(spliced):
        raise CannotRewrite("with the words replaced its names would be others")
    if not new:
        return spliced
    source = read(spliced)
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


def _names(content: bytes) -> list[str]:
    """Everything in a file that is a name, in one order."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotRewrite(f"this Python cannot read it ({type(error).__name__})") from None
    return [name for node in ast.walk(tree) for name in _of(node)]


def _of(node: ast.AST) -> Iterator[str]:
    for field in _SAYS_A_NAME:
        said = getattr(node, field, None)
        if isinstance(said, str):
            yield said
        elif isinstance(said, list):
            yield from (one for one in said if isinstance(one, str))
