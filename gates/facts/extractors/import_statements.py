"""The import statements of one file: by a scan of its bytes that may see too many, and exactly, from its syntax.

The scan is wide: every import statement of a file that parses is in it, and so may be lines of a docstring that look
like one. Whatever a verdict rests on is looked at again by the exact look. A file that the scan cannot read safely
(an import behind `;` or `:`, a blank line within the parentheses of the last one, a lone carriage return, a codec
other than UTF-8, Latin-1 or ASCII) is looked at exactly at once.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

from gates.facts.extractors.syntax_tree import parsed

# `from a.b import (c as d,\n e)` and `import a.b as c, d` as nearly all of them are written.
# A line that continues another (`from a \`, then `import b`) is not one of them.
_PLAIN = re.compile(
    rb"\n(?<!\\\n)(?<!\\\r\n)[ \t\f]*(?:"  # the letter first: that is what makes the search fast
    rb"from[ \t]*(?P<module>\.+[ \t]*[\w.]*|[ \t][\w.]+)[ \t]*(?<=[ \t.])import\b[ \t]*"
    rb"(?:\((?P<listed>[\w\s,]*(?:#[^\n]*\n[\w\s,]*)*)\)|(?P<named>\*|[\w \t,]+))"
    rb"|import[ \t]+(?P<imported>[\w., \t]+)"
    rb")[ \t\r]*(?=[#\n]|\Z)"
)
_ANY_AT_LINE_START = re.compile(rb"\n[ \t\f]*(?:lazy[ \t]+)?(?:import\b|from\b(?:[^\n]*\bimport\b|[^\n]*\\\r?(?=\n)))")
_ANY_ELSEWHERE = re.compile(
    rb"(?:[;:]|\\\r?\n)[ \t\f]*(?:lazy[ \t]+)?(?:import\b|from\b(?:[^\n]*\bimport\b|[^\n]*\\\r?(?=\n)))"
)
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_SAFE_CODECS = frozenset(
    {b"utf-8", b"utf8", b"latin-1", b"iso-8859-1", b"iso-latin-1", b"ascii", b"us-ascii", b"utf-8-sig"}
)
EXACTLY = "="
UNPARSED = "?"

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_AS = re.compile(rb"\bas\s+\w+")
_COMMENT = re.compile(rb"#[^\n]*")


class Statement(NamedTuple):
    """One import statement: `module` with its leading dots, and the names after `import` ("" for a plain import)."""

    line: int
    column: int
    module: str
    names: tuple[str, ...]


def extract(source: bytes) -> tuple[str, ...]:
    """What the file may import, each as "module" or "module:name,name"; the scan, or the exact look where it must.

    An exact look begins with EXACTLY; what the text of a file names that does not parse begins with UNPARSED.
    """
    wide = scanned(source)
    if wide is not None:
        return wide
    try:
        return (EXACTLY, *sorted({_packed(statement) for statement in statements(source)}))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (UNPARSED, *sorted(_salvaged(source)))


_last: Optional[tuple[bytes, Optional[tuple[str, ...]]]] = None


def scanned(source: bytes) -> Optional[tuple[str, ...]]:
    """`scan`, done once where several extractors ask it of the same bytes object."""
    global _last
    if _last is None or _last[0] is not source:
        _last = (source, scan(source))
    return _last[1]


def scan(source: bytes) -> Optional[tuple[str, ...]]:
    """The wide look; None where only the exact one is safe."""
    if source.startswith(b"\xef\xbb\xbf"):
        source = source[3:]
    if not _is_scannable(source):
        return None
    last = source.rfind(b"import")
    if last < 0:
        return ()
    # Behind the last mention stands the end of that statement, at most; a blank line ends it.
    end = source.find(b"\n\n", last)
    text = b"\n" + (source if end < 0 else source[:end])
    found = _PLAIN.findall(text)
    # Each plain statement holds the word once: where there is no other mention there is no other statement.
    if text.count(b"import") != len(found) and (
        len(_ANY_AT_LINE_START.findall(text)) != len(found) or _ANY_ELSEWHERE.search(text) is not None
    ):
        return None
    packed = {entry for statement in found for entry in _entries(*statement)}
    packed.discard(b"")
    try:
        return tuple(sorted(b" ".join(packed).decode("ascii").split(" "))) if packed else ()
    except UnicodeDecodeError:  # letters that Python folds to others (NFKC)
        return None


@functools.lru_cache(maxsize=4096)  # most statements stand in many files
def _entries(module: bytes, listed: bytes, named: bytes, imported: bytes) -> Sequence[bytes]:
    names = listed or named or imported
    if b"#" in names:
        names = _COMMENT.sub(b"", names)
    if b"as" in names:
        names = _AS.sub(b"", names)
    names = b"".join(names.split())  # without white space
    if module:
        return (b"".join(module.split()) + b":" + names.rstrip(b","),)
    return names.split(b",")


def _is_scannable(source: bytes) -> bool:
    if b"\0" in source or (b"\r" in source and source.count(b"\r") != source.count(b"\r\n")):
        return False
    first = source.find(b"\n")
    head = source[: source.find(b"\n", first + 1) if first >= 0 else len(source)]
    if b"coding" not in head:
        return True
    cookies = [match[1].lower().replace(b"_", b"-") for match in map(_COOKIE.match, head.split(b"\n")) if match]
    return all(cookie in _SAFE_CODECS for cookie in cookies)


def statements(source: bytes) -> list[Statement]:
    """The exact look, in the order of the file. Raises what parsing raises."""
    return sorted(_found(parsed(source)))


def _found(tree: ast.AST) -> Iterator[Statement]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield Statement(node.lineno, node.col_offset + 1, module, tuple(alias.name for alias in node.names))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield Statement(node.lineno, node.col_offset + 1, alias.name, ())
        for field in _BLOCKS:  # an import is a statement: no expression holds one
            below = getattr(node, field, None)
            if isinstance(below, list):
                waiting += below


def _packed(statement: Statement) -> str:
    return f"{statement.module}:{','.join(statement.names)}" if statement.names else statement.module


def unpacked(entry: str) -> tuple[str, tuple[str, ...]]:
    """Module and names of one entry of `extract`."""
    module, colon, names = entry.partition(":")
    return module, tuple(names.split(",")) if colon else ()


_DOTTED = re.compile(r"\.*[^\W\d][\w.]*")


def _salvaged(source: bytes) -> set[str]:
    """Of a file that does not parse: every name on a line that mentions import, since none of them is certain."""
    text = source.decode("utf-8", "replace")
    lines = (line for line in text.splitlines() if "import" in line)
    return {word.rstrip(".") for line in lines for word in _DOTTED.findall(line) if word.strip(".")}
