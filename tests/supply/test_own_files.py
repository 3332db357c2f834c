"""What this repository promises of its supply chain stands in its own files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def test_gitleaks_own_rules_are_extended_and_nothing_is_allowed() -> None:
    configuration = tomllib.loads(read(".gitleaks.toml"))

    assert configuration["extend"] == {"useDefault": True}
    assert not configuration.keys() & {"allowlist", "allowlists", "rules"}


def test_every_kind_of_dependency_is_renewed_after_a_week() -> None:
    updates = yaml.safe_load(read(".github/dependabot.yml"))["updates"]

    assert {each["package-ecosystem"] for each in updates} == {"pip", "github-actions"}
    assert all(each["cooldown"]["default-days"] >= 7 for each in updates)


def test_the_audit_is_a_job_of_that_name_which_runs_each_day_and_on_each_change() -> None:
    workflow = yaml.load(read(".github/workflows/security-audit.yml"), yaml.BaseLoader)

    assert list(workflow["jobs"]) == ["security-audit"]
    assert {"pull_request", "push", "schedule"} <= set(workflow["on"])
    assert workflow["permissions"] == {}
    commands = " ".join(step.get("run", "") for step in workflow["jobs"]["security-audit"]["steps"])
    assert re.findall(r"make ([a-z]+)", commands) == ["secrets", "audit", "workflows", "sbom"]


def test_the_runbook_says_who_within_what_time_and_how_it_is_verified() -> None:
    runbook = read("docs/runbooks/secret-rotation.md")

    for said in (
        "| who | within |",
        "## How it is verified",
        "secrets present: 0",
        "secret scanning",
        "push protection",
    ):
        assert said in runbook
    assert "docs/runbooks/secret-rotation.md" in read("SECURITY.md")


@pytest.mark.parametrize("target", ["secrets", "audit", "sbom", "lock", "lock-check", "pip-audit"])
def test_the_target_is_listed_by_make(target: str) -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, encoding="utf-8").stdout

    assert re.search(rf"^  make {target} ", listed, re.MULTILINE)
