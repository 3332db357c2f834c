"""Whether a file can hold a loader at all: a scan of its bytes that may say yes too often, and never no wrongly.

Every loader is reached from a name that the file must spell: a module that holds loaders, a builtin, or a way to look
names up by text. Identifiers take no escapes, so a spelled name is there in the bytes, with two exceptions: letters
that Python's NFKC normalisation turns into the plain ones, and encodings in which the bytes are not the letters.
"""

from __future__ import annotations

import builtins
import re
import unicodedata

_PLAIN = (
    b"importlib",
    b"runpy",
    b"pkgutil",
    b"pydoc",
    b"zipimport",
    b"meta_path",
    b"path_hooks",
    b"__loader__",
    b"__spec__",
)
# A builtin is used by its bare name: after a dot, or after def, it is somebody else's. A literal first: that is what
# makes the search fast.
_WORDS = tuple(
    (word, re.compile(word + rb"(?![\w])(?!\s*=[^=])(?<![\w.]" + word + rb")(?<!def " + word + rb")"))
    for word in (b"exec", b"eval", b"compile", b"globals", b"locals")
)
# `scope=globals()`, `f(globals())`, `*globals().keys()`: what stands before the word, and what stands behind it.
_BEFORE = re.compile(rb"(?:(?<=[\s(,])(\w{1,99})=|(?<![\w.])(\w{1,99})\()\Z")
_BEHIND = re.compile(rb"\(\)(?=\s*[,)])")
_NEAR = 120
_BUILT_IN = frozenset(name.encode() for name in dir(builtins))
_VARS = re.compile(rb"vars(?!\w)(?<![\w.]vars)")
# What may stand between two words of one statement: white space, a continued line, a comment inside parentheses.
_GAP = rb"(?:[\s\\]|#[^\r\n]*)*"
_IMPORT = re.compile(rb"import_module|__import__")
# Not `builtins=...`, and not a text that only begins so: mock.patch("builtins.open").
_BUILTINS = re.compile(rb"(?<![\w\"'])(?:__)?builtins?(?:__)?(?!\w)(?!\s*=[^=])|[\"'](?:__)?builtins?(?:__)?[\"']")
_MODULES = re.compile(rb"modules(?!\w)(?<!\wmodules)")
_DOT_MODULES = re.compile(rb"\." + _GAP + rb"modules(?!\w)")
_FROM_SYS = re.compile(rb"(?<!\w)sys" + _GAP + rb"import(?!\w)")
# `import imp`, `import os, imp`, `from imp import x`; `for imp in y` is somebody's variable.
_IMP = re.compile(rb"imp(?!\w)(?<![A-Za-z0-9]imp)(?<!__imp)")
_IMPORTS_IMP = re.compile(rb"(?:import|from|,)" + _GAP + rb"_?imp(?!\w)")
_SYS = re.compile(rb"sys(?!\w)(?<!\wsys)")
# One pass over the bytes for all of the words below, which most files get through: each alternative begins with a rare
# letter of its word, because a search for one of a few letters is fast; then it looks back. It may say yes too often.
_ANY = re.compile(
    rb"x(?<=ex)ec(?!\w)|v(?:ars|(?<=ev)al)(?!\w)|b(?:uiltin|(?<=importlib)|(?<=glob)als)"
    rb"|y(?:(?<=sy)s(?!\w)|(?<=runpy)|(?<=py)doc)|k(?<=pk)gutil|z(?<=z)ipimport"
    rb"|m(?:odules|(?<=com)pile(?!\w)(?<![\w.]compile)|(?<=im)p(?!\w)(?<![A-Za-z0-9]imp))"
    rb"|_(?:(?<=import_)|(?<=meta_)path|hooks(?<=path_hooks)|_(?:loader|spec)__)"
)
_FIRST_LINES = re.compile(rb"\A[^\r\n]*(?:\r\n?|\n)?[^\r\n]*")
_COOKIE = re.compile(rb"coding[:=][ \t]*([-\w.]+)")
_UTF8 = frozenset({b"utf-8", b"utf8", b"ascii", b"us-ascii"})
_LATIN1 = frozenset({b"latin-1", b"latin1", b"iso-8859-1", b"iso8859-1"})
_ASCII = bytes(range(128))
_LETTER = re.compile("[a-z_]")


