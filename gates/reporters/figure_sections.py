"""The figures of a run as sections of the page: the change, the budgets, the bill, and what was measured over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Optional

from gates.number_words import counted, many
from gates.reporters.markup import Child, Markup, element
from gates.reporters.timing_drawing import interval, milliseconds, trend

SHOWN = 100
"""Rows of a table beyond which the page would be too long to be read; the rest is counted."""
_LINES = 12


def sections(figures: Mapping[str, Any]) -> Iterator[Markup]:
    """A section for each part that was asked for. What could not be told says why, with the command that mends it."""
    recordings: Mapping[str, Any] = figures.get("recordings", {})
    parts = (
        ("change", "coverage", "Coverage of the change", _change),
        ("budgets", "timings", "Timings and their budgets", _budgets),
        ("bill", None, "Bill of materials", _bill),
        ("trend", None, "Over time", _trend),
    )
    for name, recording, title, shown in parts:
        if name in figures:
            why = _lacking(figures[name], recordings.get(recording or "", {}))
            content = [element("p", f"could not be told: {why}", class_="broken")] if why else list(shown(figures))
            if content:
                yield element("section", element("h2", title, id=name), *content, aria_labelledby=name)


def _lacking(part: Any, recording: Mapping[str, Any]) -> Optional[str]:
    if isinstance(part, Mapping) and isinstance(part.get("lacking"), str):
        return str(part["lacking"])
    return next((f"{path}: {why}" for path, why in sorted(recording.get("lacking", {}).items())), None)


def _change(figures: Mapping[str, Any]) -> Iterator[Markup]:
    told: Mapping[str, Mapping[str, Any]] = figures["change"]
    measured = {path: one for path, one in told.items() if one["measured"]}
    statements = sum(one["statements"] for one in measured.values())
    missed = sum(len(one["missed"]) for one in measured.values())
    if not statements:
        yield element("p", "The change brings no statement that was measured.")
    else:
        share = f"{100 * (statements - missed) / statements:.1f} %"
        yield element(
            "p", f"{statements - missed:,} of {many(statements, 'new statement')} are reached by a test: {share}."
        )
    rows = sorted(measured.items(), key=lambda item: (-len(item[1]["missed"]), item[0]))
    yield from _table(
        ("module", "new statements", "reached", "lines that no test reaches"),
        (
            (
                element("code", path),
                f"{one['statements']:,}",
                f"{one['statements'] - len(one['missed']):,}",
                _lines(one["missed"]),
            )
            for path, one in rows
        ),
        "The change, module by module",
    )
    silent = sorted(set(told) - set(measured))
    if silent:
        words = element("summary", f"{counted(len(silent), 'changed modules')} of which the report says nothing")
        yield element(
            "details", words, element("ul", *(element("li", element("code", path)) for path in silent[:SHOWN]))
        )


def _lines(numbers: Sequence[int]) -> str:
    more = len(numbers) - _LINES
    return ", ".join(map(str, numbers[:_LINES])) + (f" and {more:,} more" if more > 0 else "")


def _budgets(figures: Mapping[str, Any]) -> Iterator[Markup]:
    yield from _table(
        ("path", "quantile", "seen", "between", "budget", "drawn"), map(_budget, figures["budgets"]), "Budgets"
    )


def _budget(row: Mapping[str, Any]) -> tuple[Child, ...]:
    limit = milliseconds(row["limit"])
    if row.get("estimate") is None:
        return row["name"], row["quantile"], "not measured", "", limit, ""
    lower, upper = row["lower"], row["upper"]
    between = f"{milliseconds(lower)} and {milliseconds(upper)}"
    is_kept = upper is not None and upper <= row["limit"]
    seen = element("span", milliseconds(row["estimate"]), class_="passed" if is_kept else "broken")
    return row["name"], row["quantile"], seen, between, limit, interval(row["estimate"], lower, upper, row["limit"])


def _bill(figures: Mapping[str, Any]) -> Iterator[Markup]:
    told = figures["bill"]
    if "changes" not in told:
        yield element("p", f"{counted(told['components'], 'components')}; there is no lock to compare.")
        return
    changes: list[Mapping[str, Any]] = told["changes"]
    counts = {kind: sum(1 for each in changes if each["kind"] == kind) for kind in ("added", "removed", "upgraded")}
    said = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    yield element("p", f"{counted(told['components'], 'components')}; {told['lock']} since the base: {said}.")
    if changes:
        yield from _table(
            ("distribution", "what", "before", "now", "licence"),
            (
                (each["name"], each["kind"], *(", ".join(each[key]) or "-" for key in ("before", "now", "licence")))
                for each in changes
            ),
            "Changes of the bill",
        )


def _trend(figures: Mapping[str, Any]) -> Iterator[Markup]:
    limits = {
        row["benchmark"]: row["limit"]
        for row in (figures["budgets"] if isinstance(figures.get("budgets"), list) else ())
        if row["quantile"] == "p95"
    }
    told = {name: [row for row in rows if row.get("p95") is not None] for name, rows in figures["trend"].items()}
    known = {name: rows for name, rows in told.items() if rows}
    if not known:
        return
    yield element(
        "p", "The p95 of each benchmark, as it was kept in git. Two machines cannot be held against each other."
    )
    yield from _table(
        ("benchmark", "measured", "latest", "budget", "drawn"),
        (
            (
                element("code", name.rpartition("::")[2]),
                f"{len(rows)}, {rows[0]['date']} to {rows[-1]['date']}",
                milliseconds(rows[-1]["p95"]),
                milliseconds(limits[name]) if name in limits else "none",
                trend([row["p95"] for row in rows], limits.get(name), f"p95 of {name.rpartition('::')[2]}"),
            )
            for name, rows in known.items()
        ),
        "Over time",
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[Child]], label: str) -> Iterator[Markup]:
    listed = list(rows)
    head = element("tr", *(element("th", title, scope="col") for title in heads))
    body = [
        element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in others))
        for first, *others in listed[:SHOWN]
    ]
    yield element("div", element("table", head, *body), class_="wide", tabindex=0, role="region", aria_label=label)
    if len(listed) > SHOWN:
        yield element("p", f"and {len(listed) - SHOWN:,} more; figures.json holds them all", class_="soft")
