"""Text from a repository, made safe to show: what a terminal would obey, or a reader not see, becomes an escape."""

from __future__ import annotations

import re

# Spelled out rather than asked of unicodedata, whose answers differ between Pythons: a report's bytes must not.
_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # controls: newlines too, so that no name can pretend to be a line of the report
    "\xad\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # drawn as nothing
    "\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, text direction
    "\ud800-\udfff"  # lone surrogates: bytes of a name that is not UTF-8
    "\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff"  # no characters, and the byte order mark
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # more that is drawn as nothing: tags, selectors
    "]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    r"""The text on one line, with visible escapes (`\x1b`, `\u202e`) for what must not reach a screen raw."""
    return _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def source_line(text: str) -> str:
    """A line of source code, printable, without its indentation."""
    return printable(text.expandtabs(4).strip())
