"""Every case is judged by the gates as they are: what they find is what stands on its lines.

`python -m tests.evasion.test_judged` prints what is wrong with each that is not; with `--names`, only which they are.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.finding import Finding
from gates.policy import Policy
from gates.report import Outcome
from gates.running import run
from tests.evasion.case_files import Case, Promise, all_cases, shared_tree, write, write_files

LANES, LOADS = "cross-lane-import", "dynamic-import"
GIT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
Found = dict[tuple[str, int], list[tuple[str, Finding]]]  # path and line to gate and finding


def repository(root: Path, cases: Iterable[Case]) -> Path:
    write_files(root, shared_tree())
    for case in cases:
        write(root, case)
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"], ["commit", "--quiet", "--message=1"]):
        subprocess.run(["git", *words], cwd=root, env=GIT, check=True, stdout=subprocess.DEVNULL)
    return root


def found_in(root: Path) -> Found:
    report = run(Policy.load(root / "policies", root), Checkout.open(root), today=dt.date(2026, 11, 22), workers=1)
    found: Found = defaultdict(list)
    asked = [result.gate for result in report.results]
    for gate in (gate for gate in (LANES, LOADS) if gate in asked):
        result = report.result(gate)
        assert result.outcome in (Outcome.PASSED, Outcome.FAILED), result.reason
        for finding in result.findings:
            found[finding.path, finding.line].append((gate, finding))
    return found


def wrong(case: Case, found: Found) -> Iterator[str]:
    """What the gates say of a case that its lines do not, and the other way round."""
    paths = {*case.files, *case.links}
    places = {place for place in found if place[0] in paths} | set(case.promises)
    for path, line in sorted(places):
        promise = case.promises.get((path, line), Promise())
        for problem in wrong_at(promise, found.get((path, line), ())):
            yield f"{path}:{line}: {problem}"


def wrong_at(promise: Promise, said: Sequence[tuple[str, Finding]]) -> Iterator[str]:
    known = [(gate, finding) for gate, finding in said if finding.verdict == "violation"]
    opaque = [finding for _, finding in said if finding.verdict == "opaque"]
    entered = {finding.subject for gate, finding in known if gate == LANES}
    if entered != promise.entered:
        yield f"enters {sorted(promise.entered)}, said {sorted(entered)}"
    if bool(opaque) != (promise.opaque is not None):
        yield f"opaque, said {sorted(entered) or 'nothing'}" if not opaque else f"said opaque: {opaque[0].message}"
    elif promise.opaque and not any(promise.opaque in finding.message for finding in opaque):
        yield f"opaque because of {promise.opaque!r}, said {opaque[0].message}"
    loaded = any(gate == LOADS for gate, _ in known)
    if loaded != bool(promise.loaded) and not (promise.entered or promise.opaque is not None):
        yield f"loads {sorted(promise.loaded)}, said {[finding.message for _, finding in known]}"


def judged(cases: Sequence[Case], folder: Path) -> dict[str, list[str]]:
    """What is wrong about each case; one repository for all of those that may stand together."""
    together = [case for case in cases if not case.stands_alone]
    found = found_in(repository(folder / "together", together))
    owned = {path for case in together for path in (*case.files, *case.links)}
    assert [place for place in found if place[0] not in owned] == []
    answers = {case.name: list(wrong(case, found)) for case in together}
    for number, case in enumerate(case for case in cases if case.stands_alone):
        root = repository(folder / str(number), [case])
        try:
            answers[case.name] = list(wrong(case, found_in(root)))
        except PolicyError as error:
            answers[case.name] = [str(error)]
    return answers


def is_judged_here(case: Case) -> bool:
    """A case of a newer grammar is judged by a Python that can read it."""
    return not case.plan.pythons or sys.version_info[1] >= case.plan.pythons.start


def test_the_gates_say_what_stands_on_the_lines_of_every_case(tmp_path: Path) -> None:
    cases = [case for case in all_cases() if is_judged_here(case)]

    answers = judged(cases, tmp_path)

    assert set(answers) == {case.name for case in cases}
    assert {name: problems for name, problems in answers.items() if problems} == {}


ENTERS = (LANES, Finding("shop/a.py", 1, "imports", subject="candidate.core"))
ENTERS_ELSEWHERE = (LANES, Finding("shop/a.py", 1, "imports", subject="candidate.parts"))
LOADED = (LOADS, Finding("shop/a.py", 1, "loads", subject="import_module('json')"))
OPAQUE = (LOADS, Finding("shop/a.py", 1, "opaque (it comes from x)", subject="import_module(x)", verdict="opaque"))
CORE = frozenset({"candidate.core"})


@pytest.mark.parametrize(
    ("promise", "said"),
    [
        (Promise(), []),
        (Promise(CORE), [ENTERS]),
        (Promise(CORE), [ENTERS, LOADED]),
        (Promise(CORE | {"candidate.parts"}), [ENTERS, ENTERS_ELSEWHERE]),
        (Promise(CORE, ""), [ENTERS, OPAQUE]),
        (Promise(opaque="comes from x"), [OPAQUE]),
        (Promise(loaded=frozenset({"json"})), [LOADED]),
    ],
)
def test_what_is_said_as_promised_is_right(promise: Promise, said: list[tuple[str, Finding]]) -> None:
    assert list(wrong_at(promise, said)) == []


@pytest.mark.parametrize(
    ("promise", "said"),
    [
        (Promise(), [ENTERS]),
        (Promise(), [LOADED]),
        (Promise(), [OPAQUE]),
        (Promise(CORE), []),
        (Promise(CORE), [LOADED]),
        (Promise(CORE), [OPAQUE]),
        (Promise(CORE), [ENTERS_ELSEWHERE]),
        (Promise(CORE), [ENTERS, ENTERS_ELSEWHERE]),
        (Promise(CORE), [ENTERS, OPAQUE]),
        (Promise(opaque=""), []),
        (Promise(opaque=""), [LOADED]),
        (Promise(opaque=""), [OPAQUE, ENTERS]),
        (Promise(opaque="it comes from y"), [OPAQUE]),
        (Promise(loaded=frozenset({"json"})), []),
        (Promise(loaded=frozenset({"json"})), [LOADED, ENTERS]),
    ],
)
def test_whatever_else_is_said_is_wrong(promise: Promise, said: list[tuple[str, Finding]]) -> None:
    assert list(wrong_at(promise, said)) != []


def main() -> None:
    """Print what is wrong with each case that is not judged rightly."""
    with tempfile.TemporaryDirectory() as folder:
        answers = judged([case for case in all_cases() if is_judged_here(case)], Path(folder))
    for name, problems in sorted(answers.items()):
        if problems:
            print(name)
            for problem in () if "--names" in sys.argv else problems:
                print(f"    {problem}")


if __name__ == "__main__":
    main()
