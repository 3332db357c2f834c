"""Letters that look like others, folded onto the plain ones, with the way back to where each stood.

NFKC folds what Unicode calls compatible (full width, mathematical, circled). What only looks alike is in the table: the
letters of the Basic Multilingual Plane whose prototype in confusables.txt of UTS #39 (Unicode 15, by way of the package
confusable-homoglyphs 3.3.1) is one ASCII letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, Optional

_ALIKE = {
    "A": "\u0391\u0410\u13aa\u15c5\ua4ee",
    "B": "\u0392\u0412\u13f4\u15f7\ua4d0\ua7b4",
    "C": "\u03f9\u0421\u13df\u2ca4\ua4da",
    "D": "\u13a0\u15de\u15ea\ua4d3",
    "E": "\u0395\u0415\u13ac\u2d39\ua4f0",
    "F": "\u03dc\u15b4\ua4dd\ua798",
    "G": "\u050c\u13c0\u13f3\ua4d6",
    "H": "\u0397\u041d\u13bb\u157c\u2c8e\ua4e7",
    "I": "\u0196\u0399\u0406\u04c0\u2c92",
    "J": "\u037f\u0408\u13ab\u148d\ua4d9\ua7b2",
    "K": "\u039a\u041a\u13e6\u16d5\u2c94\ua4d7",
    "L": "\u13de\u14aa\u2cd0\ua4e1",
    "M": "\u039c\u03fa\u041c\u13b7\u15f0\u16d6\u2c98\ua4df",
    "N": "\u039d\u2c9a\ua4e0",
    "O": "\u039f\u041e\u0555\u0b20\u12d0\u2c9e\u2d54\ua4f3",
    "P": "\u03a1\u0420\u13e2\u146d\u2ca2\ua4d1",
    "Q": "\u2d55",
    "R": "\u01a6\u13a1\u13d2\u1587\ua4e3",
    "S": "\u0405\u054f\u13d5\u13da\ua4e2",
    "T": "\u03a4\u0422\u13a2\u2ca6\ua4d4",
    "U": "\u054d\u1200\u144c\ua4f4",
    "V": "\u0474\u13d9\u142f\u2d38\ua4e6\ua6df",
    "W": "\u051c\u13b3\u13d4\ua4ea",
    "X": "\u03a7\u0425\u16b7\u2cac\u2d5d\ua4eb\ua7b3",
    "Y": "\u03a5\u03d2\u0423\u04ae\u13a9\u13bd\u2ca8\ua4ec",
    "Z": "\u0396\u13c3\ua4dc",
    "a": "\u0251\u03b1\u0430",
    "b": "\u0184\u042c\u13cf\u1472\u15af",
    "c": "\u03f2\u0441\u1d04\u2ca5\uabaf",
    "d": "\u0501\u13e7\u146f\ua4d2",
    "e": "\u0435\u04bd\uab32",
    "f": "\u0584\u1e9d\ua799\uab35",
    "g": "\u018d\u0261\u0581\u1d83",
    "h": "\u04bb\u0570\u13c2",
    "i": "\u0131\u0269\u026a\u037a\u03b9\u0456\u04cf\u13a5\u1fbe\ua647\uab75",
    "j": "\u03f3\u0458",
    "l": "\u01c0\u16c1\u2d4f\ua4f2",
    "n": "\u0578\u057c",
    "o": "\u03bf\u03c3\u043e\u0585\u0d20\u101d\u10ff\u1d0f\u1d11\u2c9f\uab3d",
    "p": "\u03c1\u03f1\u0440\u2ca3",
    "q": "\u051b\u0563\u0566",
    "r": "\u0433\u1d26\u2c85\uab47\uab48\uab81",
    "s": "\u01bd\u0455\ua731\uabaa",
    "u": "\u028b\u03c5\u057d\u1d1c\ua79f\uab4e\uab52",
    "v": "\u03bd\u0475\u1d20\uaba9",
    "w": "\u026f\u0461\u051d\u0561\u1d21\uab83",
    "x": "\u0445\u1541\u157d",
    "y": "\u0263\u028f\u03b3\u0443\u04af\u10e7\u1d8c\u1eff\u213d\uab5a",
    "z": "\u1d22\uab93",
}
_TO_ASCII = {alike: letter for letter, all_alike in _ALIKE.items() for alike in all_alike}
# Nothing is seen of them: zero width space, (non-)joiners, word joiner, byte order mark, soft hyphen.
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
_ASCII = bytes(range(128))


class Folded(NamedTuple):
    """A text with plain letters. `places` are the positions in the text as it was; None where they are the same."""

    text: str
    low: str
    places: Optional[list[int]] = None

    def place(self, at: int) -> int:
        """Where in the text as it was the letter at this position stood."""
        return at if self.places is None else self.places[at]


@lru_cache(maxsize=4096)
def plain(letter: str) -> str:
    """What a letter that is not ASCII stands for: ASCII letters, nothing, or itself."""
    if letter in _INVISIBLE:
        return ""
    if letter in _TO_ASCII:
        return _TO_ASCII[letter]
    compatible = unicodedata.normalize("NFKC", letter)
    return compatible if compatible.isascii() and compatible.isalnum() else letter


def folding(letters: Iterable[str]) -> dict[int, str]:
    """The table of `str.translate` for those of the letters that stand for others."""
    known = ((letter, plain(letter)) for letter in letters)
    return {ord(letter): stands_for for letter, stands_for in known if stands_for != letter}


def letters_beyond_ascii(source: bytes) -> set[str]:
    """The letters of a text that are not ASCII, each once."""
    return set(source.translate(None, _ASCII).decode("utf-8", "replace")) if not source.isascii() else set()


def has_disguise(text: str, table: Mapping[int, str]) -> bool:
    """Whether letters of the table may be meant for others: beside an ASCII letter, or as compatible forms of them.

    A word that has only look-alikes is a word of another script.
    """
    alike = "".join(map(re.escape, map(chr, table)))
    if any(chr(code) not in _TO_ASCII and plain for code, plain in table.items()):
        return True
    return re.search(f"[A-Za-z][{alike}]|[{alike}][A-Za-z]", text) is not None


def folded(text: str) -> Folded:
    """The text in plain letters, as it was written and in small ones."""
    if text.isascii():
        return Folded(text, text.lower())
    table = folding(letter for letter in set(text) if letter > "\x7f")
    places: Optional[list[int]] = None
    if any(len(stands_for) != 1 for stands_for in table.values()):
        lengths = (len(table.get(ord(letter), letter)) for letter in text)
        places = [at for at, length in enumerate(lengths) for _ in range(length)] + [len(text)]
    after = text.translate(table)
    low = after.lower()
    if len(low) != len(after):  # of some letters the small one is two
        low = "".join(letter.lower()[0] for letter in after)
    return Folded(after, low, places)
