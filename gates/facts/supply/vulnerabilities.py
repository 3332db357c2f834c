"""What pip-audit finds in the locks, by the advisories of this machine: every pin counted, and a known one found."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Optional, Union

from gates.errors import FactUnavailable
from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.recording_file import refuse_outside
from gates.facts.store import Store
from gates.facts.supply.advisory_database import HEAD, RECORDS, Head, is_to_come, read_head, read_records
from gates.facts.supply.advisory_records import Advisory, is_version
from gates.facts.supply.advisory_server import served
from gates.facts.supply.asked import normalised
from gates.facts.supply.cvss import severity
from gates.facts.supply.installed import InstalledDistributions
from gates.facts.supply.requirement_lines import Line
from gates.facts.supply.requirement_sources import Source
from gates.facts.supply.requirements import Lock, Requirements
from gates.facts.supply.tools import Done, Tool, Tools
from gates.facts.today import Today

_REMEDY = "it needs Python 3.10 or newer: pip install 'lukhas-gates[supply]' there"
_IMPORT = "run `gates advisories import FILE` with OSV's PyPI/all.zip, or `gates advisories fetch`"
_FLAGS = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "-f", "json", "--desc", "off", "--aliases", "on")
_OWN = ("directory ", "editable ")
# An address or an archive, editable or not; an index is neither.
_IS_PUBLISHED = re.compile(r"(?:(?:-e|--editable)[ =]*)?(?:[a-z+]+://|[^- ]\S*\.(?:whl|zip|tar\.\w+|tgz)\b)")
_SCHEMA = 2  # of what is kept
_DEFAULT_FOLDER = ".gates/advisories"


@dataclass(frozen=True)
class AdvisorySettings:
    """`[facts.advisories]`: `database` is the folder that `gates advisories` writes, below the repository's root."""

    policy_section: ClassVar[str] = "advisories"
    database: str = _DEFAULT_FOLDER

    def __post_init__(self) -> None:
        refuse_outside(self.database, "database")


class Pinned(NamedTuple):
    """A version that a file pins, and the line of it where it stands first."""

    name: str
    version: str
    path: str
    line: int


class Unaudited(NamedTuple):
    """What a file pins so that no advisory can be held against it: `held` is the place, or the odd version."""

    name: str
    held: str
    path: str
    line: int


class Vulnerable(NamedTuple):
    """A pin that advisories speak of: all their ids, how severe they are at worst, and what mends them."""

    pin: Pinned
    ids: tuple[str, ...]
    severity: str
    summary: str
    fixes: tuple[str, ...]


