"""This repository's own promises and catalogue, and the programs that read what follows from them."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from gates.facts.checkout import Checkout
from gates.facts.observability.catalogue import Telemetry, TelemetrySettings, read
from gates.facts.observability.objectives import ObjectivesPolicy
from gates.policy import Policy

ROOT = Path(__file__).parents[2]


@functools.lru_cache(maxsize=1)
def promised() -> ObjectivesPolicy:
    return Policy.load(ROOT / "policies").settings(ObjectivesPolicy)


@functools.lru_cache(maxsize=1)
def telemetry() -> Telemetry:
    content = (ROOT / "observability" / "catalogue.json").read_bytes()
    return Telemetry(Checkout.open(ROOT), TelemetrySettings(), content, read(content))


def said_by(program: str, *words: str, folder: Path) -> tuple[int, str]:
    """Exit code and output of a server's own checker; a skip where it is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: apt-get install prometheus prometheus-alertmanager")
    done = subprocess.run([program, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def written(files: dict[str, bytes], folder: Path) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder / "observability"


def each(words: Sequence[str]) -> str:
    return ", ".join(words)
