"""The tokens of Python text in any grammar, old or new, as far as they can be told without parsing.

For files that the running Python refuses: `tokenize` gives up on most of these, and reads f-strings as its own version
does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

NAME, NUMBER, STRING, OPERATOR, NEWLINE = "name", "number", "string", "operator", "newline"
DEEPEST = 40

_SKIPPED = re.compile(r"(?:[ \t\f]|\\\n|#[^\n]*)+")
_TOKEN = re.compile(
    r"(?P<string>(?i:[urbft]{0,2})(?:\"\"\"|'''|\"|'))"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<number>\.?\d(?:[eE][+-](?=\d)|[\w.])*)"
    r"|(?P<newline>\n)"
    r"|(?P<operator>->|:=|<>|!=|(?:\*\*|//|>>|<<)=?|[-+*/%&|^@=<>]=?|(?s:.))"
)
_PLAIN_STOP = {quote: re.compile(r"\\|\n|" + quote) for quote in ("'", '"', "'''", '"""')}
_FORMATTED_STOP = {quote: re.compile(r"\\|\n|[{}]|" + quote) for quote in ("'", '"', "'''", '"""')}
_CONVERSION = re.compile(r"[ \t\n]*[^\W\d]\w*[ \t\n]*(?::|(?=\}))")


class Token(NamedTuple):
    """A piece of the text. `fields` are the spans of the expressions in an f-string or t-string."""

    kind: str
    text: str
    start: int
    end: int
    fields: tuple[tuple[int, int], ...] = ()
    ends: bool = True


class _Unfinished(Exception):
    """A string does not end as it began."""


def tokens(text: str) -> Iterator[Token]:
    """Every token, comments and white space left out; the text has \\n line ends."""
    return _Reader(text).tokens(0, 0)


def logical_lines(text: str) -> Iterator[list[Token]]:
    """The tokens of one logical line at a time: newlines inside brackets do not end it."""
    line: list[Token] = []
    depth = 0
    for token in tokens(text):
        if token.kind == NEWLINE:
            if depth == 0 and line:
                yield line
                line = []
            continue
        if token.kind == OPERATOR:
            depth = max(0, depth + (token.text in "([{") - (token.text in ")]}"))
        line.append(token)
    if line:
        yield line


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.attempts = 100  # each may look through the whole rest of the file

    def tokens(self, position: int, level: int) -> Iterator[Token]:
        while position < len(self.text):
            skipped = _SKIPPED.match(self.text, position)
            if skipped is not None:
                position = skipped.end()
                continue
            match = _TOKEN.match(self.text, position)
            if match is None:
                return
            kind = str(match.lastgroup)
            plain = Token(kind, match.group(), position, match.end())
            token = self._string(match, level) if kind == STRING else plain
            yield token
            position = token.end

    def _string(self, match: re.Match[str], level: int) -> Token:
        opening = match.group()
        prefix = opening.rstrip("'\"").lower()
        quote = opening[len(prefix) :]
        if ("f" in prefix or "t" in prefix) and self.attempts > 0:
            try:
                end, fields = self._formatted(match.end(), quote, "r" in prefix, level)
                return Token(STRING, self.text[match.start() : end], match.start(), end, tuple(fields))
            except _Unfinished:
                self.attempts -= 1
                if level:  # tried again at every level, this would take for ever
                    raise
        return self._plain(match.start(), match.end(), quote)

    def _plain(self, start: int, position: int, quote: str) -> Token:
        while True:
            stop = _PLAIN_STOP[quote].search(self.text, position)
            if stop is None:
                return Token(STRING, self.text[start:], start, len(self.text), (), False)
            if stop.group() == "\\":
                position = stop.end() + 1
            elif stop.group() == "\n" and len(quote) == 1:
                return Token(STRING, self.text[start : stop.start()], start, stop.start(), (), False)
            elif stop.group() == "\n":
                position = stop.end()
            else:
                return Token(STRING, self.text[start : stop.end()], start, stop.end())

    def _formatted(self, position: int, quote: str, raw: bool, level: int) -> tuple[int, list[tuple[int, int]]]:
        fields: list[tuple[int, int]] = []
        while True:
            found, position = self._next_stop(quote, position)
            if found == quote:
                return position, fields
            if found == "\\":
                position = self._after_backslash(position, raw)
            elif found in "{}" and self.text.startswith(found, position):
                position += 1
            elif found == "{":
                position = self._field(position, quote, fields, level)
            elif found == "}":
                raise _Unfinished

    def _next_stop(self, quote: str, position: int) -> tuple[str, int]:
        stop = _FORMATTED_STOP[quote].search(self.text, position)
        if stop is None or (stop.group() == "\n" and len(quote) == 1):
            raise _Unfinished
        return stop.group(), stop.end()

    def _after_backslash(self, position: int, raw: bool) -> int:
        if self.text.startswith("N{", position) and not raw:
            return self.text.find("}", position) + 1 or len(self.text)
        return position if self.text.startswith(("{", "}"), position) else position + 1

    def _field(self, position: int, quote: str, fields: list[tuple[int, int]], level: int) -> int:
        """Past the `}` of one replacement field; its expression's span, and those of its format, go to `fields`."""
        if level >= DEEPEST:
            raise _Unfinished
        start = end = position
        depth = 0
        for token in self.tokens(position, level + 1):
            if not token.ends:
                break
            if depth == 0 and token.text in ("}", "!", ":", ":="):
                fields.append((start, end))
                if token.text == "}":
                    return token.end
                rest = token.start + 1 if token.text != "!" else self._past_conversion(token.end)
                return self._past_format(rest, quote, fields, level + 1)
            if token.kind == OPERATOR:
                depth += (token.text in "([{") - (token.text in ")]}")
            # `{x=}` shows the expression and its value: the sign is not part of the expression.
            if token.kind != NEWLINE and not (token.text == "=" and depth == 0):
                end = token.end
        raise _Unfinished

    def _past_conversion(self, position: int) -> int:
        conversion = _CONVERSION.match(self.text, position)
        if conversion is None:
            raise _Unfinished
        # Without a format the field's own brace comes next, and is left for the reader of the format.
        return conversion.end()

    def _past_format(self, position: int, quote: str, fields: list[tuple[int, int]], level: int) -> int:
        while True:
            found, position = self._next_stop(quote, position)
            if found == "}":
                return position
            if found == quote:
                raise _Unfinished
            if found == "{":
                position = self._field(position, quote, fields, level)
            elif found == "\\":
                position = self._after_backslash(position, raw=False)
