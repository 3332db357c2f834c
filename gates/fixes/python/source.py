"""A Python file as a tree of libcst that gives back its very bytes, and a tree as bytes again."""

from __future__ import annotations

import ast
import warnings

import libcst as cst


class CannotRewrite(Exception):
    """Why a file, or a place in it, is left as it is. `line` counts from 1; 0 is the whole file."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def read(content: bytes) -> cst.Module:
    """The tree of a file. CannotRewrite where libcst cannot read it, or would not give back each of its bytes."""
    try:
        module = cst.parse_module(content)
        same = module.bytes == content
    except (cst.ParserSyntaxError, SyntaxError, UnicodeError, LookupError, RecursionError) as error:
        raise CannotRewrite(f"libcst cannot read the file ({type(error).__name__})") from None
    if not same:
        raise CannotRewrite("libcst does not give the file back byte for byte")
    return module


def written(module: cst.Module) -> bytes:
    """The bytes of a tree, in the encoding of the file that it was read from. CannotRewrite where they do not parse."""
    try:
        content = module.bytes
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in somebody's file is not ours to report
            ast.parse(content)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise CannotRewrite(f"what would be written is no Python here ({error})") from None
    return content
