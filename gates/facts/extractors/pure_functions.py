"""Python's own functions of constants, by name: what they give is what Python says they give."""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import json
import keyword
import operator
import re
import shlex
import string
import textwrap
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Callable, Union

from gates.facts.extractors.known_values import Value, Values
from gates.facts.extractors.plain_values import LONGEST, applied
from gates.facts.extractors.text_folding import is_encoding, is_wide

# Longer texts than this are searched for no pattern that repeats something.
_LONGEST_SEARCHED = 2_000
_ROTATED = frozenset({"rot13", "rot_13", "rot-13"})
_TO_BYTES: Mapping[str, Callable[[bytes], bytes]] = {
    "hex": binascii.unhexlify,
    "hex_codec": binascii.unhexlify,
    "base64": base64.decodebytes,
    "base64_codec": base64.decodebytes,
    "zlib": lambda data: _inflated(data),
}
_QUANTIFIERS = re.compile(r"[*+?{]")


def _text_of(value: object = "", encoding: str = "utf-8", errors: str = "strict") -> str:
    if isinstance(value, bytes):
        return str(value, encoding, errors)
    if isinstance(value, (tuple, dict)):
        raise TypeError("(lists are tuples here)")
    return str(value)


def _decoded(value: Any, encoding: str = "utf-8", errors: str = "strict") -> object:
    if encoding in _ROTATED:
        return codecs.decode(value, "rot13")
    if encoding in _TO_BYTES:
        return _TO_BYTES[encoding](value)
    if not is_encoding(encoding):
        raise LookupError(encoding)
    return value.decode(encoding, errors)


def _encoded(value: Any, encoding: str = "utf-8", errors: str = "strict") -> object:
    if encoding in _ROTATED:
        return codecs.encode(value, "rot13")
    if not is_encoding(encoding):
        raise LookupError(encoding)
    return value.encode(encoding, errors)


def _from_base64(function: Callable[..., bytes]) -> Callable[..., bytes]:
    def decoded(value: Union[str, bytes], *more: Any, **words: Any) -> bytes:
        try:
            return function(value, *more, **words)
        except binascii.Error as error:
            raise ValueError(str(error)) from error

    return decoded


def _inflated(data: bytes, wbits: int = zlib.MAX_WBITS) -> bytes:
    """Decompressed, unless that is much longer than any source text."""
    machine = zlib.decompressobj(wbits)
    found = machine.decompress(data, LONGEST)
    if machine.unconsumed_tail:
        raise ValueError("too long")
    return found


def _unpacked(machine: Any, data: bytes) -> bytes:
    found: bytes = machine.decompress(data, LONGEST)
    if not machine.eof:
        raise ValueError("too long")
    return found


def _bz2_inflated(data: bytes) -> bytes:
    from bz2 import BZ2Decompressor

    return _unpacked(BZ2Decompressor(), data)


def _lzma_inflated(data: bytes) -> bytes:
    from lzma import LZMADecompressor

    return _unpacked(LZMADecompressor(), data)


def _unquoted(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text)


def _unescaped(text: str) -> str:
    from html import unescape

    return unescape(text)


def _matched(function: Callable[..., object]) -> Callable[..., object]:
    """A function of a pattern; a pattern that could take long is refused."""

    def apply(pattern: str, *arguments: Any, **words: Any) -> object:
        repeats = len(_QUANTIFIERS.findall(pattern))
        longest = max((len(one) for one in arguments if isinstance(one, str)), default=0)
        if len(pattern) > 200 or repeats > 1 or (repeats and ("|" in pattern or longest > _LONGEST_SEARCHED)):
            raise ValueError("too involved a pattern")
        return function(pattern, *arguments, **words)

    return apply


def _formatted(value: object, spec: str = "") -> str:
    if is_wide(spec):
        raise ValueError("too wide")
    return format(value, spec)


def _literal(text: str) -> object:
    return ast.literal_eval(text.strip())


def _substituted(template: str, *mapping: Any, **words: object) -> str:
    return string.Template(template).substitute(*mapping, **words)


def _safely_substituted(template: str, *mapping: Any, **words: object) -> str:
    return string.Template(template).safe_substitute(*mapping, **words)


