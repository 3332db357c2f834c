"""Contents laid out for scanners, so that neither a name nor an encoding makes them pass a file over."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

# gitleaks and kingfisher leave these out by their names, or are configured by them. A token in one of them is a token.
_FOLDERS = (
    r"node_modules|bower_components|vendor|\.mvn|[^/]+\.dist-info|lib\d*/python[^/]*|python/[^/]+/lib\d*"
    r"|(?:v?env|virtualenv)/lib\d*"
)
_BEGINNINGS = (
    r"gradle|mvnw|angular|bootstrap|jquery|plotly|swagger|go\.|javascript\.json|package-lock|npm-shrinkwrap|pnpm-lock"
    r"|verification-metadata|database\.refactorlog"
)
_ENDS = (
    r"gitleaks\.toml|\.\w*ignore|\.(?:lock|lockfile|sum|bmp|gif|jpe?g|png|svg|tiff?|ico|webp|eot|[ot]tf|woff2?|docx?|xlsx?"
    r"|pptx?|pdf|bin|socket|vsidx|v2|w?suo|dll|pdb|exe|gltf|zip|tar|t?gz|t?bz2|t?xz|7z|rar|zst)"
)
_OWN = r"(?:gates-plain|gates-other-\d+|[!~]gates-canary)/"
_PASSED_OVER = re.compile(rf"(?is){_OWN}.*|(?:.*/)?(?:(?:{_FOLDERS})/.*|(?:{_BEGINNINGS})[^/]*)|.*(?:{_ENDS})")
_PLAIN = re.compile(r"[ -\[\]-~]+")
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"))
_WIDE_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Content(NamedTuple):
    """What is searched: bytes, the path that they are known by, and the id that git gives them."""

    path: str
    blob: str
    source: bytes


def made_up_token(seed: str) -> str:
    """A token as GitHub forms them, which is nobody's: scanners must find it, or they did not look."""
    digest = hashlib.sha256(seed.encode()).digest() + hashlib.sha256(seed.encode()[::-1]).digest()
    return "ghp" + "_" + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:36])


def is_renamed(path: str) -> bool:
    """Whether scanners leave a file of such a name out or cannot print it, so that it is given to them by another."""
    return _PASSED_OVER.fullmatch(path) is not None or _PLAIN.fullmatch(path) is None


def lay_out(folder: Path, contents: Iterable[Content]) -> Mapping[str, Content]:
    """Write them below the folder; the path of each there to what it is. Line numbers stay what they are.

    Two contents of one path, of which one is older, lie in folders of their own.
    """
    laid: dict[str, Content] = {}
    for number, content in enumerate(contents):
        name = f"gates-plain/{number}" if is_renamed(content.path) else content.path
        place = name if _is_free(folder, name) else f"gates-other-{number}/{name}"
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(as_plain_text(content.source))
        laid[place] = content
    return laid


def _is_free(folder: Path, name: str) -> bool:
    """Whether nothing lies there, and no file where a folder must be."""
    target = folder / name
    return not target.exists() and not any((folder / above).is_file() for above in Path(name).parents)


def as_plain_text(source: bytes) -> bytes:
    """UTF-16 and UTF-32 as UTF-8, which every scanner reads; whatever else as it is."""
    for mark, encoding in (*_MARKS, *_WIDE_MARKS):
        if source.startswith(mark):
            return source.decode(encoding, "replace").encode("utf-8", "replace")
    # Without a mark: every other byte of mostly ASCII is 0.
    head = source[:512]
    if len(head) >= 8 and head[1::2].count(0) > 0.9 * len(head[1::2]) and head[::2].count(0) == 0:
        return source.decode("utf-16-le", "replace").encode("utf-8", "replace")
    if len(head) >= 8 and head[::2].count(0) > 0.9 * len(head[::2]) and head[1::2].count(0) == 0:
        return source.decode("utf-16-be", "replace").encode("utf-8", "replace")
    return source
