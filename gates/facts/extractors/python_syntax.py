"""Whether a file decodes and parses as Python, and what stops it when it does not.

The answer is a pure function of the bytes and of the running Python. It comes from `symtable`, which parses in C and
builds no Python objects for the tree: four fifths of the price of `ast.parse`, two thirds of that of `compile`, and
all but a tenth of it is the parser's. `compile` is asked about the files that look suspicious (compiler_refusals.py):
it alone refuses `return` or a `__future__` import in the wrong place.

Give `ast.parse` only what passed here: on Python 3.9 and 3.10 it overflows the C stack on a long chain (`a.a.a`, a
million times) that `symtable` refuses in good order.
"""

from __future__ import annotations

import codecs
import re
import symtable
import threading
import warnings
from collections.abc import Iterator
from typing import Callable, NamedTuple, Optional

from gates.facts.extractors.compiler_refusals import may_be_refused
from gates.facts.extractors.syntax_tree import MAX_BYTES

# `import a.a.a` joins the name anew at every dot: 200 kB of it took 10 GB. Real names come to some kilobytes.
MAX_JOINED_NAME_BYTES = 500_000_000

_SOURCE_NAME = "<source under judgement>"
_HEAD = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n)?([^\r\n]*)")
_CONTINUED = re.compile(rb"\\(?:\r\n|\r|\n)")
_NOT_DOTTED = bytes(byte for byte in range(128) if not re.match(rb"[\w. \t\f]", bytes([byte])))
_SPLIT_AT_ALL_ELSE = bytes.maketrans(_NOT_DOTTED, b"\n" * len(_NOT_DOTTED))
_WIDE_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DEPTH_MESSAGES = ("too many nested", "nested too deeply", "too many levels of indentation", "too complex to parse")
_TOO_DEEP = "nested too deeply for the parser, or of more parts than its memory holds"
_filters = threading.Lock()

Plain = tuple[int, int, str, str, str]


class Unparsable(NamedTuple):
    """What stops a file from being read. Lines and columns count from 1; a column of 0 is not known."""

    line: int
    column: int
    message: str
    kind: str
    """"encoding", "syntax", "null bytes", "too deep", "too large" or "newer grammar"."""
    needs: str
    """For "newer grammar" the first Python that has it ("3.12"), otherwise empty."""


