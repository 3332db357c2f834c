"""gates fix, as a person types it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.checkout.repository import Repository
from tests.cli.command import gates_in
from tests.fixes.registered import FILES, repository

LOAD = 'import importlib\n\nMADE = importlib.import_module("candidate.memory").Recall()\n'
ASKED = 'from lukhas.registry import resolve\n\nMADE = resolve("node:recall")\n'
LEFT = "import importlib\n\nMODULE = importlib.import_module('json')\n"
FIX = ("fix", "--gate", "dynamic-import")


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    return repository(tmp_path / "shop", service=LOAD)


def content(shop: Repository, path: str = "service.py") -> str:
    return (shop.root / path).read_text("utf-8")


def test_it_mends_says_what_and_the_gate_is_content(shop: Repository) -> None:
    before = gates_in(shop.root, "run", "--gate", "dynamic-import")
    said = gates_in(shop.root, *FIX)
    run = gates_in(shop.root, "run", "--gate", "dynamic-import")
    again = gates_in(shop.root, *FIX)

    assert before.code == 1
    assert 'fix: resolve("node:recall")' in before.out
    assert (said.code, said.complaint) == (0, "")
    assert said.out == ('service.py:3: is now resolve("node:recall")\ndynamic-import: 1 finding mended in 1 file\n')
    assert content(shop) == ASKED
    assert run.code == 0
    assert (again.code, again.out) == (0, "dynamic-import: 0 findings mended in 0 files\n")
    assert content(shop) == ASKED


def test_what_could_not_be_mended_is_told_with_the_reason(shop: Repository) -> None:
    shop.commit(other=LEFT)

    said = gates_in(shop.root, *FIX)

    assert said.code == 1
    assert said.out == (
        'service.py:3: is now resolve("node:recall")\n'
        "other.py:3: is left: `importlib.import_module('json')`: "
        "it loads no plugin of the groups that the policy names\n"
        "dynamic-import: 1 finding mended in 1 file, 1 left\n"
    )


def test_a_gate_that_only_warns_does_not_fail_the_command(shop: Repository) -> None:
    shop.write("policies/gates.toml", FILES["policies/gates.toml"] + 'level = "warn"\n')
    shop.commit(other=LEFT)

    assert gates_in(shop.root, *FIX).code == 0


def test_a_dry_run_says_and_changes_nothing(shop: Repository) -> None:
    said = gates_in(shop.root, *FIX, "--dry-run")

    assert said.code == 1
    assert said.out == (
        'service.py:3: would be resolve("node:recall")\ndynamic-import: 1 finding would be mended in 1 file\n'
    )
    assert content(shop) == LOAD


def test_a_diff_is_all_that_is_printed_and_git_applies_it(shop: Repository) -> None:
    shop.commit(other=LEFT)

    said = gates_in(shop.root, *FIX, "--diff")

    assert said.code == 1
    assert said.out.startswith("diff --git a/service.py b/service.py\n")
    assert "is left" not in said.out
    assert "other.py:3: is left" in said.complaint
    assert content(shop) == LOAD
    shop.git("apply", "-", feed=said.out.encode())
    assert content(shop) == ASKED


def test_there_is_no_diff_where_there_is_nothing_to_mend(shop: Repository) -> None:
    shop.commit(service=ASKED)

    said = gates_in(shop.root, *FIX, "--diff")

    assert (said.code, said.out) == (0, "")


@pytest.mark.parametrize("path", ["lukhas", "lukhas/service.py", "./lukhas/../lukhas/service.py", "lukhas/"])
def test_only_what_lies_at_or_below_a_path_is_mended(shop: Repository, path: str) -> None:
    shop.write("lukhas/service.py", LOAD)
    shop.commit()

    assert gates_in(shop.root, *FIX, path).code == 0
    assert content(shop, "lukhas/service.py") == ASKED
    assert content(shop) == LOAD


def test_paths_are_those_of_the_folder_where_one_stands(shop: Repository) -> None:
    shop.write("lukhas/service.py", LOAD)
    shop.commit()

    above = {"GIT_CEILING_DIRECTORIES": str(shop.root.parent)}

    assert gates_in(shop.root / "lukhas", *FIX, "service.py", **above).code == 0
    assert content(shop, "lukhas/service.py") == ASKED
    assert content(shop) == LOAD
    assert gates_in(shop.root / "lukhas", *FIX, "..", **above).code == 0
    assert content(shop) == ASKED


@pytest.mark.parametrize("path", ["nowhere.py", "/", "serv"])
def test_a_path_at_which_nothing_lies_is_refused(shop: Repository, path: str) -> None:
    said = gates_in(shop.root, *FIX, path)

    assert (said.code, said.out) == (2, "")
    assert "no file of this repository lies there" in said.complaint


def test_a_file_with_changes_is_left_unless_that_is_allowed(shop: Repository) -> None:
    shop.write("service.py", LOAD + "X = 1\n")

    refused = gates_in(shop.root, *FIX)
    allowed = gates_in(shop.root, *FIX, "--allow-dirty")

    assert refused.code == 1
    assert "service.py:3: is left: has changes that are not committed" in refused.out
    assert allowed.code == 0
    assert content(shop) == ASKED + "X = 1\n"


def test_where_git_is_not_nothing_is_mended(tmp_path: Path) -> None:
    for path, text in {**FILES, "service.py": LOAD}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")

    said = gates_in(tmp_path, *FIX)

    assert said.code == 2
    assert "is no git repository, and what is mended in it could not be taken back" in said.complaint


@pytest.mark.parametrize(
    ("gate", "complaint"),
    [
        (
            "swallowed-failure",
            "'swallowed-failure' has no fix; there are fixes for dead-link, dynamic-import, retired-word",
        ),
        ("cross-lane-import", "does not ask 'cross-lane-import'"),
        ("dynamic-imports", "did you mean 'dynamic-import'?"),
        ("edit", "no gate is called 'edit'"),
    ],
)
def test_a_gate_without_a_fix_says_so(shop: Repository, gate: str, complaint: str) -> None:
    shop.write("policies/gates.toml", FILES["policies/gates.toml"] + "[gates.swallowed-failure]\n")

    said = gates_in(shop.root, "fix", "--gate", gate)

    assert (said.code, said.out) == (2, "")
    assert complaint in said.complaint


def test_without_a_gate_it_asks_for_one(shop: Repository) -> None:
    assert gates_in(shop.root, "fix").code == 2
    assert "--gate" in gates_in(shop.root, "fix").complaint


def test_a_gate_that_cannot_tell_is_told_apart_from_one_that_finds_nothing(tmp_path: Path) -> None:
    made = Repository(tmp_path / "empty")
    made.write("policies/gates.toml", "[gates.dynamic-import]\n")
    made.commit()

    said = gates_in(made.root, *FIX)

    assert (said.code, said.out) == (3, "dynamic-import: could not tell: there are no modules to look at\n")


@pytest.fixture
def without_libcst(tmp_path: Path) -> str:
    """A path on which libcst cannot be imported."""
    (tmp_path / "first/libcst").mkdir(parents=True)
    (tmp_path / "first/libcst/__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'libcst'\", name='libcst')\n", "utf-8"
    )
    return str(tmp_path / "first")


def test_what_finds_does_without_libcst_and_what_mends_says_how_to_get_it(
    shop: Repository, without_libcst: str
) -> None:
    path = os.pathsep.join([without_libcst, str(Path(__file__).parents[2])])

    run = gates_in(shop.root, "run", PYTHONPATH=path)
    prove = gates_in(shop.root, "prove", PYTHONPATH=path)
    fix = gates_in(shop.root, *FIX, PYTHONPATH=path)

    assert (run.code, run.complaint) == (1, "")
    assert prove.code == 0
    assert (fix.code, fix.complaint) == (2, "gates: to mend, libcst is needed: pip install 'lukhas-gates[fix]'\n")


def test_the_command_is_among_those_that_help_shows(shop: Repository) -> None:
    shown = gates_in(shop.root, "--help").out

    assert "gates fix       mend what a gate finds, where that is certain" in shown
    assert "--allow-dirty" in gates_in(shop.root, "fix", "--help").out
