"""Who is ready for which lane: as text, as Markdown and as one page of HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gates.facts.promotion_policy import CRITERIA
from gates.promotion.criteria import Answer
from gates.promotion.readiness import Readiness
from gates.reporters.document import document
from gates.reporters.markdown_text import escaped
from gates.reporters.markup import Markup, element
from gates.reporters.printable import printable

_SHORT: Mapping[Answer, str] = {
    Answer.MET: "yes",
    Answer.UNMET: "NO",
    Answer.UNKNOWN: "?",
    Answer.ASIDE: "-",
}
LEGEND = "yes: met; NO: not met; ?: could not be told; -: set aside, with a reason"
_CLASSES: Mapping[Answer, str] = {
    Answer.MET: "passed",
    Answer.UNMET: "failed",
    Answer.UNKNOWN: "broken",
    Answer.ASIDE: "soft",
}
_HEADS = ("module", "in", "belongs in", "standing", "for", "ready", *CRITERIA)


def of_one(found: Readiness) -> Iterator[str]:
    """One module, a line a criterion."""
    yield f"{found.module.name}: {_verdict(found)}"
    yield ""
    widths = (max(map(len, CRITERIA)), max(len(answer.value) for answer in Answer))
    for each in found.verdicts:
        yield printable(
            f"{each.criterion.ljust(widths[0])}  {each.answer.value.ljust(widths[1])}  {each.says}"
        ).rstrip()


def text(found: Sequence[Readiness], of: str) -> Iterator[str]:
    """All modules: a table, then what is missing of each; `of` says what evidence it was read from."""
    rows = [_HEADS, *map(_row, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
    yield ""
    yield LEGEND
    yield f"read from {printable(of)}"
    for each in found:
        if each.now is not None and each.missing:
            yield ""
            yield f"{each.module.name}: {_verdict(each)}"
            yield from (printable(f"  {criteria}: {says}") for criteria, says in _missing(each))


def markdown(found: Sequence[Readiness], of: str) -> Iterator[str]:
    """The same as Markdown."""
    yield f"Readiness of every module, read from {escaped(of)}. {LEGEND[0].upper()}{LEGEND[1:]}."
    yield ""
    yield f"| {' | '.join(_HEADS)} |"
    yield f"| {' | '.join('---' for _ in _HEADS)} |"
    for each in found:
        yield f"| {' | '.join(map(escaped, _row(each)))} |"
    for each in found:
        if each.now is not None and each.missing:
            yield ""
            yield f"**{each.module.name}** {escaped(_verdict(each))}:"
            yield ""
            yield from (f"- {criteria}: {escaped(says)}" for criteria, says in _missing(each))


def html(found: Sequence[Readiness], of: str) -> str:
    """The same as one page: no script, nothing from the network."""
    head = element("tr", *(element("th", name, scope="col") for name in _HEADS))
    rows = [_html_row(each) for each in found]
    table = element("table", element("thead", head), element("tbody", *rows))
    details = [_html_details(each) for each in found]
    return document(
        "Readiness of every module",
        element("h1", "Readiness of every module"),
        element("p", f"Read from {of}. {LEGEND}."),
        element("main", element("div", table, class_="wide", tabindex=0, role="region", aria_label="All"), *details),
    )


def _html_row(each: Readiness) -> Markup:
    name, *cells = _row(each)
    link = element("a", name, href=f"#{name}")
    classes = {_HEADS.index(verdict.criterion): _CLASSES[verdict.answer] for verdict in each.verdicts}
    others = (element("td", cell, class_=classes.get(column)) for column, cell in enumerate(cells, 1))
    return element("tr", element("th", link, scope="row"), *others)


def _html_details(each: Readiness) -> Markup:
    rows = [
        element(
            "tr",
            element("th", verdict.criterion, scope="row"),
            element("td", verdict.answer.value, class_=_CLASSES[verdict.answer]),
            element("td", verdict.says),
        )
        for verdict in each.verdicts
    ]
    heads = element("tr", *(element("th", name, scope="col") for name in ("criterion", "answer", "why")))
    table = element("table", element("thead", heads), element("tbody", *rows))
    return element(
        "section",
        element("h2", each.module.name, id=each.module.name),
        element("p", _verdict(each)),
        element("div", table, class_="wide", tabindex=0, role="region", aria_label=each.module.name),
    )


def _missing(each: Readiness) -> Iterator[tuple[str, str]]:
    """What is missing, in words; criteria that miss the same stand together."""
    for says in dict.fromkeys(verdict.says for verdict in each.missing):
        yield ", ".join(verdict.criterion for verdict in each.missing if verdict.says == says), says


def _row(each: Readiness) -> tuple[str, ...]:
    answers = {verdict.criterion: _SHORT[verdict.answer] for verdict in each.verdicts}
    module = each.module
    now = each.now or "?"
    return (
        module.name,
        now,
        module.lane,
        module.standing,
        each.lane,
        "ready" if each.is_ready else "not ready",
        *(answers.get(criterion, "") for criterion in CRITERIA),
    )


def _verdict(each: Readiness) -> str:
    where = f"to stay in {each.lane}" if each.now == each.lane else f"for {each.lane}"
    if each.is_ready:
        return f"ready {where}"
    must = ", ".join(verdict.criterion for verdict in each.breaks_its_must)
    return f"not ready {where}{f'; and it must have {must} to stay where it is' if must else ''}"
