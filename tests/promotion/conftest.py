"""A repository with a module in each lane, its recordings and its bundle: everything real, made once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional, Union

import pytest

from gates.evidence.bundle import bundled
from gates.evidence.native import native_outputs
from gates.evidence.signing import signed, signer_of
from gates.facts.checkout import Checkout
from gates.facts.store import Store
from gates.policy import Policy
from gates.promotion.told import Told, read, usual_place
from gates.proving import prove
from gates.report import Result
from gates.running import Run, run

TODAY = dt.date(2026, 11, 23)
TILL = "def total(prices: list[int], tax: int = 0) -> int:\n    return sum(prices) + tax\n"
GUESS = "import shop.till\n\n\nclass Guess:\n    def price(self) -> int:\n        return shop.till.total([1])\n"
LANES = """
[[lane]]
name = "candidate"
paths = ["labs/**"]
may_import = ["candidate", "production"]

[[lane]]
name = "production"
paths = ["shop/**"]
may_import = ["production"]
"""
GATES = """
[gates.cross-lane-import]

[gates.premature-promotion]

[facts.timings]
compare = false
paths = ["shop/**", "labs/**"]
"""
BUDGETS = '[[budget]]\nname = "guess"\nbenchmark = "test_guess.py::test_it"\np95 = 0.01\n'
PROMOTION = """
lanes = ["candidate", "production"]
evidence = "make acceptance"
keys = KEYS

[[module]]
name = "till"
paths = ["shop/till.py", "shop/__init__.py"]
lane = "production"
standing = "gated"
must = ["coverage"]

[[module]]
name = "guess"
paths = ["**/guess.py"]
lane = "production"
plugins = ["node:guess"]
spans = ["stage.guess"]
metrics = ['picks_total{node="guess"}']
budgets = ["guess"]
flags = ["module.node.guess"]
drills = ["guess"]

