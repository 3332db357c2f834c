"""gates measure on a repository: two commits in work trees of their own, in turns, and what a gate says of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Optional

import pytest
from click.testing import CliRunner

from gates.cli import gates
from gates.errors import GatesError
from gates.facts.checkout import Checkout
from gates.facts.timing.recording import Timed
from gates.measure.measuring import Measuring, Plan
from gates.measure.native import valgrind
from gates.measure.trees import trees
from tests.checkout.repository import Repository

RECALL = """def recall(cue):
    total = 0
    for number in range(AMOUNT):
        total += number % 7
    return total
"""
TESTS = """import recall


def test_recall(benchmark):
    assert benchmark(recall.recall, "cue") >= 0
"""
RECORDED = ".gates/recordings/timings.json"


@pytest.fixture(autouse=True)
def _without_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A launch imports no plugin of this environment: that takes longer than all else."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def recall(amount: int) -> str:
    return RECALL.replace("AMOUNT", str(amount))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Its base is its first commit, and nothing was changed since."""
    made = Repository(tmp_path / "repository")
    made.write(".gitignore", ".gates/\n__pycache__/\n")
    made.write("test_recall.py", TESTS)
    made.write("recall.py", recall(3000))
    made.write("policies/gates.toml", '[gates.broken-budget]\n\n[facts.timings]\ntests = ["test_recall.py"]\n')
    made.write(
        "policies/budgets.toml",
        '[[budget]]\nname = "recall"\nbenchmark = "test_recall.py::test_recall"\np50 = 5\nmemory = 1_000_000\n',
    )
    made.write("policies/lanes.toml", '[[lane]]\nname = "all"\npaths = ["**"]\nmay_import = ["all"]\n')
    made.commit()
    return made


def measured(
    repository: Repository, base: Optional[str] = "HEAD", most: int = 1, tests: tuple[str, ...] = ("test_recall.py",)
) -> Mapping[str, Timed]:
    checkout = Checkout.open(repository.root, base=base)
    plan = Plan(tests, {}, 0.01, seed=1, root=checkout.root, most=most)
    with trees(checkout, checkout.base) as folders:
        found = Measuring(folders, plan, lambda launches, left: None).run()
    return {each.name: each for each in found}


def judged(repository: Repository, *words: str) -> tuple[int, dict[str, Any]]:
    runner = CliRunner()
    place = repository.root / ".gates" / "report.json"
    asked = ["run", "-C", str(repository.root), "--gate", "broken-budget", "--report", f"json={place}", *words]
    code = runner.invoke(gates, asked, standalone_mode=False).return_value
    report = json.loads(place.read_text("utf-8"))
    return code, next(result for result in report["results"] if result["gate"] == "broken-budget")


def test_what_became_much_slower_is_recorded_and_found(repository: Repository) -> None:
    repository.write("recall.py", recall(20_000))  # an edit that is no commit yet is measured as it stands

    done = CliRunner().invoke(
        gates, ["measure", "-C", str(repository.root), "--base", "HEAD", "--seed", "1", "--seconds", "300"]
    )
    code, result = judged(repository, "--base", "HEAD")

    at = ("test_recall.py", 4)
    assert done.exit_code == 0, done.output
    assert "slower (" in done.output
    assert code == 1
    found = {finding["subject"]: (finding["path"], finding["line"]) for finding in result["findings"]}
    assert found.pop("test_recall.py::test_recall: machine instructions", at) == at  # where valgrind is
    assert found == {f"test_recall.py::test_recall: {what}": at for what in ("bytecode instructions", "slower")}
    recording = json.loads((repository.root / RECORDED).read_text("utf-8"))
    assert recording["machine"]["cores"] >= 1
    assert recording["machine"]["seed"] == 1
    assert repository.git("worktree", "list").count("\n") == 0
    assert repository.git("status", "--porcelain").split() == ["M", "recall.py"]


def test_an_edit_after_the_measurement_makes_the_recording_old(repository: Repository) -> None:
    done = CliRunner().invoke(gates, ["measure", "-C", str(repository.root), "--trend"])
    repository.write("recall.py", recall(3001))

    code, result = judged(repository, "--base", "HEAD")

    assert "there is no base to compare with: head is measured alone" in done.output
    assert list(json.loads((repository.root / ".ci" / "timings.json").read_text("utf-8"))["benchmarks"]) == [
        "test_recall.py::test_recall"
    ]
    assert (code, result["outcome"]) == (3, "broken")
    assert f"{RECORDED}: is older than recall.py; run `gates measure`" in result["reason"] or (
        "was not compared with the base" in result["reason"]
    )


def test_the_same_instructions_on_both_sides_are_counted_alike(repository: Repository) -> None:
    (found,) = measured(repository).values()

    counted = found.instructions
    assert counted is not None
    assert set(counted.head) == set(counted.base)
    assert (len(found.ratios), len(found.seconds), found.lacks) == (1, 1, "")
    assert found.memory is not None


