"""The report as one page that needs nothing else: no script, no network; for whoever reviews a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Optional

from gates.finding import Finding
from gates.number_words import many
from gates.report import Outcome, Report, Result
from gates.reporters.document import document
from gates.reporters.figure_sections import sections
from gates.reporters.lane_drawing import drawing, table
from gates.reporters.markup import Child, Markup, element, joined
from gates.reporters.verdict import examined, remarks, standing, verdict

SHOWN = 300
"""Findings of a gate beyond which the page would be too long to be read; the rest is counted."""

_SIGNS = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.VACUOUS: "○", Outcome.BROKEN: "?"}


def render(report: Report) -> str:
    """The page of a run."""
    return page(report)


def page(report: Report, proof: Optional[Report] = None, figures: Optional[Mapping[str, Any]] = None) -> str:
    """The page of a run; with its proof it says of each gate what was planted for it, and found.

    With `figures` (gates/evidence/figures.py) it shows the change's coverage, the timings, the bill and the trend.
    """
    title = f"Gates: {'passed' if report.exit_code == 0 else 'failed' if report.exit_code == 1 else 'could not tell'}"
    return document(
        title, element("a", "To the gates", class_="skip", href="#gates"), *_body(report, proof, figures or {})
    )


def _body(report: Report, proof: Optional[Report], figures: Mapping[str, Any]) -> Iterator[Markup]:
    kind = {0: "", 1: " failed"}.get(report.exit_code, " unsure")
    yield element(
        "header", element("h1", "Gates"), element("p", verdict(report), class_=f"verdict{kind}"), _about(report)
    )
    proofs = {told.gate: told for told in proof.results} if proof is not None else {}
    yield element("main", *_main(report, proofs, figures))


def _about(report: Report) -> Markup:
    facts = {
        "commit": report.commit,
        "compared with": report.base,
        "differs from the commit": ", ".join(report.dirty[:SHOWN]) or None,
        "as of": report.today or None,
        "policies": report.policies,
        "strict": "yes: nothing is excused" if report.strict else None,
        "gates": report.version,
    }
    known = ((name, value) for name, value in facts.items() if value)
    return element("dl", *(joined((element("dt", name), element("dd", value))) for name, value in known))


def _main(report: Report, proofs: dict[str, Result], figures: Mapping[str, Any]) -> Iterator[Markup]:
    yield element("h2", "What was asked", id="gates")
    yield element("div", _table(report, proofs), class_="wide", tabindex=0, role="region", aria_label="The gates")
    for result in report.results:
        if result.findings or result.waived or result.owed or remarks(result):
            yield element("section", *_section(result, report), aria_labelledby=f"gate-{result.gate}")
    if report.lanes is not None:
        shown = element("div", drawing(report.lanes), class_="wide", tabindex=0, role="region", aria_label="The lanes")
        yield element("section", element("h2", "Lanes"), shown, table(report.lanes))
    yield from sections(figures)
    if report.paid_off:
        gone = [
            joined(
                (
                    element("code", debt.path),
                    f" {debt.gate}, {debt.subject}",
                    f" ({debt.count} times)" if debt.count > 1 else "",
                )
            )
            for debt in report.paid_off
        ]
        yield element("section", element("h2", "Debt that is paid off"), _listed(gone))
    if report.notes:
        yield element("section", element("h2", "Notes"), _listed(report.notes))


def _table(report: Report, proofs: dict[str, Result]) -> Markup:
    titles = [
        "gate",
        "outcome",
        "level",
        "findings",
        "waived",
        "owed",
        "looked at",
        *(["shown to fail"] if proofs else []),
    ]
    heads = (element("th", title, scope="col") for title in titles)
    return element("table", element("tr", *heads), *(_row(result, proofs) for result in report.results))


def _row(result: Result, proofs: dict[str, Result]) -> Markup:
    word = result.outcome.value
    has_section = bool(result.findings or result.waived or result.owed or remarks(result))
    gate: Child = element("a", result.gate, href=f"#gate-{result.gate}") if has_section else result.gate
    numbers = (len(standing(result)), len(result.waived), len(result.owed))
    cells = [
        element("th", gate, scope="row"),
        element("td", f"{_SIGNS[result.outcome]} {word}", class_=f"outcome {word}"),
        element("td", result.level.value + (", excused" if result.excused else "")),
        *(element("td", f"{number:,}", class_="number") for number in numbers),
        element("td", examined(result), class_="soft"),
    ]
    if proofs:
        cells.append(element("td", *_proved(proofs.get(result.gate))))
    return element("tr", *cells)


def _proved(proof: Optional[Result]) -> Sequence[Child]:
    if proof is None:
        return ["nothing is planted for it"]
    if proof.outcome is Outcome.PASSED and proof.findings:
        found = proof.findings[-1]
        return ["planted and found: ", element("code", f"{found.path}: {found.subject}")]
    return [element("span", f"not proved: {proof.reason or proof.outcome.value}", class_="broken")]


def _section(result: Result, report: Report) -> Iterator[Markup]:
    yield element("h2", f"{result.gate} {result.outcome.value}", id=f"gate-{result.gate}")
    if remarks(result):
        yield _listed(remarks(result))
    findings = standing(result)
    if findings:
        yield element("ul", *(_finding(one, report) for one in findings[:SHOWN]))
        if len(findings) > SHOWN:
            yield element("p", f"and {len(findings) - SHOWN:,} more; the JSON report holds them all", class_="soft")
    waived = [
        joined(
            (
                _place(found),
                " ",
                found.message,
                element(
                    "div", f"until {waiver.expires}: {waiver.reason} ({waiver.owner}, {waiver.ticket})", class_="soft"
                ),
            )
        )
        for found, waiver in result.waived[:SHOWN]
    ]
    owed = [joined((_place(found), " ", found.message)) for found in result.owed[:SHOWN]]
    for word, items, all_of in (("waived", waived, len(result.waived)), ("owed", owed, len(result.owed))):
        if items:
            shown = "" if all_of <= SHOWN else f", the first {SHOWN} of them here"
            yield element("details", element("summary", f"{many(all_of, 'finding')} {word}{shown}"), _listed(items))


def _finding(finding: Finding, report: Report) -> Markup:
    parts: list[Child] = [_place(finding), " ", finding.message]
    source = report.lines.get((finding.path, finding.line), "").strip()
    if source:
        parts.append(element("pre", source))
    if len(finding.trace) > 2:
        parts.append(element("div", "through ", element("code", " → ".join(finding.trace))))
    if finding.fix is not None:
        parts.append(element("div", "instead: ", finding.fix))
    return element("li", *parts)


def _place(finding: Finding) -> Markup:
    return element("code", f"{finding.path}:{finding.line}" if finding.line else finding.path)


def _listed(items: Iterable[Child]) -> Markup:
    return element("ul", *(element("li", item) for item in items))
