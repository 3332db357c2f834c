"""Dotted names as files that are not Python spell them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.carriers.use import UNPARSED, Use

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_TARGET = re.compile(r"\s*([^\W\d][\w.]*)\s*(?::\s*([\w.]+)\s*)?(?:\(.*\)\s*)?(?:\[.*\]\s*)?")
_IN_TEXT = re.compile(r"(?<![\w./-])[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_MOST = 200
# `candidate.yaml` is a file, and `candidate.com` a host.
_NO_MODULES = frozenset(
    "cfg com conf crt css csv db env html ini io ipynb js json key lock log md net org pem pid png py rst service sh "
    "sock sql sqlite svg tar toml txt whl xml yaml yml zip".split()
)


def is_dotted(text: str) -> bool:
    """Whether it is identifiers with dots between, at least one of them, and no name of a file or host."""
    return "." in text and _DOTTED.fullmatch(text) is not None and text.rpartition(".")[2] not in _NO_MODULES


def module_of(text: str) -> Optional[str]:
    """`a.b` of the entry point `a.b:c [extra]`; None of what is none."""
    match = _TARGET.fullmatch(text)
    return match[1] if match is not None and _DOTTED.fullmatch(match[1]) else None


def of_target(text: str) -> Optional[str]:
    """`a.b` and `a.b.c` of `a.b` and `a.b:c [extra]`; None of what is no such thing."""
    match = _TARGET.fullmatch(text)
    if match is None or not _DOTTED.fullmatch(match[1]):
        return None
    return f"{match[1]}.{match[2]}" if match[2] else match[1]


def salvaged(text: str, reason: str) -> Iterator[Use]:
    """Of a text that cannot be parsed: every dotted word, since none of them is certain, each where it first stands."""
    seen: set[str] = set()
    for number, line in enumerate(text.split("\n"), 1):
        for match in _IN_TEXT.finditer(line):
            if match[0] not in seen and is_dotted(match[0]) and len(seen) < _MOST:
                seen.add(match[0])
                yield Use(number, match.start() + 1, UNPARSED, match[0], reason)
    if not seen:
        yield Use(0, 0, UNPARSED, "", reason)
