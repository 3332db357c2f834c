"""The words of a JSON file: keys and values; the keys of a schema that is somebody else's are not ours to name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Union

from gates.facts.extractors.words.hits import COMMENT, KEY, STRING, Found, Layout, hits

_LEXED = re.compile(r"(?P<string>\"(?:[^\"\\\n]|\\.)*\")(?P<key>\s*:)?|(?P<comment>//[^\n]*|/\*.*?\*/)", re.DOTALL)
_FOREIGN = re.compile(r"\A\s*\{[^{}]{0,2000}?\"(?:\$schema|@context)\"\s*:\s*[\[\"]*\s*\"?https?://")


def extract(source: bytes, argument: str) -> Union[str, Found, None]:
    """The hits of a JSON file."""
    return hits(source, argument, layout)


def layout(text: str) -> Layout:
    """Keys, strings and comments."""
    return Layout(_stretches(text), otherwise=STRING, has_foreign_keys=_FOREIGN.match(text) is not None)


def _stretches(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _LEXED.finditer(text):
        if match["comment"] is not None:
            yield (*match.span("comment"), COMMENT)
        else:
            yield (*match.span("string"), KEY if match["key"] is not None else STRING)
