"""What the gate says of a recording and of a quarantine, and what it cannot say."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

import pytest

from gates.facts.checkout import Checkout
from gates.facts.flake_recording import FlakeRecording, Flaky, TestRuns, parse, render
from gates.facts.recording_file import RecordingError
from gates.policy import Policy
from gates.report import Outcome, Result
from gates.running import run

TODAY = dt.date(2026, 11, 23)
MODULE = "def test_a():\n    assert 1\n\n\ndef test_b():\n    assert 1\n"
A, B = "test_shop.py::test_a", "test_shop.py::test_b"
STABLE = TestRuns("test_shop.py", 1, 110, 0, 59)
FLAKY = Flaky(
    A, "order", "after another", f"fails after `{B}`", f"python -m pytest {B} {A}", (8, 8, 0, 8), 0.0002, (B,)
)
RUNS_OF_FLAKY = TestRuns("test_shop.py", 1, 110, 12, 59)


def blob(text: str) -> str:
    content = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def recording(tests: Mapping[str, TestRuns], *flaky: Flaky, **more: Any) -> FlakeRecording:
    return FlakeRecording(files={"test_shop.py": blob(MODULE)}, tests=dict(tests), flaky=flaky, **more)


def entry(test: str, expires: dt.date = TODAY) -> str:
    said = "".join(f'{key} = "x"\n' for key in ("reason", "owner", "ticket"))
    return f'[[test]]\nname = "{test}"\n{said}expires = {expires}\n'


def judged(root: Path, said: Optional[FlakeRecording], quarantine: str = "", gate: str = "") -> Result:
    (root / "policies").mkdir(exist_ok=True)
    (root / "test_shop.py").write_text(MODULE, "utf-8")
    section = f'[gates.flaky-test]\n{gate}\n[facts.flakes]\nfile = "flakes.json"\n'
    (root / "policies" / "gates.toml").write_text(section, "utf-8")
    (root / "policies" / "quarantine.toml").write_text(quarantine, "utf-8")
    if said is not None:
        (root / "flakes.json").write_bytes(render(said))
    report = run(Policy.load(root / "policies"), Checkout.open(root), today=TODAY)
    return report.result("flaky-test")


def messages(result: Result) -> list[str]:
    return [finding.message for finding in result.findings]


def test_a_flaky_test_is_found_with_its_cause_and_the_line_that_shows_it(tmp_path: Path) -> None:
    result = judged(tmp_path, recording({A: RUNS_OF_FLAKY, B: STABLE}, FLAKY))

    (finding,) = result.findings
    assert (finding.path, finding.line, finding.subject) == ("test_shop.py", 1, A)
    assert finding.message == (
        f"`{A}` is flaky: it fails after `{B}` (order; 8 of 8, against 0 of 8). To see it: python -m pytest {B} {A}"
    )
    assert (result.examined["test files: tests"], result.examined["test files: runs"]) == (2, 220)


def test_stable_tests_are_no_finding(tmp_path: Path) -> None:
    assert judged(tmp_path, recording({A: STABLE, B: STABLE})).outcome is Outcome.PASSED


def test_a_flaky_test_in_quarantine_is_no_finding_until_its_last_day(tmp_path: Path) -> None:
    said = recording({A: RUNS_OF_FLAKY, B: STABLE}, FLAKY)

    assert judged(tmp_path, said, entry(A)).outcome is Outcome.PASSED
    over = judged(tmp_path, said, entry(A, TODAY - dt.timedelta(days=1)))
    assert messages(over) == [f"the quarantine of {A} expired on 2026-11-22 (x, x)"]
    assert over.findings[0].path == "policies/quarantine.toml"


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (STABLE, f"sets aside {A}, which has become stable (110 runs); take it out"),
        (
            TestRuns("test_shop.py", 1, 110, 110, 59),
            f"sets aside {A}, which fails always (110 runs): that is no flakiness",
        ),
        (None, f"sets aside {A}, which was not run; does it still exist?"),
    ],
)
def test_a_quarantine_that_no_longer_says_what_is_so_is_found(
    tmp_path: Path, runs: Optional[TestRuns], said: str
) -> None:
    tests = {B: STABLE} if runs is None else {A: runs, B: STABLE}

    result = judged(tmp_path, recording(tests), entry(A))

    assert messages(result) == [said]
    assert (result.findings[0].path, result.findings[0].line) == ("policies/quarantine.toml", 1)


def test_one_that_ran_too_seldom_is_not_said_to_be_stable(tmp_path: Path) -> None:
    seldom = TestRuns("test_shop.py", 1, 20, 0, 10)

    assert judged(tmp_path, recording({A: seldom, B: STABLE}), entry(A)).outcome is Outcome.PASSED


def test_a_quarantine_that_outgrows_its_size_is_found(tmp_path: Path) -> None:
    said = recording({A: RUNS_OF_FLAKY, B: RUNS_OF_FLAKY}, FLAKY)

    result = judged(tmp_path, said, f"most = 1\n{entry(A)}{entry(B)}")

    assert messages(result) == ["2 tests are in quarantine, and 1 may be; mend some"]


def test_a_new_test_must_have_run_often_enough(tmp_path: Path) -> None:
    new = TestRuns("test_shop.py", 1, 20, 0, 12, "new")

    result = judged(tmp_path, recording({A: new, B: STABLE}))

    assert messages(result) == [f"`{A}` is new and ran with 12 seeds; 59 without a failure are asked for"]
    assert judged(tmp_path, recording({A: new, B: STABLE}), gate="runs_of_change = 12\n").outcome is Outcome.PASSED


def test_a_changed_file_of_tests_that_was_not_run_is_found(tmp_path: Path) -> None:
    other = recording({"test_other.py::test_c": TestRuns("test_other.py", 1, 110, 0, 59)})

    assert messages(judged(tmp_path, other)) == [
        "holds changed tests, and the recording none of them: let `gates flakes` run it, too"
    ]


def test_without_a_recording_it_cannot_tell(tmp_path: Path) -> None:
    result = judged(tmp_path, None)

    assert result.outcome is Outcome.BROKEN
    assert str(result.reason).endswith("flakes.json: does not exist; run `gates flakes`")


def test_a_recording_of_other_sources_says_nothing(tmp_path: Path) -> None:
    older = FlakeRecording(files={"test_shop.py": blob("other")}, tests={A: RUNS_OF_FLAKY}, flaky=(FLAKY,))

    result = judged(tmp_path, older)

    assert result.outcome is Outcome.BROKEN
    assert "flakes.json: is older than test_shop.py; run `gates flakes`" in str(result.reason)


def test_a_search_that_did_not_come_to_its_end_is_no_pass(tmp_path: Path) -> None:
    result = judged(tmp_path, recording({A: STABLE, B: STABLE}, lacks=("out of time",)))

    assert result.outcome is Outcome.BROKEN
    assert "out of time" in str(result.reason)


def test_what_fails_always_is_told_and_fails_nothing_here(tmp_path: Path) -> None:
    result = judged(tmp_path, recording({A: TestRuns("test_shop.py", 1, 9, 9), B: STABLE}))

    assert result.outcome is Outcome.PASSED
    assert "fails always, in 9 runs" in result.notes[0]


def test_a_recording_is_read_as_it_was_written() -> None:
    said = recording({A: RUNS_OF_FLAKY, B: STABLE}, FLAKY, not_tried={"clock": "why"}, python="3.9")

    assert parse(render(said)) == said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"recording": "imports"}, "is no recording of flakes"),
        ({"schema": 2}, "its schema is 2, and this version reads 1"),
        ({"tests": []}, "is not as it should be: "),
        ({"tests": {}}, "is flaky and was never run"),
        ({"tests": {A: {"path": "../x", "line": 1, "runs": 1, "failed": 0}}}, "is no path of a repository"),
    ],
)
def test_what_is_no_recording_is_refused(change: Mapping[str, Any], why: str) -> None:
    read = {**json.loads(render(recording({A: RUNS_OF_FLAKY}, FLAKY))), **change}

    with pytest.raises(RecordingError, match=why):
        parse(json.dumps(read).encode())
