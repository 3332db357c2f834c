"""Which content every module had while the tests ran is written down, so that an old report is known by it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gates.facts.recording_file import RecordingError
from gates.facts.sources_recording import Sources, parse, render
from gates.recording.writing import write_sources
from tests.checkout.repository import Repository
from tests.recording.scratch import pytest_in


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit(memory="x = 1\n", test_memory="def test_it():\n    assert True\n")
    return made


def test_pytest_writes_it_with_the_id_of_every_module(repository: Repository) -> None:
    time.sleep(0.05)  # what changed as the tests began may have changed while they ran

    done = pytest_in(repository.root, "--gates-record-sources")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "the content of 2 modules recorded in .gates/recordings/sources.json" in done.stdout
    written = parse((repository.root / ".gates/recordings/sources.json").read_bytes())
    assert written.commit == repository.git("rev-parse", "HEAD")
    assert written.files == {
        "memory.py": repository.blob("x = 1\n"),
        "test_memory.py": repository.blob("def test_it():\n    assert True\n"),
    }


def test_a_module_that_changed_while_the_tests_ran_has_no_id(repository: Repository, tmp_path: Path) -> None:
    began = time.time_ns()
    time.sleep(0.05)
    repository.write("memory.py", "x = 2\n")

    assert write_sources(tmp_path / "sources.json", str(repository.root), began) == 2

    assert parse((tmp_path / "sources.json").read_bytes()).files["memory.py"] == ""


def test_what_is_rendered_is_read_again() -> None:
    sources = Sources({"a.py": "1f", "b.py": ""}, "c0", "7e")

    assert parse(render(sources)) == sources


@pytest.mark.parametrize("content", [b"", b"[]", b'{"recording": "imports"}', b'{"recording": "sources", "schema": 9}'])
def test_what_is_no_recording_of_sources_says_so(content: bytes) -> None:
    with pytest.raises(RecordingError):
        parse(content)
