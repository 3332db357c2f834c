"""What a change does to the bill of materials, as Markdown; and the licences of an earlier bill."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Optional

from gates.errors import GatesError
from gates.facts.supply.asked import normalised
from gates.facts.supply.bill_changes import Change
from gates.facts.supply.licences import expression


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


def _licence(change: Change) -> str:
    now = _said(_words(change.licences_now or change.licences_before))
    if change.is_other_licence is None:
        return f"{now}; before: {_said(_words(change.licences_before))}"
    return f"**{now}, was {_said(_words(change.licences_before))}**" if change.is_other_licence else now


def _words(licences: Iterable[Optional[str]]) -> list[str]:
    return list(dict.fromkeys("not known" if each is None else each or "none certain" for each in licences))


def _said(several: Iterable[str]) -> str:
    return ", ".join(several) or "-"
