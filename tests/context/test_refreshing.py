"""`gates context`: what is generated is written as the tree has it, once, and nothing else is touched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gates.cli.context import context
from gates.facts.extractors.documents.blocks import blocks

TEXT = """# App

Before.

<!-- gates:begin lanes -->
old
<!-- gates:end -->

There are <!-- gates:count lanes -->7<!-- /gates --> lanes.

<!-- gates:begin targets -->
<!-- gates:end -->
After.
"""
RIGHT = """# App

Before.

<!-- gates:begin lanes -->
| Lane | Paths | May import |
| --- | --- | --- |
| all | `app/**` | all |
<!-- gates:end -->

There are <!-- gates:count lanes -->1<!-- /gates --> lanes.

<!-- gates:begin targets -->
| Command | What it does |
| --- | --- |
| `make test` | the tests |
<!-- gates:end -->
After.
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    files = {
        "AGENTS.md": TEXT,
        "CLAUDE.md": "<!-- gates:begin mirror AGENTS.md#app -->\n<!-- gates:end -->\n",
        "Makefile": "test:  ## the tests\n\tpytest\n",
        "app/__init__.py": "",
        "policies/gates.toml": "[gates.stale-context]\n",
        "policies/lanes.toml": '[[lane]]\nname = "all"\npaths = ["app/**"]\nmay_import = ["all"]\n',
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def asked(root: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(context, ["-C", str(root), "--no-cache", *words], standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, done.output


def test_check_changes_nothing_and_fails_until_it_is_written(app: Path) -> None:
    before = (app / "AGENTS.md").read_bytes()

    code, said = asked(app, "--check")

    assert code == 1
    assert "AGENTS.md:5: block `gates:begin lanes`: is not what the tree says; run `gates context --write`" in said
    assert (app / "AGENTS.md").read_bytes() == before


def test_what_is_written_is_what_check_wants_and_writing_it_again_changes_nothing(app: Path) -> None:
    assert asked(app, "--write")[0] == 0
    assert (app / "AGENTS.md").read_text("utf-8") == RIGHT
    mirrored = (app / "CLAUDE.md").read_text("utf-8")
    assert "| all | `app/**` | all |" in mirrored
    assert mirrored.count("gates:begin") == 1

    code, said = asked(app, "--write")

    assert (code, "written" in said) == (0, False)
    assert asked(app, "--check")[0] == 0


def test_line_ends_stay_as_they_are(app: Path) -> None:
    (app / "AGENTS.md").write_bytes(TEXT.replace("\n", "\r\n").encode())

    assert asked(app, "--write")[0] == 0
    assert (app / "AGENTS.md").read_bytes() == RIGHT.replace("\n", "\r\n").encode()


def test_one_letter_of_a_block_is_enough(app: Path) -> None:
    asked(app, "--write")
    (app / "AGENTS.md").write_text(RIGHT.replace("the tests", "the test"), "utf-8")

    assert asked(app, "--check")[0] == 1


def test_a_block_of_an_unknown_kind_is_left_and_said(app: Path) -> None:
    (app / "AGENTS.md").write_text("<!-- gates:begin lane -->\nmine\n<!-- gates:end -->\n", "utf-8")
    (app / "CLAUDE.md").unlink()

    code, said = asked(app, "--write")

    assert (code, "no block is called 'lane'; did you mean 'lanes'?" in said) == (1, True)
    assert "mine" in (app / "AGENTS.md").read_text("utf-8")


def test_two_files_that_mirror_each_other_are_said_to(app: Path) -> None:
    (app / "AGENTS.md").write_text("# App\n\n<!-- gates:begin mirror CLAUDE.md#app -->\n<!-- gates:end -->\n", "utf-8")
    (app / "CLAUDE.md").write_text("# App\n\n<!-- gates:begin mirror AGENTS.md#app -->\n<!-- gates:end -->\n", "utf-8")

    code, said = asked(app)

    assert code == 1
    assert "mirrors a file that mirrors it" in said


@given(st.text(alphabet="ab\n`<>!- /gates:bgincoutd1", max_size=200))
def test_blocks_of_any_text_lie_within_it_and_never_overlap(text: str) -> None:
    found = list(blocks(text))
    ends = sorted((block.start, block.end) for block in found if block.kind == "block" and not block.error)

    assert all(0 <= block.start <= block.end <= len(text) for block in found)
    assert all(one[1] <= other[0] for one, other in zip(ends, ends[1:]))