def _numbers(*ends: int) -> list[int]:
    numbers = range(*ends)
    if len(numbers) > 1_000:
        raise ValueError("too many")
    return list(numbers)


def _bytes_of(value: Any = b"", encoding: str = "", errors: str = "strict") -> bytes:
    if isinstance(value, str):
        return bytes(value, encoding if is_encoding(encoding) else "?", errors)
    return bytes(value)


PURE: Mapping[str, Callable[..., object]] = {
    "builtins.abs": abs,
    "builtins.all": all,
    "builtins.any": any,
    "builtins.ascii": ascii,
    "builtins.bool": bool,
    "builtins.bytearray": _bytes_of,
    "builtins.bytes": _bytes_of,
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytes.fromhex,
    "builtins.bytes.maketrans": bytes.maketrans,
    "builtins.chr": chr,
    "builtins.divmod": divmod,
    "builtins.float": float,
    "builtins.format": _formatted,
    "builtins.hex": hex,
    "builtins.int": int,
    "builtins.int.from_bytes": int.from_bytes,
    "builtins.len": len,
    "builtins.max": max,
    "builtins.memoryview": _bytes_of,
    "builtins.min": min,
    "builtins.ord": ord,
    "builtins.range": _numbers,
    "builtins.repr": repr,
    "builtins.round": round,
    "builtins.str": _text_of,
    "builtins.str.maketrans": str.maketrans,
    "ast.literal_eval": _literal,
    "base64.a85decode": _from_base64(base64.a85decode),
    "base64.b16decode": _from_base64(base64.b16decode),
    "base64.b32decode": _from_base64(base64.b32decode),
    "base64.b64decode": _from_base64(base64.b64decode),
    "base64.b64encode": base64.b64encode,
    "base64.b85decode": _from_base64(base64.b85decode),
    "base64.decodebytes": _from_base64(base64.decodebytes),
    "base64.standard_b64decode": _from_base64(base64.standard_b64decode),
    "base64.urlsafe_b64decode": _from_base64(base64.urlsafe_b64decode),
    "base64.urlsafe_b64encode": base64.urlsafe_b64encode,
    "binascii.a2b_base64": _from_base64(binascii.a2b_base64),
    "binascii.a2b_hex": binascii.a2b_hex,
    "binascii.b2a_hex": binascii.b2a_hex,
    "binascii.hexlify": binascii.hexlify,
    "binascii.unhexlify": binascii.unhexlify,
    "bz2.decompress": _bz2_inflated,
    "codecs.decode": _decoded,
    "codecs.encode": _encoded,
    "gzip.decompress": lambda data: _inflated(data, zlib.MAX_WBITS | 16),
    "html.unescape": _unescaped,
    "json.dumps": json.dumps,
    "json.loads": json.loads,
    "keyword.iskeyword": keyword.iskeyword,
    "lzma.decompress": _lzma_inflated,
    "re.escape": re.escape,
    "re.findall": _matched(re.findall),
    "re.split": _matched(re.split),
    "re.sub": _matched(re.sub),
    "shlex.join": lambda words: " ".join(map(shlex.quote, words)),
    "shlex.quote": shlex.quote,
    "shlex.split": shlex.split,
    "string.Template.substitute": _substituted,
    "string.Template.safe_substitute": _safely_substituted,
    "string.capwords": string.capwords,
    "textwrap.dedent": textwrap.dedent,
    "textwrap.indent": textwrap.indent,
    "urllib.parse.unquote": _unquoted,
    "zlib.decompress": _inflated,
    **{
        f"operator.{name}": getattr(operator, name)
        for name in "contains eq ge gt index is_ is_not le lt mul ne neg not_ sub truth".split()
    },
}
# These hand on what they are given, whatever it is.
UNCHANGED = frozenset(
    "ast.fix_missing_locations copy.copy copy.deepcopy os.fsencode sys.intern types.MappingProxyType".split()
)


def pure(name: str, arguments: list[Values], words: Mapping[str, Values]) -> Iterator[Value]:
    """What a pure function gives."""
    yield from applied(PURE[name], arguments, words)
