"""Edits as one unified diff, which `git apply` takes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Optional

from gates.fixes.edit import Edit

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_TO_QUOTE = re.compile(rb'[\x00-\x1f"\\\x7f-\xff]')


def diff(edits: Iterable[Edit]) -> bytes:
    """The bytes of the files are left as they are, whatever their encoding."""
    return b"".join(line for edit in edits for line in _of(edit))


def _of(edit: Edit) -> Iterator[bytes]:
    old, new = _name(b"a/", edit.path), _name(b"b/", edit.to or edit.path)
    yield b"diff --git %s %s\n" % (old, new)
    if edit.before is None:
        yield b"new file mode 100644\n"
    if edit.to is not None:
        yield b"rename from %s\nrename to %s\n" % (_name(b"", edit.path), _name(b"", edit.to))
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        _lines(edit.before),
        _lines(edit.after),
        b"/dev/null" if edit.before is None else _ended(old),
        _ended(new),
    )
    for line in lines:
        yield line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def _lines(content: Optional[bytes]) -> Sequence[bytes]:
    """A line ends where git says that it does; a carriage return ends none."""
    return _LINE.findall(content or b"")


def _name(side: bytes, path: str) -> bytes:
    """As git writes paths: in quotes where they hold more than plain letters."""
    name = side + path.encode("utf-8", "surrogateescape")
    if not _TO_QUOTE.search(name):
        return name
    return b'"%s"' % _TO_QUOTE.sub(lambda found: b"\\%03o" % ord(found[0]), name)


def _ended(name: bytes) -> bytes:
    """With the tab by which a reader knows where a name with spaces ends."""
    return name + b"\t" if b" " in name and not name.startswith(b'"') else name