def may_load(source: bytes) -> bool:
    """Whether the file may load code by name; no is certain, yes asks for the exact look."""
    if _spells_a_loader(source):
        return True
    encoding = _encoding(source)
    if encoding is None:
        return True
    return not source.isascii() and _hides_a_loader(source, encoding)


def _spells_a_loader(source: bytes) -> bool:
    # (a search for "locals" by one of its letters, all of them frequent, would slow the others down)
    return (_ANY.search(source) is not None or b"locals" in source) and _spells_one_in_use(source)


def _spells_one_in_use(source: bytes) -> bool:
    for token in _PLAIN:
        if token in source:
            return True
    for word, used in _WORDS:
        if word in source and used.search(source) and not _is_only_handed_on(word, used, source):
            return True
    if b"import_" in source and _IMPORT.search(source):
        return True
    if b"builtin" in source and _BUILTINS.search(source):
        return True
    if b"sys" in source and _reaches_into_sys(source):
        return True
    if b"vars" in source and _VARS.search(source):
        return True
    return _IMP.search(source) is not None and _IMPORTS_IMP.search(source) is not None


def _is_only_handed_on(word: bytes, used: re.Pattern[bytes], source: bytes) -> bool:
    """Whether it is nothing but `globals().keys()`, or an argument of what this file imports.

    Deprecated constants are served like this: `all_with_deprecated(globals())`, `partial(get, scope=globals())`. What
    is looked up in it there is not this file's doing.
    """
    if word not in (b"globals", b"locals"):
        return False
    parameters: set[bytes] = set()
    functions: set[bytes] = set()
    rest, at = [], 0
    for found in re.finditer(word, source):
        start, end = found.span()
        behind = _BEHIND.match(source, end)
        before = _BEFORE.search(source[max(start - _NEAR, 0) : start]) if behind else None
        if before is not None and behind is not None:
            parameters.add(before[1] or b"")
            functions.add(before[2] or b"")
            end = behind.end()
            start -= len(before[0])
        elif source.startswith(b"*", start - 1) and source.startswith(b"().keys()", end):
            start, end = start - 1, end + len(b"().keys()")
        else:
            continue
        rest.append(source[at:start])
        at = end
    if not rest:
        return False
    left = b" ".join((*rest, source[at:]))
    return (
        not used.search(left)
        and not any(re.search(rb"(?<!\w)" + parameter + rb"(?!\w)", left) for parameter in parameters if parameter)
        and all(_is_imported_only(function, source) for function in functions if function)
    )


def _is_imported_only(name: bytes, source: bytes) -> bool:
    """Whether a name stands only in calls, and in lines of an import."""
    if b"def " + name in source or name in _BUILT_IN:
        return False
    others = re.findall(rb"(?m)^(.*(?<![\w.])" + name + rb"(?!\w)(?!\().*)$", source)
    return bool(others) and all(re.match(rb"from\s|import\s|[ \t]+" + name + rb",?[ \t\r]*$", line) for line in others)


def _reaches_into_sys(source: bytes) -> bool:
    word = b"modules" in source and _MODULES.search(source)
    if word and (_DOT_MODULES.search(source) or _FROM_SYS.search(source)):
        return True
    return (b"getattr" in source or b"__dict__" in source) and _SYS.search(source) is not None


def _encoding(source: bytes) -> str | None:
    """utf-8 or latin-1; None for an encoding whose bytes may not be the letters that they look like."""
    first = _FIRST_LINES.match(source)
    names = _COOKIE.findall(first.group()) if first and b"coding" in first.group() else []
    names = [name.lower().replace(b"_", b"-") for name in names]
    if all(name in _UTF8 for name in names):
        return "utf-8"
    return "latin-1" if all(name in _LATIN1 for name in names) else None


def _hides_a_loader(source: bytes, encoding: str) -> bool:
    """Whether a loader is spelled with letters that NFKC turns into plain ones."""
    other = source.translate(None, _ASCII).decode(encoding, "ignore")
    if not _LETTER.search(unicodedata.normalize("NFKC", other)):
        return False
    text = source.decode(encoding, "replace")
    return _spells_a_loader(unicodedata.normalize("NFKC", text).encode("utf-8", "replace"))
