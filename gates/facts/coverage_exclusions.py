"""What the configuration of coverage.py leaves out, and what of that a change added."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.facts.diff import Diff
from gates.facts.fact import digest_of
from gates.policy_file import parse_toml

_FILES = (".coveragerc", "pyproject.toml", "setup.cfg", "tox.ini")
_KEYS = frozenset(("omit", "exclude_lines", "exclude_also", "partial_branches", "partial_also"))
_SECTIONS = ("run", "report")
_COMMENT = re.compile(r"(?:^|\s)[#;](.*)$")


class Exclusion(NamedTuple):
    """One entry: in which file and line, under which key, and the comment beside or above it."""

    path: str
    line: int
    key: str
    entry: str
    comment: str


@dataclass
class CoverageExclusions:
    """The files in which coverage.py looks for its configuration, compared with the base."""

    checkout: Checkout = field(repr=False)
    diff: Diff
    unit: ClassVar[str] = "configurations of coverage"
    reads: ClassVar[tuple[str, ...]] = tuple(f":(literal){path}" for path in _FILES)
    may_be_none: ClassVar[bool] = True

    @classmethod
    def gather(cls, checkout: Checkout, diff: Diff) -> CoverageExclusions:
        """Nothing is read until it is asked for."""
        return cls(checkout, diff)

    @property
    def _present(self) -> list[str]:
        return [path for path in _FILES if path in self.checkout.files]

    @cached_property
    def digest(self) -> str:
        """Of the files, and of the base."""
        files = self.checkout.files
        return digest_of(self.diff.base, *(f"{path} {files[path].blob}" for path in self._present))

    def __len__(self) -> int:
        return len(self._present)

    @cached_property
    def added(self) -> tuple[Exclusion, ...]:
        """The entries that there were not at the base, whichever file they stood in."""
        before: Counter[tuple[str, str]] = Counter()
        for path in _FILES:
            before.update(_entries(path, self.diff.before(path) or b""))
        found = []
        for path in self._present:
            content = self.checkout.read(path)
            for key, entry in _entries(path, content):
                if before[key, entry] > 0:
                    before[key, entry] -= 1
                else:
                    line, comment = _placed(content.decode("utf-8", "replace").splitlines(), entry, key)
                    found.append(Exclusion(path, line, key, entry, comment))
        return tuple(found)


def _entries(path: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Key and entry of all that the file leaves out; nothing of a file that does not parse: that is others' to say."""
    if b"coverage" not in content and path != ".coveragerc":
        return
    own = "" if path == ".coveragerc" else "coverage:"
    sections = _of_toml(content) if path.endswith(".toml") else _of_ini(content, own)
    for section in _SECTIONS:
        table = sections.get(section, {})
        for key in sorted(_KEYS & set(table)):
            value = table[key]
            for entry in value if isinstance(value, list) else str(value).splitlines():
                if str(entry).strip():
                    yield f"{section}.{key}", str(entry).strip()


def _of_toml(content: bytes) -> Mapping[str, Mapping[str, Any]]:
    try:
        table: Any = parse_toml(content, "pyproject.toml")
    except PolicyError:
        return {}
    for key in ("tool", "coverage"):
        table = table.get(key, {}) if isinstance(table, Mapping) else {}
    held = table if isinstance(table, Mapping) else {}
    return {name: section for name, section in held.items() if isinstance(section, Mapping)}


def _of_ini(content: bytes, prefix: str) -> Mapping[str, Mapping[str, Any]]:
    import configparser  # most repositories keep it in pyproject.toml

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(content.decode("utf-8", "replace"))
    except configparser.Error:
        return {}
    names = parser.sections()
    wanted = {name: f"{prefix}{name}" for name in _SECTIONS}
    return {name: dict(parser.items(section)) for name, section in wanted.items() if section in names}


def _placed(lines: list[str], entry: str, key: str) -> tuple[int, str]:
    """The line of an entry, or else of its key; and what is said beside it, or on the line above."""
    spelled = (entry, entry.replace("\\", "\\\\"), key.partition(".")[2])
    at = next((at for wanted in spelled for at, line in enumerate(lines) if wanted in line), 0)
    beside = lines[at].rpartition(entry)[2] if entry in lines[at] else ""
    above = lines[at - 1].strip() if at and lines[at - 1].strip().startswith(("#", ";")) else ""
    found = _COMMENT.search(beside) or _COMMENT.search(above)
    return at + 1, found[1].strip() if found else ""
