"""Why a file does not parse: grammar of a newer Python, Python 2, a forgotten merge conflict, or a plain mistake.

The old parser cannot read the new grammar, so each construct of a newer Python is rewritten into an old one of the same
shape (`match x:` into `if (x):`), line for line. When the file then parses, the newer grammar was all that stood in
the way, and leaving out one version's rewrites after the other says which Python is really needed. When it still does
not, the mistake that remains is the one to report: a newer Python would refuse the file as well.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Callable, Optional

from gates.facts.extractors.grammar_repairs import Edit, Version, names_a_variable, repairs
from gates.facts.extractors.python_tokens import NAME, NUMBER, OPERATOR, STRING, Token, logical_lines, tokens

Plain = tuple[int, int, str, str, str]
Parse = Callable[[str], Optional[Exception]]

# Above this the explanation would cost more memory than it is worth; the parser's own word has to do.
_LARGEST = 2_000_000
_MARKER = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?=[ \n]|\Z)", re.MULTILINE)
_KEYWORD_LIKE = frozenset("and or not in is if else for as".split())


def explain(text: str, problem: SyntaxError, parse: Parse, running: Version = sys.version_info[:2]) -> Plain:
    """The fields of `Unparsable` for text that the running Python refused with this problem."""
    if len(text) > _LARGEST:
        return _plain(problem)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    marker = _conflict_marker(text)
    if marker is not None:
        return (*_place(text, marker), "merge conflict marker", "syntax", "")
    try:
        edits = _repairs(text, parse, running)
        remaining = parse(_edited(text, edits)) if edits else problem
        if remaining is None:
            return _newer(text, edits, parse)
    except RecursionError:
        remaining = problem
    if not isinstance(remaining, SyntaxError):
        remaining = problem
    old = _python_2(text, remaining.lineno or 1)
    return (*_plain(remaining)[:2], f"Python 2: {old}", "syntax", "") if old else _plain(remaining)


def needed(text: str, parse: Parse, running: Version) -> Optional[Version]:
    """The Python that an expression needs; (3, 0) where the running one will do, None where none will."""
    source = f"({text}\n)"
    if not text.strip() or len(text) > _LARGEST:
        return None
    if parse(source) is None:
        return (3, 0)
    edits = _repairs(source, parse, running)
    if not edits or parse(_edited(source, edits)) is not None:
        return None
    return max(edit.needs for edit in _necessary(source, edits, parse))


def _repairs(text: str, parse: Parse, running: Version) -> list[Edit]:
    return repairs(text, running, parse, lambda expression: needed(expression, parse, running))


def _newer(text: str, edits: Sequence[Edit], parse: Parse) -> Plain:
    newest = max(_necessary(text, edits, parse), key=lambda edit: (edit.needs, -edit.at))
    version = ".".join(map(str, newest.needs))
    return (*_place(text, newest.at), newest.construct, "newer grammar", version)


def _necessary(text: str, edits: Sequence[Edit], parse: Parse) -> Sequence[Edit]:
    for version in sorted({edit.needs for edit in edits}):
        fewer = [edit for edit in edits if edit.needs != version]
        if fewer and parse(_edited(text, fewer)) is None:
            edits = fewer
    return edits


def _edited(text: str, edits: Sequence[Edit]) -> str:
    pieces = []
    position = 0
    for edit in edits:
        pieces += [text[position : edit.start], edit.replacement]
        position = edit.end
    return "".join([*pieces, text[position:]])


def _plain(problem: SyntaxError) -> Plain:
    message = str(problem.msg)
    column = max(problem.offset or 0, 0)
    return max(problem.lineno or 1, 1), column, message if len(message) <= 200 else message[:199] + "…", "syntax", ""


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _conflict_marker(text: str) -> Optional[int]:
    # Outside a string no Python takes one of these lines; inside a string they may be meant.
    markers = {match.start() for match in _MARKER.finditer(text)}
    if not markers:
        return None
    return next((token.start for token in tokens(text) if token.start in markers and token.kind == OPERATOR), None)


def _python_2(text: str, number: int) -> str:
    """What on this line is Python 2, or nothing."""
    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text) + 1]
    start, end = starts[min(number, len(starts) - 1) - 1 :][:2]
    for line in logical_lines(text):
        if line[-1].end > start:
            # Only this line of it: after a bracket that is never closed, the logical line is the rest of the file.
            here = [index for index, token in enumerate(line) if start <= token.start < end]
            part = line[: here[-1] + 1] if here else []
            return next(filter(None, (_python_2_at(part, index) for index in here)), "")
    return ""


def _python_2_at(line: Sequence[Token], index: int) -> str:
    token = line[index]
    following = line[index + 1] if index + 1 < len(line) else None
    begins = index == 0 or line[index - 1].text in (";", ":")
    if token.text == "`":
        return "backticks"
    if token.text == "<>":
        return "`<>`"
    if token.kind == NUMBER and re.fullmatch(r"(?:\d+|0[xX][0-9a-fA-F]+)[lL]", token.text):
        return "a long integer"
    if token.kind == STRING and token.text[:2].lower() == "ur":
        return "a ur-string"
    if token.text in ("print", "exec") and begins and following is not None and following.start > token.end - 1:
        word = following.kind == NAME and following.text not in _KEYWORD_LIKE
        if word or following.kind in (STRING, NUMBER) or (token.text == "print" and following.text == ">>"):
            return f"{token.text} statement"
    if token.text == "except" and index == 0 and names_a_variable(line):
        return "`except X, name`"
    return "`raise X, value`" if token.text == "raise" and begins and _has_comma(line[index + 1 :]) else ""


def _has_comma(line: Sequence[Token]) -> bool:
    depth = 0
    for token in line:
        if token.kind == OPERATOR:
            depth += (token.text in "([{") - (token.text in ")]}")
        if token.text == "," and depth == 0:
            return True
        if token.text == ";":
            break
    return False
