"""A small suite with known flaky tests, searched once; what was found is asked of by each test here."""

from __future__ import annotations

import datetime as dt
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gates.errors import GatesError
from gates.flakes.attribution import Rate
from gates.flakes.search import Asked, Cause, Found, search
from gates.scratch import Scratch

SUITE = {
    "test_shop.py": """
import os
import random

SEEN = []
RATES = {}


def test_region():
    assert os.environ.get("SHOP_REGION", "eu") == "eu"


def test_sets_region():
    os.environ["SHOP_REGION"] = "us"
    assert os.environ["SHOP_REGION"] == "us"


def test_loads_rates():
    RATES["usd"] = 2
    assert RATES


def test_uses_rates():
    assert RATES["usd"] == 2


def test_draws():
    assert random.random() > 0.3


def test_first_time():
    SEEN.append(1)
    assert len(SEEN) == 1


def test_finds_no_report():
    assert not os.path.exists("report.txt")
    open("report.txt", "w").close()


def test_is_stable(tmp_path):
    assert list(tmp_path.iterdir()) == []


def test_always_fails():
    assert RATES == 1
""",
}
CLOCKS = """
import datetime
import time


def test_file_is_young(tmp_path):
    (tmp_path / "a").touch()
    assert abs((tmp_path / "a").stat().st_mtime - time.time()) < 20


def test_next_month():
    today = datetime.date.today()
    assert today.replace(month=today.month % 12 + 1)
"""
DIMENSIONS = ("seed", "leftovers", "twice", "order")


def everything(worker: object, tests: Sequence[str]) -> Sequence[str]:
    return tests


def searched(root: Path, **settings: object) -> Found:
    asked = Asked(root, dt.date(2026, 11, 23), ("-p", "no:randomly"), workers=1, **settings)  # type: ignore[arg-type]
    return search(asked, everything, lambda what: None)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("suite")
    for name, text in SUITE.items():
        (place / name).write_text(text, "utf-8")
    return place


@pytest.fixture(scope="module")
def found(root: Path) -> Found:
    return searched(root, dimensions=DIMENSIONS)


def cause(found: Found, name: str) -> Cause:
    return next(each for each in found.causes if each.test == f"test_shop.py::{name}")


def test_those_that_are_flaky_are_found_and_no_others(found: Found) -> None:
    names = {each.test.rpartition("::")[2] for each in found.causes}

    assert names == {"test_region", "test_uses_rates", "test_draws", "test_first_time", "test_finds_no_report"}
    assert found.lacks == []


def test_the_polluter_is_named_with_what_it_leaves_changed(found: Found) -> None:
    region = cause(found, "test_region")

    assert region.dimension == "order"
    assert region.tests == ("test_shop.py::test_sets_region",)
    assert region.state == ("os.environ['SHOP_REGION']: absent -> 'us'",)
    assert region.command == "python -m pytest test_shop.py::test_sets_region test_shop.py::test_region"


def test_the_missing_setter_is_named(found: Found) -> None:
    rates = cause(found, "test_uses_rates")

    assert rates.dimension == "order"
    assert rates.because == "passes only after `test_shop.py::test_loads_rates`, which sets what it needs"
    assert rates.command == "python -m pytest test_shop.py::test_uses_rates"


def test_each_of_the_others_is_traced_to_what_it_depends_on(found: Found) -> None:
    told = {name: cause(found, name).dimension for name in ("test_draws", "test_first_time", "test_finds_no_report")}

    assert told == {"test_draws": "seed", "test_first_time": "twice", "test_finds_no_report": "leftovers"}
    assert cause(found, "test_finds_no_report").state == ("report.txt",)
    assert all(each.p < 0.001 for each in found.causes)


def test_what_fails_always_is_not_flaky(found: Found) -> None:
    rate = found.rate("test_shop.py::test_always_fails")

    assert rate.failed == rate.runs > 60


def test_a_test_that_fails_whenever_the_clock_is_set_is_not_said_to_depend_on_it(tmp_path: Path) -> None:
    pytest.importorskip("time_machine")
    (tmp_path / "test_shop.py").write_text(CLOCKS, "utf-8")

    found = searched(tmp_path, dimensions=("clock",))

    told = {each.test.rpartition("::")[2]: each.way for each in found.causes}
    assert told == {"test_next_month": "the end of a month"}
    assert (
        found.not_tried["clock: test_shop.py::test_file_is_young"] == "it fails whenever the clock is set, to whatever"
    )


def test_a_stable_test_ran_with_enough_seeds_to_bound_its_rate(found: Found) -> None:
    assert found.rate("test_shop.py::test_is_stable", "seed") == Rate(0, 59)


@pytest.mark.parametrize("name", ["test_region", "test_first_time"])
def test_the_line_that_is_printed_makes_it_fail(found: Found, tmp_path: Path, name: str) -> None:
    for file, text in SUITE.items():
        (tmp_path / file).write_text(text, "utf-8")
    words = shlex.split(cause(found, name).command)
    assert words[0] == "python"

    done = subprocess.run([sys.executable, *words[1:]], cwd=tmp_path, capture_output=True, text=True)

    assert "1 failed" in done.stdout, done.stdout


def test_the_repository_is_left_as_it_was(found: Found, root: Path) -> None:
    assert sorted(path.name for path in root.iterdir() if path.name != "__pycache__") == sorted(SUITE)


def test_what_pytest_says_is_said_where_it_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", "utf-8")

    with pytest.raises(GatesError, match=r"pytest did not start here: .*"):
        searched(tmp_path)


def test_a_search_that_runs_out_of_time_says_so(root: Path) -> None:
    found = searched(root, seconds=0.0)

    assert found.lacks[0].startswith("out of time after 0 s: not all of ")


def test_a_copy_is_put_back_to_what_it_was(tmp_path: Path) -> None:
    original = tmp_path / "original"
    (original / "data").mkdir(parents=True)
    (original / "data" / "a.txt").write_text("a", "utf-8")
    (original / "b.txt").write_text("b", "utf-8")
    scratch = Scratch(original, tmp_path / "copy")
    (scratch.folder / "b.txt").unlink()
    (scratch.folder / "data" / "a.txt").write_text("changed", "utf-8")
    (scratch.folder / "new").mkdir()
    (scratch.folder / "new" / "c.txt").write_text("c", "utf-8")

    left = scratch.restore()

    assert left == ["b.txt", "data/a.txt", "new", "new/c.txt"]
    assert scratch.restore() == []
    assert (scratch.folder / "b.txt").read_text("utf-8") == "b"
    assert (scratch.folder / "data" / "a.txt").read_text("utf-8") == "a"
    assert not (scratch.folder / "new").exists()
