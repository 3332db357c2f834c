"""What is installed is what pyproject.toml asks for, pinned and hashed, whatever machine compiled the locks."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
LOCKS = {"requirements.txt": ("3.11", "3.12", "3.13"), "requirements-3.9.txt": ("3.9", "3.10")}
PEERS = "requirements-peers.txt"
ACTION = "requirements-action.txt"
# Installed by nobody who works on this: what they bring is large, and their tests say so where they skip.
UNLOCKED = {"model2vec", "sentence-transformers"}
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(\[[a-z0-9,._-]+\])?==(?P<version>\S+)( ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
COMMENT = re.compile(r"^ *#")


def asked_for(asked: str = "requirements.in") -> list[Requirement]:
    lines = (ROOT / asked).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-c "))]


def pins(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return {found["name"]: found["version"] for found in map(PIN.match, lines) if found}


def test_requirements_in_repeats_what_the_distribution_and_its_extras_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: needed for name, needed in project["optional-dependencies"].items() if name not in UNLOCKED}
    needed = sum(extras.values(), project["dependencies"])

    assert set(project["optional-dependencies"]) >= UNLOCKED
    assert {str(Requirement(line)) for line in needed} <= {str(requirement) for requirement in asked_for()}


@pytest.mark.parametrize("lock", [*LOCKS, PEERS, ACTION])
def test_a_lock_holds_pins_and_hashes_and_nothing_of_where_they_came_from(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()

    strange = [line for line in lines if line and not any(kind.match(line) for kind in (PIN, HASH, COMMENT))]
    assert strange == []
    assert not any("://" in line or " -r /" in line for line in lines)


@pytest.mark.parametrize("lock", [*LOCKS, PEERS, ACTION])
def test_every_pin_has_a_hash(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()

    bare = [line for line, following in zip(lines, [*lines[1:], ""]) if PIN.match(line) and not HASH.match(following)]
    assert pins(lock) != {}
    assert bare == []


@pytest.mark.parametrize(("lock", "python"), [(lock, python) for lock, pythons in LOCKS.items() for python in pythons])
def test_a_lock_satisfies_requirements_in_on_each_python_that_installs_it(lock: str, python: str) -> None:
    pinned = pins(lock)
    applying = [
        requirement
        for requirement in asked_for()
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python})
    ]

    assert [each.name for each in applying if each.name not in pinned] == []
    assert [str(each) for each in applying if not each.specifier.contains(pinned[each.name], prereleases=True)] == []


def test_the_action_installs_what_is_tested_here() -> None:
    asked = {each.name for each in asked_for("requirements-action.in")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {Requirement(line).name for line in project["dependencies"] if "python_version" not in line}

    assert needed | asked <= set(pins(ACTION))
    assert pins(ACTION).items() <= pins("requirements.txt").items()


def test_the_peers_that_are_measured_beside_the_pipeline_are_pinned() -> None:
    assert {each.name for each in asked_for("requirements-peers.in")} <= set(pins(PEERS))
