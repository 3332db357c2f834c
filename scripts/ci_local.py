#!/usr/bin/env python3
"""What the workflows and the action run, run here in order: scripts/ci_local.py [WORKFLOW | WORKFLOW/JOB]...

Every `run:` of .github/workflows/ and of action.yml is executed once in a clean clone of HEAD, whatever its `if:`, with
the environment files of the forge in a temporary folder. Of a matrix there is the one interpreter that is found here:
`make matrix` has the others. What `uses:` an action cannot be run without the forge. Exits with 1 where a step failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[1]
# Scripts that act on the forge, and what is known of them without it.
ONLY_ON_THE_FORGE = {
    "make propose-context": "pushes a branch and opens a pull request; tests/workflows/ runs it with a stand-in for gh",
    "make publish": "publishes a release; tests/workflows/ runs it with a stand-in for gh",
}
# What the forge would put in place of an expression; a change is compared with main, as that of a pull request is.
_BASE = "${{ github.event_name == 'pull_request' && format('origin/{0}', github.base_ref) || '' }}"
EXPRESSIONS = {
    _BASE: "origin/main",
    "${{ github.token }}": "",
    "${{ github.ref_name }}": "",
    "${{ inputs.arguments }}": "",
    "${{ inputs.base }}": "origin/main",
    "${{ inputs.evidence }}": ".gates/evidence",
}
_FILES = ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")


class Step(NamedTuple):
    """A `run:`, with the variables that it is given; `env` holds expressions as they are written."""

    workflow: str
    job: str
    name: str
    script: str
    env: Mapping[str, str]


class Ended(NamedTuple):
    """How a step ended: passed, failed (with the exit code), or not here (with the reason)."""

    step: Step
    how: str
    seconds: float = 0.0


def steps(root: Path) -> Iterator[Step]:
    """Every `run:` of the workflows, by file, job and place; then those of the action."""
    for file in sorted((root / ".github" / "workflows").glob("*.yml")):
        workflow = _read(file)
        for job, said in workflow["jobs"].items():
            shared = {**workflow.get("env", {}), **said.get("env", {})}
            yield from _steps(file.stem, job, said.get("steps", ()), shared)
    yield from _steps("action", "composite", _read(root / "action.yml")["runs"]["steps"], {})


def _read(file: Path) -> Any:
    """As text, so that `on` stays a key and 3.10 a version."""
    return yaml.load(file.read_text("utf-8"), yaml.BaseLoader)


def _steps(workflow: str, job: str, said: Any, shared: Mapping[str, str]) -> Iterator[Step]:
    for step in said:
        if "run" in step:
            env = {**shared, **step.get("env", {})}
            yield Step(workflow, job, step.get("name", step["run"]), step["run"], env)


def not_here(step: Step) -> str:
    """Why a step cannot be run without the forge; empty where it can."""
    return ONLY_ON_THE_FORGE.get(step.script, "")


def environment(clone: Path, folder: Path, step: Step) -> dict[str, str]:
    """What a step sees: this environment without what belongs to this tree, and what a runner adds.

    KeyError for an expression that stands for nothing here.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GITHUB_", "MAKE", "MFLAGS", "VIRTUAL_ENV"))
    }
    for name in _FILES:
        (folder / name).touch()
    return {
        **kept,
        "CI": "true",
        "GITHUB_ACTION_PATH": str(clone),
        "GITHUB_WORKSPACE": str(clone),
        "RUNNER_TEMP": str(folder),
        **{name: str(folder / name) for name in _FILES},
        **{name: EXPRESSIONS[value] if "${{" in value else value for name, value in step.env.items()},
    }


def execute(clone: Path, folder: Path, step: Step) -> Ended:
    """Run it as a runner's bash does."""
    print(f"\n== {step.workflow} / {step.job} / {step.name}\n$ {step.script}", flush=True)
    began = time.monotonic()
    words = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step.script]
    code = subprocess.run(words, cwd=clone, env=environment(clone, folder, step), check=False).returncode
    return Ended(step, f"failed ({code})" if code else "passed", time.monotonic() - began)


def run_all(chosen: list[Step], root: Path) -> Iterator[Ended]:
    """Each script with its variables once, in a clone that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="ci-local-") as place:
        folder, clone = Path(place) / "runner", Path(place) / "clone"
        folder.mkdir()
        subprocess.run(["git", "clone", "--quiet", "--no-local", str(root), str(clone)], check=True)
        done: dict[tuple[str, str], Ended] = {}
        for step in chosen:
            key = (step.script, repr(sorted(step.env.items())))
            if not_here(step):
                done[key] = Ended(step, f"not here: {not_here(step)}")
            elif key not in done:
                done[key] = execute(clone, folder, step)
            yield done[key]._replace(step=step)


def main(names: list[str]) -> int:
    """Run those of the named workflows and jobs, or all; 0 where everything that can be run here passed."""
    known = list(steps(ROOT))
    places = {name for step in known for name in (step.workflow, f"{step.workflow}/{step.job}")}
    unknown = sorted(set(names) - places)
    if unknown:
        print(
            f"nothing that runs is called {', '.join(unknown)}; there are: {', '.join(sorted(places))}", file=sys.stderr
        )
        return 2
    chosen = [step for step in known if not names or {step.workflow, f"{step.workflow}/{step.job}"} & set(names)]
    ended = list(run_all(chosen, ROOT))
    print()
    for step, how, seconds in ended:
        print(f"{step.workflow:17} {step.job:15} {seconds:7.1f} s  {how:12}  {step.script}")
    failed = sum(1 for each in ended if each.how.startswith("failed"))
    print(f"{len(ended)} steps of {len({each.step.workflow for each in ended})} workflows, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
