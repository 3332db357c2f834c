"""The layer contracts hold, and each is shown to be broken by the import that it is there to refuse."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytest.importorskip("importlinter", reason="import-linter is not installed; `make test` sets it up")

ROOT = Path(__file__).parents[1]

# Contract, file, line: the line, added to the file, is what the contract refuses.
BREACHES = [
    ("gates: from the command line down to what can go wrong", "gates/finding.py", "from gates import running"),
    ("gates: from the command line down to what can go wrong", "gates/facts/fact.py", "from gates import policy"),
    ("gates: from the command line down to what can go wrong", "gates/of_no_layer.py", '"""In no layer."""'),
    (
        "runtime: from the command line and the plugins down to what can go wrong",
        "runtime/orchestrator/query.py",
        "from runtime.memory import record",
    ),
    (
        "runtime: from the command line and the plugins down to what can go wrong",
        "runtime/__main__.py",
        "from runtime.lanes import production",
    ),
    (
        "runtime: from the command line and the plugins down to what can go wrong",
        "runtime/of_no_layer.py",
        '"""In no layer."""',
    ),
    ("each library of the service stands behind one module", "runtime/app.py", "import prometheus_client"),
    ("each library of the service stands behind one module", "runtime/orchestrator/pipeline.py", "import nats"),
    ("gates and runtime never meet", "gates/report.py", "import runtime"),
    ("gates and runtime never meet", "runtime/__init__.py", "import gates"),
    (
        "one gate knows no other",
        "gates/checks/source/dynamic_import.py",
        "from gates.checks.source import cross_lane_import",
    ),
    ("a gate is given what it judges", "gates/checks/source/dynamic_import.py", "import os"),
    ("a gate is given what it judges", "gates/checks/source/dynamic_import.py", "from pathlib import Path"),
    ("a gate is given what it judges", "gates/checks/source/dynamic_import.py", "from gates.policy import Policy"),
    ("what finds does without what mends", "gates/facts/extractors/dynamic_loading.py", "import libcst"),
    ("what finds does without what mends", "gates/fixing.py", "import libcst.metadata"),
    ("only facts run commands", "gates/running.py", "import subprocess"),
    ("only the command line and the text reporter know a terminal", "gates/running.py", "import rich.console"),
    ("only the command line and the text reporter know a terminal", "gates/proving.py", "import click"),
    ("only the contract types know import-linter", "gates/facts/imports.py", "import grimp"),
    ("only the contract types know import-linter", "gates/running.py", "from importlinter import Contract"),
    ("only what reads its data knows coverage.py", "gates/facts/coverage.py", "import coverage"),
    ("only what reads YAML knows YAML", "gates/facts/carriers.py", "import yaml"),
    ("an unchanged tree is answered without what a run needs", "gates/replay.py", "import msgspec"),
    ("an unchanged tree is answered without what a run needs", "gates/replay.py", "import dataclasses"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in ("gates", "runtime"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(folder: Path) -> tuple[int, str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


def broken(output: str) -> set[str]:
    return set(re.findall(r"^(.*) BROKEN", output, re.MULTILINE))


def test_every_contract_holds(copy: Path) -> None:
    status, output = lint_imports(copy)

    assert status == 0, output
    assert broken(output) == set()


@pytest.mark.parametrize(("contract", "path", "line"), BREACHES)
def test_a_breach_is_caught_by_its_contract_and_no_other(copy: Path, contract: str, path: str, line: str) -> None:
    with (copy / path).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")

    status, output = lint_imports(copy)

    assert status == 1, output
    assert broken(output) == {contract}


def test_every_contract_has_a_breach() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]

    assert {contract["name"] for contract in settings["contracts"]} == {contract for contract, _, _ in BREACHES}
