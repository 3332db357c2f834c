"""What travels between a service and its workers comes back as it was, or is refused."""

from __future__ import annotations

import datetime as dt
import json
import math
from types import MappingProxyType
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import ConfigurationFault
from runtime.orchestrator.placement import NotPortable
from runtime.orchestrator.placement import nats_wire as wire
from runtime.orchestrator.query import Query

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXT | st.just("~"), inner, max_size=3)
    ),
    max_leaves=12,
)


def there_and_back(query: Query) -> Query:
    headers, body = wire.question(query, None)
    return wire.asked(headers, body)[0]


def typed(value: object) -> object:
    """The value with all its types, because 1 == True == 1.0 and () is not []."""
    if isinstance(value, dict):
        return (dict, [(key, typed(item)) for key, item in value.items()])
    if isinstance(value, (list, tuple)):
        return (type(value), [typed(item) for item in value])
    return (type(value), repr(value))


@given(TEXT, st.dictionaries(TEXT, PLAIN, max_size=3), st.none() | TEXT)
def test_a_query_comes_back_with_the_same_values_and_types(text: str, found: dict[str, object], answer: str) -> None:
    query = Query.of(text)._replace(found=found, answer=answer)

    back = there_and_back(query)

    assert back == query
    assert typed(dict(back.found)) == typed(found)


@given(st.dictionaries(TEXT, PLAIN, max_size=4), st.dictionaries(TEXT, PLAIN, max_size=4), st.data())
def test_an_answer_brings_what_is_new_and_what_is_gone_to_the_findings_that_were_asked_with(
    known: dict[str, object], new: dict[str, object], data: st.DataObject
) -> None:
    asked = Query.of("why?")._replace(found=known)
    there = there_and_back(asked)
    kept = data.draw(st.sets(st.sampled_from(sorted(known)))) if known else set()
    answer = there._replace(found={**{stage: there.found[stage] for stage in kept}, **new}, answer="because")

    back, _ = wire.opened(wire.body(answer, there.found), asked)

    assert back == answer
    assert {stage: typed(value) for stage, value in back.found.items()} == {
        stage: typed(value) for stage, value in answer.found.items()
    }


@pytest.mark.parametrize("held", [None, 0, 7])
def test_an_answer_says_how_many_queries_are_held_where_it_comes_from(held: Optional[int]) -> None:
    asked = Query.of("why?")

    assert wire.opened(wire.body(asked, asked.found, held), asked) == (asked, held)


def test_a_long_finding_does_not_travel_back_to_where_it_came_from() -> None:
    asked = Query.of("why?").with_finding("memory", "x" * 10_000)
    assert len(wire.body(asked.with_finding("thought", "a word"), asked.found)) < 100


def test_headers_carry_the_time_the_trace_and_the_id() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    query = Query("why?", "q-1", remaining=0.25, traceparent=trace)

    headers, body = wire.question(query, 0.02)

    assert headers == {
        "Lukhas-Query-Id": "q-1",
        "Lukhas-Remaining-Ms": "250.000",
        "Lukhas-Beat-Ms": "20.000",
        "traceparent": trace,
    }
    assert json.loads(body) == {"text": "why?", "found": {}, "answer": None}
    assert wire.asked(headers, body) == (query, 0.02)


def test_a_trace_header_that_is_none_is_left_out_as_its_standard_asks() -> None:
    assert "traceparent" not in wire.question(Query.of("why?", "evil\r\nHeader: 1"), None)[0]


HOLDS_ITSELF: list[object] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.parametrize(
    ("found", "what"),
    [
        ({"when": dt.date(2026, 1, 1)}, r"found\['memory'\]\['when'\] is a date; None, bool, int, float"),
        ([0.5, math.nan], r"found\['memory'\]\[1\] Out of range float values are not JSON compliant"),
        ({1: "one"}, r"the key 1, a int; only str keys"),
        ((frozenset(),), r"found\['memory'\]\[0\] is a frozenset"),
        (HOLDS_ITSELF, r"levels deep, or holds itself"),
        (Query.of("inner"), "is a Query"),
        ("\ud800", "cannot travel: .*surrogates not allowed"),
        ([10**5000], "cannot travel: .*digits"),
    ],
)
def test_what_would_not_come_back_is_refused_with_its_place(found: object, what: str) -> None:
    with pytest.raises(NotPortable, match=what):
        wire.question(Query.of("why?").with_finding("memory", found), None)


