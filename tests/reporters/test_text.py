"""The report for people."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from rich.console import Console

from gates.finding import Finding
from gates.report import Level, Outcome, Report, Result
from gates.reporters.text import render, show
from tests.reporters.fixed_report import CALM, REPORT
from tests.reporters.random_reports import FEW, reports

MANY = tuple(Finding(f"a/{number:03}.py", 1, "is wrong", subject="x") for number in range(33))


def one(outcome: Outcome, level: Level = Level.BLOCK, **fields: object) -> Report:
    return replace(CALM, results=(replace(Result("some-gate", level, outcome), **fields),))  # type: ignore[arg-type]


def shown(report: Report, width: int) -> str:
    screen = io.StringIO()
    show(report, Console(file=screen, force_terminal=True, color_system="truecolor", width=width))
    return screen.getvalue()


def plain(screen: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", screen)


def test_where_all_is_well_there_is_the_table_and_one_line() -> None:
    *table, blank, verdict = render(CALM).splitlines()

    assert len(table) == 1 + len(CALM.results)
    assert blank == ""
    assert verdict == "2 gates: every promise held (exit 0)"


def test_a_gate_with_many_findings_shows_twenty_and_how_to_see_the_others() -> None:
    text = render(one(Outcome.FAILED, findings=MANY))

    assert text.count("is wrong") == 20
    assert "and 13 more; `--report json=FILE` holds them all" in text


def test_a_short_chain_is_drawn_on_one_line_and_a_long_one_in_steps() -> None:
    chain = Finding("a.py", 1, "reaches", subject="x", trace=("a.b", "c.d", "e.f"))

    assert "a.b -> c.d -> e.f\n" in render(one(Outcome.FAILED, findings=(chain,)))
    assert re.search(r"a\.b\n +-> c\.d\n +-> e\.f\n", plain(shown(one(Outcome.FAILED, findings=(chain,)), 20)))


def test_the_finding_that_proves_a_gate_is_no_offence() -> None:
    text = render(one(Outcome.PASSED, findings=MANY[:1], reason="found what was planted: a/000.py, x"))

    assert "is wrong" not in text
    assert "some-gate passed: found what was planted: a/000.py, x" in text


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (one(Outcome.FAILED, findings=MANY), "1 of 1 gate failed: some-gate (exit 1)"),
        (one(Outcome.BROKEN), "1 of 1 gate could not tell: some-gate (exit 3)"),
        (one(Outcome.VACUOUS), "1 of 1 gate could not tell: some-gate (exit 3)"),
        (one(Outcome.FAILED, Level.WARN), "every promise that blocks held; not blocking: some-gate failed (exit 0)"),
        (one(Outcome.BROKEN, excused="when_broken"), "not blocking: some-gate broken (exit 0)"),
        (replace(one(Outcome.BROKEN, excused="when_broken"), strict=True), "could not tell: some-gate (exit 3)"),
        (replace(CALM, results=()), "no gate was asked (exit 0)"),
    ],
)
def test_the_last_line_says_what_the_exit_code_means(report: Report, verdict: str) -> None:
    assert render(report).splitlines()[-1].endswith(verdict)


def test_a_file_that_is_called_like_a_workflow_command_is_none() -> None:
    named = Finding("::add-mask::x.py", 1, "::stop-commands::y", subject="::z")
    text = render(replace(one(Outcome.FAILED, findings=(named,)), lines={("::add-mask::x.py", 1): "::error::here"}))

    assert "./::add-mask::x.py" in text
    assert not [line for line in text.splitlines() if line.strip().startswith("::")]


def test_a_terminal_shows_the_same_words_in_colours() -> None:
    screen = shown(REPORT, 100)

    assert "\x1b[1;31m" in screen
    assert [line.rstrip() for line in plain(screen).splitlines()] == render(REPORT).splitlines()


@FEW
@given(report=reports())
def test_what_colours_a_terminal_is_ours_and_nothing_else_is_obeyed(report: Report) -> None:
    told = plain(shown(report, 100))

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", told)


WIDE = {"lanes": 2, "modules": 2823, "modules: ruled out by a scan": 2610, "modules: parsed": 213}


def of_django(examined: Mapping[str, int] = WIDE) -> Report:
    names = ("cross-lane-import", "dynamic-import", "unparsable-module", "waiver")
    results = (Result(name, Level.BLOCK, Outcome.PASSED, examined=examined, seconds=0.05) for name in names)
    return replace(CALM, results=tuple(results), lanes=None)


def table_of(report: Report, width: int) -> list[str]:
    return plain(shown(report, width)).split("\n\n", 1)[0].splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_of_the_table_is_wider_than_the_terminal_and_nothing_of_it_is_lost(width: int) -> None:
    lines = table_of(of_django(), width)

    assert max(map(len, lines)) <= width
    assert " ".join(lines).count("2 lanes, 2,823 modules") == 4
    assert all("213 parsed)" in re.sub(r"\s+", " ", " ".join(lines[lines.index(line) :])) for line in lines[:2])


@pytest.mark.parametrize(("width", "seconds"), [(60, []), (80, ["0.05"]), (100, ["0.05"])])
def test_on_a_narrow_terminal_what_a_gate_examined_stands_below_its_row(width: int, seconds: list[str]) -> None:
    head, row, below, *_ = table_of(of_django(), width)

    assert head.split() == ["gate", "outcome", "level", "findings", "waived", "owed", *["seconds" for _ in seconds]]
    assert row.split() == ["cross-lane-import", "passed", "block", "0", "0", "0", *seconds]
    assert below.startswith("    2 lanes, 2,823 modules (2,610 ruled out by a scan")


@pytest.mark.parametrize("width", [1, 40, 80, 100, 200])
def test_whatever_the_width_each_unit_is_told(width: int) -> None:
    units = {f"things of kind {number}": number for number in range(20)}
    told = plain(shown(one(Outcome.PASSED, examined=units), width))

    assert all(re.search(rf"\bthings? of kind {number}\b", re.sub(r"\s+", " ", told)) for number in range(20))


def test_where_nobody_looks_all_of_a_gate_stands_on_one_line() -> None:
    lines = render(of_django()).splitlines()

    (row,) = [line for line in lines if line.startswith("cross-lane-import")]
    assert row.endswith("0.05  2 lanes, 2,823 modules (2,610 ruled out by a scan, 213 parsed)")


def test_one_of_a_kind_is_not_told_as_many() -> None:
    told = render(of_django({"lanes": 1, "modules": 1, "modules: parsed": 1}))

    assert told.count("1 lane, 1 module (1 parsed)") == 4
