"""Annotations: what GitHub would drop without a word is ranked, and counted."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given

from gates.finding import Finding
from gates.report import Level, Outcome, Report, Result
from gates.reporters.github import render
from tests.reporters.fixed_report import CALM
from tests.reporters.random_reports import FEW, reports

COMMAND = re.compile(r"::(?P<kind>error|warning|notice) (?P<properties>[^:]*)::(?P<message>.*)")


def found(gate: str, many: int, level: Level = Level.BLOCK, outcome: Outcome = Outcome.FAILED) -> Result:
    findings = tuple(Finding(f"{gate}/{number:03}.py", 1, "is wrong", subject="x") for number in range(many))
    return Result(gate, level, outcome, findings)


def annotated(*results: Result) -> list[str]:
    return render(replace(CALM, results=results)).splitlines()


def test_a_finding_is_escaped_as_the_runner_reads_it() -> None:
    odd = Finding("a,b:c%.py", 4, "100 %\nof it: all, really", subject="x", column=2)
    (line,) = annotated(Result("some-gate", Level.BLOCK, Outcome.FAILED, (odd,)))

    assert line == ("::error file=a%2Cb%3Ac%25.py,line=4,col=2,title=some-gate::100 %25\\nof it: all, really")


def test_a_finding_of_a_whole_file_has_no_line() -> None:
    (line,) = annotated(Result("g", Level.WARN, Outcome.FAILED, (Finding("a.py", 0, "is in no lane", subject="x"),)))

    assert line == "::warning file=a.py,title=g::is in no lane"


def test_what_blocks_comes_first_then_what_could_not_tell_and_a_notice_counts_what_is_cut() -> None:
    broken = Result("broken-gate", Level.BLOCK, Outcome.BROKEN, reason="no such tool")
    lines = annotated(broken, found("warned", 13, Level.WARN), found("failed", 8), found("other", 1))

    assert [line.split("::")[1].split()[0] for line in lines] == ["error"] * 10 + ["warning"] * 10 + ["notice"]
    assert "file=failed/000.py" in lines[0]
    assert "file=other/000.py" in lines[1]
    assert "broken-gate broken" in lines[9]
    assert lines[-1].startswith("::notice title=gates::3 warnings more than can be shown here")


def test_a_gate_with_a_thousand_findings_does_not_hide_the_others() -> None:
    lines = annotated(found("many", 1000), found("few", 1))

    assert "file=few/000.py" in lines[1]
    assert "991 errors" in lines[-1]
    assert len(lines) == 11


def test_where_all_is_well_nothing_is_annotated() -> None:
    assert render(CALM) == ""


def test_what_is_excused_is_a_warning_and_under_strict_an_error() -> None:
    excused = Result("g", Level.BLOCK, Outcome.BROKEN, reason="no network", excused='when_broken = "warn"')
    lax = replace(CALM, results=(excused,))

    assert render(lax).startswith("::warning title=g broken::no network%0Adoes not block here")
    assert render(replace(lax, strict=True)).startswith("::error ")


@FEW
@given(report=reports())
def test_every_line_is_one_command_and_no_limit_is_passed(report: Report) -> None:
    commands = [COMMAND.fullmatch(line) for line in render(report).splitlines()]
    kinds = [command["kind"] for command in commands if command]

    assert None not in commands
    assert kinds.count("error") <= 10
    assert kinds.count("warning") <= 10
    assert kinds.count("notice") <= 1
    assert ("error" in kinds) == (report.exit_code != 0)
