"""Reports as no run would make them: hostile text in every place that a repository or a person fills."""

from __future__ import annotations

import datetime as dt
from typing import Optional

from hypothesis import settings
from hypothesis import strategies as st

from gates.baseline import Debt
from gates.finding import Finding
from gates.report import LaneMap, Level, Outcome, Report, Result
from gates.waiver import Waiver

# What a terminal, a CI server, a browser or an XML parser would obey, and bytes of names that are not UTF-8.
HOSTILE = (
    "\x1b[31m",
    "\x07",
    "\x00",
    "\r\n::error::x",
    "\u202e",
    "\u200b",
    "\udcff",
    "\ufffe",
    "]]>",
    "<script>",
    "|",
    "```",
    "`",
    "[a](b)",
    "%0A",
    ": ,",
    "&#124;",
    "\u2028",
    "\t",
    "\x85",
)
# A report is large, and most of the time goes into drawing it; no deadline, since other work shares the machine.
FEW = settings(max_examples=40, deadline=None)

texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.builds("{}{}{}".format, st.text(max_size=4), st.sampled_from(HOSTILE), st.text(max_size=4)),
    st.text(max_size=8),
)
names = st.one_of(st.sampled_from(("cross-lane-import", "dynamic-import", "waiver", "baseline")), texts)
counts = st.integers(0, 10**6)
digests = st.text("0123456789abcdef", max_size=64)


def maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[Optional[str]]:
    return st.one_of(st.none(), strategy)


def tuples(strategy: st.SearchStrategy[str], most: int = 4) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


findings = st.builds(
    Finding,
    path=texts,
    line=counts,
    message=texts,
    subject=texts,
    column=counts,
    trace=tuples(texts),
    fix=maybe(texts),
    verdict=st.sampled_from(("violation", "opaque")),
)
waivers = st.builds(
    Waiver,
    gate=names,
    reason=texts,
    owner=texts,
    ticket=texts,
    expires=st.dates(dt.date(1, 1, 1)),
    path=maybe(texts),
    subject=maybe(texts),
)
results = st.builds(
    Result,
    gate=names,
    level=st.sampled_from(Level),
    outcome=st.sampled_from(Outcome),
    findings=st.lists(findings, max_size=4).map(tuple),
    waived=st.lists(st.tuples(findings, waivers), max_size=2).map(tuple),
    owed=st.lists(findings, max_size=2).map(tuple),
    examined=st.dictionaries(texts, counts, max_size=2),
    digest=digests,
    seconds=st.floats(0, 10**6),
    reason=maybe(texts),
    excused=maybe(texts),
    notes=tuples(texts, 2),
    inputs=st.dictionaries(texts, digests, max_size=2),
)


@st.composite
def lane_maps(draw: st.DrawFn) -> LaneMap:
    lanes = draw(st.lists(texts, max_size=4, unique=True))
    some = st.lists(st.sampled_from(lanes), unique=True).map(tuple) if lanes else st.just(())
    pairs = st.tuples(st.sampled_from(lanes), st.sampled_from(lanes)) if lanes else st.nothing()
    return LaneMap(
        modules={lane: draw(counts) for lane in lanes},
        may_import={lane: draw(some) for lane in lanes},
        edges=draw(st.dictionaries(pairs, counts)) if lanes else {},
    )


@st.composite
def reports(draw: st.DrawFn) -> Report:
    judged = tuple(draw(st.lists(results, max_size=4)))
    places = [(found.path, found.line) for result in judged for found in result.findings if found.line]
    return Report(
        version=draw(texts),
        results=judged,
        commit=draw(maybe(digests)),
        tree=draw(maybe(digests)),
        base=draw(maybe(digests)),
        dirty=draw(tuples(texts)),
        today=draw(st.one_of(st.just(""), st.dates().map(dt.date.isoformat))),
        strict=draw(st.booleans()),
        policies=draw(texts),
        paid_off=tuple(draw(st.lists(st.builds(Debt, names, texts, texts, st.integers(1, 99)), max_size=3))),
        notes=draw(tuples(texts)),
        lanes=draw(st.one_of(st.none(), lane_maps())),
        lines={place: draw(texts) for place in places},
    )
