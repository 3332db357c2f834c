"""The entry points of a repository, as its own files announce them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.errors import FactUnavailable
from gates.facts.plugins import Plugin, Plugins
from tests.checkout.repository import Repository

NODES = "lukhas.cognitive_nodes"
KINDS = {NODES: "node", "lukhas.agi_nodes": "node", "lukhas.adapters": "adapter"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def announced(repository: Repository) -> set[Plugin]:
    return set(Plugins.gather(repository.open()).announced)


def test_pyproject_announces_them_by_group(repository: Repository) -> None:
    repository.write(
        "pyproject.toml",
        f'[project.entry-points."{NODES}"]\na = "pkg.mod:A"\nb = "pkg.mod : B.C [extra]"\nwhole = "pkg.mod"\n'
        '[project.scripts]\nrun = "pkg.cli:main"\n',
    )

    assert announced(repository) == {
        Plugin(NODES, "a", "pkg.mod", "A"),
        Plugin(NODES, "b", "pkg.mod", "B.C"),
        Plugin(NODES, "whole", "pkg.mod", ""),
    }


def test_poetry_announces_them_in_a_table_of_its_own(repository: Repository) -> None:
    repository.write("pyproject.toml", f'[tool.poetry.plugins."{NODES}"]\na = "pkg.mod:A"\n')

    assert announced(repository) == {Plugin(NODES, "a", "pkg.mod", "A")}


def test_setup_cfg_announces_them_a_line_each(repository: Repository) -> None:
    repository.write(
        "setup.cfg",
        "[options.entry_points]\n"
        f"{NODES} =\n    a = pkg.mod:A\n    # old = pkg.mod:Old\n    b=pkg.mod:B [extra]\n"
        "Lukhas.Odd =\n    c = pkg.mod:C\n[other]\nx = 100%\n",
    )

    assert announced(repository) == {
        Plugin(NODES, "a", "pkg.mod", "A"),
        Plugin(NODES, "b", "pkg.mod", "B"),
        Plugin("Lukhas.Odd", "c", "pkg.mod", "C"),
    }


def test_an_object_is_asked_for_by_kind_and_name(repository: Repository) -> None:
    repository.write(
        "pyproject.toml",
        f'[project.entry-points."{NODES}"]\na = "pkg.mod:A"\ntwo = "pkg.mod:Twice"\nwhole = "pkg.mod"\n'
        '[project.entry-points."lukhas.agi_nodes"]\na = "pkg.mod:A"\n'
        '[project.entry-points."lukhas.adapters"]\ntwo = "pkg.mod:Twice"\n'
        '[project.entry-points."somebody.else"]\nb = "pkg.mod:B"\n',
    )

    assert Plugins.gather(repository.open()).by_object(KINDS) == {
        "pkg.mod.A": ("node:a",),
        "pkg.mod.Twice": ("adapter:two", "node:two"),
    }


@pytest.mark.parametrize(
    "content", ["", "[project]\nname = 'x'\n", "entry-points = 3\n", "[project]\nentry-points = 1\n"]
)
def test_a_file_that_announces_nothing_is_none_of_a_problem(repository: Repository, content: str) -> None:
    repository.write("pyproject.toml", content)

    assert announced(repository) == set()


def test_where_there_is_no_such_file_there_are_no_plugins(repository: Repository) -> None:
    assert announced(repository) == set()
    assert len(Plugins()) == 0


@pytest.mark.parametrize(
    ("path", "content"),
    [("pyproject.toml", "[project.entry-points\n"), ("setup.cfg", "a = 1\n[options.entry_points]\n")],
)
def test_a_file_that_cannot_be_read_is_named(repository: Repository, path: str, content: str) -> None:
    repository.write(path, content)

    with pytest.raises(FactUnavailable, match=path):
        announced(repository)


def test_its_digest_is_of_the_two_files_alone(repository: Repository) -> None:
    repository.write("pyproject.toml", "[project]\n")
    first = Plugins.gather(repository.open()).digest
    repository.write("other.py", "A = 1\n")
    second = Plugins.gather(repository.open()).digest
    repository.write("setup.cfg", "[options]\n")
    third = Plugins.gather(repository.open()).digest

    assert first == second
    assert second != third
