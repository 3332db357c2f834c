"""A link to what was moved, or is spelled in other letters, is made to lead where the target lies now.

The rest of the text stays as it is. A target that the line does not hold word for word (nor the
definition of a reference) and one of which nothing says where it went are left, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Union
from urllib.parse import quote

from gates.checks.docs.dead_link import DeadLink
from gates.facts.checkout import Checkout
from gates.finding import Finding
from gates.fixes.edit import Edit, Found, Mended, Unmended

_DEFINED = re.compile(r"^ {0,3}\[[^\]]+\]:\s*")
_UNKNOWN = "nothing says where it lies now"
_UNSEEN = "the line does not hold the target as it is read"


def mend(gate: DeadLink, found: Found, checkout: Checkout) -> Iterator[Union[Edit, Unmended]]:
    """What becomes of each dead link; the gate has said all that it knows in its findings."""
    for path, findings in found.by_path().items():
        before = checkout.read(path)
        try:
            lines = before.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            yield from (Unmended(path, finding.line, "the file is not UTF-8") for finding in findings)
            continue
        mended, left = _mended(lines, findings)
        yield from (Unmended(path, finding.line, why) for finding, why in left)
        after = "\n".join(lines).encode()
        if after != before:
            yield Edit(path, before, after, tuple(mended))


def _mended(lines: list[str], findings: Sequence[Finding]) -> tuple[list[Mended], list[tuple[Finding, str]]]:
    """Rewrite the lines in place."""
    mended: list[Mended] = []
    left: list[tuple[Finding, str]] = []
    for finding in findings:
        if finding.fix is None:
            left.append((finding, _UNKNOWN))
            continue
        places = _lines_of(lines, finding)
        for at in places:
            lines[at] = _pattern(finding.subject).sub(quoted(finding.fix).replace("\\", r"\\"), lines[at])
        if not places:
            left.append((finding, _UNSEEN))
            continue
        mended.append(Mended(finding.line, finding.fix))
    return mended, left


def _lines_of(lines: Sequence[str], finding: Finding) -> list[int]:
    """The lines that hold the target: that of the finding, and each that defines a reference by it."""
    pattern, here = _pattern(finding.subject), finding.line - 1
    holding = (at for at, line in enumerate(lines) if at == here or _DEFINED.match(line))
    return [at for at in holding if pattern.search(lines[at])]


def _pattern(target: str) -> re.Pattern[str]:
    """The target as a link holds it: between brackets, quotes or white space, never a part of a longer one."""
    forms = "|".join(re.escape(form) for form in dict.fromkeys((target, quoted(target))))
    return re.compile(rf"""(?<=[(<\s"'=])(?:{forms})(?=[)>\s"'])|(?<=\s)(?:{forms})$""")


def quoted(target: str) -> str:
    """A target as Markdown takes it: white space and brackets as percent signs, all else as it is."""
    return quote(target, safe="/#?&=:@!$'*+,;~%-._" + "".join(letter for letter in target if ord(letter) > 127))
