from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path

import pytest

from runtime.drilling import drilled
from runtime.errors import ConfigurationFault
from runtime.guardian.drills import Drill, Seen, drills, judge, record_of, write
from runtime.settings import Settings
from tests.lanes.announced import installed

CRITICAL = Drill("memory", "slow", critical=True)
SPARE = Drill("attention", "slow", critical=False)
FAILED = Seen("failed", 0.1, ("memory", "attention"), has_answer=False)
DEGRADED = Seen("degraded", 0.1, ("attention",), has_answer=True)
AT = dt.datetime(2026, 11, 22, tzinfo=dt.timezone.utc)


def broken(drill: Drill, *seen: Seen, recovered_after: object = 0.1) -> str:
    verdict = judge(drill, seen, recovered_after, budget=0.25, tolerance=0.05, recovery=1.0)  # type: ignore[arg-type]
    return "; ".join(verdict.broken)


def test_a_service_that_keeps_its_promises_holds() -> None:
    assert broken(CRITICAL, FAILED, FAILED) == ""
    assert broken(SPARE, DEGRADED) == ""


@pytest.mark.parametrize(
    ("drill", "seen", "says"),
    [
        (CRITICAL, FAILED._replace(seconds=0.31), "took 310 ms; 300 ms are the most"),
        (CRITICAL, FAILED._replace(raised="KeyError"), "KeyError came out of the pipeline"),
        (CRITICAL, FAILED._replace(outcome="degraded"), "said to be degraded"),
        (CRITICAL, FAILED._replace(has_answer=True), "said to be failed"),
        (CRITICAL, FAILED._replace(stages=("attention",)), "the fault did not reach it"),
        (SPARE, DEGRADED._replace(outcome="failed"), "without it the query is failed"),
        (SPARE, DEGRADED._replace(has_answer=False), "without it the query is degraded"),
        (SPARE, Seen("answered", 0.1, (), True), "the fault did not reach it"),
    ],
)
def test_each_broken_promise_is_named(drill: Drill, seen: Seen, says: str) -> None:
    assert says in broken(drill, seen)


def test_a_drill_that_asked_nothing_shows_nothing() -> None:
    assert "nothing is shown" in broken(CRITICAL)


@pytest.mark.parametrize("recovered_after", [None, 1.1])
def test_a_service_that_stays_down_is_broken(recovered_after: object) -> None:
    assert "did not answer in full" in broken(SPARE, DEGRADED, recovered_after=recovered_after)


def test_drills_are_chosen_by_stage_by_fault_and_by_name() -> None:
    stages = [("memory", True), ("attention", False)]

    assert len(list(drills(stages))) == 8
    assert {drill.fault for drill in drills(stages, ["memory"])} == {"slow", "failing", "stuck", "missing"}
    assert {drill.stage for drill in drills(stages, ["slow"])} == {"memory", "attention"}
    assert [drill.name for drill in drills(stages, ["memory/slow"])] == ["memory/slow"]
    with pytest.raises(ConfigurationFault, match="no drill is called 'memroy'"):
        list(drills(stages, ["memroy"]))


def test_the_record_says_what_was_seen_and_one_broken_drill_breaks_it(tmp_path: Path) -> None:
    held = judge(SPARE, [DEGRADED], 0.1, budget=0.25, tolerance=0.05, recovery=1.0)
    failing = judge(SPARE, [DEGRADED], None, budget=0.25, tolerance=0.05, recovery=1.0)

    write(record_of([held, failing], AT, 0.25, 0.05), tmp_path / "a" / "record.json")

    record = json.loads((tmp_path / "a" / "record.json").read_text())
    assert (record["at"], record["verdict"]) == ("2026-11-22T00:00:00+00:00", "broken")
    assert [drill["verdict"] for drill in record["drills"]] == ["held", "broken"]
    assert record_of([held], AT, 0.25, 0.05)["verdict"] == "held"
    assert record_of([], AT, 0.25, 0.05)["verdict"] == "broken"


def test_a_record_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationFault, match="cannot be written"):
        write({}, tmp_path / "file" / "record.json")


def test_every_drill_is_run_against_the_real_pipeline() -> None:
    """With a tolerance that no machine misses: whether the deadline is kept is measured elsewhere."""
    settings = Settings(store="memory:", budget=0.1)

    verdicts = asyncio.run(drilled(settings, queries=1, tolerance=30.0, found=installed()))

    assert len(verdicts) == 24
    reached = {verdict.drill.name for verdict in verdicts if verdict.queries == 1}
    assert len(reached) == 24
    for verdict in verdicts:
        assert verdict.outcomes == (("failed",) if verdict.drill.critical else ("degraded",)), verdict
        assert verdict.broken == (), verdict
