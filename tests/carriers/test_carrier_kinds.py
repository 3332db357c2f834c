"""Which files are carriers, by their names."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.facts.carrier_kinds import KINDS, carriers, kind_of, pathspecs
from gates.facts.files import EXECUTABLE, PLAIN, File, Files

KNOWN = {
    "pyproject.toml": "TOML",
    "service/pyproject.toml": "TOML",
    "setup.cfg": "INI",
    "tox.ini": "INI",
    "setup.py": "setup.py",
    "noxfile.py": "tasks in Python",
    "tasks.py": "tasks in Python",
    "x.dist-info/entry_points.txt": "entry points",
    "Dockerfile": "Dockerfile",
    "docker/Dockerfile.prod": "Dockerfile",
    "docker/web.Dockerfile": "Dockerfile",
    "Containerfile": "Dockerfile",
    "Procfile": "Procfile",
    "Procfile.dev": "Procfile",
    "compose.yaml": "compose file",
    "docker-compose.override.yml": "compose file",
    "deploy/shop.service": "unit of systemd",
    "supervisord.conf": "settings",
    "config/logging.conf": "settings",
    "logging.yaml": "settings in YAML",
    "config/dev-logging.yml": "settings in YAML",
    ".github/workflows/ci.yml": "CI",
    ".github/actions/start/action.yml": "CI",
    ".gitlab-ci.yml": "CI",
    ".circleci/config.yml": "CI",
    "azure-pipelines-nightly.yml": "CI",
    ".pre-commit-config.yaml": "CI",
    "Jenkinsfile": "Jenkinsfile",
    "ci/release.Jenkinsfile": "Jenkinsfile",
    "web/package.json": "package.json",
    "Makefile": "makefile",
    "GNUmakefile": "makefile",
    "Makefile.am": "makefile",
    "mk/ci.mk": "makefile",
    "justfile": "makefile",
    "bin/start.sh": "shell script",
    ".env": "shell script",
    ".env.local": "shell script",
    "lib/x.pth": ".pth file",
    "notes/a.ipynb": "notebook",
}
UNKNOWN = [
    "README.md",
    "translations/de.yaml",
    "homeassistant/components/x/services.yaml",
    "app/tasks.py",
    "Dockerfile.dockerignore",
    "docker/Dockerfile.py",
    "mydockerfile",
    "pyproject.toml.j2",
    "catalog.yaml",
    "blog/index.yml",
    "data.json",
    "package-lock.json",
    "requirements.txt",
    "entry_points.txt.old",
    "profile.txt",
    "policies/lanes.toml",
    ".env.example",
    "Dockerfile.j2",
]
folders = st.sampled_from(["", "a/", ".github/workflows/", "x.y/", "Dockerfile/"])


def files(*paths: str, mode: int = PLAIN) -> Files:
    return Files.of(File(path, "0" * 40, mode) for path in paths)


@pytest.mark.parametrize(("path", "kind"), KNOWN.items())
def test_a_file_that_tools_know_by_its_name(path: str, kind: str) -> None:
    assert kind_of(path) == kind
    assert list(carriers(files(path))) == [(path, kind)]


@pytest.mark.parametrize("path", UNKNOWN)
def test_a_file_that_no_tool_knows_by_its_name(path: str) -> None:
    assert kind_of(path) is None
    assert list(carriers(files(path))) == []


@given(folders, st.sampled_from(sorted(KNOWN)), st.sampled_from(["", ".x", "x", ".py", ".yml", ".sh", ".prod"]))
def test_the_quick_look_misses_nothing_that_the_close_one_knows(folder: str, known: str, end: str) -> None:
    path = f"{folder}{known}{end}"
    kind = kind_of(path)

    assert list(carriers(files(path))) == ([(path, kind)] if kind else [])


def test_an_executable_without_a_suffix_may_be_a_command() -> None:
    assert list(carriers(files("bin/start", mode=EXECUTABLE))) == [("bin/start", "command")]
    assert list(carriers(files("bin/start"))) == []


def test_every_kind_has_an_extractor() -> None:
    for kind in KINDS.values():
        assert callable(importlib.import_module(kind.extractor).extract), kind


@given(st.lists(st.sampled_from([*KNOWN, *UNKNOWN]), unique=True))
def test_every_carrier_is_meant_by_a_pathspec(paths: list[str]) -> None:
    found = [path for path, _ in carriers(files(*paths))]
    suffixes = tuple(spec[1:] for spec in pathspecs(found) if spec.startswith("*"))
    literal = {spec[len(":(literal)") :] for spec in pathspecs(found) if spec.startswith(":")}

    assert all(path in literal or path.endswith((*suffixes, ".py")) for path in found)
