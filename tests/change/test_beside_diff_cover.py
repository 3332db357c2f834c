"""Where diff-cover defines an answer, ours is the same: run on generated changes, with reports of generated runs."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from gates.checks.change.uncovered_change import UncoveredChange
from gates.facts.changed_code import ChangedCode
from gates.facts.checkout import Checkout
from gates.facts.coverage import Coverage, CoverageSettings
from gates.facts.diff import Diff
from gates.facts.extractors.statements import Code, extract
from tests.change.asking import asked, gatherer, told
from tests.checkout.repository import Repository

diff_cover_tool = pytest.importorskip("diff_cover.diff_cover_tool", reason="diff-cover is not installed")
REPORT = ".gates/coverage.xml"


class Answer(NamedTuple):
    """Lines of the one module that are changed and not covered."""

    lines: frozenset[int]
    """First lines of statements."""
    whole: frozenset[int]
    """All lines of such statements."""
    partial: frozenset[int]
    """Lines of which one way out was never taken."""


@pytest.fixture(scope="module")
def scratch() -> Iterator[Repository]:
    with tempfile.TemporaryDirectory() as folder:
        yield Repository(Path(folder))


# Each statement says what no other does, so that none is taken for one that moved.
blocks = st.lists(
    st.sampled_from(["x = {}", "x = [\n    {},\n    0,\n]", "if x == {}:\n    y = {}1", "# {}", ""]),
    min_size=1,
    max_size=6,
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, str]:
    """A module before and after: blocks kept, left out and put in."""
    before, after = [], []
    for number, block in enumerate(draw(blocks) + draw(blocks)):
        text = block.replace("{}", str(number + 10))
        kind = draw(st.sampled_from(["kept", "kept", "gone", "new", "edited"]))
        if kind in ("kept", "gone", "edited"):
            before.append(text)
        if kind in ("kept", "new"):
            after.append(text)
        if kind == "edited":
            after.append(text.replace(str(number + 10), str(number + 500)))
    return "\n".join(before) + "\n", "\n".join(after) + "\n"


@settings(
    max_examples=20,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(change=changes(), seed=st.randoms(use_true_random=False))
def test_lines_branches_and_continuation_lines_are_those_of_diff_cover(
    scratch: Repository, change: tuple[str, str], seed: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = change
    scratch.commit(module=before)
    scratch.write("module.py", after)
    scratch.write(REPORT, _report(after, seed))
    monkeypatch.chdir(scratch.root)

    ours = _ours(scratch)

    assert _theirs("--branch-coverage") == ours.lines | ours.partial
    assert _theirs() == ours.lines
    expanded = _theirs("--expand-coverage-report")
    last = max(_lines_of_statements(after, only_first=True), default=0)
    assert {line for line in ours.whole if line <= last} <= expanded  # it knows no end of the last statement
    assert not (expanded - ours.whole) & _lines_of_statements(after)


def _report(source: str, seed: random.Random) -> str:
    """Cobertura's XML of a run that reached this and that."""
    lines = []
    plain = extract(source.encode())
    statements = Code.of(plain).statements if isinstance(plain, tuple) else ()
    for statement in statements:
        hits = seed.choice([0, 1])
        ways = ""
        if source.splitlines()[statement.first - 1].startswith("if"):
            taken = seed.choice([1, 2]) if hits else 0
            missing = f' missing-branches="{statement.first + 1}"' if taken < 2 else ""
            ways = f' branch="true" condition-coverage="{taken * 50}% ({taken}/2)"{missing}'
        lines.append(f'<line number="{statement.first}" hits="{hits}"{ways}/>')
    return (
        f'<?xml version="1.0" ?><coverage branch-rate="0.5"><sources><source>{Path.cwd()}</source></sources><packages>'
        f'<package><classes><class filename="module.py" name="module.py"><methods/><lines>{"".join(lines)}</lines>'
        "</class></classes></package></packages></coverage>"
    )


def _ours(repository: Repository) -> Answer:
    settings = CoverageSettings((REPORT,))
    facts = gatherer(Checkout.open(repository.root, base="HEAD"), CoverageSettings=settings)
    findings = told(asked(UncoveredChange(), facts))
    added = {line for change in facts.get(Diff).changes for line in change.added}
    modules = facts.get(ChangedCode).modules
    new = [each for module in modules for each in module.statements]
    touched = {each.first for module in modules for each in module.code.statements if each.first in added}
    assume(touched <= {each.first for each in new})  # what git takes for moved, we do not (0023)
    measured = facts.get(Coverage).of(["module.py"]).get("module.py")
    if measured is None:
        return Answer(frozenset(), frozenset(), frozenset())
    missing = [each for each in new if each.first in measured.missing]
    partial = {line for line, _ in measured.missing_branches} & {each.first for each in new} & measured.executed
    assert bool(findings) == bool(missing or partial)
    return Answer(
        frozenset(each.first for each in missing) & added,
        frozenset(line for each in missing for line in range(each.first, each.last + 1)) & added,
        frozenset(partial) & added,
    )


def _theirs(*options: str) -> frozenset[int]:
    out = ".gates/diff-cover.json"
    words = [
        "diff-cover",
        REPORT,
        "--compare-branch=HEAD",
        "--diff-range-notation=..",
        f"--format=json:{out}",
        "--quiet",
    ]
    if "--branch-coverage" in options and not _knows_branches():
        pytest.skip("this diff-cover knows no branches")
    diff_cover_tool.main([*words, *options])
    stats = json.loads(Path(out).read_text("utf-8"))["src_stats"]
    return frozenset(line for file in stats.values() for line in file["violation_lines"])


def _knows_branches() -> bool:
    return hasattr(diff_cover_tool, "BRANCH_COVERAGE_HELP")


def _lines_of_statements(source: str, only_first: bool = False) -> frozenset[int]:
    plain = extract(source.encode())
    statements = Code.of(plain).statements if isinstance(plain, tuple) else ()
    return frozenset(
        line for each in statements for line in range(each.first, (each.first if only_first else each.last) + 1)
    )
