"""What a change does to the bill of materials: added, removed, upgraded, under another licence; as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from gates.errors import GatesError
from gates.facts.supply.asked import normalised
from gates.facts.supply.licences import expression

# The licence of a release; "" where it says none for certain, None where nothing is known of that release.
Licence = Callable[[str, str], Optional[str]]


class Change(NamedTuple):
    """A distribution whose locked versions, or whose licence, differ. `before` and `now` are empty where it is not."""

    name: str
    before: tuple[str, ...]
    now: tuple[str, ...]
    licences_before: tuple[Optional[str], ...]
    licences_now: tuple[Optional[str], ...]

    @property
    def kind(self) -> str:
        """What happened to it."""
        if not self.before:
            return "added"
        return "removed" if not self.now else "upgraded" if self.before != self.now else "of the same version"

    @property
    def is_other_licence(self) -> Optional[bool]:
        """Whether it is under another licence than before; None where one of the two is not known."""
        if not self.before or not self.now:
            return False
        if None in self.licences_before or None in self.licences_now:
            return None
        return set(self.licences_before) != set(self.licences_now)


def changes(
    before: Iterable[tuple[str, str]], now: Iterable[tuple[str, str]], licence_before: Licence, licence_now: Licence
) -> Iterator[Change]:
    """What differs between two sets of names and versions, by name."""
    then, here = _by_name(before), _by_name(now)
    for name in sorted(then.keys() | here.keys()):
        old, new = then.get(name, ()), here.get(name, ())
        change = Change(
            name,
            old,
            new,
            tuple(licence_before(name, version) for version in old),
            tuple(licence_now(name, version) for version in new),
        )
        if old != new or change.is_other_licence:
            yield change


def table(found: Iterable[Change], since: str) -> Iterator[str]:
    """The changes as Markdown: how many of each kind, and a row for each."""
    listed = list(found)
    counts = {kind: sum(1 for each in listed if each.kind == kind) for kind in ("added", "removed", "upgraded")}
    counts["licence changed"] = sum(1 for each in listed if each.is_other_licence)
    unknown = sum(1 for each in listed if each.is_other_licence is None)
    if unknown:
        counts["of which it is not known whether the licence changed"] = unknown
    yield f"Bill of materials since {since}: {', '.join(f'{many} {kind}' for kind, many in counts.items())}"
    if not listed:
        return
    yield from ("", "| name | before | now | licence |", "| --- | --- | --- | --- |")
    for each in listed:
        yield f"| {each.name} | {_said(each.before)} | {_said(each.now)} | {_licence(each)} |"


def licences_of(bill: Path) -> Mapping[tuple[str, str], str]:
    """Name and version to licence, of an earlier bill in CycloneDX's JSON. GatesError where it is none."""
    try:
        components = json.loads(bill.read_bytes())["components"]
        return {
            (normalised(each["name"]), str(each["version"])): expression(each.get("licenses", ()), {})
            for each in components
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise GatesError(f"{bill}: is no bill of materials in CycloneDX's JSON: {error}") from None


def _by_name(locked: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for name, version in locked:
        found.setdefault(name, set()).add(version)
    return {name: tuple(sorted(versions)) for name, versions in found.items()}


def _licence(change: Change) -> str:
    now = _said(_words(change.licences_now or change.licences_before))
    if change.is_other_licence is None:
        return f"{now}; before: {_said(_words(change.licences_before))}"
    return f"**{now}, was {_said(_words(change.licences_before))}**" if change.is_other_licence else now


def _words(licences: Iterable[Optional[str]]) -> list[str]:
    return list(dict.fromkeys("not known" if each is None else each or "none certain" for each in licences))


def _said(several: Iterable[str]) -> str:
    return ", ".join(several) or "-"
