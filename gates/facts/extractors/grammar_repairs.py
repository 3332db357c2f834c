"""Constructs of newer Pythons, each with the older spelling of the same shape that tells whether the rest parses."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Sequence
from typing import Callable, NamedTuple, Optional

from gates.facts.extractors.python_tokens import NAME, OPERATOR, STRING, Token, logical_lines

Version = tuple[int, ...]
Needed = Callable[[str], Optional[Version]]
Parse = Callable[[str], Optional[Exception]]

_KINDS = {"def": "function", "class": "class"}
_NOT_LAZY = frozenset("def class async try except finally".split())
_PATTERN_SIGNS = frozenset("| , . ( ) [ ] { } : = * ** + -".split())


class Edit(NamedTuple):
    """A rewrite of text[start:end]; the construct that it stands for begins at `at` and needs a Python."""

    start: int
    end: int
    replacement: str
    needs: Version
    construct: str
    at: int


class Line:
    """A logical line, with the bracket around each token."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        start = tokens[0].start
        self.indent = len(text[text.rfind("\n", 0, start) + 1 : start].expandtabs(8))
        self.opener: list[int] = []
        self.closer: dict[int, int] = {}
        stack: list[int] = []
        for index, token in enumerate(tokens):
            if token.kind == OPERATOR and token.text in ")]}" and stack:
                self.closer[stack.pop()] = index
            self.opener.append(stack[-1] if stack else -1)
            if token.kind == OPERATOR and token.text in "([{":
                stack.append(index)

    def word(self, index: int) -> str:
        """The text of a token, or nothing beyond the ends."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def begins(self, index: int) -> bool:
        """Whether a statement may begin at this token."""
        return index == 0 or (self.word(index - 1) in (";", ":") and self.opener[index] == -1)

    def is_subscript(self, index: int) -> bool:
        """Whether the bracket at this token follows something that can be subscripted."""
        if self.word(index) != "[" or index == 0:
            return False
        before = self.tokens[index - 1]
        if before.kind == NAME:
            return not keyword.iskeyword(before.text)
        return before.kind == STRING or before.text in (")", "]", "}")

    def within(self, opener: int, word: str) -> int:
        """The first token directly inside a bracket (-1: outside all) that reads so, or -1."""
        first, last = opener + 1, self.closer.get(opener, len(self.tokens))
        return next((i for i in range(first, last) if self.opener[i] == opener and self.word(i) == word), -1)


def repairs(text: str, running: Version, parse: Parse, needed: Needed) -> list[Edit]:
    """The rewrites of all that is newer than the running Python, in order and without overlap."""
    lines = [Line(text, tokens) for tokens in logical_lines(text)]
    headers, found = _match_statements(lines)
    found += _except_clauses(lines)
    found += _lazy_imports(lines)
    for line in lines:
        found += _statements(text, line, needed)
        found += _brackets(line, headers)
    found += _strings(text, [token for line in lines for token in line.tokens if token.kind == STRING], parse, needed)
    kept: list[Edit] = []
    for edit in sorted(edit for edit in found if edit.needs > running):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def names_a_variable(line: Sequence[Token]) -> bool:
    """Whether an except clause is `except X, e:` of Python 2 rather than `except X, Y:` of Python 3.14."""
    depth = 0
    outside = []
    for token in line:
        depth += token.kind == OPERATOR and (token.text in "([{") - (token.text in ")]}")
        if depth == 0:
            outside.append(token)
        if depth == 0 and token.text == ":":
            break
    words = [token.text for token in outside]
    if words.count(",") != 1 or words[-1] != ":":
        return False
    bound = line[line.index(outside[words.index(",")]) + 1 : line.index(outside[-1])]
    names = [token.text for token in bound if token.text not in ("(", ")", ",")]
    # Exceptions are CapWords, and the few with small letters are reached through their module (socket.error).
    return all(name.isidentifier() and (name.islower() or len(name) == 1) for name in names) and bool(names)


def _match_statements(lines: Sequence[Line]) -> tuple[frozenset[int], list[Edit]]:
    headers: set[int] = set()
    edits: list[Edit] = []
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else None
        if line.word(0) != "match" or line.word(len(line.tokens) - 1) != ":" or len(line.tokens) < 3:
            continue
        if following is None or following.word(0) != "case" or following.indent <= line.indent:
            continue
        cases: list[Line] = []
        for inner in lines[number + 1 :]:
            if inner.indent <= line.indent:
                break
            if inner.indent == following.indent:
                cases.append(inner)
        repaired = [_case(case, line.tokens[0].start) for case in cases]
        if all(repaired):
            headers.update(header.tokens[0].start for header in (line, *cases))
            edits += _replacing(line.tokens[0], "if (", line.tokens[0].start)
            edits += _replacing(line.tokens[-1], "):", line.tokens[0].start)
            edits += [edit for case in repaired for edit in case]
    return frozenset(headers), edits


def _case(line: Line, at: int) -> list[Edit]:
    colon = line.within(-1, ":")
    if line.word(0) != "case" or colon < 2:
        return []
    guard = line.within(-1, "if")
    pattern_end = guard if 0 < guard < colon else colon
    pattern = line.tokens[1:pattern_end]
    if not pattern or any(token.kind == OPERATOR and token.text not in _PATTERN_SIGNS for token in pattern):
        return []
    edits = _replacing(line.tokens[0], "if (", at)
    for token in pattern:
        if token.text == "as":
            edits += _replacing(token, "|", at)
    if pattern_end == guard:
        edits += _replacing(line.tokens[guard], ") and (", at)
    return edits + _replacing(line.tokens[colon], "):", at)


def _replacing(token: Token, replacement: str, at: int) -> list[Edit]:
    return [Edit(token.start, token.end, replacement, (3, 10), "a match statement", at)]


def _except_clauses(lines: Sequence[Line]) -> Iterator[Edit]:
    for position, line in enumerate(lines):
        colon = line.within(-1, ":")
        if line.word(0) != "except" or colon < 2:
            continue
        token = line.tokens[0]
        star = line.word(1) == "*"
        if star and colon > 2 and not _has_plain_sibling(lines, position):
            mark = line.tokens[1]
            yield Edit(mark.start, mark.end, " ", (3, 11), "`except*`", token.start)
        several = 0 < line.within(-1, ",") < colon and line.within(-1, "as") < 0
        if several and not names_a_variable(line.tokens[: colon + 1]):
            first, last = line.tokens[1 + star], line.tokens[colon]
            construct = "`except` with several exceptions and no parentheses"
            yield Edit(first.start, first.start, " (", (3, 14), construct, token.start)
            yield Edit(last.start, last.start, ")", (3, 14), construct, token.start)


def _has_plain_sibling(lines: Sequence[Line], position: int) -> bool:
    """Whether the same `try` has `except` without a star, too, which no Python takes."""
    indent = lines[position].indent
    for step, end in ((-1, -1), (1, len(lines))):
        for number in range(position + step, end, step):
            other = lines[number]
            if other.indent > indent:
                continue
            if other.indent < indent or other.word(0) not in ("except", "else", "finally"):
                break
            if other.word(0) == "except" and other.word(1) != "*":
                return True
    return False


def _lazy_imports(lines: Sequence[Line]) -> Iterator[Edit]:
    around: list[Line] = []
    for line in lines:
        while around and around[-1].indent >= line.indent:
            around.pop()
        last = len(line.tokens) - 1
        lazy = line.word(0) == "lazy" and line.word(1) in ("import", "from") and line.word(last) != "*"
        # Not in functions, classes and try statements, says PEP 810.
        if lazy and not any(outer.word(0) in _NOT_LAZY for outer in around):
            token = line.tokens[0]
            yield Edit(token.start, line.tokens[1].start, "", (3, 15), "`lazy` import", token.start)
        around.append(line)


def _statements(text: str, line: Line, needed: Needed) -> Iterator[Edit]:
    for index, token in enumerate(line.tokens):
        if token.kind != NAME:
            continue
        if token.text in ("def", "class") and line.word(index + 2) == "[":
            yield from _type_parameters(text, line, index + 2, token.start, f"a generic {_KINDS[token.text]}", needed)
        if token.text == "type" and line.begins(index) and line.word(index + 1).isidentifier():
            bracket = line.word(index + 2) == "["
            equals = line.closer.get(index + 2, -2) + 1 if bracket else index + 2
            if line.word(equals) == "=":
                name = line.tokens[index + 1]
                yield Edit(token.start, name.start, "", (3, 12), "a type statement", token.start)
                if bracket:
                    yield from _type_parameters(text, line, index + 2, token.start, "a type statement", needed)


def _type_parameters(text: str, line: Line, bracket: int, at: int, construct: str, needed: Needed) -> Iterator[Edit]:
    closer = line.closer.get(bracket)
    if closer is None or closer == bracket + 1:
        return
    needs: Version = (3, 12)
    commas = [i for i in range(bracket + 1, closer) if line.opener[i] == bracket and line.word(i) == ","]
    if commas and commas[-1] == closer - 1:
        commas.pop()
        closer_of_last = closer - 1
    else:
        closer_of_last = closer
    for first, last in zip([bracket + 1, *(i + 1 for i in commas)], [*commas, closer_of_last]):
        version = _type_parameter(text, line, first, last, needed)
        if version is None:
            return
        needs = max(needs, version)
    if needs == (3, 13):
        construct = "a type parameter's default"
    opening, closing = line.tokens[bracket], line.tokens[closer]
    lost = text.count("\n", opening.start, closing.end)
    yield Edit(opening.start, closing.end, "\\\n" * lost, needs, construct, at)


def _type_parameter(text: str, line: Line, first: int, last: int, needed: Needed) -> Optional[Version]:
    if line.word(first) in ("*", "**"):
        first += 1
    if first >= last or line.tokens[first].kind != NAME:
        return None
    bracket = line.opener[first]
    parts = [i for i in range(first + 1, last) if line.opener[i] == bracket and line.word(i) in (":", "=")]
    if parts != sorted(set(parts)) or [line.word(i) for i in parts] not in ([], [":"], ["="], [":", "="]):
        return None
    if (parts[0] if parts else last) != first + 1:
        return None
    needs: Version = (3, 12)
    for start, end in zip(parts, [*parts[1:], last]):
        if start + 1 == end:
            return None
        star = line.word(start) == "=" and line.word(start + 1) == "*"
        version = needed(text[line.tokens[start + star].end : line.tokens[end - 1].end])
        if version is None:
            return None
        needs = max(needs, version, (3, 13) if line.word(start) == "=" else needs)
    return needs


def _brackets(line: Line, headers: frozenset[int]) -> Iterator[Edit]:
    words = (line.word(0), line.word(1))
    for index, token in enumerate(line.tokens):
        if token.kind != OPERATOR or token.text not in ("*", "**", ":="):
            continue
        opener = line.opener[index]
        before = line.word(index - 1)
        soft = opener == 1 and line.tokens[0].start in headers
        subscript = opener >= 0 and line.is_subscript(opener) and not soft
        if token.text == ":=":
            sliced = subscript and line.within(opener, ":") >= 0
            if (subscript or (opener >= 0 and line.word(opener) == "{")) and not sliced:
                construct = "`:=` without parentheses in a set or an index"
                yield Edit(token.start, token.end, "==", (3, 10), construct, token.start)
        elif token.text == "*" and subscript and before in ("[", ","):
            yield Edit(token.start, token.end, " ", (3, 11), "a star in an index", token.start)
        elif token.text == "*" and before == ":" and line.word(index - 3) == "*" and "def" in words:
            yield Edit(token.start, token.end, " ", (3, 11), "a star in an annotation", token.start)
        elif opener == index - 1 and opener >= 0 and not subscript and line.within(opener, "for") >= 0:
            yield Edit(token.start, token.end, " ", (3, 15), "unpacking in a comprehension", token.start)


def _strings(text: str, strings: Sequence[Token], parse: Parse, needed: Needed) -> Iterator[Edit]:
    for token in strings:
        prefix = "".join(sorted(token.text[: token.text.find(token.text[-1])].lower()))
        template = prefix in ("t", "rt")
        if not token.ends or not (template or prefix in ("f", "fr")):
            continue
        if parse(f"({token.text}\n)") is None:
            continue
        needs: Version = (3, 14) if template else (3, 0)
        quote = token.text[-3:] if token.text.endswith(('"""', "'''")) and len(token.text) > 6 else token.text[-1]
        for start, end in token.fields:
            expression = text[start:end]
            version = needed(expression)
            if version is None:
                return  # no Python takes this string: nothing can come of the others
            lone = any(sign in expression for sign in ("\\", "#", quote)) or (len(quote) == 1 and "\n" in expression)
            needs = max(needs, version, (3, 12) if lone else needs)
        if needs > (3, 0):
            construct = (
                "a t-string" if template else "an f-string with quotes, backslashes or comments inside its braces"
            )
            lost = "\n" * token.text.count("\n")
            yield Edit(token.start, token.end, f"'''{lost}'''", needs, construct, token.start)
