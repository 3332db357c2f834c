"""missing-plugin finds what a boot did not load, and a boot that was not recorded, or of other code, is no pass."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from gates.checks.service.missing_plugin import MissingPlugin
from gates.errors import CannotPlant
from gates.facts.boot import Boot, BootSettings
from gates.facts.checkout import Checkout
from gates.facts.stamp import blob
from gates.finding import Finding
from gates.globs import Glob
from runtime.app import opened
from runtime.driving import booted, driven
from runtime.settings import Settings
from tests.lanes.announced import installed

PLACE = ".gates/recordings/boot.json"
CODE = "answer = 1\n"


def recording(**changed: Any) -> dict[str, Any]:
    plugins = [
        {"plugin": "node:recall", "lane": "production", "state": "loaded", "reason": None},
        {"plugin": "node:guess", "lane": "candidate", "state": "skipped", "reason": "its lane is candidate"},
        {"plugin": "adapter:feed", "lane": "production", "state": "failed", "reason": "no module named 'feed'"},
    ]
    head = {"recording": "boot", "schema": 1, "discovery": "auto", "lane": "production"}
    return {**head, "files": {"app.py": blob(CODE.encode())}, "plugins": plugins, **changed}


def boot(root: Path, content: Any = None) -> Boot:
    (root / "app.py").write_text(CODE, "utf-8")
    (root / PLACE).parent.mkdir(parents=True)
    text = content if isinstance(content, str) else json.dumps(recording() if content is None else content)
    (root / PLACE).write_text(text, "utf-8")
    return Boot.gather(Checkout.open(root), BootSettings())


def found(known: Boot, *required: str) -> list[tuple[str, str]]:
    return [(finding.subject, finding.message) for finding in MissingPlugin(required).check(known)]


def test_what_is_loaded_is_left_alone_by_its_name_and_by_its_kind(tmp_path: Path) -> None:
    assert found(boot(tmp_path), "node:recall", "node") == []


def test_what_is_not_loaded_is_found_with_what_the_boot_says_of_it(tmp_path: Path) -> None:
    assert found(boot(tmp_path), "node:guess", "adapter", "node:gone", "monitor") == [
        ("node:guess", "node:guess is skipped: its lane is candidate (lane production)"),
        ("adapter", "adapter:feed is failed: no module named 'feed' (lane production)"),
        ("node:gone", "node:gone is unknown to the registry (lane production)"),
        ("monitor", "there is no plugin of the kind monitor (lane production)"),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is no recording of a boot, or cut off"),
        ([], "is no recording of a boot"),
        (recording(recording="drills"), "is no recording of a boot"),
        (recording(schema=2), "its schema is 2, and this version reads 1"),
        (recording(plugins=3), "is no recording of a boot, or cut off"),
        (recording(files={}), "speaks of no file of this repository"),
        (recording(files={"app.py": "0" * 40}), "was made before app.py became what it is"),
        (recording(discovery="off"), "was made with discovery 'off', and plugins are found with 'auto'"),
    ],
)
def test_a_recording_that_cannot_be_gone_by_says_why_and_how_to_make_one(
    tmp_path: Path, content: Any, says: str
) -> None:
    known = boot(tmp_path, content)

    why = known.lacking[PLACE]
    assert why.startswith(says)
    assert why.endswith("; run `make ci-smoke-plugin`")
    assert found(known, "node:gone") == []


def test_a_module_that_the_policy_names_and_the_recording_does_not_makes_it_old(tmp_path: Path) -> None:
    known = boot(tmp_path)
    (tmp_path / "other.py").write_text("", "utf-8")
    asked = dataclasses.replace(known, checkout=Checkout.open(tmp_path), settings=BootSettings(of=(Glob("*.py"),)))

    assert "other.py" in asked.lacking[PLACE]


@pytest.mark.parametrize("required", [("node",), ("node:recall", "node"), ("adapter", "node:recall", "monitor")])
def test_what_is_planted_is_found_and_alone(tmp_path: Path, required: tuple[str, ...]) -> None:
    known = boot(tmp_path)
    gate = MissingPlugin(required)
    plant = gate.plant(known)

    planted = Boot.gather(known.checkout.overlaid(plant.overlay), BootSettings())

    assert plant.subject in [finding.subject for finding in gate.check(planted)]
    assert planted.lacking == {}


def test_a_policy_that_requires_nothing_cannot_be_proved(tmp_path: Path) -> None:
    with pytest.raises(CannotPlant, match="required names no plugin: the policy forbids nothing"):
        MissingPlugin().plant(boot(tmp_path))


async def really_booted() -> dict[str, Any]:
    settings = Settings(store="memory:")
    app = await opened(settings, found=installed(), start=False)
    document = dict(app.plugins())
    await app.close()
    return booted(settings, document)


def test_a_real_boot_is_recorded_as_the_gate_reads_it(tmp_path: Path) -> None:
    told = asyncio.run(really_booted())
    root = Path(__file__).parents[2]
    (tmp_path / "boot.json").write_text(json.dumps(told), "utf-8")
    checkout = Checkout.open(root).overlaid({PLACE: (tmp_path / "boot.json").read_bytes()})

    known = Boot.gather(checkout, BootSettings(of=(Glob("runtime/**"),)))

    assert known.lacking == {}
    assert list(MissingPlugin(("node:recall", "adapter", "monitor", "constellation")).check(known)) == []
    (gone,) = MissingPlugin(("node:varied-salience",)).check(known)
    assert isinstance(gone, Finding)
    assert "node:varied-salience is skipped" in gone.message


def test_a_driven_run_says_which_plugins_and_flags_there_are_with_every_lane() -> None:
    told = asyncio.run(driven(Settings(store="memory:"), 1, installed()))

    assert told["plugins"]["node:varied-salience"] == "loaded"
    assert {"module.node.recall", "module.node.varied-salience", "LUKHAS_LANE"} <= set(told["flags"])
