"""The syntax tree of one file, parsed once for all the extractors that read it."""

from __future__ import annotations

import ast
import re
import sys
from typing import Optional

# The largest modules we have met are generated API clients of 6 MB. The densest source we could write (`1,1,1`) costs
# the parser 400 times its size in memory: 4 GB at this limit, and without one whatever a hostile file asks for.
MAX_BYTES = 10_000_000
# From so many bytes a chain (a.a.a, 1+1+1) can be long enough to overflow the C stack of ast.parse on 3.9 and 3.10,
# which ends the process. The symbol table is made without that recursion, and fails in good order.
_OVERFLOWS = 50_000
_CAN_OVERFLOW = sys.version_info < (3, 11)

_LAZY = re.compile(rb"(?m)^([ \t]*)lazy[ \t]+(?=import\b|from\b)")
_last: Optional[tuple[bytes, ast.Module]] = None


def parsed(source: bytes) -> ast.Module:
    """The tree; the same object when the same bytes object is asked for again, so nobody may change it.

    Raises SyntaxError, or what else the parser raises: ValueError, RecursionError, MemoryError.
    """
    global _last
    if _last is not None and _last[0] is source:
        return _last[1]
    if len(source) > MAX_BYTES:
        raise ValueError(f"{len(source):,} bytes; only files up to {MAX_BYTES:,} are parsed")
    if _CAN_OVERFLOW and len(source) > _OVERFLOWS:
        from gates.facts.extractors.python_syntax import syntax_error  # what it imports in turn is not wanted elsewhere

        problem = syntax_error(source)
        if problem is not None:
            raise problem
    try:
        tree = ast.parse(source)
    except SyntaxError:
        if b"lazy" not in source or not _LAZY.search(source):
            raise
        # PEP 810 on a Python that does not know it: what is imported, and where, is the same without the word.
        tree = ast.parse(_LAZY.sub(rb"\1", source))
    _last = (source, tree)
    return tree