def test_a_benchmark_that_is_new_is_measured_alone(repository: Repository) -> None:
    repository.write("test_new.py", "def test_new(benchmark):\n    benchmark(sorted, range(999))\n")

    found = measured(repository, tests=("test_recall.py", "test_new.py"))

    assert {name: len(each.ratios) for name, each in found.items()} == {
        "test_recall.py::test_recall": 1,
        "test_new.py::test_new": 0,
    }


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("def test_it(benchmark):\n    benchmark(lambda: 1 / 0)\n", "head: ZeroDivisionError: division by zero"),
        ("import pytest\n\ndef test_it(benchmark):\n    pytest.skip('not here')\n", "head: Skipped: not here"),
        ("def test_it(benchmark):\n    import os\n    os._exit(7)\n", "head: it was not reached: it printed nothing"),
        (
            "def test_it(benchmark):\n    pass\n",
            "head: asks for the fixture benchmark and never calls it",
        ),
        (
            "def test_it(benchmark):\n    raise KeyError\n",
            "head: KeyError",
        ),
    ],
    ids=["fails", "is skipped", "ends its process", "measures nothing", "fails before it measures"],
)
def test_a_benchmark_that_cannot_be_measured_says_why(repository: Repository, test: str, why: str) -> None:
    repository.write("test_recall.py", test)

    (found,) = measured(repository, base=None).values()

    assert found.lacks.startswith(why)


def test_a_benchmark_that_is_never_called_is_told_in_its_own_words_beside_one_that_fails(
    repository: Repository,
) -> None:
    fails = "def test_fails(benchmark):\n    benchmark(lambda: 1 / 0)\n"
    repository.write("test_recall.py", f"{fails}\n\ndef test_idle(benchmark):\n    assert True\n")

    found = measured(repository, base=None)

    assert {name.partition("::")[2]: each.lacks for name, each in found.items()} == {
        "test_fails": "head: ZeroDivisionError: division by zero",
        "test_idle": "head: asks for the fixture benchmark and never calls it",
    }


@pytest.mark.parametrize("command", ["measure", "mutate", "flakes"])
@pytest.mark.parametrize("seconds", ["-1", "0", "nan"])
def test_no_time_is_refused(repository: Repository, command: str, seconds: str) -> None:
    asked = ["measure", "-C", str(repository.root), "--seconds", seconds]
    asked[0] = command

    said = refused(lambda: CliRunner().invoke(gates, asked, standalone_mode=False, catch_exceptions=False))

    assert said == f"--seconds is {float(seconds):g}; it must be a number above 0"


def test_code_of_the_checkout_itself_is_no_base(repository: Repository) -> None:
    repository.write("test_recall.py", f"import sys\nsys.path.insert(0, {str(repository.root)!r})\n{TESTS}")

    with pytest.raises(GatesError, match=r"head was measured with recall\.py of the checkout, not with its own"):
        measured(repository, base=None)


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(GatesError) as refusal:
        action()
    return str(refusal.value)


def test_where_there_is_no_benchmark_it_is_said_what_one_is(repository: Repository) -> None:
    repository.write("test_recall.py", "def test_it():\n    assert True\n")

    said = refused(lambda: measured(repository, base=None))

    assert said.startswith("pytest finds no test that uses the fixture `benchmark` in test_recall.py")


def test_tests_that_cannot_be_collected_are_told_in_the_words_of_pytest(repository: Repository) -> None:
    repository.write("test_recall.py", "import nothing_of_that_name\n")

    said = refused(lambda: measured(repository, base=None))

    assert said.startswith("the benchmarks of head cannot be collected: pytest ended with 2: ")
    assert "nothing_of_that_name" in said


def test_what_is_untracked_lies_in_head_and_what_is_gone_does_not(repository: Repository) -> None:
    repository.write("new/part.py", "part = 1\n")
    (repository.root / "policies" / "lanes.toml").unlink()
    checkout = Checkout.open(repository.root, base="HEAD")

    with trees(checkout, checkout.base) as folders:
        head, base = folders["head"], folders["base"]
        assert (head / "new" / "part.py").is_file()
        assert not (head / "policies" / "lanes.toml").exists()
        assert not (base / "new").exists()
        assert (base / "policies" / "lanes.toml").is_file()
        assert len(str(head)) == len(str(base))
    assert not head.exists()


def test_a_folder_without_git_is_measured_alone(tmp_path: Path) -> None:
    for name, text in (("recall.py", recall(100)), ("test_recall.py", TESTS)):
        (tmp_path / name).write_text(text, "utf-8")
    checkout = Checkout.open(tmp_path)

    with trees(checkout, None) as folders:
        (found,) = Measuring(folders, Plan(("test_recall.py",), {}, 0.01, 1, tmp_path), lambda done, left: None).run()

    assert (len(found.seconds), found.ratios) == (1, ())


@pytest.mark.skipif(valgrind() is None, reason="valgrind is not installed here, so that nothing can be asked of it")
def test_valgrind_counts_half_a_per_cent_more(repository: Repository) -> None:
    repository.write("recall.py", recall(3015))
    checkout = Checkout.open(repository.root, base="HEAD")
    plan = Plan(
        ("test_recall.py",), {}, 0.01, seed=1, root=checkout.root, most=1, seconds_each=300, valgrind=valgrind()
    )

    with trees(checkout, checkout.base) as folders:
        (found,) = Measuring(folders, plan, lambda launches, left: None).run()

    assert found.native is not None
    assert len(found.native.head) == len(found.native.base) == 3
    assert found.native.more == pytest.approx(0.005, abs=0.002)