@dataclass
class Vulnerabilities:
    """Every pin of every file, asked of pip-audit; kept by the digest of the locks, the advisories and the tool."""

    checkout: Checkout = field(repr=False)
    requirements: Requirements
    store: Store = field(repr=False)
    settings: AdvisorySettings
    today: Today
    rates: str  # what computes severities
    tool: Optional[Tool]
    no_tool: str = ""
    unit: ClassVar[str] = "requirements files"
    depends_on_the_day: ClassVar[bool] = True

    @classmethod
    def gather(
        cls,
        checkout: Checkout,
        requirements: Requirements,
        store: Store,
        tools: Tools,
        settings: AdvisorySettings,
        today: Today,
        installed: InstalledDistributions,
    ) -> Vulnerabilities:
        """The tool is identified; it is started when it is asked."""
        rates = f"cvss {installed.version('cvss')}"
        try:
            tool = tools.get("pip-audit", r"^\s*pip-audit (\d+\.\d+\.\d+)", _REMEDY)
            return cls(checkout, requirements, store, settings, today, rates, tool)
        except FactUnavailable as unavailable:
            return cls(checkout, requirements, store, settings, today, rates, None, str(unavailable))

    @cached_property
    def digest(self) -> str:
        """Of the locks, the head of the advisories (it names the digest of the rest), the tool, and the day."""
        return digest_of(self._asked_digest, self.today.digest)

    @cached_property
    def _asked_digest(self) -> str:
        """Of what pip-audit is asked: the same on another day."""
        tool = self.tool.version if self.tool else f"{self.no_tool} {sys.version_info[:2]}"
        head = self._read(HEAD)
        said = head if head is not None else "none"
        return digest_of(_SCHEMA, self.requirements.digest, said, tool, repr(_FLAGS), self.rates)

    @property
    def reads(self) -> tuple[str, ...]:
        """The head of the advisories; the locks are said by themselves."""
        return (f":(literal){self.settings.database}/{HEAD}",)

    def __len__(self) -> int:
        return len(self.requirements)

    def account(self) -> dict[str, int]:
        """How many pins were audited, by how many records, and how old the newest of them is."""
        head = self.head
        told = {} if head is None else {"advisories": head.records, "days since the newest advisory": self.age}
        pins = {"pins audited" if not self._answer[1] else "pins not audited": len(self.pins)}
        return {**pins, "pins that cannot be audited": len(self.unaudited), **told}

    @property
    def age(self) -> int:
        """How many days old the newest advisory is."""
        return 0 if self.head is None else max((self.today.date - self.head.day).days, 0)

    @property
    def is_settled(self) -> bool:
        """Whether what lacks is a program or the advisories: it lacks for as long as neither is brought."""
        return self.tool is None or self._read(HEAD) is None

    @property
    def lacking(self) -> Mapping[str, str]:
        """Why it is not certain that every pin was held against every advisory."""
        return {self.place: self._answer[1]} if self._answer[1] else {}

    @property
    def place(self) -> str:
        """Where the head of the advisories lies."""
        return f"{self.settings.database}/{HEAD}"

    @cached_property
    def head(self) -> Optional[Head]:
        """Of when the advisories are; None where there are none."""
        content = self._read(HEAD)
        try:
            return None if content is None else read_head(content)
        except ValueError:
            return None

    @cached_property
    def pins(self) -> tuple[Pinned, ...]:
        """Each version once a file, by name: of the locks, and of files that pin and that no lock is of."""
        found: dict[tuple[str, str, str], Pinned] = {}
        for pin in self._said:
            if isinstance(pin, Pinned):
                found.setdefault(pin[:3], pin)
        return tuple(found[key] for key in sorted(found))

    @cached_property
    def unaudited(self) -> tuple[Unaudited, ...]:
        """What is pinned to no version that an advisory could name, by path and line."""
        said = {pin for pin in self._said if isinstance(pin, Unaudited)}
        return tuple(sorted(said, key=lambda pin: (pin.path, pin.line, pin)))

    @cached_property
    def _said(self) -> tuple[Union[Pinned, Unaudited], ...]:
        locks = self.requirements.locks
        locked = {source.path for lock in locks for source in lock.sources}
        unlocked = (source for source in self.requirements.sources if source.path not in locked)
        return (
            *(pin for lock in locks for pin in _of_lock(lock)),
            *(pin for each in unlocked for pin in _of_source(each)),
        )

    @cached_property
    def found(self) -> tuple[Vulnerable, ...]:
        """By name; advisories that call each other by their names are one."""
        return tuple(
            Vulnerable(pin, tuple(ids), how, summary, tuple(fixes))
            for name, version, ids, how, summary, fixes in self._answer[0]
            for pin in self.pins
            if (pin.name, pin.version) == (name, version)
        )

    @cached_property
    def _answer(self) -> tuple[list[Any], str]:
        if self.tool is None:
            return [], self.no_tool
        kept = self.store.get_one("vulnerabilities", self._asked_digest)
        if kept is not None:
            return json.loads(kept), ""
        try:
            found = self._audited(self.tool)
        except FactUnavailable as unavailable:
            return [], str(unavailable)
        self.store.put("vulnerabilities", {self._asked_digest: json.dumps(found).encode()})
        return found, ""

    def _audited(self, tool: Tool) -> list[Any]:
        from concurrent.futures import ThreadPoolExecutor  # most runs audit nothing

        known = self._known()
        pins = sorted({(pin.name, pin.version) for pin in self.pins})
        canary = _canary(known, {name for name, _ in pins})
        layers = _layers([*pins, canary])
        with served(known) as (address, asked), ThreadPoolExecutor(len(layers)) as threads:
            audits = list(threads.map(lambda layer: _audit(tool, layer, address), layers))
        if set(asked) != {*pins, canary}:
            raise FactUnavailable(f"pip-audit asked about {len(set(asked))} of {len(pins) + 1} versions")
        told = {key: ids for audit in audits for key, ids in audit.items()}
        if not told.get(canary):
            raise FactUnavailable(f"pip-audit does not find {' '.join(canary)}, which an advisory speaks of")
        return [
            [name, version, *rest]
            for name, version in pins
            for rest in _merged(known.get(name, ()), version, told[name, version])
        ]

    def _known(self) -> dict[str, list[Advisory]]:
        content = self._read(HEAD)
        if content is None:
            raise FactUnavailable(f"there are no advisories on this machine; {_IMPORT}")
        try:
            head = read_head(content)
            if is_to_come(head.day, self.today.date):
                raise ValueError(f"they say that they are of {head.dated}, which is to come")
            return read_records(head, self._read(RECORDS) or b"")
        except ValueError as error:
            raise FactUnavailable(f"{self.place}: {error}; {_IMPORT}") from None

    def _read(self, name: str) -> Optional[bytes]:
        path = f"{self.settings.database}/{name}"
        if path in self.checkout.overlay:
            return self.checkout.overlay[path]
        try:
            return Path(os.path.join(self.checkout.root, path)).read_bytes()
        except OSError:
            return None


