"""Keeps events and spans, and says what shape a trace has: what a golden trace is compared by."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple, Optional, TypeVar, cast

from runtime.telemetry.catalogue import STABLE
from runtime.telemetry.events import Event

SHAPE_SCHEMA = 1
Kind = TypeVar("Kind")
Shape = dict[str, object]


class Recording:
    """An observer that keeps the last `most` events, and counts those that it let go."""

    def __init__(self, most: int = 100_000) -> None:
        self._events: deque[Event] = deque(maxlen=most)
        self._told = 0

    def __call__(self, event: Event) -> None:
        """Keep one event."""
        self._events.append(event)
        self._told += 1

    @property
    def events(self) -> tuple[Event, ...]:
        """In the order in which they were told."""
        return tuple(self._events)

    @property
    def let_go(self) -> int:
        """How many events are kept no longer."""
        return self._told - len(self._events)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Those of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


class SpanMark(NamedTuple):
    """An event within a span."""

    name: str
    attributes: Mapping[str, object]


class SpanRecord(NamedTuple):
    """A span that ended, apart from the library that made it. Ids are hexadecimal, times nanoseconds since the epoch.

    `parent` is None for a span without one; `status` is unset, ok or error.
    """

    name: str
    trace: str
    id: str
    parent: Optional[str]
    start_ns: int
    end_ns: int
    attributes: Mapping[str, object]
    marks: tuple[SpanMark, ...] = ()
    status: str = "unset"


def shape(spans: Sequence[SpanRecord]) -> Shape:
    """The shape of a trace as plain data: names, who stands under whom, attributes, marks, and the order of siblings.

    Siblings stand in the order of their starts. An attribute that is the same in every run (the catalogue says which)
    stands with its value, any other with its type alone. A parent that is not among the spans is `elsewhere`.
    """
    here = {span.id for span in spans}
    below: dict[Optional[str], list[SpanRecord]] = {}
    for span in sorted(spans, key=lambda span: (span.start_ns, span.end_ns)):
        below.setdefault(span.parent if span.parent in here else None, []).append(span)
    return {"schema": SHAPE_SCHEMA, "spans": [_shape(span, below) for span in below.get(None, [])]}


def _shape(span: SpanRecord, below: Mapping[Optional[str], Sequence[SpanRecord]], depth: int = 0) -> Shape:
    return {
        "name": span.name,
        "parent": "above" if depth else ("none" if span.parent is None else "elsewhere"),
        "status": span.status,
        "attributes": _stable(span.attributes),
        "marks": [{"name": mark.name, "attributes": _stable(mark.attributes)} for mark in span.marks],
        "spans": [_shape(child, below, depth + 1) for child in below.get(span.id, ())],
    }


def _stable(attributes: Mapping[str, object]) -> Shape:
    return {key: value if key in STABLE else f"<{type(value).__name__}>" for key, value in sorted(attributes.items())}


def written(shape: Shape) -> str:
    """The shape as text, the same for the same shape: what stands in a golden file."""
    return json.dumps(shape, indent=2, sort_keys=True) + "\n"


def differences(expected: Shape, actual: Shape) -> list[str]:
    """One line for each way in which `actual` is not as `expected`; none where they are alike."""
    if expected.get("schema") != actual.get("schema"):
        return [f"the shape is of schema {actual.get('schema')}, expected {expected.get('schema')}: write it anew"]
    return list(_of_children("the trace", _spans(expected), _spans(actual)))


def _spans(shape: Shape) -> list[Shape]:
    return cast("list[Shape]", shape.get("spans", []))


def _of_children(place: str, expected: Sequence[Shape], actual: Sequence[Shape]) -> Iterator[str]:
    names = [str(span["name"]) for span in expected], [str(span["name"]) for span in actual]
    if names[0] != names[1] and sorted(names[0]) == sorted(names[1]):
        yield f"{place}: the order is {', '.join(names[1])}; expected {', '.join(names[0])}"
    else:
        yield from _missing(place, names[0], names[1])
    for begin, other, length in SequenceMatcher(None, *names, autojunk=False).get_matching_blocks():
        for offset in range(length):
            one = expected[begin + offset]
            yield from _of_span(f"{place} > {one['name']}", one, actual[other + offset])


def _missing(place: str, expected: Sequence[str], actual: Sequence[str]) -> Iterator[str]:
    for what, begin, end, other, rest in SequenceMatcher(None, expected, actual, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        for at in range(begin, end):
            after = f"after {expected[at - 1]}" if at else "at the beginning"
            yield f"{place}: {expected[at]} is missing, expected {after}"
        for name in actual[other:rest]:
            yield f"{place}: {name} was not expected"


def _of_span(place: str, expected: Shape, actual: Shape) -> Iterator[str]:
    for key in ("parent", "status"):
        if expected[key] != actual[key]:
            yield f"{place}: its {key} is {actual[key]}, expected {expected[key]}"
    yield from _of_attributes(place, expected, actual)
    marks = cast("list[Shape]", expected["marks"]), cast("list[Shape]", actual["marks"])
    names = [[str(mark["name"]) for mark in side] for side in marks]
    yield from _missing(place, names[0], names[1])
    if names[0] == names[1]:
        for one, other in zip(*marks):
            yield from _of_attributes(f"{place} > {one['name']}", one, other)
    yield from _of_children(place, _spans(expected), _spans(actual))


def _of_attributes(place: str, expected: Shape, actual: Shape) -> Iterator[str]:
    before = cast("Shape", expected["attributes"])
    now = cast("Shape", actual["attributes"])
    for key in sorted({*before, *now}):
        if key not in now:
            yield f"{place}: {key} is missing, expected {before[key]!r}"
        elif key not in before:
            yield f"{place}: {key} is {now[key]!r}, not expected"
        elif before[key] != now[key]:
            yield f"{place}: {key} is {now[key]!r}, expected {before[key]!r}"
