"""Waivers: what they cover, until when, and that nothing else is set aside."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.finding import Finding, folded
from gates.waiver import Waiver, split

TODAY = dt.date(2026, 11, 22)
DAY = dt.timedelta(days=1)


def waiver(
    path: Optional[str] = None, subject: Optional[str] = None, gate: str = "g", expires: dt.date = TODAY
) -> Waiver:
    return Waiver(gate, "a reason", "@team", "T-1", expires, path, subject)


def found(path: str = "runtime/legacy.py", subject: str = "importlib.import_module('x')") -> Finding:
    return Finding(path, 3, "a message", subject)


dates = st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1))
paths = st.sampled_from(["a.py", "b.py", "x/a.py", "x/y/a.py", "x/[a].py"])
subjects = st.sampled_from(["one", "two", "one  two", "one\ntwo", "o?e", "one*", ""])
findings = st.builds(Finding, path=paths, line=st.integers(0, 9), message=st.just("m"), subject=subjects)
waivers = st.builds(
    waiver,
    path=st.none() | paths | st.sampled_from(["**", "x/**", "*.py", "**/a.py"]),
    subject=st.none() | subjects | st.sampled_from(["*", "one*", "*two"]),
    gate=st.sampled_from(["g", "h"]),
    expires=dates,
)


@given(dates)
def test_it_holds_up_to_and_including_its_last_day(last: dt.date) -> None:
    held = waiver(path="**", expires=last)

    assert not held.has_expired(last - DAY)
    assert not held.has_expired(last)
    assert held.has_expired(last + DAY)


@given(dates, dates, dates)
def test_once_expired_it_stays_so(last: dt.date, one: dt.date, other: dt.date) -> None:
    earlier, later = sorted([one, other])
    held = waiver(path="**", expires=last)

    assert held.has_expired(later) or not held.has_expired(earlier)


@pytest.mark.parametrize(
    ("path", "subject", "covers"),
    [
        ("runtime/legacy.py", None, True),
        ("runtime/*.py", None, True),
        ("runtime/**", None, True),
        ("**/legacy.py", None, True),
        ("**", None, True),
        ("runtime", None, False),
        ("runtime/legacy", None, False),
        ("legacy.py", None, False),
        ("*.py", None, False),
        ("", None, False),
        (None, "importlib.import_module('x')", True),
        (None, "importlib.*", True),
        (None, "*module*", True),
        (None, "*", True),
        (None, "importlib", False),
        (None, "importlib.import_module(?x?)", False),
        (None, "", False),
        ("runtime/**", "importlib.*", True),
        ("runtime/**", "runpy.*", False),
        ("other/**", "importlib.*", False),
    ],
)
def test_path_and_subject_must_both_match_and_wholly(path: Optional[str], subject: Optional[str], covers: bool) -> None:
    assert waiver(path, subject).covers("g", found()) is covers


def test_a_bracket_or_a_question_mark_in_a_subject_is_a_letter_like_any_other() -> None:
    held = waiver(subject="modules[?]*")

    assert held.covers("g", found(subject="modules[?].x"))
    assert not held.covers("g", found(subject="modules[x].x"))


def test_a_star_in_a_subject_crosses_lines_and_slashes() -> None:
    assert waiver(subject="f(*)").covers("g", found(subject="f(\n  a/b,\n)"))


@given(waivers, findings)
def test_it_covers_findings_of_its_own_gate_alone(held: Waiver, finding: Finding) -> None:
    assert not held.covers(f"{held.gate}-other", finding)


@given(waivers, findings, st.integers(0, 10_000))
def test_what_it_covers_does_not_depend_on_the_line(held: Waiver, finding: Finding, line: int) -> None:
    moved = dataclasses.replace(finding, line=line, column=line, message="another")

    assert held.covers(held.gate, moved) == held.covers(held.gate, finding)


@given(waivers, findings, findings)
def test_findings_of_one_fingerprint_are_set_aside_together_or_not_at_all(
    held: Waiver, one: Finding, other: Finding
) -> None:
    if one.fingerprint("g") == other.fingerprint("g"):
        assert held.covers(held.gate, one) == held.covers(held.gate, other)


@given(findings)
def test_a_finding_is_covered_by_the_waiver_that_is_written_from_it(finding: Finding) -> None:
    assert waiver(path=finding.path).covers("g", finding)
    assert waiver(subject=finding.subject).covers("g", finding)
    assert waiver(path=finding.path, subject=folded(finding.subject)).covers("g", finding)


@given(st.lists(findings), st.lists(waivers), dates)
def test_splitting_loses_nothing_and_keeps_the_order(found: list[Finding], held: list[Waiver], today: dt.date) -> None:
    standing, waived = split("g", found, held, today)

    left, aside = iter(standing), iter(finding for finding, _ in waived)
    assert len(standing) + len(waived) == len(found)
    for finding in found:
        covered = any(one.covers("g", finding) and not one.has_expired(today) for one in held)
        assert next(aside if covered else left) == finding


@given(st.lists(findings), st.lists(waivers), dates)
def test_a_finding_is_waived_by_the_first_waiver_in_force_that_covers_it(
    found: list[Finding], held: list[Waiver], today: dt.date
) -> None:
    for finding, by in split("g", found, held, today)[1]:
        assert by is next(one for one in held if one.covers("g", finding) and not one.has_expired(today))


@given(st.lists(findings), st.lists(waivers), dates)
def test_without_the_waivers_that_expired_nothing_changes(
    found: list[Finding], held: list[Waiver], today: dt.date
) -> None:
    in_force = [one for one in held if not one.has_expired(today)]

    assert split("g", found, held, today) == split("g", found, in_force, today)


@pytest.mark.parametrize(
    ("path", "subject", "what"),
    [
        ("runtime/legacy.py", "importlib.*", "g in runtime/legacy.py, importlib.*"),
        ("runtime/legacy.py", None, "g in runtime/legacy.py"),
        (None, "importlib.*", "g in any file, importlib.*"),
    ],
)
def test_a_reader_is_told_what_it_covers(path: Optional[str], subject: Optional[str], what: str) -> None:
    assert waiver(path, subject).what == what
