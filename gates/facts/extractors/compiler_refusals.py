"""Whether the compiler may refuse a file whose grammar it takes: a scan for what stands in the wrong place.

Parsing does not tell: a `__future__` import that is too late, `return` outside a function, and their like come up only
when code is made, which costs half as much again as parsing. So only what looks suspicious is compiled. The scan reads
the layout of lines; what it does not see (`await` in a function that is not async, an argument given twice, a lone
starred value, what stands deeper in a class than its body) passes as before.
"""

from __future__ import annotations

import re

_TEXT = (
    rb"[rRuU]?(?:\"\"\"[^\"\\]*(?:(?:\\(?s:.)|\"(?!\"\"))[^\"\\]*)*\"\"\"|'''[^'\\]*(?:(?:\\(?s:.)|'(?!''))[^'\\]*)*'''"
    rb"|\"(?!\"\")[^\"\\\n]*\"|'(?!'')[^'\\\n]*')"
)
_BLANK = rb"(?:[ \t\f\r\n]|#[^\n]*\n)*"
# A docstring, and the imports themselves, are all that may stand before. (Made into a pattern where it is needed: that
# takes longer than most files.)
_FUTURE_FIRST = (
    rb"(?:\xef\xbb\xbf)?" + _BLANK + rb"(?:" + _TEXT + rb"[ \t]*(?:;|#[^\n]*)?\r?\n" + _BLANK + rb")?"
    rb"(?:from[ \t]+__future__[ \t]+import[ \t]+(?:\w+(?:[ \t]*,[ \t]*\w+)*|\([\w\s,]*\))[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)"
    + _BLANK
    + rb")*"
)
_AS_USUAL = b"from __future__ import "
_LEAVES = rb"(?:return|yield|await|break|continue|async (?:for|with))\b"
# The statements that open a block at the margin, and those that leave a block, at the margin or one step from it.
_LAYOUT = re.compile(
    rb"\n(?:    " + _LEAVES + rb"|\t" + _LEAVES + rb"|((?:def|async def|class|if|for|while|try|with|else|elif|except|"
    rb"finally)\b|" + _LEAVES + rb"))"
)
_FUNCTIONS = frozenset((b"def", b"async def"))
_NO_BLOCKS = frozenset((b"", b"class", *_FUNCTIONS))
_BLOCKS = frozenset((b"if", b"for", b"while", b"try", b"with", b"else", b"elif", b"except", b"finally"))
_INSIDE = rb"\n[ \t]+" + _LEAVES
_OPENED = rb"\n(def|async def|class|if|for|while|try|with|else|elif|except|finally)\b"
_CLAUSE = rb"\n([ \t]*)(?:(try)[ \t]*:|except\b([ \t]*:)?)"


def may_be_refused(source: bytes) -> bool:
    """Whether it is worth asking the compiler about a source that parses."""
    if b"__future__" in source and _has_late_future(source):
        return True
    if b"__debug__" in source or _leaves_nothing(source):
        return True
    return b"except:" in source and _catches_all_first(source)


def _has_late_future(source: bytes) -> bool:
    start = 0
    if source.startswith(b'"""'):
        start = source.find(b'"""', 3) + 3
        if start < 3 or b"\\" in source[:start]:
            start = len(source)
    if source[start : start + 99].lstrip(b"\r\n").startswith(_AS_USUAL):
        return source.count(b"__future__") > 1 and _is_late(source)
    return _is_late(source)


def _is_late(source: bytes) -> bool:
    first = re.match(_FUTURE_FIRST, source)
    return first is None or source.find(b"__future__", first.end()) >= 0


def _leaves_nothing(source: bytes) -> bool:
    """Whether `return` and its like stand in a module, or in the body of a class."""
    text = b"\n" + source
    words = _LAYOUT.findall(text)
    opened = b""
    for word in words:
        if word:
            opened = word
        elif opened == b"class":
            return True
    if _NO_BLOCKS.issuperset(words):
        return False
    return not (_NO_BLOCKS | _BLOCKS).issuperset(words) or _leaves_no_function(text)


def _leaves_no_function(text: bytes) -> bool:
    """Whether they stand in a block at the margin that is neither a function's nor a class's, however deep in it."""
    opened = list(re.finditer(_OPENED, text))
    ends = [found.start() for found in opened[1:]] + [len(text)]
    return any(
        found[1] in _BLOCKS and re.search(_INSIDE, text[found.end() : end]) is not None
        for found, end in zip(opened, ends)
    )


def _catches_all_first(source: bytes) -> bool:
    """Whether a clause follows one that catches everything."""
    bare: set[bytes] = set()
    for indentation, begins, all_of_it in re.findall(_CLAUSE, source):
        if begins:
            bare.discard(indentation)
        elif indentation in bare:
            return True
        elif all_of_it:
            bare.add(indentation)
    return False
