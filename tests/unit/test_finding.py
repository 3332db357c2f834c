"""A finding's identity: gate, path and subject, and nothing that moves."""

from __future__ import annotations

import dataclasses

from hypothesis import assume, given
from hypothesis import strategies as st

from gates.finding import Finding, folded

names = st.text(min_size=1, max_size=20)
findings = st.builds(
    Finding,
    path=names,
    line=st.integers(0, 10_000),
    message=names,
    subject=names,
    column=st.integers(0, 200),
    trace=st.lists(names, max_size=3).map(tuple),
    fix=st.none() | names,
    verdict=st.sampled_from(["violation", "opaque"]),
)
spaces = st.text(" \t\r\n\f\v\u00a0\u2003", min_size=1, max_size=4)


@given(findings, names, findings)
def test_it_survives_every_change_but_those_of_gate_path_and_subject(one: Finding, gate: str, other: Finding) -> None:
    moved = dataclasses.replace(other, path=one.path, subject=one.subject)

    assert moved.fingerprint(gate) == one.fingerprint(gate)


@given(findings, names, names)
def test_another_path_is_another_finding(one: Finding, gate: str, path: str) -> None:
    assume(path != one.path)

    assert dataclasses.replace(one, path=path).fingerprint(gate) != one.fingerprint(gate)


@given(findings, names, names)
def test_another_subject_is_another_finding(one: Finding, gate: str, subject: str) -> None:
    assume(folded(subject) != folded(one.subject))

    assert dataclasses.replace(one, subject=subject).fingerprint(gate) != one.fingerprint(gate)


@given(findings, names, names)
def test_another_gate_is_another_finding(one: Finding, gate: str, other: str) -> None:
    assume(gate != other)

    assert one.fingerprint(gate) != one.fingerprint(other)


@given(names, names)
def test_what_stands_in_one_part_cannot_be_taken_for_another(left: str, right: str) -> None:
    assume("\0" not in left + right and folded(left) != folded(left + right))

    assert Finding(left, 0, "", right).fingerprint("g") != Finding(left + right, 0, "", "").fingerprint("g")


@given(st.lists(names, min_size=1, max_size=4), st.data())
def test_white_space_is_folded(words: list[str], data: st.DataObject) -> None:
    plain = " ".join(words)
    framed = data.draw(spaces) + data.draw(spaces).join(words) + data.draw(spaces)

    assert Finding("p", 0, "", framed).fingerprint("g") == Finding("p", 0, "", plain).fingerprint("g")


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


def test_a_fingerprint_is_16_hexadecimal_digits_and_the_same_on_every_machine() -> None:
    finding = Finding("runtime/recall.py", 4, "production imports candidate.x", subject="candidate.x")

    assert finding.fingerprint("cross-lane-import") == "44844cdda64b1ece"


def test_a_path_that_is_not_unicode_has_one_too() -> None:
    assert len(Finding("caf\udce9.py", 0, "", "x").fingerprint("g")) == 16


def test_findings_are_sorted_by_where_they_stand() -> None:
    places = [
        ("a.py", 2, 1, "z"),
        ("a.py", 10, 0, "a"),
        ("a.py", 10, 3, "a"),
        ("a.py", 10, 3, "b"),
        ("b.py", 1, 0, "a"),
    ]
    found = [Finding(path, line, "", subject, column) for path, line, column, subject in places]

    assert sorted(set(found), key=lambda finding: finding.place) == found
