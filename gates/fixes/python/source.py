"""A Python file as a tree of libcst that gives back its very bytes, and a tree as bytes again."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

import libcst as cst

_NO_CODE = re.compile(rb"[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\n)?")


class CannotRewrite(Exception):
    """Why a file, or a place in it, is left as it is. `line` counts from 1; 0 is the whole file."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True)
class Source:
    """A file that was read: its tree, and the lines at its end that are no part of that."""

    module: cst.Module
    tail: bytes = b""

    def written(self, module: cst.Module) -> bytes:
        """The bytes of a tree, in the encoding of this file. CannotRewrite where they are no Python to this one."""
        try:
            content = module.bytes + self.tail
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an invalid escape in somebody's file is not ours to report
                ast.parse(content)
        except (SyntaxError, ValueError, RecursionError) as error:
            raise CannotRewrite(f"what would be written is no Python here ({error})") from None
        return content


def read(content: bytes) -> Source:
    """A file. CannotRewrite where libcst cannot read it, or would not give back each of its bytes."""
    code = _without_tail(content)
    for part in (content, code):  # libcst loses a blank line before an indented one at the end of a file
        module = _parsed(part)
        if module.bytes == part:
            return Source(module, content[len(part) :])
    raise CannotRewrite("libcst does not give the file back byte for byte")


def _parsed(content: bytes) -> cst.Module:
    try:
        return cst.parse_module(content)
    except (cst.ParserSyntaxError, SyntaxError, UnicodeError, LookupError, RecursionError) as error:
        raise CannotRewrite(f"libcst cannot read the file ({type(error).__name__})") from None


def _without_tail(content: bytes) -> bytes:
    """The file up to its last line of code."""
    lines = content.splitlines(keepends=True)
    while lines and _NO_CODE.fullmatch(lines[-1]):
        lines.pop()
    return b"".join(lines)
