"""A recording of timings as a file: read as it was written, and a trend that only grows."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.errors import GatesError
from gates.facts.recording_file import RecordingError
from gates.facts.timing.recording import Instructions, Timed, Timing, parse, render
from gates.measure.trend import KEPT, extended

seconds = st.integers(1, 10**6).map(lambda number: float(f"{number * 1e-6:.4g}"))
benchmarks = st.builds(
    Timed,
    name=st.text(min_size=1),
    path=st.just("tests/test_it.py"),
    line=st.integers(0, 10**6),
    seconds=st.lists(st.lists(seconds).map(tuple)).map(tuple),
    ratios=st.lists(st.floats(-5, 5).map(lambda ratio: round(ratio, 6))).map(tuple),
    instructions=st.none() | st.builds(Instructions, head=st.just((5, 6)), base=st.just((5,))),
    memory=st.none() | st.integers(0, 10**12),
    lacks=st.text(),
)


@given(st.lists(benchmarks, max_size=3, unique_by=lambda timed: timed.name), st.dictionaries(st.text(), st.text()))
def test_what_was_written_is_read(timed: list[Timed], files: dict[str, str]) -> None:
    timing = Timing(tuple(timed), "c", "t", "b", {"cores": 2}, files)

    assert parse(render(timing)) == timing
    assert render(timing) == render(timing)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_a_file_holds_it_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(RecordingError) as refused:
        parse(content)

    assert "\n" not in str(refused.value)


def written(**stats: object) -> bytes:
    benchmark = {"fullname": "test_it.py::test_it", "stats": {"iterations": 1, "data": [0.1, 0.2], **stats}}
    info = {"machine_info": {"node": "here"}, "commit_info": {"id": "abc", "dirty": False}}
    return json.dumps({**info, "benchmarks": [benchmark]}).encode()


def test_what_pytest_benchmark_writes_is_one_launch() -> None:
    timing = parse(written())

    assert timing.benchmarks == (Timed("test_it.py::test_it", "test_it.py", seconds=((0.1, 0.2),)),)
    assert (timing.commit, timing.files, timing.machine["node"]) == ("abc", None, "here")


def test_rounds_of_several_calls_are_no_single_calls() -> None:
    assert parse(written(iterations=10)).benchmarks[0].seconds == ((),)


def test_a_summary_of_pytest_benchmark_without_its_timings_is_refused_with_the_remedy() -> None:
    content = written().replace(b'"data"', b'"left_out"')

    with pytest.raises(RecordingError, match="write it with --benchmark-json"):
        parse(content)


def timing(commit: str) -> Timing:
    timed = Timed("test_it.py::test_it", seconds=((0.1, 0.2, 0.3),), instructions=Instructions((7, 8)), memory=9)
    return Timing((timed,), commit, machine={"processor": "p", "cores": 2, "python": "CPython 3.11.7", "load": [1, 2]})


def test_a_trend_grows_by_a_line_for_each_measurement_of_a_benchmark() -> None:
    once = extended(None, timing("a"), "2026-11-23")
    twice = extended(once, timing("b"), "2026-11-24")

    rows = json.loads(twice)["benchmarks"]["test_it.py::test_it"]
    assert [(row["date"], row["commit"]) for row in rows] == [("2026-11-23", "a"), ("2026-11-24", "b")]
    assert (rows[0]["p50"], rows[0]["instructions"], rows[0]["memory"], rows[0]["calls"]) == (0.2, 7, 9, 3)
    assert len(twice.splitlines()) == len(once.splitlines()) + 1


def test_a_trend_keeps_the_latest() -> None:
    content = None
    for number in range(KEPT + 2):
        content = extended(content, timing(str(number)), "2026-11-23")

    rows = json.loads(content or b"")["benchmarks"]["test_it.py::test_it"]
    assert (len(rows), rows[-1]["commit"]) == (KEPT, str(KEPT + 1))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"schema": 2}', b'{"schema": 1, "benchmarks": 7}'])
def test_what_is_no_trend_is_not_written_over(content: bytes) -> None:
    with pytest.raises(GatesError, match=r"\.ci/timings\.json: is no trend of timings"):
        extended(content, timing("a"), "2026-11-23")
