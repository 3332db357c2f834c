"""A bundle shown to a person: whether it verifies, of what it is, each gate and each file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gates.attestation import archive, strict_json
from gates.attestation.verify import verify_bytes
from gates.errors import GatesError
from gates.evidence.show import open_page, show


def shown(tmp_path: Path, raw: bytes) -> list[str]:
    (tmp_path / "evidence.zip").write_bytes(raw)
    return show(tmp_path / "evidence.zip").splitlines()


def test_it_names_the_commit_the_gates_and_the_files(judged: Any, raw: bytes, tmp_path: Path) -> None:
    lines = shown(tmp_path, raw)

    assert lines[0] == "verified: every file is as the manifest lists it, and the files agree with each other"
    assert f"of        commit {judged.report.commit}" in lines
    assert f"manifest  {verify_bytes(raw).digest}" in lines
    (row,) = [line for line in lines if line.startswith("dynamic-import")]
    assert row.split() == ["dynamic-import", "WARNED", "warn", "failed", "1", "1", "0", "passed", "5", "modules"]
    (file,) = [line for line in lines if line.startswith("policies/lanes.toml")]
    content = (judged.root / "policies/lanes.toml").read_bytes()
    assert file.split()[1] == str(len(content))


def test_it_says_first_what_no_longer_holds(parts: Any, tmp_path: Path) -> None:
    del parts.files["report.sarif"]
    parts.files["x.json"] = b"{}"
    lines = shown(tmp_path, parts.packed())

    assert lines[:2] == [
        "rejected: report.sarif: is missing (the manifest lists it)",
        "          x.json: was added (the manifest does not list it)",
    ]
    assert any(line.startswith("dynamic-import") for line in lines)


def test_it_says_that_a_dirty_tree_is_no_commit(clone: Any, judge: Any, tmp_path: Path) -> None:
    root = clone("dirty")
    (root / "app/new.py").write_text("", "utf-8")
    judged = judge(root)
    lines = shown(tmp_path, judged.bundled(allow_dirty=True))

    assert f"of        a work tree that differs from commit {judged.report.commit}: app/new.py" in lines
    assert "dirty     app/new.py" in lines
    assert not any(line.startswith(("of        commit", "tree")) for line in lines)


def test_signatures_are_said_not_to_be_checked(parts: Any, tmp_path: Path) -> None:
    parts.files["signatures/x.sig"] = b""

    assert "not checked: 1 signature (to check them, name the key: --key)" in shown(tmp_path, parts.packed())


def test_what_a_terminal_would_obey_is_shown_as_an_escape(parts: Any, tmp_path: Path) -> None:
    manifest = strict_json.loads(parts.files["manifest.json"])
    manifest["interpreter"] = "\x1b[2J\u202e"
    parts.files["manifest.json"] = strict_json.dumps(manifest)
    text = "\n".join(shown(tmp_path, parts.packed()))

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J" in text


def test_a_file_that_is_no_bundle_is_shown_as_rejected(tmp_path: Path) -> None:
    assert shown(tmp_path, b"x") == ["rejected: is no zip archive, or the end of one is missing"]


def test_a_bundle_without_a_manifest_is_shown_as_rejected(tmp_path: Path) -> None:
    assert shown(tmp_path, archive.packed({"x": b""})) == ["rejected: manifest.json: is missing"]


def test_what_is_not_there_cannot_be_shown(tmp_path: Path) -> None:
    with pytest.raises(GatesError, match="cannot be read"):
        show(tmp_path / "none.zip")


def test_its_page_is_opened_in_the_browser_of_whoever_asks(raw: bytes, tmp_path: Path) -> None:
    bundle, asked, browser = tmp_path / "evidence.zip", tmp_path / "asked", tmp_path / "browser"
    bundle.write_bytes(raw)
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {asked}\n', "utf-8")
    browser.chmod(0o755)
    environment = {**os.environ, "BROWSER": str(browser), "TMPDIR": str(tmp_path)}

    subprocess.run(
        [sys.executable, "-m", "gates", "evidence", "show", "--open", str(bundle)],
        env=environment, check=True, capture_output=True,
    )  # fmt: skip

    page = Path(asked.read_text("utf-8")[len("file://") :])
    assert page.read_bytes() == dict(archive.read(raw).members)["report.html"]


def test_the_page_of_a_bundle_that_does_not_verify_is_not_opened(parts: Any, tmp_path: Path) -> None:
    parts.files["report.html"] += b"<p>"
    (tmp_path / "evidence.zip").write_bytes(parts.packed())

    with pytest.raises(GatesError, match="does not verify, so its page is not opened"):
        open_page(tmp_path / "evidence.zip")
