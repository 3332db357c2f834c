"""The former names that still work: .ci/aliases.json, and the release that this tree is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Optional

import msgspec

from gates.errors import FactUnavailable, PolicyError
from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.policy_file import parse_toml

PLACE = ".ci/aliases.json"
SCHEMA = 1
_VERSION = re.compile(rb"^__version__\s*(?::[^=\n]*)?=\s*[\"']([^\"'\n]+)[\"']", re.MULTILINE)
_RELEASE = re.compile(r"v?(\d+(?:\.\d+)*)")
_HOMES = re.compile(r"(?:src/)?[^/]+/(?:__init__|__about__|_version|version)\.py")


class Alias(msgspec.Struct, frozen=True, order=True):
    """A module that is there for a former name: its path, what it stands for, and the release with which it goes."""

    path: str
    former: str
    now: str
    until: Optional[str] = None


class Ledger(msgspec.Struct, frozen=True):
    """The file, whole."""

    schema: int
    aliases: list[Alias]


@dataclass(frozen=True)
class Aliases:
    """The ledger, and the release of the project (None where it has none, or where no alias asks for it)."""

    aliases: tuple[Alias, ...] = ()
    release: Optional[str] = None
    gone: frozenset[str] = frozenset()
    unit: ClassVar[str] = "aliases"
    may_be_none: ClassVar[bool] = True

    @classmethod
    def gather(cls, checkout: Checkout) -> Aliases:
        """FactUnavailable where the ledger is not as it was written, or the release is needed and cannot be told."""
        aliases = read_ledger(checkout)
        release = release_of(checkout) if any(alias.until is not None for alias in aliases) else None
        if release is None and any(alias.until is not None for alias in aliases):
            raise FactUnavailable(
                f"{PLACE} says with which release each alias goes, and which release this is cannot be told; "
                "write version in [project] of pyproject.toml, or __version__ in the package"
            )
        gone = frozenset(alias.path for alias in aliases if alias.path not in checkout.files)
        return cls(aliases, release, gone)

    @property
    def digest(self) -> str:
        """Of the ledger, of the release, and of which aliases are there."""
        return digest_of(repr(self.aliases), str(self.release), repr(sorted(self.gone)))

    def __len__(self) -> int:
        return len(self.aliases)

    def is_over(self, alias: Alias) -> bool:
        """Whether the release with which an alias goes has come. 2.0rc1 counts as 2.0."""
        if alias.until is None or self.release is None:
            return False
        return _numbers(self.release) >= _numbers(alias.until)


def read_ledger(checkout: Checkout) -> tuple[Alias, ...]:
    """The aliases, by path. FactUnavailable where the file is not as it was written."""
    if PLACE not in checkout.files:
        return ()
    try:
        ledger = msgspec.json.decode(checkout.read(PLACE), type=Ledger)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FactUnavailable(f"{PLACE}: is no ledger of aliases ({error}); restore it from git") from None
    if ledger.schema != SCHEMA:
        raise FactUnavailable(f"{PLACE}: has schema {ledger.schema}; this gates reads {SCHEMA}")
    return tuple(sorted(ledger.aliases))


def written(aliases: tuple[Alias, ...]) -> bytes:
    """The ledger as it stands in the file."""
    content = msgspec.json.encode(Ledger(SCHEMA, sorted(aliases)))
    return msgspec.json.format(content, indent=2) + b"\n"


def release_of(checkout: Checkout) -> Optional[str]:
    """The project's version: of pyproject.toml, or else the one `__version__` of its packages."""
    if "pyproject.toml" in checkout.files:
        try:
            table = parse_toml(checkout.read("pyproject.toml"), "pyproject.toml")
        except PolicyError as error:
            raise FactUnavailable(str(error)) from None
        for section in (table.get("project"), (table.get("tool") or {}).get("poetry")):
            version = section.get("version") if isinstance(section, dict) else None
            if isinstance(version, str) and _RELEASE.match(version):
                return version
    said = {
        match[1].decode("utf-8", "replace")
        for path in checkout.files
        if _HOMES.fullmatch(path)
        for match in _VERSION.finditer(checkout.read(path))
    }
    return said.pop() if len(said) == 1 else None


def _numbers(version: str) -> tuple[int, ...]:
    match = _RELEASE.match(version)
    numbers = [int(part) for part in match[1].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