class UndecodableError(ValueError):
    """The bytes are not text in the encoding that they declare."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def decode(source: bytes) -> str:
    """The text of a source file as Python reads it: byte order mark, then the PEP 263 cookie, then UTF-8.

    Stricter than compile() in one point: UTF-8 must be valid in comments, too, as `python FILE` demands.
    Line ends are left as they are.
    """
    encoding = _declared_encoding(source)
    try:
        text = source.decode(encoding)
    except UnicodeDecodeError as error:
        line, column = _position(source, error.start)
        raise UndecodableError(line, column, f"not {encoding}: {error.reason}") from None
    except (LookupError, ValueError, AssertionError) as error:
        # Codecs of other kinds (rot13, undefined, punycode) fail in their own ways.
        raise UndecodableError(1, 0, f"cannot be decoded as {encoding}: {error}") from None
    return text[1:] if text.startswith("\ufeff") else text


def extract(source: bytes) -> Optional[Plain]:
    """None when the source parses, otherwise the fields of `Unparsable` as a plain tuple. Never raises."""
    if len(source) > MAX_BYTES:
        return 1, 0, f"{len(source):,} bytes; only files up to {MAX_BYTES:,} are parsed", "too large", ""
    try:
        text = decode(source)
    except UndecodableError as error:
        return error.line, error.column, _clipped(str(error)), "encoding", ""
    # Looked for in the text: UTF-7 can spell a null byte without holding one, and Python would stop reading there.
    if "\0" in text:
        line, column = _position(source, max(source.find(b"\0"), 0))
        return line, column, "holds null bytes", "null bytes", ""
    if len(source) * source.count(b".") > 2 * MAX_JOINED_NAME_BYTES and _joins_too_much(source):
        return 1, 0, "a dotted name of too many parts", "too deep", ""
    problem = syntax_error(source)
    if problem is None:
        return _refusal(source) if may_be_refused(source) else None
    if isinstance(problem, SyntaxError) and not _is_depth(problem):
        # Imported only for a file that fails: nearly every file parses.
        from gates.facts.extractors.newer_grammar import explain

        return explain(text, problem, syntax_error)
    return _too_deep(problem)


def syntax_error(source: bytes | str) -> Optional[Exception]:
    """What the running Python has against this source: SyntaxError, or what its parser raises when too deep."""
    return _raised(symtable.symtable, source)


def _refusal(source: bytes) -> Optional[Plain]:
    problem = _raised(_compiled, source)
    if isinstance(problem, SyntaxError) and not _is_depth(problem):
        return problem.lineno or 1, max(problem.offset or 0, 0), _clipped(str(problem.msg)), "syntax", ""
    return _too_deep(problem) if problem is not None else None


def _compiled(source: bytes | str, name: str, mode: str) -> object:
    return compile(source, name, mode, dont_inherit=True)


def _too_deep(problem: Exception) -> Plain:
    line = getattr(problem, "lineno", None) or 1
    message = (
        str(getattr(problem, "msg", problem))
        or "nested too deeply for the parser, or of more parts than its memory holds"
    )
    return line, 0, _clipped(message), "too deep", ""


def _raised(read: Callable[..., object], source: bytes | str) -> Optional[Exception]:
    # The filter names our own file name, so that other threads keep their warnings; the lock keeps two of us from
    # restoring each other's filters. Without the filter, `python -W error` would turn a stray backslash into an error.
    with _filters, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=re.escape(_SOURCE_NAME))
        try:
            read(source, _SOURCE_NAME, "exec")
        except SyntaxError as error:
            return error
        except (MemoryError, RecursionError) as error:
            return error
        except ValueError as error:
            # Surrogates smuggled in through an escaping codec: text that cannot be encoded again.
            return SyntaxError(str(error), (_SOURCE_NAME, 1, 0, None))
    return None


def _declared_encoding(source: bytes) -> str:
    if source.startswith(_WIDE_BOMS):
        raise UndecodableError(1, 1, "UTF-16 or UTF-32; Python reads only encodings that extend ASCII")
    head = _HEAD.match(source)
    lines = head.groups() if head is not None else ()
    if not any(b"coding" in line for line in lines):
        return "utf-8"
    import tokenize  # few files declare an encoding

    # Line by line with universal newlines, as the tokenizer does: after a lone \r a new line begins.
    rest: Iterator[bytes] = iter([line + b"\n" for line in lines])
    try:
        encoding, _ = tokenize.detect_encoding(lambda: next(rest, b""))
    except SyntaxError as error:
        line = 1 if b"coding" in lines[0] else 2
        contrary = source.startswith(codecs.BOM_UTF8) and "unknown" not in str(error.msg)
        message = "a UTF-8 byte order mark, and a cookie for another encoding" if contrary else _clipped(str(error.msg))
        raise UndecodableError(line, 0, message) from None
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _position(source: bytes, offset: int) -> tuple[int, int]:
    before = source[:offset].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1, len(before) - before.rfind(b"\n")


def _joins_too_much(source: bytes) -> bool:
    runs = _CONTINUED.sub(b"", source).translate(_SPLIT_AT_ALL_ELSE).split(b"\n")
    return sum(len(run) * run.count(b".") for run in runs) > 2 * MAX_JOINED_NAME_BYTES


def _is_depth(error: SyntaxError) -> bool:
    return any(part in str(error.msg) for part in _DEPTH_MESSAGES)


def _clipped(message: str) -> str:
    return message if len(message) <= 200 else message[:199] + "…"
