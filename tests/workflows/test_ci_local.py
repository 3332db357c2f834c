"""make ci-local runs what is committed, in a clone, and says what failed and what could not be run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import ci_local
from scripts.ci_local import Step
from tests.workflows.environments import repository


def step(script: str, **env: str) -> Step:
    return Step("a-workflow", "a-job", "A step", script, env)


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "kept.txt").write_text("as committed\n", "utf-8")
    repository(root)
    (root / "kept.txt").write_text("as it is now\n", "utf-8")
    return root


def endings(root: Path, *steps: Step) -> list[str]:
    return [each.how for each in ci_local.run_all(list(steps), root)]


def test_a_step_sees_the_commit_and_not_what_was_edited_since(committed: Path) -> None:
    assert endings(committed, step('[ "$(cat kept.txt)" = "as committed" ]')) == ["passed"]


def test_the_files_of_the_forge_are_there_and_keep_what_was_written(committed: Path) -> None:
    written = step('echo said >> "$GITHUB_STEP_SUMMARY" && echo a=b >> "$GITHUB_OUTPUT"')
    read = step('grep -q said "$GITHUB_STEP_SUMMARY" && grep -q a=b "$GITHUB_OUTPUT" && [ "$CI" = true ]')

    assert endings(committed, written, read) == ["passed", "passed"]


def test_a_failure_says_its_code_and_the_next_step_runs_all_the_same(committed: Path) -> None:
    assert endings(committed, step("exit 3"), step("false | true"), step("true")) == [
        "failed (3)",
        "failed (1)",
        "passed",
    ]


def test_a_step_that_stands_in_two_workflows_runs_once(committed: Path) -> None:
    once = step("[ ! -e ran ] && touch ran")

    assert endings(committed, once, once._replace(workflow="another")) == ["passed", "passed"]
    assert endings(committed, once, once._replace(env={"BASE": "x"})) == ["passed", "failed (1)"]


def test_what_belongs_to_the_forge_is_told_with_its_reason(committed: Path) -> None:
    (how,) = endings(committed, step("make publish"))

    assert re.fullmatch(r"not here: publishes a release.*", how)


def test_an_expression_that_stands_for_nothing_here_is_no_empty_text(committed: Path) -> None:
    with pytest.raises(KeyError, match=re.escape("${{ github.actor }}")):
        endings(committed, step("true", WHO="${{ github.actor }}"))


def test_a_workflow_that_does_not_exist_is_named_beside_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert ci_local.main(["dogs"]) == 2

    said = capsys.readouterr().err
    assert "called dogs" in said
    assert "docs, docs/context, docs/docs, docs/legacy-guard" in said
