"""Actions are pinned, workflows are safe, and zizmor is believed only where it is certain that it looked."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.checks.supply.unpinned_action import UnpinnedAction
from gates.checks.supply.unsafe_workflow import UnsafeWorkflow
from gates.errors import FactUnavailable
from gates.facts.carrier_files import CarrierSettings
from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.extractors.workflow import extract
from gates.facts.store import Store
from gates.facts.supply.tools import Done, Tools
from gates.facts.supply.workflow_audit import WorkflowAudit, reconciled
from gates.facts.supply.workflows import Workflows
from gates.policy import Policy
from gates.report import Outcome
from gates.running import run
from tests.checkout.repository import Repository
from tests.supply.trees import case, tree_of

NO_STORE = Store(None)
CANARY = ".github/workflows/gates-canary.yml"


def workflows(checkout: Checkout) -> Workflows:
    return Workflows.gather(checkout, Extraction(checkout, NO_STORE, "test", workers=1), CarrierSettings())


def without_zizmor(checkout: Checkout) -> WorkflowAudit:
    return WorkflowAudit(checkout, workflows(checkout), NO_STORE, None, "zizmor is not installed")


def test_what_is_pinned_or_locked_is_left_alone() -> None:
    assert list(UnpinnedAction().check(workflows(case("unpinned-action", "clean")))) == []


def test_what_can_be_moved_is_named_where_it_stands() -> None:
    findings = sorted(
        UnpinnedAction().check(workflows(case("unpinned-action", "offending"))), key=lambda each: each.place
    )

    assert [(each.path.rpartition("/")[2], each.line, each.subject) for each in findings] == [
        ("actions.lock", 0, ".github/workflows/ci.yml uses owner/unlocked@v1"),
        ("actions.lock", 0, "owner/locked@v2"),
        ("actions.lock", 0, "owner/locked@v2 uses owner/inner@v1"),
        ("ci.yml", 5, "python:3.12"),
        ("ci.yml", 7, "postgres"),
        ("ci.yml", 8, "${{ matrix.image }}"),
        ("ci.yml", 10, "actions/checkout@v6"),
        ("ci.yml", 11, "actions/setup-python: no version"),
        ("ci.yml", 12, "actions/cache: no version"),
        ("ci.yml", 13, "alpine:3"),
        ("ci.yml", 14, "owner/nothing"),
        ("ci.yml", 16, "owner/elsewhere@v1"),
        ("ci.yml", 18, "owner/repository/.github/workflows/reusable.yml@main"),
        ("action.yaml", 4, "actions/cache@main"),
    ]


def test_images_are_left_alone_where_the_policy_says_so() -> None:
    findings = UnpinnedAction(images=False).check(workflows(case("unpinned-action", "offending")))

    assert not [each for each in findings if "image" in each.message]


def test_what_zizmor_does_not_ask_is_asked_without_it() -> None:
    checkout = case("unsafe-workflow", "offending")
    gate = UnsafeWorkflow(required_checks=("test (3.9)", "test", "coverage"))

    findings = sorted(gate.check(workflows(checkout), without_zizmor(checkout)), key=lambda each: each.place)

    assert [(each.line, each.subject) for each in findings] == [
        (0, "required check: coverage"),
        (0, "required check: test"),  # each of the matrix has a name of its own
        (5, "test: no time limit"),
        (7, "jobs.test: true"),
        (13, "make tests"),
        (14, "jobs.test.steps (Tests): pytest || true"),
        (15, "jobs.test.steps (Tests): set +e"),
        (16, "make html"),
        (17, "jobs.test.steps: ${{ matrix.python == '3.9' }}"),
    ]


def test_a_workflow_that_keeps_its_promises_is_left_alone() -> None:
    checkout = case("unsafe-workflow", "clean")
    gate = UnsafeWorkflow(required_checks=("Test 3.9",))

    assert list(gate.check(workflows(checkout), without_zizmor(checkout))) == []


def subjects(files: Mapping[str, str], *required: str) -> list[str]:
    checkout = tree_of(files)
    gate = UnsafeWorkflow(required_checks=required)
    return [each.subject for each in gate.check(workflows(checkout), without_zizmor(checkout))]


def job(*scripts: str) -> str:
    steps = "".join(f"\n      - run: {json.dumps(script)}" for script in scripts)
    return f"on: push\njobs:\n  a:\n    runs-on: u\n    timeout-minutes: 1\n    steps:{steps}\n"


def test_the_makefile_is_the_one_that_make_would_take() -> None:
    files = {
        ".github/workflows/a.yml": job(
            "cd docs && make html gone", "make -C api all", "make -C api absent", "cd made-on-the-way && make all"
        ),
        "docs/makefile": "html:\n",
        "api/GNUmakefile": "all:\n",
        "api/Makefile": "absent:\n",
    }

    assert subjects(files) == ["make gone", "make absent"]


def test_a_target_that_is_a_file_beside_the_makefile_is_there() -> None:
    files = {".github/workflows/a.yml": job("make -C docs index.html"), "docs/Makefile": "a:\n", "docs/index.html": ""}

    assert subjects(files) == []


@pytest.mark.parametrize("event", ["push", "[workflow_dispatch, merge_group]", "{pull_request: {branches: [main]}}"])
def test_a_required_check_is_of_a_job_that_a_change_starts(event: str) -> None:
    assert subjects({".github/workflows/a.yml": job("true").replace("on: push", f"on: {event}")}, "a") == []


@pytest.mark.parametrize("event", ["workflow_dispatch", "[workflow_call]", "{schedule: [{cron: '1 1 1 1 1'}]}"])
def test_a_required_check_of_a_job_that_no_change_starts_is_provided_by_nobody(event: str) -> None:
    files = {".github/workflows/a.yml": job("true").replace("on: push", f"on: {event}")}

    assert subjects(files, "a") == ["required check: a"]


@pytest.mark.parametrize(
    "strategy",
    ["{matrix: '${{ fromJSON(needs.b.outputs.c) }}'}", "{matrix: {python: '${{ c }}'}}", "'${{ fromJSON(c) }}'"],
)
def test_whether_a_computed_matrix_provides_a_check_is_a_note(strategy: str) -> None:
    text = job("true").replace("runs-on", f"strategy: {strategy}\n    runs-on")
    checkout = tree_of({".github/workflows/a.yml": text})

    found = UnsafeWorkflow(required_checks=("a (3.11)", "a", "b (3.11)")).check(
        workflows(checkout), without_zizmor(checkout)
    )

    assert [(each.subject, each.verdict) for each in found] == [
        ("required check: a (3.11)", "unproven"),
        ("required check: a", "violation"),
        ("required check: b (3.11)", "violation"),
    ]


def test_steps_that_two_jobs_share_are_reported_once() -> None:
    steps = "[{uses: a/b@v1}, {run: 'make gone || true', continue-on-error: true}]"
    text = f"on: push\njobs:\n  a: {{timeout-minutes: 1, steps: &s {steps}}}\n  b: {{timeout-minutes: 1, steps: *s}}\n"
    files = {".github/workflows/a.yml": text, "Makefile": "here:\n"}

    assert subjects(files) == ["jobs.a.steps: true", "jobs.a.steps: make gone || true", "make gone"]
    assert [each.subject for each in UnpinnedAction().check(workflows(tree_of(files)))] == ["a/b@v1"]


def test_a_workflow_that_does_not_parse_is_lacking_and_not_absent() -> None:
    checkout = tree_of({".github/workflows/a.yml": "jobs: [\n", ".github/workflows/b.yml": "- list\n"})

    assert dict(workflows(checkout).lacking) == {
        ".github/workflows/a.yml": "line 2: is no YAML: did not find expected node content",
        ".github/workflows/b.yml": "line 1: is no workflow: it has no `jobs`",
    }


@pytest.mark.parametrize("text", ["title: a\n", "- list\n", "jobs: {a: {}}\n", "", "a: 1\n---\nb: 2\n", "{% if a %}\n"])
def test_only_what_has_runs_is_an_action(text: str) -> None:
    other = {"docs/action.yml": text, ".github/workflows/a.yml": job("true")}
    known = workflows(tree_of(other))

    assert ([file.path for file in known.files], len(known)) == ([".github/workflows/a.yml"], 1)
    assert known.lacking == {}
    assert subjects(other) == []
    assert dict(workflows(tree_of({"docs/action.yml": "runs: [\n"})).lacking) == {
        "docs/action.yml": "line 2: is no YAML: did not find expected node content"
    }


def test_of_two_jobs_by_one_name_none_is_passed_over() -> None:
    twice = "on: push\njobs:\n  a:\n    steps: [{uses: evil/action@main}]\n  a:\n    steps: []\n"
    within = "on: push\njobs:\n  a:\n    steps: &s [*s, {uses: evil/action@main, 'uses': 'own/action'}]\n"
    checkout = tree_of({".github/workflows/a.yml": twice, ".github/workflows/b.yml": within})

    assert dict(workflows(checkout).lacking) == {
        ".github/workflows/a.yml": "line 5: is no YAML: the key 'a' stands twice",
        ".github/workflows/b.yml": "line 4: is no YAML: the key 'uses' stands twice",
    }


def test_without_zizmor_the_audit_is_lacking_with_the_reason() -> None:
    assert dict(without_zizmor(case("unsafe-workflow", "clean")).lacking) == {"zizmor": "zizmor is not installed"}


def found(ident: str, path: str = CANARY) -> dict[str, Any]:
    symbolic = {
        "key": {"Local": {"verbatim_path": f"./{path}"}},
        "annotation": "here",
        "route": {"route": [{"Key": "jobs"}, {"Index": 0}]},
        "kind": "Primary",
    }
    concrete = {"location": {"start_point": {"row": 1, "column": 2}}, "feature": "x"}
    return {
        "ident": ident,
        "desc": "d",
        "determinations": {"severity": "High"},
        "locations": [{"symbolic": symbolic, "concrete": concrete}],
        "ignored": False,
    }


def done(code: int = 14, paths: tuple[str, ...] = ("a.yml", CANARY), *idents: str) -> Done:
    printed = json.dumps([found(ident) for ident in idents or ("template-injection",)]).encode()
    return Done(code, printed, "".join(f" INFO audit: zizmor: completed ./{path}\n" for path in paths))


def test_zizmor_is_believed_when_it_audited_each_file_and_found_what_was_planted_for_it() -> None:
    assert reconciled(done(), {"a.yml", CANARY}) == []


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (done(1), "zizmor ended with 1: INFO audit"),
        (done(14, (CANARY,)), r"zizmor audited 1 files of 2; a\.yml is in one list only"),
        (done(14, ("a.yml", "b.yml", CANARY)), r"zizmor audited 3 files of 2; b\.yml"),
        (done(14, ("a.yml", CANARY), "artipacked"), "does not find what was planted for it"),
        (done()._replace(printed=b"{}"), "does not find what was planted|is not what version 1"),
        (done()._replace(printed=b"[{}]"), "is not what version 1 of its format says"),
        (done()._replace(printed=b"No findings"), "is not what version 1 of its format says"),
    ],
)
def test_zizmor_is_not_believed_otherwise(ended: Done, why: str) -> None:
    with pytest.raises(FactUnavailable, match=why):
        reconciled(ended, {"a.yml", CANARY})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "facts.sqlite") as opened:
        yield opened


def test_what_the_real_zizmor_finds_is_kept_and_comes_without_it_the_second_time(store: Store) -> None:
    tools = Tools.gather(store)
    if not tools.places("zizmor"):
        pytest.skip("zizmor is not installed for this Python")
    text = (
        "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n"
        "      - run: echo ${{ github.event.issue.title }}\n      - uses: x/y@v1\n"
    )
    checkout = tree_of({".github/workflows/a.yml": text})

    audit = WorkflowAudit.gather(checkout, workflows(checkout), store, tools)

    assert audit.lacking == {}
    assert {"template-injection", "dangerous-triggers", "excessive-permissions"} <= {
        each.ident for each in audit.findings
    }
    subjects = [each.subject for each in UnsafeWorkflow().check(workflows(checkout), audit)]
    assert "template-injection: jobs.a.steps.run echo ${{ github.event.issue.title }}" in subjects
    assert not [subject for subject in subjects if "unpinned" in subject]
    again = WorkflowAudit.gather(checkout, workflows(checkout), store, tools)
    assert audit.tool is not None
    assert again.tool is not None
    unstartable = WorkflowAudit(
        checkout, again.workflows, store, again.tool.__class__("zizmor", Path("gone"), again.tool.version)
    )
    assert unstartable.findings == audit.findings
    elsewhere = tree_of({".github/workflows/b.yml": text})
    other = WorkflowAudit(elsewhere, workflows(elsewhere), store, unstartable.tool)
    assert "cannot be started" in other.lacking["zizmor"]


@given(st.binary())
def test_whatever_bytes_a_workflow_holds_the_answer_is_plain(source: bytes) -> None:
    said = extract(source)

    assert said is None or isinstance(said, (str, tuple))


def script(tmp_path: Path, name: str, says: str) -> None:
    place = tmp_path / name
    place.write_text(f"#!/bin/sh\necho '{says}'\n", "utf-8")
    place.chmod(0o755)


def test_a_program_is_the_one_that_it_is_taken_for_or_not_used(tmp_path: Path) -> None:
    tools = Tools(NO_STORE, (str(tmp_path / "a"), str(tmp_path / "b")))
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    remedy = "install the real one"

    with pytest.raises(FactUnavailable, match="tool is not installed; install the real one"):
        tools.get("tool", r"tool (\d+)", remedy)
    script(tmp_path / "a", "tool", "impostor 7")
    with pytest.raises(
        FactUnavailable, match="tool on this machine says 'impostor 7', which is another program; install"
    ):
        tools.get("tool", r"tool (\d+)", remedy)
    script(tmp_path / "b", "tool", "tool 8")
    found = tools.get("tool", r"tool (\d+)", remedy)
    assert (found.version, found.place) == ("8", tmp_path / "b" / "tool")
    assert found.run([], tmp_path).printed == b"tool 8\n"


def test_what_was_declared_empty_and_cannot_be_read_says_both(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.write("policies/gates.toml", '[gates.unpinned-action]\nmay_be_empty = "no workflows"\n')
    repository.write("policies/lanes.toml", '[[lane]]\nname = "all"\npaths = ["**"]\nmay_import = ["all"]\n')
    repository.write(".github/workflows/ci.yml", "jobs:\n  a: b: c\n")
    repository.commit(clean="x = 1\n")

    said = run(Policy.load(tmp_path / "policies"), repository.open(), today=dt.date(2026, 11, 22), workers=1)

    result = said.result("unpinned-action")
    assert (result.outcome, [each.subject for each in result.findings]) == (
        Outcome.FAILED,
        ["unpinned-action may_be_empty"],
    )
    assert ".github/workflows/ci.yml: line 2: is no YAML" in (result.reason or "")
