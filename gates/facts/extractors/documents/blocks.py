"""What stands between markers in a document, and is written by a program: blocks of lines, and numbers within a line.

<!-- gates:begin lanes -->        # gates:begin components        (in front matter)
...                               ...
<!-- gates:end -->                # gates:end

It holds <!-- gates:count modules -->692<!-- /gates --> modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_BEGIN = re.compile(
    r"^(?P<indent>[ \t]*)(?:<!--[ \t]*gates:begin[ \t]+(?P<what>[^\n>]*?)[ \t]*-->"
    r"|#[ \t]*gates:begin[ \t]+(?P<hash>[^\n]*?))[ \t]*(?:\r?\n|\Z)",
    re.MULTILINE,
)
_END = re.compile(r"^[ \t]*(?:<!--[ \t]*gates:end[^\n>]*-->|#[ \t]*gates:end\b[^\n]*)[ \t]*\r?$", re.MULTILINE)
_COUNT = re.compile(
    r"<!--[ \t]*gates:count[ \t]+(?P<what>[^\n>]*?)[ \t]*-->(?P<held>[^\n<]*)(?P<end><!--[ \t]*/gates[ \t]*-->)?"
)
_CODE = re.compile(
    r"^(?P<fence>```+|~~~+)[^\n]*\n.*?^(?P=fence)|(?P<ticks>`+)(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`)|^(?: {4}|\t)[^\n]*$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """Something generated: "block" or "count", what of, its line, where its text starts and ends, an error or ""."""

    kind: str
    what: str
    line: int
    start: int
    end: int
    error: str = ""


def blocks(text: str) -> Iterator[Block]:
    """All in order. What is quoted as code is none."""
    quoted = [(match.start(), match.end()) for match in _CODE.finditer(text)]
    after = 0
    for match in _BEGIN.finditer(text):
        what, line = match["what"] or match["hash"] or "", text.count("\n", 0, match.start()) + 1
        if match.start() < after or any(start <= match.start() < end for start, end in quoted):
            continue
        end = _END.search(text, match.end())
        again = _BEGIN.search(text, match.end())
        if end is None or (again is not None and again.start() < end.start()):
            yield Block("block", what, line, match.end(), match.end(), "has no end: write <!-- gates:end --> below it")
        else:
            after = end.end()
            yield Block("block", what, line, match.end(), end.start())
    for match in _COUNT.finditer(text):
        if not any(start <= match.start() < end for start, end in quoted):
            error = "" if match["end"] else "has no end: write <!-- /gates --> behind the number"
            line = text.count("\n", 0, match.start()) + 1
            yield Block("count", match["what"], line, match.start("held"), match.end("held"), error)


def without_markers(text: str) -> str:
    """The same as plain text: what is generated stays, the markers go."""
    return _COUNT.sub(lambda match: match["held"], _END.sub("", _BEGIN.sub("", text))).strip("\n") + "\n"
