"""Commands as they are typed, in this process: what they write, what they say, and what they refuse."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from gates.cli import gates
from tests.checkout.repository import Repository

ROOT = Path(__file__).parents[2]


def asked(*words: str) -> tuple[int, str]:
    """The exit code and what is printed; 2 and the reason where it is refused."""
    done = CliRunner().invoke(gates, words, standalone_mode=False)
    return (int(done.return_value or 0), done.output) if done.exception is None else (2, str(done.exception))


@pytest.fixture
def promising(tmp_path: Path) -> Repository:
    """A repository with this one's objectives and catalogue."""
    made = Repository(tmp_path / "repository")
    made.write("policies/gates.toml", "[gates.undefined-metric]\n")
    for path in ("policies/objectives.toml", "observability/catalogue.json"):
        made.write(path, (ROOT / path).read_bytes())
    shutil.copytree(ROOT / "docs" / "runbooks", made.root / "docs" / "runbooks")
    made.commit()
    return made


def test_observability_is_written_checked_and_left_alone_where_it_is_as_it_follows(promising: Repository) -> None:
    place = ("-C", str(promising.root))

    code, said = asked("observability", *place)
    assert (code, said.count("wrote observability/")) == (
        0,
        len(list((promising.root / "observability").iterdir())) - 1,
    )
    assert asked("observability", *place)[1].endswith("files, 6 as they were\n")
    assert asked("observability", "--check", *place) == (0, "6 files, 0 not as they follow\n")
    (promising.root / "observability" / "rules.yaml").write_text("groups: []\n", "utf-8")
    code, said = asked("observability", "--check", *place)
    assert code == 1
    assert said.endswith("6 files, 1 not as they follow; write them anew\n")


def test_from_no_promise_nothing_follows(promising: Repository) -> None:
    promising.write("policies/objectives.toml", "")

    code, said = asked("observability", "-C", str(promising.root))

    assert (code, said) == (2, "policies/objectives.toml: promises nothing, so nothing follows from it")
