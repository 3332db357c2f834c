"""What a query came to, for a person at a terminal: answer, passages, stage table, trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from runtime.answer import Document
from runtime.telemetry.recording import SpanRecord

WIDTH = 100


def shown(document: Document, spans: Sequence[SpanRecord] = ()) -> Iterator[str]:
    """Its lines."""
    yield from _answer(document)
    yield from _passages(cast("Sequence[Mapping[str, Any]]", document["passages"] or ()))
    yield ""
    rows = cast("Sequence[Mapping[str, Any]]", document["stages"])
    yield from table(["stage", "node", "ending", "ms", "budget ms", ""], [_row(row) for row in rows])
    if spans:
        yield ""
        yield from tree(spans)


def _answer(document: Document) -> Iterator[str]:
    yield str(document["answer"] or "(no answer)")
    yield ""
    yield _ending(document)
    for source in cast("Sequence[str]", document["sources"]):
        yield f"  from {source}"
    account = cast("Mapping[str, Any]", document["awareness"] or {})
    for gap in account.get("gaps", ()):
        yield f"  {gap}"
    if account.get("unmet"):
        yield f"  nothing speaks of: {', '.join(account['unmet'])}"


def _ending(document: Document) -> str:
    endings = [row["ending"] for row in cast("Sequence[Mapping[str, Any]]", document["stages"])]
    done, milliseconds = endings.count("done"), cast("float", document["seconds"]) * 1000
    if document["outcome"] == "failed":
        return f"failed at {document['failed_stage']}, after {milliseconds:.1f} ms and {done} of {len(endings)} stages"
    confidence = document["confidence"]
    sure = "" if confidence is None or not document["answer"] else f", confidence {confidence:.0%}"
    return f"{done} of {len(endings)} stages in {milliseconds:.1f} ms{sure}"


def _passages(passages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The most relevant first, each with the headings that it stands below."""
    if passages:
        yield ""
    for passage in sorted(passages, key=lambda one: -float(one["score"])):
        heading, text = _parts(str(passage["text"]))
        yield f"  {passage['score']:.3f}  {passage['source']}" + (f"  {heading}" if heading else "")
        yield f"         {text if len(text) <= WIDTH else text[: WIDTH - 2] + ' …'}"


def _parts(text: str) -> tuple[str, str]:
    """The heading that a passage begins with, and the rest of it on one line."""
    first, _, rest = text.partition("\n")
    if not first.startswith("# ") or not rest.strip():
        return "", " ".join(text.split())
    return first[2:].rpartition(" > ")[2], " ".join(rest.split())


def _row(row: Mapping[str, Any]) -> list[str]:
    budget = row["budget"]
    return [
        row["stage"],
        row["node"],
        row["ending"],
        f"{row['seconds'] * 1000:.2f}",
        "" if budget is None else f"{budget * 1000:.0f}",
        str(row.get("error") or row.get("reason") or ""),
    ]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as what stands in them; what is a number stands to the right."""
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    for row in [head, *rows]:
        cells = [
            cell.rjust(width) if name.endswith("ms") else cell.ljust(width)
            for cell, width, name in zip(row, widths, head)
        ]
        yield "  ".join(cells).rstrip()


def tree(spans: Sequence[SpanRecord]) -> Iterator[str]:
    """The spans of one trace, each below its parent, in the order in which they began."""
    here = {span.id for span in spans}
    ordered = sorted(spans, key=lambda span: (span.start_ns, span.end_ns))
    for span in ordered:
        if span.parent not in here:
            yield from _branch(span, ordered, "", "")


def _branch(span: SpanRecord, spans: Sequence[SpanRecord], before: str, below: str) -> Iterator[str]:
    milliseconds = (span.end_ns - span.start_ns) / 1e6
    status = "" if span.status == "unset" else f"  {span.status}"
    yield f"{before}{span.name}  {milliseconds:.2f} ms{status}"
    for mark in span.marks:
        yield f"{below}   ! {mark.name} {' '.join(f'{key}={value}' for key, value in sorted(mark.attributes.items()))}"
    children = [child for child in spans if child.parent == span.id]
    for child in children:
        last = child is children[-1]
        yield from _branch(child, spans, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))
