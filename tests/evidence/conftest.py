"""A small repository with every kind of result, judged and proved for real, and its bundle."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

import pytest

from gates.attestation import archive, manifest
from gates.attestation.manifest import Entry, Manifest
from gates.evidence.bundle import bundled
from gates.facts.checkout import Checkout
from gates.policy import Policy
from gates.proving import prove
from gates.report import Report
from gates.running import run

TODAY = dt.date(2026, 11, 22)

FILES = {
    "app/__init__.py": "",
    "app/loader.py": "import importlib\n\nimportlib.import_module('app.waived')\n",
    "app/debt.py": "try:\n    import nothing\nexcept Exception:\n    pass\n",
    "lab/__init__.py": "",
    "lab/trial.py": "import app.debt\nimport importlib\n\nimportlib.import_module('lab.standing')\n",
    "policies/gates.toml": """
[gates.cross-lane-import]
[gates.dynamic-import]
level = "warn"
[gates.unparsable-module]
[gates.swallowed-failure]
""",
    "policies/lanes.toml": """
[[lane]]
name = "lab"
paths = ["lab/**"]
may_import = ["lab", "app"]
[[lane]]
name = "app"
paths = ["app/**"]
may_import = ["app"]
""",
    "policies/waivers.toml": """
[[waiver]]
gate = "dynamic-import"
path = "app/loader.py"
reason = "until plugins are registered"
owner = "@core"
ticket = "T4-1"
expires = 2027-01-31
""",
    ".ci/baseline.json": '{"schema": 1, "debt": {"swallowed-failure": {"app/debt.py": {"<module>: Exception": 1}}}}\n',
}


@dataclass(frozen=True)
class Judged:
    """A run, its proof, and the policy of both."""

    checkout: Checkout
    report: Report
    proof: Report
    policy: Policy

    @property
    def root(self) -> Path:
        return self.checkout.root

    def bundled(self, allow_dirty: bool = False) -> bytes:
        return bundled(self.report, self.proof, self.policy, allow_dirty=allow_dirty, checkout=self.checkout)


@dataclass
class Parts:
    """The files of a bundle, to be changed, and put together again."""

    files: dict[str, bytes] = field(default_factory=dict)

    def packed(self) -> bytes:
        return archive.packed(self.files)

    def listed_anew(self) -> Parts:
        """With a manifest that lists the files as they are now: the work of a forger who knows how."""
        listed = Manifest.parse(self.files[manifest.NAME])
        entries = [Entry.of(name, content) for name, content in sorted(self.files.items()) if name != manifest.NAME]
        fields = {**vars(listed), "files": tuple(entries)}
        self.files[manifest.NAME] = Manifest(**fields).render()
        return self


def run_git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "t@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    when = {"GIT_AUTHOR_DATE": "2026-11-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-11-01T00:00:00Z"}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **who, **when, **alone}, check=True, stdout=subprocess.PIPE
    )
    return done.stdout.decode().strip()


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def judged_at(root: Path, base: Optional[str] = None) -> Judged:
    checkout = Checkout.open(root, base)
    policy = Policy.load(root / "policies", root)
    report = run(policy, checkout, today=TODAY, workers=1)
    return Judged(checkout, report, prove(policy, checkout, today=TODAY), policy)


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("origin")
    write(root, FILES)
    run_git(root, "init", "-q", "-b", "main")
    run_git(root, "add", "-A")
    run_git(root, "commit", "-q", "-m", "first")
    return root


@pytest.fixture
def clone(origin: Path, tmp_path: Path) -> Callable[[str], Path]:
    def cloned(name: str) -> Path:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        run_git(tmp_path, "clone", "-q", str(origin), name)
        return tmp_path / name

    return cloned


@pytest.fixture
def git() -> Callable[..., str]:
    return run_git


@pytest.fixture
def judge() -> Callable[[Path], Judged]:
    return judged_at


@pytest.fixture(scope="session")
def judged(origin: Path) -> Judged:
    return judged_at(origin)


@pytest.fixture(scope="session")
def raw(judged: Judged) -> bytes:
    return judged.bundled()


@pytest.fixture
def parts(raw: bytes) -> Parts:
    return Parts(dict(archive.read(raw).members))
