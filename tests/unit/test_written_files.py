"""What is written lands where it was wanted, and nothing else is put out of its place."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import Callable

import pytest

from gates.evidence.writing import write_whole
from gates.replay import write_if_changed

WRITERS: dict[str, Callable[[Path, bytes], None]] = {
    "whole": write_whole,
    "if changed": lambda place, content: write_if_changed(str(place), content),
}
each_writer = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


@each_writer
def test_a_pipe_is_written_into_and_stays_a_pipe(write: Callable[[Path, bytes], None], tmp_path: Path) -> None:
    """As root, a rename onto /dev/null would leave a file there, and a machine that does not work any more."""
    pipe, heard = tmp_path / "pipe", []
    os.mkfifo(pipe)
    listening = threading.Thread(target=lambda: heard.append(pipe.read_bytes()), daemon=True)
    listening.start()

    write(pipe, b"said")

    listening.join(10)
    assert heard == [b"said"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pipe"]


@each_writer
def test_a_link_stays_a_link_and_what_it_leads_to_is_written(
    write: Callable[[Path, bytes], None], tmp_path: Path
) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/latest").write_bytes(b"old")
    (tmp_path / "latest").symlink_to("reports/latest")

    write(tmp_path / "latest", b"new")

    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "reports/latest").read_bytes() == b"new"


@each_writer
def test_a_file_is_replaced_and_nothing_is_left_beside_it(write: Callable[[Path, bytes], None], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")

    write(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != ".gitignore"] == ["file"]
