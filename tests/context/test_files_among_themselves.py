"""Context files against each other: what the tree does not know they must agree on; mirrors and links are followed."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from gates.facts.checkout import Checkout
from gates.facts.context.claims import Claims
from gates.facts.context.held import CONTRADICTED
from gates.facts.store import Store
from gates.policy import Policy
from gates.running import Run

MIRROR = '[[facts.context.mirror]]\nfile = "CLAUDE.md"\nof = "AGENTS.md"\ndiffer = ["Alone"]\n'


def claims(root: Path, files: dict[str, str], policy: str = "") -> Claims:
    for path, text in {**files, "policies/gates.toml": f"[gates.stale-context]\n\n{policy}"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    run = Run(Policy.load(root / "policies"), Checkout.open(root), dt.date(2026, 11, 22), Store(None), workers=1)
    return run.gatherer().get(Claims)


def stale(found: Claims) -> list[tuple[str, int, str]]:
    return [(one.path, one.claim.line, one.claim.kind) for one in found.held if one.answer.verdict == CONTRADICTED]


def test_two_files_of_a_folder_that_state_different_values_are_found_once(tmp_path: Path) -> None:
    found = claims(tmp_path, {"AGENTS.md": "Line length: 100\n", "CLAUDE.md": "# C\n\nLine length: 88\n"})

    assert stale(found) == [("CLAUDE.md", 3, "contradiction")]


def test_two_files_that_state_the_same_value_are_not(tmp_path: Path) -> None:
    assert stale(claims(tmp_path, {"AGENTS.md": "Line length: 88\n", "CLAUDE.md": "Line length: 88\n"})) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It has 40+ Python files in total.", "It has 57 Python files in total."),
        ("Version: 2.0", "Version: 2.0.0"),
    ],
)
def test_values_that_may_both_be_true_are_not(tmp_path: Path, one: str, other: str) -> None:
    assert stale(claims(tmp_path, {"docs/AGENTS.md": f"{one}\n", "docs/CLAUDE.md": f"{other}\n"})) == []
    assert stale(claims(tmp_path, {"docs/AGENTS.md": f"{other}\n", "docs/CLAUDE.md": f"{one}\n"})) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It has 60+ Python files in total.", "It has 57 Python files in total."),
        ("It has 40 Python files in total.", "It has 57 Python files in total."),
        ("Version: 2.0", "Version: 2.0.1"),
    ],
)
def test_values_that_cannot_both_be_true_are(tmp_path: Path, one: str, other: str) -> None:
    said = {"docs/AGENTS.md": f"{one}\n", "docs/CLAUDE.md": f"{other}\n"}
    assert stale(claims(tmp_path, said)) == [("docs/CLAUDE.md", 1, "contradiction")]


def test_files_of_two_folders_may_speak_of_two_things(tmp_path: Path) -> None:
    assert stale(claims(tmp_path, {"AGENTS.md": "Line length: 88\n", "web/AGENTS.md": "Line length: 100\n"})) == []


def test_a_mirror_must_say_the_same_but_where_it_may_differ(tmp_path: Path) -> None:
    one = "# A\n\n## Tests\n\nRun all.\n\n## Style\n\nPlain.\n"
    other = "# A\n\n## Tests\n\nRun some.\n\n## Style\n\nPlain.\n\n## Alone\n\nMine.\n"

    assert stale(claims(tmp_path, {"AGENTS.md": one, "CLAUDE.md": other}, MIRROR)) == [("CLAUDE.md", 3, "mirror")]


def test_a_mirror_of_nothing_is_found(tmp_path: Path) -> None:
    assert stale(claims(tmp_path, {"CLAUDE.md": "# A\n"}, MIRROR)) == [("CLAUDE.md", 0, "mirror")]


def test_a_link_to_a_context_file_is_that_file_once(tmp_path: Path) -> None:
    os.symlink("AGENTS.md", tmp_path / "CLAUDE.md")

    found = claims(tmp_path, {"AGENTS.md": "See [it](docs/gone.md).\n", "docs/there.md": ""})

    assert stale(found) == [("AGENTS.md", 1, "link")]
    assert len(found.files) == 1


def test_a_link_to_a_file_of_another_name_does_not_escape(tmp_path: Path) -> None:
    os.symlink("docs/assistants.md", tmp_path / "CLAUDE.md")

    found = claims(tmp_path, {"docs/assistants.md": "See [it](gone.md).\n"})

    assert stale(found) == [("docs/assistants.md", 1, "link")]


@pytest.mark.parametrize("text", ["", "# Nothing\n", "\x00\xff", "```\nnever closed\n", "---\n: :\n---\n", "| a |\n|"])
def test_a_file_that_claims_nothing_is_counted_and_nothing_is_found(text: str, tmp_path: Path) -> None:
    found = claims(tmp_path, {"AGENTS.md": text})

    assert (len(found.files), stale(found)) == (1, [])


def test_what_is_counted_adds_up(tmp_path: Path) -> None:
    text = "`docs/there.md`, `docs/gone.md` and `settings.json`; Line length: 100\n"
    found = claims(tmp_path, {"AGENTS.md": text, "CLAUDE.md": "Line length: 88\n", "docs/there.md": ""})

    assert found.account() == {"upheld": 1, "contradicted": 2, "unverifiable": 2}
    assert sum(found.account().values()) == len(found)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"mypy.ini": "[mypy]\n"}, [("AGENTS.md", 1, "setting")]),
        ({"mypy.ini": "[mypy]\nstrict = true\n"}, []),
        ({"mypy.ini": "[mypy]\n", "Makefile": "types:\n\tmypy -p app --strict\n"}, []),
        ({}, []),
    ],
    ids=["not strict", "by its configuration", "by its command line", "nobody knows"],
)
def test_mypy_is_strict_by_its_configuration_or_by_its_command_line(
    files: dict[str, str], expected: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    assert stale(claims(tmp_path, {"AGENTS.md": "mypy runs in strict mode.\n", **files})) == expected


def test_what_others_wrote_for_other_repositories_is_not_held_against_this_one(tmp_path: Path) -> None:
    text = "See `src/away.py`.\n"
    files = {
        "AGENTS.md": text,
        "core/vendor/other/AGENTS.md": text,
        "web/node_modules/a/CLAUDE.md": text,
        "src/a.py": "",
    }

    assert stale(claims(tmp_path, files)) == [("AGENTS.md", 1, "path")]


def test_an_import_may_be_of_the_package_that_the_context_file_lies_in(tmp_path: Path) -> None:
    says = "```python\nfrom adapters import {}\n```\n"
    files = {"adapters/__init__.py": "top = 1\n", "parts/adapters/__init__.py": "inner = 1\n"}

    here = {**files, "parts/adapters/AGENTS.md": says.format("inner"), "AGENTS.md": says.format("inner")}
    assert stale(claims(tmp_path / "a", here)) == [("AGENTS.md", 2, "import")]

    gone = {**files, "parts/adapters/AGENTS.md": says.format("outer")}
    assert stale(claims(tmp_path / "b", gone)) == [("parts/adapters/AGENTS.md", 2, "import")]
