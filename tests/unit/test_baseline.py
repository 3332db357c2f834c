"""The arithmetic of debt: counts are conserved, it never grows by itself, and equal findings are not one."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gates.baseline import PLACE, Baseline, Debt
from gates.errors import PolicyError
from gates.finding import Finding

GATES = ("dynamic-import", "swallowed-failure")
gates = st.sampled_from(GATES)
findings = st.builds(
    Finding,
    path=st.sampled_from(["a.py", "b.py", "caf\udce9.py", "übung.py"]),
    line=st.integers(0, 50),
    message=st.sampled_from(["one message", "another"]),
    subject=st.sampled_from(["x", "y", "x y", "x  y", "\nx y ", "", "ß\x00\x1b"]),
    column=st.integers(0, 3),
)
many_findings = st.lists(findings, max_size=12)
found_by_gate = st.dictionaries(gates, many_findings)
counts = st.integers(1, 4)
subjects = st.sampled_from(["x", "y", "x y", "x  y", ""])
debts = st.builds(Debt, gates, st.sampled_from(["a.py", "b.py"]), subjects, counts)
# Debts of one fingerprint may stand there twice: two branches wrote them, or a hand did.
baselines = st.lists(debts, max_size=8).map(lambda each: Baseline(tuple(each)))


def fingerprints(gate: str, found: list[Finding]) -> Counter[str]:
    return Counter(finding.fingerprint(gate) for finding in found)


def owed_by(baseline: Baseline) -> Counter[str]:
    total: Counter[str] = Counter()
    for debt in baseline.debts:
        total[debt.fingerprint] += debt.count
    return total


@given(baselines, gates, many_findings)
def test_every_finding_is_either_new_or_owed(baseline: Baseline, gate: str, found: list[Finding]) -> None:
    new, owed = baseline.split(gate, found)

    assert Counter(new) + Counter(owed) == Counter(found)


@given(baselines, gates, many_findings)
def test_what_is_owed_and_what_is_paid_off_is_what_was_recorded(
    baseline: Baseline, gate: str, found: list[Finding]
) -> None:
    _, owed = baseline.split(gate, found)
    paid_off = baseline.paid_off(gate, found)

    recorded = owed_by(Baseline(tuple(debt for debt in baseline.debts if debt.gate == gate)))
    assert fingerprints(gate, owed) + owed_by(Baseline(tuple(paid_off))) == recorded


@given(baselines, gates, many_findings)
def test_nothing_is_new_while_debt_for_it_is_left(baseline: Baseline, gate: str, found: list[Finding]) -> None:
    new, _ = baseline.split(gate, found)

    gone = owed_by(Baseline(tuple(baseline.paid_off(gate, found))))
    assert not fingerprints(gate, new).keys() & gone.keys()


@given(
    baselines,
    gates,
    st.lists(findings, max_size=6).flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))),
)
def test_the_order_in_which_a_gate_yields_does_not_matter(
    baseline: Baseline, gate: str, orders: tuple[list[Finding], list[Finding]]
) -> None:
    one, other = orders

    assert [sorted(part, key=repr) for part in baseline.split(gate, one)] == [
        sorted(part, key=repr) for part in baseline.split(gate, other)
    ]
    assert baseline.paid_off(gate, one) == baseline.paid_off(gate, other)
    assert Baseline.of({gate: one}) == Baseline.of({gate: other})


@given(baselines, found_by_gate)
def test_it_never_grows_by_shrinking(baseline: Baseline, found: dict[str, list[Finding]]) -> None:
    shrunk = baseline.shrunk(found)

    assert not owed_by(shrunk) - owed_by(baseline)
    assert len(shrunk) <= len(baseline)


@given(baselines, found_by_gate)
def test_shrinking_takes_out_just_what_is_paid_off(baseline: Baseline, found: dict[str, list[Finding]]) -> None:
    gone = Baseline(tuple(debt for gate in found for debt in baseline.paid_off(gate, found[gate])))

    assert owed_by(baseline.shrunk(found)) + owed_by(gone) == owed_by(baseline)


@given(baselines, found_by_gate)
def test_shrinking_changes_no_verdict_and_shrinking_again_changes_nothing(
    baseline: Baseline, found: dict[str, list[Finding]]
) -> None:
    shrunk = baseline.shrunk(found)

    assert shrunk.shrunk(found) == shrunk
    for gate in found:
        assert shrunk.split(gate, found[gate]) == baseline.split(gate, found[gate])
        assert shrunk.paid_off(gate, found[gate]) == []


@given(baselines, found_by_gate)
def test_a_gate_that_was_not_asked_keeps_its_debt(baseline: Baseline, found: dict[str, list[Finding]]) -> None:
    for gate in set(GATES) - set(found):
        before = [debt for debt in baseline.debts if debt.gate == gate]
        for after in (baseline.shrunk(found), baseline.replaced(found)):
            assert Counter(debt for debt in after.debts if debt.gate == gate) == Counter(before)


@given(found_by_gate)
def test_what_was_just_recorded_is_never_new(found: dict[str, list[Finding]]) -> None:
    baseline = Baseline.of(found)

    for gate, each in found.items():
        assert baseline.split(gate, each)[0] == []
        assert baseline.paid_off(gate, each) == []
    assert len(baseline) == sum(map(len, found.values()))


@given(found_by_gate, st.integers(0, 1000))
def test_moving_lines_makes_nothing_new(found: dict[str, list[Finding]], lines: int) -> None:
    baseline = Baseline.of(found)

    for gate, each in found.items():
        moved = [dataclasses.replace(finding, line=finding.line + lines) for finding in each]
        assert baseline.split(gate, moved)[0] == []


@given(baselines, found_by_gate)
def test_recording_anew_leaves_nothing_new(baseline: Baseline, found: dict[str, list[Finding]]) -> None:
    replaced = baseline.replaced(found)

    for gate, each in found.items():
        assert replaced.split(gate, each)[0] == []
        assert replaced.paid_off(gate, each) == []


@given(many_findings, findings)
def test_one_more_of_what_is_owed_is_new(found: list[Finding], more: Finding) -> None:
    new, owed = Baseline.of({"g": found}).split("g", [*found, more])

    assert len(new) == 1
    assert new[0].fingerprint("g") == more.fingerprint("g")
    assert len(owed) == len(found)


def test_equal_findings_are_counted_not_merged() -> None:
    same = [Finding("a.py", line, "m", "x") for line in (3, 9, 27)]

    baseline = Baseline.of({"g": same[:2]})

    assert baseline.debts == (Debt("g", "a.py", "x", 2),)
    assert baseline.split("g", same) == ([same[2]], same[:2])
    assert baseline.paid_off("g", same[:1]) == [Debt("g", "a.py", "x", 1)]


def test_subjects_that_differ_in_white_space_are_one_debt_wherever_they_come_from() -> None:
    one = (Debt("g", "a.py", "x y", 3),)

    assert Baseline.of({"g": [Finding("a.py", 1, "m", text) for text in ("x y", "x  y", "\nx\ty")]}).debts == one
    assert Baseline.parse('{"schema": 1, "debt": {"g": {"a.py": {"x y": 1, " x  y": 2}}}}').debts == one


@given(baselines)
def test_what_is_written_is_read_again(baseline: Baseline) -> None:
    text = baseline.render()

    assert owed_by(Baseline.parse(text)) == owed_by(baseline)
    assert Baseline.parse(text).render() == text


@given(found_by_gate)
def test_what_was_recorded_is_read_again_unchanged(found: dict[str, list[Finding]]) -> None:
    baseline = Baseline.of(found)

    assert Baseline.parse(baseline.render()) == baseline


@given(found_by_gate)
def test_a_file_is_ascii_and_says_each_subject_on_a_line_of_its_own(found: dict[str, list[Finding]]) -> None:
    baseline = Baseline.of(found)
    text = baseline.render()

    assert text.isascii()
    assert text.endswith("}\n")
    assert sum(line.startswith("    ") for line in text.splitlines()) == len(baseline.debts)


@given(many_findings)
def test_what_is_known_by_another_gate_is_not_owed(found: list[Finding]) -> None:
    assume(found)

    assert Baseline.of({"g": found}).split("h", found)[1] == []


# The file


def test_no_file_is_no_debt(tmp_path: Path) -> None:
    assert len(Baseline.load(tmp_path / "baseline.json")) == 0


WRONG = {
    "": "Expecting value: line 1 column 1 (char 0)",
    "[]": "'the file' is [], not a table",
    "null": "'the file' is None, not a table",
    "{}": "schema is None, not 1",
    '{"schema": 2, "debt": {}}': "schema is 2, not 1",
    '{"schema": true, "debt": {}}': "schema is True, not 1",
    '{"schema": 1}': "'debt' is None, not a table",
    '{"schema": 1, "debt": []}': "'debt' is [], not a table",
    '{"schema": 1, "debt": {}, "more": 1}': "it has no key 'more'",
    '{"schema": 1, "debt": {"g": []}}': "'g' is [], not a table",
    '{"schema": 1, "debt": {"g": {"a.py": 3}}}': "'g', 'a.py' is 3, not a table",
    '{"schema": 1, "debt": {"g": {"a.py": {"x": 0}}}}': "'g', 'a.py', 'x' has the count 0, not 1 or more",
    '{"schema": 1, "debt": {"g": {"a.py": {"x": -1}}}}': "'g', 'a.py', 'x' has the count -1, not 1 or more",
    '{"schema": 1, "debt": {"g": {"a.py": {"x": 1.5}}}}': "'g', 'a.py', 'x' has the count 1.5, not 1 or more",
    '{"schema": 1, "debt": {"g": {"a.py": {"x": true}}}}': "'g', 'a.py', 'x' has the count True, not 1 or more",
    '{"schema": 1, "debt": {"g": {"a.py": {"x": "1"}}}}': "'g', 'a.py', 'x' has the count '1', not 1 or more",
    '{"schema": 1, "debt": {"g": {"\\n": {"\\u001b": 0}}}}': "'g', '\\n', '\\x1b' has the count 0, not 1 or more",
    '{"schema": 1, "debt": {"g": {"a.py": {"x": 1, "x": 2}}}}': "'x' is there twice",
    '{"schema": 1, "schema": 1, "debt": {}}': "'schema' is there twice",
    '{"schema": 1, "debt": {"g": ' + "[" * 100_000: "is nested too deeply",
    "<<<<<<< HEAD\n": "Expecting value: line 1 column 1 (char 0)",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_a_file_that_is_no_baseline_is_refused_with_the_remedy(tmp_path: Path, text: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text, "utf-8")

    with pytest.raises(PolicyError) as refused:
        Baseline.load(file)

    remedy = "restore it from git, or record the debt anew with `gates baseline --accept-new`"
    assert str(refused.value) == f"{PLACE}: is not a baseline ({WRONG[text]}); {remedy}"
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("content", [b"\xff", b"\xef\xbb\xbf{}", b"\0", b'{"schema": ' + b"9" * 5000 + b"}"])
def test_bytes_that_are_no_baseline_are_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(PolicyError) as refused:
        Baseline.read(content)

    assert str(refused.value).startswith(f"{PLACE}: is not a baseline (")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"\.ci/baseline\.json: cannot be read \(Is a directory\)"):
        Baseline.load(tmp_path)


@given(st.binary(max_size=40) | st.text(max_size=40).map(lambda text: json.dumps(text).encode()))
def test_any_bytes_are_a_baseline_or_a_line(content: bytes) -> None:
    assert refusal(content).isprintable()


def refusal(content: bytes) -> str:
    try:
        Baseline.read(content)
    except PolicyError as refused:
        return str(refused)
    return ""
