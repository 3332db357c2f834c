"""The words of a TOML file: keys and tables, values, comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Union

from gates.facts.extractors.words.hits import COMMENT, KEY, STRING, Found, Layout, hits

_LEXED = re.compile(
    r"(?P<string>\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''.*?'''|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')"
    r"|(?P<comment>\#[^\n]*)",
    re.DOTALL,
)
_KEY_AFTER = re.compile(r"[ \t]*(?:\.[^\n=]*)?=")
_TABLE = re.compile(r"[ \t]*\[")


def extract(source: bytes, argument: str) -> Union[str, Found, None]:
    """The hits of a TOML file."""
    return hits(source, argument, layout)


def layout(text: str) -> Layout:
    """Strings and comments; all else is keys, since numbers and dates hold no words."""
    return Layout(_stretches(text), otherwise=KEY)


def _stretches(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _LEXED.finditer(text):
        if match["comment"] is not None:
            yield (*match.span(), COMMENT)
        else:
            yield (*match.span(), KEY if _is_key(text, match) else STRING)


def _is_key(text: str, match: re.Match[str]) -> bool:
    line = text.rfind("\n", 0, match.start()) + 1
    before = text[line : match.start()]
    in_table = _TABLE.match(before) is not None and "=" not in before
    return _KEY_AFTER.match(text, match.end()) is not None or (in_table and "," not in before)
