"""What a machine lets the test tell, on launches that were recorded on a busy one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from gates.cli import gates
from gates.measure import selftest
from gates.measure.rounds import Turns
from gates.measure.selftest import MORE, launch, powers
from tests.measure.noise import RECORDED, recorded


@pytest.mark.parametrize("name", RECORDED)
def test_on_recorded_noise_false_alarms_stay_below_one_in_a_hundred_and_five_per_cent_are_found(name: str) -> None:
    found = {power.more: power for power in powers(recorded(name).ratios, tests=400)}

    assert found["nothing"].rate <= 0.01
    assert found["5 %"].rate >= 0.95
    assert found["10 %"].rate >= 0.95
    assert found["10 %"].launches <= found["5 %"].launches


def test_where_nothing_can_be_told_no_number_of_launches_is_enough() -> None:
    source = random.Random(1)
    (power,) = powers({"5 %": [source.gauss(0.05, 2.0) for _ in range(60)]}, tests=50)

    assert power.enough is None
    assert power.not_proven > 0


def test_the_selftest_tells_of_false_alarms_of_power_and_of_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "LAUNCHES", 3)
    monkeypatch.setattr(selftest, "DRAWN", 20)

    done = CliRunner().invoke(gates, ["measure", "--selftest", "--seed", "1"])

    head, *lines = done.output.splitlines()
    assert head.startswith("3 launches on ")
    assert [line.partition(":")[0] for line in lines] == [
        "false alarms",
        "found at +3 %",
        "found at +5 %",
        "found at +10 %",
    ]
    assert all("launches on average" in line for line in lines)


def test_five_workers_take_turns_at_as_much_work_as_they_were_given(tmp_path: Path) -> None:
    turns = launch(random.Random(1), tmp_path)

    assert len(turns.seconds) == len(MORE) + 1
    assert len({len(rounds) for rounds in turns.seconds}) == 1


def test_a_ratio_is_the_median_of_its_rounds() -> None:
    turns = Turns(1, ((1.0, 1.0, 1.0), (1.0, 2.0, 50.0)), ((), ()))

    assert turns.log_ratio(1, 0) == pytest.approx(0.693147, abs=1e-6)
    assert turns.log_ratio(0, 1) == -turns.log_ratio(1, 0)
