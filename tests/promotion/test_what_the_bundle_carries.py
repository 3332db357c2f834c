"""A bundle carries what was judged by: recordings byte for byte, figures, inputs; bound like everything else."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gates.attestation import archive
from gates.attestation.verify import verify_bytes
from gates.evidence.native import BILL, native_outputs
from gates.facts.checkout import Checkout
from gates.facts.store import Store
from gates.facts.supply.tools import Tools
from gates.policy import Policy
from gates.promotion.told import Told
from gates.running import Run
from tests.promotion.conftest import TODAY, Shop, run_git, write


def natives(root: Path) -> dict[str, bytes]:
    policy = Policy.load(root / "policies", root)
    return native_outputs(Run(policy, Checkout.open(root), TODAY, Store(None), workers=1))


def copied(risen: Shop, place: Path) -> Shop:
    run_git(place.parent, "clone", "--quiet", str(risen.root), place.name)
    shutil.copytree(risen.root / ".gates/recordings", place / ".gates/recordings")
    return Shop(place)


@pytest.fixture
def shop(risen: Shop, tmp_path: Path) -> Shop:
    return copied(risen, tmp_path / "clone")


def test_recordings_are_in_it_byte_for_byte(risen: Shop, told: Told) -> None:
    for name in ("coverage", "drills", "telemetry", "timings"):
        recorded = (risen.root / f".gates/recordings/{name}.json").read_bytes()
        assert told.files[f"native/{name}.json"] == recorded
        assert told.figures["recordings"][name]["lacking"] == {}


def test_each_is_bound_by_the_attestation_of_every_gate(told: Told) -> None:
    for result in told.results.values():
        named = {one.name: one.digest["sha256"] for one in result.evidence}
        for name in ("figures.json", "inputs.json", "native/coverage.json", "native/interfaces.json"):
            assert named[name] == hashlib.sha256(told.files[name]).hexdigest()


@pytest.mark.parametrize("name", ["figures.json", "inputs.json", "native/drills.json"])
def test_one_that_is_dropped_or_edited_is_rejected(told: Told, name: str) -> None:
    without = {other: content for other, content in told.files.items() if other != name}
    edited = {**told.files, name: told.files[name] + b" "}

    assert f"{name}: is missing (the manifest lists it)" in verify_bytes(archive.packed(without)).problems
    assert any(problem.startswith(f"{name}: ") for problem in verify_bytes(archive.packed(edited)).problems)


def test_two_clones_at_two_places_with_the_same_recordings_give_the_same_bytes(risen: Shop, tmp_path: Path) -> None:
    (tmp_path / "far away").mkdir()
    near, far = copied(risen, tmp_path / "near"), copied(risen, tmp_path / "far away" / "clone")

    assert natives(near.root) == natives(far.root)


def figures(root: Path) -> Any:
    return json.loads(natives(root)["figures.json"])


def test_a_base_that_the_clone_does_not_have_is_named_in_place_of_the_figures(shop: Shop) -> None:
    # as a runner has it that checked out a change and no branch
    policy = shop.root / "policies/gates.toml"
    policy.write_text(policy.read_text("utf-8") + '\n[facts.diff]\nbase = "gone"\n', "utf-8")

    assert figures(shop.root)["modules"]["lacking"].startswith("there is no 'gone' to compare with")


def test_a_recording_that_is_missing_is_named_with_the_command_that_makes_it(shop: Shop) -> None:
    (shop.root / ".gates/recordings/drills.json").unlink()

    recordings = figures(shop.root)["recordings"]

    lacking = {".gates/recordings/drills.json": "does not exist; run `make drill`"}
    assert recordings["drills"] == {"made_by": "make drill", "files": {}, "lacking": lacking}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "is no record of drills, or cut off"),
        (b"[]", "is no record of drills, or of a version that did not say of which code it was"),
        (b'{"schema": 1, "drills": []}', "is no record of drills, or of a version that did not say of which code"),
        (b'{"recording": "drills", "schema": 2}', "its schema is 2, and this version reads 1"),
        (
            b'{"recording": "drills", "schema": 1, "at": "", "files": {"gone.py": "0"}, "drills": []}',
            "speaks of no file of this repository",
        ),
        (b'{"recording": "drills", "schema": 1, "at": 3, "files": {}, "drills": []}', "is no record of drills"),
    ],
)
def test_what_is_no_record_of_drills_of_this_code_is_said_to_be_none(shop: Shop, content: bytes, says: str) -> None:
    write(shop.root, {".gates/recordings/drills.json": content})

    assert figures(shop.root)["recordings"]["drills"]["lacking"][".gates/recordings/drills.json"].startswith(says)


def test_a_recording_of_other_code_goes_along_and_is_said_to_be_old(shop: Shop) -> None:
    write(shop.root, {"shop/till.py": "def total() -> int:\n    return 3\n"})

    told = figures(shop.root)

    assert told["recordings"]["telemetry"]["files"] == {".gates/recordings/telemetry.json": "native/telemetry.json"}
    assert "became what it is" in told["recordings"]["telemetry"]["lacking"][".gates/recordings/telemetry.json"]


def test_what_no_gate_and_no_module_asks_for_is_left_out(shop: Shop) -> None:
    write(shop.root, {"policies/promotion.toml": "", "policies/gates.toml": "[gates.cross-lane-import]\n"})

    found = natives(shop.root)

    assert set(found) == {"figures.json", "inputs.json"}
    assert json.loads(found["figures.json"])["recordings"] == {}


def test_the_inputs_say_head_base_and_interpreter(risen: Shop, told: Told) -> None:
    inputs = json.loads(told.files["inputs.json"])

    for name, commit in (("head", "HEAD"), ("base", "HEAD^")):
        tree = run_git(risen.root, "rev-parse", f"{commit}^{{tree}}")
        assert inputs[name] == {"commit": run_git(risen.root, "rev-parse", commit), "tree": tree}
    assert set(inputs["interpreter"]) == {"name", "version"}
    assert inputs["gates"]["version"]


def test_the_inputs_name_the_locks_by_digest_and_the_day_of_the_advisories(shop: Shop) -> None:
    from gates.facts.supply.advisory_database import build

    lock = f"useful==1.0 --hash=sha256:{'0' * 64}\n"
    record = {
        "id": "CVE-1",
        "modified": "2026-11-22T00:00:00Z",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "canary"}, "versions": ["1.0"]}],
    }
    head, files = build([record], TODAY)
    write(shop.root, {"requirements.txt": lock, **{f".gates/advisories/{name}": raw for name, raw in files.items()}})
    write(shop.root, {"policies/gates.toml": "[gates.known-vulnerability]\n"})

    inputs = json.loads(natives(shop.root)["inputs.json"])

    assert inputs["locks"] == [{"path": "requirements.txt", "sha256": hashlib.sha256(lock.encode()).hexdigest()}]
    assert inputs["advisories"] == {"sha256": head.digest, "dated": "2026-11-22", "records": 1}


def test_a_tool_is_named_with_its_version_and_the_digest_of_what_holds_its_rules(shop: Shop) -> None:
    if not Tools.gather(Store(None)).places("gitleaks"):
        pytest.skip("gitleaks is not installed for this Python")
    write(shop.root, {"policies/gates.toml": '[gates.leaked-secret]\n\n[facts.secrets]\nengine = "gitleaks"\n'})

    (tool,) = json.loads(natives(shop.root)["inputs.json"])["tools"]

    assert tool["name"] == "gitleaks"
    assert tool["version"].startswith("8.")
    assert len(tool["program"] or tool["distribution"]) == 64


def test_where_no_bill_can_be_made_the_figures_say_why(told: Told) -> None:
    assert BILL not in told.files
    assert told.figures["bill"] == {"lacking": "no gate of the policy asks for a bill of materials"}