@pytest.mark.parametrize("found", [{"~": "tuple", "items": [1]}, {"memory": {"~": ("~",)}}, {"memory": [1, 2.5, ()]}])
def test_what_looks_like_a_tag_comes_back_as_it_was(found: dict[str, object]) -> None:
    back = there_and_back(Query.of("why?")._replace(found=found))
    assert typed(dict(back.found)) == typed(found)


def test_a_tag_may_be_escaped_by_who_writes_it() -> None:
    body = b'{"text": "", "found": {"x": {"\\u007e": "tuple", "items": [1]}}, "answer": null}'
    assert wire.asked({wire.QUERY_ID: "q"}, body)[0].found == {"x": (1,)}


def test_a_mapping_that_cannot_be_written_travels_as_a_mapping() -> None:
    query = Query.of("why?").with_finding("memory", {"inner": MappingProxyType({"one": 1})})
    assert there_and_back(query).found == {"memory": {"inner": {"one": 1}}}


@pytest.mark.parametrize("bad", ["", "two words", "line\r\nX: 1", "ümlaut", "x" * 129])
def test_an_id_that_is_no_header_is_refused(bad: str) -> None:
    with pytest.raises(NotPortable, match="cannot be a header"):
        wire.question(Query("why?", bad), None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"text": 1, "found": {}, "answer": null}',
        b'{"text": "", "found": [], "answer": null}',
        b'{"text": "", "found": {}, "answer": 2}',
        b'{"text": "", "found": {"x": NaN}, "answer": null}',
        b'{"text": "", "found": {"x": {"~": "bytes", "base64": "?"}}, "answer": null}',
        b'{"text": "", "found": {"x": {"~": "tuple"}}, "answer": null}',
        b'{"text": "", "found": {"x": {"~": "dict", "items": [1]}}, "answer": null}',
        b'{"text": "", "found": {"x": {"~": ["unhashable"]}}, "answer": null}',
        b'{"text": "", "found": {"x": {"~": "os.system", "items": []}}, "answer": null}',
        b'{"text": "", "found": {"~": "tuple", "items": []}, "answer": null}',
        b"[" * 100_000,
        b"1" * 10_000,
    ],
)
def test_a_body_that_is_no_query_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotPortable):
        wire.asked({wire.QUERY_ID: "q"}, body)


@given(st.binary(max_size=60))
def test_no_bytes_at_all_raise_anything_else(body: bytes) -> None:
    with pytest.raises(NotPortable):
        wire.asked({wire.QUERY_ID: "q"}, body)


@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {wire.QUERY_ID: "q", wire.REMAINING_MS: "soon"},
        {wire.QUERY_ID: "q", wire.REMAINING_MS: "nan"},
        {wire.QUERY_ID: "q", wire.REMAINING_MS: "-1"},
        {wire.QUERY_ID: "q", wire.BEAT_MS: "inf"},
    ],
)
def test_headers_that_make_no_sense_are_not_understood(headers: dict[str, str]) -> None:
    with pytest.raises(NotPortable):
        wire.asked(headers, wire.body(Query.of("why?")))


@pytest.mark.parametrize(
    ("stage", "node"), [("thought", "a.b"), ("*", "a"), ("thought", ">"), ("thought", ""), ("a b", "c")]
)
def test_a_name_that_no_subject_may_hold_is_refused(stage: str, node: str) -> None:
    with pytest.raises(ConfigurationFault, match="cannot be served on NATS"):
        wire.subject_of(wire.PREFIX, stage, node)


def test_a_prefix_that_is_none_is_refused() -> None:
    assert wire.subject_of("here.v1", "thought", "planner") == "here.v1.ask.thought.planner"
    with pytest.raises(ConfigurationFault, match="prefix"):
        wire.subject_of("here..v1", "thought", "planner")
