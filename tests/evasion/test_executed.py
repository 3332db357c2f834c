"""The cases are run for real: what stands on their lines is what happens, and no opinion."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.evasion.case_files import Case, all_cases, family, shared_tree, write, write_files

CASES = all_cases()
WITNESS = Path(__file__).parent / "witness.py"


class Answer(NamedTuple):
    """What a case did: candidate modules that ran, candidate files whose code did, the lines that asked, the error."""

    ran: frozenset[str]
    code: frozenset[str]
    asked: frozenset[tuple[str, int]]
    error: str


def executed(cases: Sequence[Case], folder: Path) -> dict[str, Answer]:
    """Run those that this Python can run, in one process that forks; the tree of most of them is the same."""
    together = laid_out(folder / "together", [case for case in cases if not case.stands_alone])
    plans = []
    for number, case in enumerate(case for case in cases if case.plan.is_possible_here):
        tree = laid_out(folder / str(number), [case]) if case.stands_alone else together
        plans.append((case.name, str(tree.resolve()), case.plan.before, case.plan.run))
    child = subprocess.run(
        [sys.executable, str(WITNESS)], input=json.dumps(plans), stdout=subprocess.PIPE, text=True, check=True
    )
    return {name: answer(**told) for name, told in json.loads(child.stdout).items()}


def answer(ran: list[str], code: list[str], asked: list[tuple[str, int]], error: str) -> Answer:
    return Answer(frozenset(ran), frozenset(code), frozenset((path, line) for path, line in asked), error)


def laid_out(root: Path, cases: Sequence[Case]) -> Path:
    write_files(root, shared_tree())
    for case in cases:
        write(root, case)
    return root


def wrong(case: Case, did: Answer) -> Iterator[str]:
    """Where what a case did is not what stands on its lines."""
    if did.error:
        yield did.error
    if case.is_clean:
        if did.ran or did.code:
            yield f"it is clean, and yet {sorted(did.ran | did.code)} ran"
        return
    if not did.ran:
        yield "nothing of candidate ran"
    entered = {subject.replace("/", ".").replace(".py", "") for subject in case.entered}  # a link's subject is a path
    for module in sorted(entered):
        if not any(lies_in(one, module) for one in did.ran):
            yield f"{module} did not run"
    if not case.is_opaque:
        for module in sorted(did.ran):
            if not any(lies_in(module, one) or lies_in(one, module) for one in entered):
                yield f"{module} ran, and no line says so"


def lies_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_what_stands_on_the_lines_of_every_case_is_what_happens(tmp_path: Path) -> None:
    answers = executed(CASES, tmp_path)

    problems = {case.name: list(wrong(case, answers[case.name])) for case in CASES if case.name in answers}
    assert {name: found for name, found in problems.items() if found} == {}
    assert set(answers) == {case.name for case in CASES if case.plan.is_possible_here}
    told = [(case, answers[case.name]) for case in CASES if case.name in answers]
    asked = [place in case.promises for case, did in told for place in did.asked if not case.is_clean]
    assert len(asked) >= 400
    assert sum(asked) / len(asked) >= 0.8  # the others ask on a line behind the one that opened the way


def test_enough_is_run_for_real() -> None:
    here = [case for case in CASES if case.plan.is_possible_here]

    assert sum(1 for case in here if case.entered) >= 400
    assert sum(1 for case in here if case.is_clean) >= 100
    assert sum(1 for case in here if case.is_opaque and not case.entered) >= 40


def test_there_are_cases_of_every_verdict_and_each_that_is_not_run_says_why() -> None:
    assert len(CASES) >= 220
    assert sum(case.is_clean for case in CASES) >= 40
    assert sum(case.is_opaque for case in CASES) >= 40
    assert all(case.plan.run or case.plan.reason for case in CASES)


def test_no_two_cases_share_a_name_or_a_file() -> None:
    names = Counter(case.name for case in CASES)
    paths = Counter(path for case in CASES if not case.stands_alone for path in (*case.files, *case.links))

    assert [name for name, many in names.items() if many > 1] == []
    assert [path for path, many in (paths + Counter(shared_tree().keys())).items() if many > 1] == []


def only(text: str) -> list[Case]:
    return list(family("planted", "Planted.\n\n" + textwrap.dedent(text)))


def test_a_case_that_says_something_else_than_what_happens_is_noticed(tmp_path: Path) -> None:
    cases = only(
        """\
        === said-to-be-clean
        executed
        import candidate.core

        === said-to-enter
        executed
        size = 4  # finds: candidate.core

        === said-to-enter-something-else
        executed
        import candidate.parts  # finds: candidate.core

        === said-to-be-opaque
        executed
        size = 4  # finds: opaque

        === said-to-compile-nothing
        executed
        compile(open("candidate/core.py").read(), "candidate/core.py", "exec")

        === raises
        executed by: import candidate.core, shop.planted.raises
        size = nothing  # finds: candidate.core

        === right
        executed after: import candidate.parts
        import candidate.core  # finds: candidate.core
        """
    )

    answers = executed(cases, tmp_path)

    problems = {case.name.partition("/")[2]: list(wrong(case, answers[case.name])) for case in cases}
    assert "NameError" in problems.pop("raises")[0]
    assert problems == {
        "said-to-be-clean": [
            "it is clean, and yet ['candidate', 'candidate.core', 'candidate/__init__.py', 'candidate/core.py'] ran"
        ],
        "said-to-enter": ["nothing of candidate ran", "candidate.core did not run"],
        "said-to-enter-something-else": ["candidate.core did not run", "candidate.parts ran, and no line says so"],
        "said-to-be-opaque": ["nothing of candidate ran"],
        "said-to-compile-nothing": ["it is clean, and yet ['candidate/core.py'] ran"],
        "right": [],
    }


@pytest.mark.parametrize("text", ["=== A Name\nexecuted\nx = 1\n", "=== name\nperhaps\nx = 1\n"])
def test_a_case_without_a_name_or_a_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"name|perhaps"):
        only(text)