[[module]]
name = "labs"
paths = ["labs/**"]
lane = "candidate"
"""
CATALOGUE = {"schema": 1, "stages": ["guess"], "catalogue": {"metrics": [], "spans": [{"name": "stage.<stage>"}]}}


def blob_of(content: str) -> str:
    raw = content.encode()
    return hashlib.sha1(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()


def recordings(files: Mapping[str, str], guess: str) -> dict[str, str]:
    """Recordings of these files, in which `guess` meets every criterion."""
    blobs = {path: blob_of(text) for path, text in files.items() if path.endswith(".py")}
    telemetry = {
        "recording": "telemetry",
        "schema": 1,
        "queries": 3,
        "files": blobs,
        "spans": {"stage.guess": 3},
        "series": {"picks_total": [{"node": "guess"}]},
        "plugins": {"node:guess": "loaded"},
        "flags": ["module.node.guess"],
    }
    drill = {"drill": "guess/slow", "stage": "guess", "verdict": "held", "nodes": ["guess"]}
    drills = {"recording": "drills", "schema": 1, "at": "2026-11-23T09:00:00+00:00", "files": blobs, "drills": [drill]}
    timed = {"name": "test_guess.py::test_it", "path": guess, "seconds": [[0.001] * 60]}
    head = {"recording": "timings", "schema": 1, "commit": None, "tree": None, "base": None, "machine": {}}
    lines = {"executed_lines": [1, 2], "missing_lines": [], "missing_branches": []}
    coverage = {
        "meta": {"branch_coverage": True},
        "files": {path: lines for path, text in files.items() if path.endswith(".py") and text},
    }
    return {
        ".gates/recordings/telemetry.json": json.dumps(telemetry),
        ".gates/recordings/drills.json": json.dumps(drills),
        ".gates/recordings/timings.json": json.dumps({**head, "files": blobs, "benchmarks": [timed]}),
        ".gates/recordings/coverage.json": json.dumps(coverage),
    }


def run_git(folder: Path, *words: str) -> str:
    who = {f"GIT_{role}_{what}": "t@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *words], cwd=folder, env={**environment, **who, **alone}, check=True, stdout=subprocess.PIPE
    )
    return done.stdout.decode().strip()


def write(root: Path, files: Mapping[str, Union[str, bytes]]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())


@dataclass
class Shop:
    """The repository: `guess` lies in labs/ at the first commit, and may be moved into shop/."""

    root: Path

    def commit(self, message: str = "more") -> str:
        run_git(self.root, "add", "--all")
        run_git(self.root, "commit", "--quiet", "--allow-empty", f"--message={message}")
        return run_git(self.root, "rev-parse", "HEAD")

    def move(self) -> None:
        """`guess` rises: from labs/ into shop/."""
        run_git(self.root, "mv", "labs/guess.py", "shop/guess.py")
        self.commit("guess rises")

    def record(self) -> None:
        """Recordings of the tree as it is."""
        found = (path for folder in ("shop", "labs") for path in sorted((self.root / folder).rglob("*.py")))
        files = {path.relative_to(self.root).as_posix(): path.read_text("utf-8") for path in found}
        guess = next(path for path in files if path.endswith("guess.py"))
        write(self.root, recordings(files, guess))

    def opened(self, base: Optional[str] = None) -> tuple[Policy, Checkout]:
        return Policy.load(self.root / "policies", self.root), Checkout.open(self.root, base)

    def asked(self, base: Optional[str] = None, strict: bool = False) -> Result:
        """What premature-promotion says."""
        policy, checkout = self.opened(base)
        gate = "premature-promotion"
        return run(policy, checkout, today=TODAY, only=[gate], workers=1, strict=strict).result(gate)

    def bundle(self, key: Optional[Path] = None) -> Path:
        """The evidence of HEAD, where it is looked for."""
        policy, checkout = self.opened()
        this = Run(policy, checkout, TODAY, Store(None), workers=1)
        report = run(policy, checkout, today=TODAY, workers=1)
        proof = prove(policy, checkout, today=TODAY)
        raw = bundled(report, proof, policy, checkout=checkout, attached=native_outputs(this))
        place = usual_place(self.root, checkout.commit or "")
        write(self.root, {place.relative_to(self.root).as_posix(): signed(raw, signer_of(key)) if key else raw})
        return place

    def told(self) -> Told:
        checkout = Checkout.open(self.root)
        return read(usual_place(self.root, checkout.commit or ""), checkout.commit or "", (), "make acceptance")


@dataclass(frozen=True)
class Key:
    """A private key, and the line that a policy has of it."""

    private: Path
    line: str


def made_key(folder: Path, name: str) -> Key:
    private = folder / name
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "t@example.org", "-f", str(private)]
    subprocess.run(words, check=True)
    return Key(private, private.with_name(f"{name}.pub").read_text("ascii").strip())


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return made_key(tmp_path_factory.mktemp("keys"), "decider")


@pytest.fixture(scope="session")
def other_key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return made_key(tmp_path_factory.mktemp("keys"), "other")


def founded(root: Path, key: Optional[Key]) -> Shop:
    keys = f'["{key.line}"]' if key is not None else "[]"
    write(
        root,
        {
            "shop/__init__.py": "",
            "shop/till.py": TILL,
            "labs/__init__.py": "",
            "labs/guess.py": GUESS,
            "labs/idea.py": "idea = 1\n",
            "policies/gates.toml": GATES,
            "policies/lanes.toml": LANES,
            "policies/budgets.toml": BUDGETS,
            "policies/promotion.toml": PROMOTION.replace("KEYS", keys),
            "observability/catalogue.json": json.dumps(CATALOGUE),
            ".gitignore": ".gates/\n",
        },
    )
    run_git(root, "init", "--quiet", "--initial-branch=main")
    shop = Shop(root)
    shop.commit("first")
    return shop


@pytest.fixture
def shop(tmp_path: Path, key: Key) -> Shop:
    return founded(tmp_path / "repository", key)


@pytest.fixture(scope="session")
def risen(tmp_path_factory: pytest.TempPathFactory, key: Key) -> Shop:
    """`guess` in shop/ since the last commit, recorded, with evidence that is signed; nobody may change it."""
    from gates.cli.promoting import promote

    shop = founded(tmp_path_factory.mktemp("risen") / "repository", key)
    run_git(shop.root, "mv", "labs/guess.py", "shop/guess.py")
    promote.main(["-C", str(shop.root), "guess", "--record"], standalone_mode=False)
    shop.commit("guess rises")
    shop.record()
    shop.bundle(key.private)
    return shop


@pytest.fixture(scope="session")
def told(risen: Shop) -> Told:
    return risen.told()


Changed = Callable[[Callable[[Any], None]], Told]


@pytest.fixture
def changed(told: Told) -> Changed:
    """What a bundle with other figures would tell."""

    def with_figures(change: Callable[[Any], None]) -> Told:
        figures = json.loads(told.files["figures.json"])
        change(figures)
        return dataclasses.replace(told, files={**told.files, "figures.json": json.dumps(figures).encode()})

    return with_figures
