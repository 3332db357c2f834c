"""What a change brings and no test reaches is found; the ten cases are those that other tools let pass."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Optional

import pytest

from gates.checks.change.uncovered_change import UncoveredChange
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.coverage import CoverageSettings
from gates.facts.modules import Modules
from gates.finding import Finding
from gates.globs import Glob
from tests.change.asking import asked, gatherer, told
from tests.checkout.repository import Repository

BASE = "def recall(cue):\n    return cue\n"
ALL = Glob("**")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit(memory=BASE)
    return made


def lines(executed: list[int], missing: list[int], branches: Optional[list[list[int]]] = None) -> dict[str, Any]:
    return {"executed_lines": executed, "missing_lines": missing, "missing_branches": branches or []}


def found(repository: Repository, gate: Optional[UncoveredChange] = None, **files: dict[str, Any]) -> list[Finding]:
    report = {"meta": {"branch_coverage": True}, "files": {f"{name}.py": file for name, file in files.items()}}
    repository.write(".gates/coverage.json", json.dumps(report))
    settings = CoverageSettings((".gates/coverage.json",))
    checkout = Checkout.open(repository.root, base="HEAD")
    return asked(gate or UncoveredChange(), gatherer(checkout, CoverageSettings=settings))


def test_an_old_report_accuses_nobody(repository: Repository) -> None:
    repository.write("fold.py", "import os\n\n\ndef fold():\n    return os\n")
    assert found(repository, fold=lines([], [1, 4, 5]))

    os.utime(repository.root / "fold.py", (4e9, 4e9))

    assert found(repository, fold=lines([], [1, 4, 5])) == []


def test_s1_a_new_module_that_nothing_reaches(repository: Repository) -> None:
    repository.write("fold.py", "import os\n\n\ndef fold():\n    return os\n")

    findings = found(repository, memory=lines([1, 2], []), fold=lines([], [1, 4, 5]))

    assert told(findings) == [("fold.py", 4, "fold: never entered"), ("fold.py", 1, "module: statements")]


def test_s2_a_new_module_that_no_report_mentions(repository: Repository) -> None:
    repository.write("scripts/fold.py", "import os\nprint(os)\n")

    findings = found(repository, memory=lines([1, 2], []))

    assert told(findings) == [("scripts/fold.py", 1, "not measured")]
    assert findings[0].message == "no report of coverage mentions it: 2 changed statements, none of them reached"


def test_s3_new_code_that_is_taken_out_of_what_is_measured(repository: Repository) -> None:
    repository.write("memory.py", BASE + "\n\ndef fold():  # pragma: no cover\n    return 1\n")

    findings = found(repository, memory={**lines([1, 2], []), "excluded_lines": [5, 6]})

    assert told(findings) == [("memory.py", 5, "fold: pragma")]


@pytest.mark.parametrize(
    ("comment", "is_found"),
    [
        ("pragma: no cover - only where fork is missing, until 2027-01-31", False),
        ("pragma: no cover - only where fork is missing", True),
        ("pragma: no cover until 2027-01-31", True),
        ("pragma: no cover - only where fork is missing, until 2026-11-22", True),
        ("pragma: no cover - only where fork is missing, until 2026-11-23", False),
        ("pragma: no cover - only where fork is missing, until 2026-99-99", True),
    ],
)
def test_s3_a_reason_and_a_day_that_has_not_passed_excuse_it(
    repository: Repository, comment: str, is_found: bool
) -> None:
    repository.write("memory.py", BASE + f"\n\ndef fold():  # {comment}\n    return 1\n")

    assert bool(found(repository, memory={**lines([1, 2], []), "excluded_lines": [5, 6]})) is is_found


def test_s3_an_exclusion_expires_though_nobody_touches_it(repository: Repository) -> None:
    repository.commit(memory="def fold():  # pragma: no cover - so it is, until 2026-01-31\n    return 1\n")

    (finding,) = found(repository, memory={**lines([], []), "excluded_lines": [1, 2]})

    assert finding.message == "is taken out of what is measured until 2026-01-31: that day has passed"


def test_s5_a_continuation_line_of_a_statement_that_nothing_reaches(repository: Repository) -> None:
    repository.commit(memory="def recall(cue):\n    return dict(\n        cue,\n    )\n")
    repository.write("memory.py", "def recall(cue):\n    return dict(\n        kept,\n    )\n")

    assert told(found(repository, memory=lines([1], [2]))) == [("memory.py", 1, "recall: never entered")]


def test_s6_a_new_branch_of_which_one_way_was_never_taken(repository: Repository) -> None:
    repository.write("memory.py", "def recall(cue):\n    if cue:\n        cue += 1\n    return cue\n")

    findings = found(repository, memory=lines([1, 2, 3, 4], [], [[2, 4]]))

    assert told(findings) == [("memory.py", 2, "recall: branches")]
    assert findings[0].message == "1 way out of changed statements of `recall` is never taken: from line 2 to line 4"


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("pyproject.toml", "[tool.coverage.run]\n", '[tool.coverage.run]\nomit = ["fold.py"]\n'),
        ("pyproject.toml", "[tool.coverage.report]\n", '[tool.coverage.report]\nexclude_also = ["def fold"]\n'),
        (".coveragerc", "[run]\n", "[run]\nomit =\n    fold.py\n"),
        ("setup.cfg", "[coverage:run]\n", "[coverage:run]\nomit = fold.py\n"),
    ],
)
def test_s7_a_configuration_that_leaves_more_out(repository: Repository, path: str, before: str, after: str) -> None:
    repository.write(path, before)
    repository.commit()
    repository.write(path, after)

    (finding,) = found(repository, memory=lines([1, 2], []))

    assert (finding.path, finding.line) == (path, after[: after.index("fold")].count("\n") + 1)
    assert "without a reason and a day" in finding.message


def test_s7_a_reason_and_a_day_beside_it_or_above_excuse_it(repository: Repository) -> None:
    repository.write(
        "pyproject.toml",
        '[tool.coverage.run]\nomit = [\n    "fold.py",  # written by a machine, until 2027-01-31\n]\n'
        '[tool.coverage.report]\n# nobody can reach these, until 2027-01-31\nexclude_also = ["def __repr__"]\n',
    )

    assert found(repository, memory=lines([1, 2], [])) == []


def test_s8_to_s10_what_lines_cannot_prove_is_told_and_fails_nothing(repository: Repository) -> None:
    repository.write("memory.py", "def recall(cue):\n    return cue and (lambda: 1 if cue else 2)\n")

    findings = found(repository, memory=lines([1, 2], []))

    assert told(findings) == []
    assert [(note.line, note.verdict) for note in findings] == [(2, "unproven")]
    assert findings[0].message.endswith("and/or, conditional expression, lambda")


def test_only_what_changed_is_asked(repository: Repository) -> None:
    repository.write("memory.py", BASE.replace("return cue", "return [cue]") + "\n\ndef fold():\n    return 1\n")

    findings = found(repository, memory=lines([1, 5, 6], [2]))

    assert [(found.line, found.message) for found in findings] == [
        (1, "`recall` is never entered: 1 changed statement in it")
    ]


def test_uncovered_code_that_only_moves_is_no_finding(repository: Repository) -> None:
    repository.write("memory.py", "import os\n\n\nclass Memory:\n    def recall(self, cue):\n        return cue\n")

    assert told(found(repository, memory=lines([1, 4, 5], [6]))) == []


def test_so_many_statements_may_stay_unreached_and_in_an_area_none(repository: Repository) -> None:
    repository.write("memory.py", BASE + "\n\ndef fold():\n    return 1\n")
    measured = lines([1, 2, 5], [6])

    assert found(repository, UncoveredChange(tolerated_lines=1), memory=measured) == []
    assert len(found(repository, UncoveredChange(tolerated_lines=0), memory=measured)) == 1
    assert len(found(repository, UncoveredChange(tolerated_lines=1, areas=(Glob("mem*.py"),)), memory=measured)) == 1


def test_paths_and_allowed_in_say_which_modules_are_asked(repository: Repository) -> None:
    repository.write("tests/test_memory.py", "import memory\n")
    repository.write("stubs/memory.pyi", "x: int\n")
    measured = {"memory": lines([1, 2], [])}

    assert len(found(repository, UncoveredChange(), **measured)) == 1
    assert found(repository, UncoveredChange(allowed_in=(Glob("tests/**"),)), **measured) == []
    assert found(repository, UncoveredChange(paths=(Glob("memory.py"),)), **measured) == []


def test_a_changed_module_that_does_not_parse_is_not_passed_over(repository: Repository) -> None:
    repository.write("memory.py", "def (\n")

    (finding,) = found(repository, memory=lines([1, 2], []))

    assert (finding.subject, finding.verdict) == ("cannot be parsed", "opaque")


def test_without_a_report_nothing_is_said_of_lines(repository: Repository) -> None:
    repository.write("fold.py", "import os\n")
    settings = CoverageSettings((".gates/no.json",))

    facts = gatherer(Checkout.open(repository.root, base="HEAD"), CoverageSettings=settings)

    assert asked(UncoveredChange(), facts) == []


def test_a_policy_that_leaves_no_module_forbids_nothing(repository: Repository) -> None:
    facts = gatherer(repository.open())

    with pytest.raises(CannotPlant, match="forbids nothing"):
        UncoveredChange(allowed_in=(ALL,)).plant(facts.get(Checkout), facts.get(Modules), CoverageSettings())