def _of_lock(lock: Lock) -> Iterator[Union[Pinned, Unaudited]]:
    for pin in lock.pins:
        # A folder is the repository's own, which nobody publishes.
        if not pin.is_root and (pin.version or not pin.place.startswith(_OWN)):
            yield _pin(pin.name, pin.version, pin.place or "no version", lock.path, pin.line)
    yield from _of_lines(lock.lines, lock.path)


def _of_source(source: Source) -> Iterator[Union[Pinned, Unaudited]]:
    asked = (Line(line, each.text, each, place=each.url) for each, line in source.asked)
    yield from _of_lines((*asked, *(line for line in source.unread if line.place)), source.path)


def _of_lines(lines: Iterable[Line], path: str) -> Iterator[Union[Pinned, Unaudited]]:
    for line in lines:
        if line.asked is not None and (line.place or line.asked.pinned):
            yield _pin(line.asked.name, line.asked.pinned, line.place, path, line.line)
        elif _IS_PUBLISHED.match(line.place):
            yield Unaudited("", line.place, path, line.line)


def _pin(name: str, version: str, place: str, path: str, line: int) -> Union[Pinned, Unaudited]:
    return Pinned(name, version, path, line) if is_version(version) else Unaudited(name, version or place, path, line)


def _canary(known: Mapping[str, list[Advisory]], locked: set[str]) -> tuple[str, str]:
    """A version that an advisory speaks of, of a distribution that no lock has."""
    for name in sorted(known.keys() - locked):
        for advisory in known[name]:
            for version in filter(is_version, advisory.versions):
                return name, version
    raise FactUnavailable("no advisory names a version that could show that pip-audit looks; import more of them")


def _layers(pins: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The pins in as few lists as hold each name once: what pip-audit takes in one go."""
    layers: list[dict[str, str]] = []
    for name, version in pins:
        layer = next((each for each in layers if name not in each), None)
        if layer is None:
            layers.append(layer := {})
        layer[name] = version
    return [sorted(layer.items()) for layer in layers]


def _audit(tool: Tool, layer: list[tuple[str, str]], address: str) -> dict[tuple[str, str], set[str]]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="gates-audit-") as name:
        folder = Path(name)
        (folder / "pins.txt").write_text("".join(f"{name}=={version}\n" for name, version in layer), "utf-8")
        where = ("-r", "pins.txt", "-s", "osv", "--osv-url", address, "--cache-dir", str(folder / "cache"))
        done = tool.run([*_FLAGS, *where], folder, {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"})
    return reconciled(done, layer)


def reconciled(done: Done, pins: list[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
    """Pin to the ids that pip-audit gives it, once it is certain that it audited each pin and no other."""
    if done.code not in (0, 1):
        raise FactUnavailable(f"pip-audit ended with {done.code}: {done.last_words}")
    try:
        told: dict[tuple[str, str], set[str]] = {}
        for each in json.loads(done.printed)["dependencies"]:
            if "skip_reason" in each:
                raise FactUnavailable(f"pip-audit passed over {each['name']}: {each['skip_reason']}")
            ids = {name for found in each["vulns"] for name in (found["id"], *found["aliases"])}
            told[normalised(each["name"]), each["version"]] = ids
    except (ValueError, LookupError, TypeError):
        raise FactUnavailable(f"pip-audit printed no report: {done.last_words}") from None
    if told.keys() != set(pins):
        odd = sorted(told.keys() ^ set(pins))[0]
        raise FactUnavailable(f"pip-audit audited {len(told)} of {len(pins)} pins; {' '.join(odd)} is in one list only")
    return told


def _merged(known: Iterable[Advisory], version: str, ids: set[str]) -> list[list[Any]]:
    """What pip-audit found for one pin, with what the records say: those that share a name are one."""
    groups: list[tuple[set[str], list[Advisory]]] = []
    for advisory in known:
        own = {advisory.id, *advisory.aliases}
        if not (own & ids and advisory.affects(version)):
            continue
        same = [group for group in groups if group[0] & own]
        groups = [group for group in groups if not group[0] & own]
        merged = (own.union(*(group[0] for group in same)), [each for group in same for each in group[1]] + [advisory])
        groups.append(merged)
    left = ids - {name for names, _ in groups for name in names}
    if left:
        raise FactUnavailable(f"pip-audit speaks of {sorted(left)[0]}, which the advisories do not")
    return sorted(
        [
            sorted(names),
            severity(
                (vector for each in several for vector in each.vectors),
                (word for each in several for word in each.said),
            ),
            next((each.summary for each in several if each.summary), ""),
            sorted({fix for each in several for fix in each.fixes}),
        ]
        for names, several in groups
    )
