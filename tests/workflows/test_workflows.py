"""What the workflows run is known here: make targets that exist, and a few scripts, each with its reason."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import ci_local
from scripts.ci_local import Step
from tests.workflows.environments import ran

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
STEPS = list(ci_local.steps(ROOT))
# What is no make target: an action runs in somebody else's repository, whose makefile is not ours.
ACTION = ['"$GITHUB_ACTION_PATH/.ci/action" install', '"$GITHUB_ACTION_PATH/.ci/action" judge']
_TARGET = re.compile(r'make (?P<target>[a-z-]+)(?: (?:REPORTS|TESTS)=(?:"[^"]*"|\S+))*')


def parsed(file: Path) -> Any:
    return yaml.load(file.read_text("utf-8"), yaml.BaseLoader)


def targets() -> frozenset[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return frozenset(name for line in re.findall(r"^([a-z][a-z -]*):(?!=)", makefile, re.M) for name in line.split())


def test_every_occasion_has_its_workflow() -> None:
    names = {"docs", "gates", "nightly", "promotion-gate", "release", "scorecard", "security-audit"}

    assert {file.stem for file in WORKFLOWS} == names
    assert all(parsed(file)["name"] == file.stem for file in WORKFLOWS)
    assert {"docs", "legacy-guard"} <= set(parsed(FOLDER / "docs.yml")["jobs"])


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.workflow}/{step.job}: {step.name}")
def test_a_step_calls_a_target_that_exists(step: Step) -> None:
    called = _TARGET.fullmatch(step.script)

    assert called or step.script in ACTION, step.script
    assert called is None or called["target"] in targets()


def test_no_target_is_made_in_two_ways() -> None:
    said = subprocess.run(["make", "--dry-run", "help"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)

    assert said.stderr == ""


def test_what_cannot_be_run_here_is_what_some_step_runs() -> None:
    scripts = {step.script for step in STEPS}

    assert set(ACTION) | set(ci_local.ONLY_ON_THE_FORGE) <= scripts


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.workflow}/{step.job}: {step.name}")
def test_what_the_forge_would_put_in_is_known_here_and_in_no_script(step: Step, tmp_path: Path) -> None:
    assert "${{" not in step.script
    assert "${{" not in "".join(ci_local.environment(ROOT, tmp_path, step).values())


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_may_do_nothing_but_what_its_jobs_name(file: Path) -> None:
    workflow = parsed(file)

    assert workflow["permissions"] == {}
    assert {"group", "cancel-in-progress"} == set(workflow["concurrency"])
    for job in workflow["jobs"].values():
        assert job["permissions"]
        assert int(job["timeout-minutes"]) <= 120
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"


def test_one_action_is_used_in_one_version() -> None:
    used: dict[str, set[str]] = {}
    for file in WORKFLOWS:
        for name, pin in re.findall(
            r"uses: ([\w/.-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)$", file.read_text("utf-8"), re.M
        ):
            used.setdefault(name, set()).add(pin)

    assert sum(file.read_text("utf-8").count("uses: ") for file in WORKFLOWS) > len(used) > 0
    assert {name: pins for name, pins in used.items() if len(pins) > 1} == {}


def test_actionlint_finds_nothing() -> None:
    ended = ran(ROOT, "actionlint")

    assert (ended.returncode, ended.stdout) == (0, "")


def test_actionlint_is_one_that_finds_something(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps: [{run: 'echo ${{ nothing.of }}'}]\n", "utf-8"
    )

    ended = ran(tmp_path, "actionlint", str(wrong))

    assert ended.returncode == 1
    assert "nothing" in ended.stdout
