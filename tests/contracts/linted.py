"""A small repository with import-linter's configuration, and what the real lint-imports says of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from tests.checkout.repository import Repository

CONTRACT_TYPES = """
contract_types =
    gates_acyclic_siblings: gates.contracts.AcyclicSiblings
    gates_forbidden: gates.contracts.Forbidden
    gates_independence: gates.contracts.Independence
    gates_layers: gates.contracts.Layers
    gates_protected: gates.contracts.Protected
"""
# Lower code that reaches what is above it by name; its line 3 is no import statement.
LOADING = "import importlib\n\nhigh = importlib.import_module('app.high.tool')\n"
APP = {"app/__init__.py": "", "app/high/__init__.py": "", "app/high/tool.py": "", "app/low/__init__.py": ""}


@dataclass(frozen=True)
class Said:
    """The exit status, and what was printed, without colours."""

    status: int
    text: str

    @property
    def verdicts(self) -> dict[str, str]:
        """Contract to KEPT or BROKEN."""
        return dict(re.findall(r"^(\w+) (KEPT|BROKEN)\b", self.text, re.MULTILINE))


def configuration(contracts: Mapping[str, str], packages: str = "app", session: str = "") -> str:
    """An .importlinter file: each contract by name, with its options."""
    sections = [f"[importlinter:contract:{name}]\nname = {name}\n{options}\n" for name, options in contracts.items()]
    head = "[importlinter]\nroot_packages =\n" + "".join(f"    {package}\n" for package in packages.split())
    return "\n".join([head + session + CONTRACT_TYPES, *sections])


def linted(repository: Repository, files: Mapping[str, str], config: str, below: str = "") -> Said:
    """Write the files, and run lint-imports in the folder `below`, from which the packages are imported."""
    for name, text in files.items():
        repository.write(name, text)
    (repository.root / ".importlinter").write_text(config, "utf-8")
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--config", str(repository.root / ".importlinter")],
        cwd=repository.root / below,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=_environ(),
    )
    return Said(done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout))


def _environ() -> dict[str, str]:
    """Ours, with a wide terminal, and without what would keep facts elsewhere."""
    dropped = ("GATES_CACHE", "GATES_STORE", "FORCE_COLOR")
    return {**{name: value for name, value in os.environ.items() if name not in dropped}, "COLUMNS": "200"}
