"""Which files that are not Python decide what Python runs: by their names, as the tools that read them have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Optional

from gates.facts.files import EXECUTABLE, Files

_PACKAGE = "gates.facts.extractors.carriers"


class Kind(NamedTuple):
    """How a file is read; whether it `ships` code that is then run, or is metadata of a distribution."""

    name: str
    extractor: str
    ships: bool = False
    is_metadata: bool = False


def _kind(name: str, module: str, ships: bool = False, is_metadata: bool = False) -> Kind:
    return Kind(name, f"{_PACKAGE}.{module}", ships, is_metadata)


_KINDS = (
    _kind("TOML", "toml_file", is_metadata=True),
    _kind("INI", "ini_file", is_metadata=True),
    _kind("entry points", "entry_points", is_metadata=True),
    _kind("setup.py", "setup_py", is_metadata=True),
    _kind("tasks in Python", "task_file"),
    _kind("Dockerfile", "dockerfile", ships=True),
    _kind("Procfile", "procfile", ships=True),
    _kind("compose file", "yaml_file", ships=True),
    _kind("unit of systemd", "ini_file", ships=True),
    _kind("settings", "ini_file", ships=True),
    _kind("settings in YAML", "yaml_file", ships=True),
    _kind("CI", "yaml_file"),
    _kind("YAML", "yaml_file"),
    _kind("Jenkinsfile", "jenkinsfile"),
    _kind("package.json", "package_json"),
    _kind("makefile", "makefile"),
    _kind("shell script", "shell_script"),
    _kind("command", "command_file"),
    _kind(".pth file", "pth_file", ships=True),
    _kind("notebook", "notebook"),
)
KINDS = {kind.name: kind for kind in _KINDS}

_BY_SUFFIX = {
    ".toml": "TOML",
    ".ini": "INI",
    ".cfg": "INI",
    ".dockerfile": "Dockerfile",
    ".jenkinsfile": "Jenkinsfile",
    ".containerfile": "Dockerfile",
    ".service": "unit of systemd",
    ".mk": "makefile",
    ".mak": "makefile",
    ".just": "makefile",
    ".sh": "shell script",
    ".bash": "shell script",
    ".zsh": "shell script",
    ".ksh": "shell script",
    ".env": "shell script",
    ".envrc": "shell script",
    ".flaskenv": "shell script",
    ".pth": ".pth file",
    ".ipynb": "notebook",
    ".coveragerc": "INI",
    ".pylintrc": "INI",
    ".flake8": "INI",
}
_BY_NAME = {
    "entry_points.txt": "entry points",
    "setup.py": "setup.py",
    "noxfile.py": "tasks in Python",
    "dockerfile": "Dockerfile",
    "containerfile": "Dockerfile",
    "procfile": "Procfile",
    "makefile": "makefile",
    "gnumakefile": "makefile",
    "justfile": "makefile",
    "jenkinsfile": "Jenkinsfile",
    "package.json": "package.json",
    "pylintrc": "INI",
    "supervisord.conf": "settings",
}
# `Dockerfile.prod`, `Makefile.in`, `.env.local`
_BY_BEGINNING = {
    "dockerfile.": "Dockerfile",
    "containerfile.": "Dockerfile",
    "procfile.": "Procfile",
    "jenkinsfile.": "Jenkinsfile",
    "makefile.": "makefile",
    ".env.": "shell script",
}
_NEVER = (".dockerignore", ".py", ".example", ".sample", ".template", ".dist", ".orig", ".bak", ".j2")
_YAML = re.compile(
    r"(?P<compose>(?:docker-)?compose[\w.-]*)"
    r"|(?P<settings>(?:.*[._-])?log(?:ging|ger)?(?:[._-].*)?|render|app|serverless|heroku|template)"
    r"|(?P<CI>action|\.?gitlab-ci|.*\.gitlab-ci|\.travis|\.?appveyor|azure-pipelines.*|bitbucket-pipelines|\.drone"
    r"|\.woodpecker|cloudbuild.*|buildspec.*|taskfile.*|\.pre-commit-(?:config|hooks))"
)
_CI_FOLDER = re.compile(
    r"(?:.*/)?\.(?:(?:github|gitea|forgejo)/workflows|circleci|gitlab|woodpecker|buildkite)(?:/.*)?"
)
_SETTINGS = re.compile(r"(?:.*[._-])?(?:log(?:ging|ger)?|supervisor)(?:[._-].*)?\.(?:ini|cfg|conf)")

# The last letters of every name above, by which most paths are ruled out at once.
_ENDS = frozenset(name[-3:] for name in (*_BY_SUFFIX, *_BY_NAME, ".yml", ".yaml", ".conf")) - {".py", "son"}
# The ends of names by which git is asked what has changed; a file too many costs no more than a look.
_WATCHED = frozenset([*_BY_SUFFIX, ".yml", ".yaml", "makefile", "dockerfile"])
# Names of which far more files have the last letters.
_WHOLE = ("setup.py", "noxfile.py", "tasks.py", "package.json")


def carriers(files: Files) -> Iterator[tuple[str, str]]:
    """Path and kind of each, by its name."""
    likely = [
        path for path in files if path[-3:] in _ENDS or path.endswith(_WHOLE) or "file." in path or ".env." in path
    ]
    for path in likely:
        kind = kind_of(path)
        if kind is not None:
            yield path, kind
    for file in files.of_mode(EXECUTABLE):
        if "." not in file.path.rpartition("/")[2] and kind_of(file.path) is None:
            yield file.path, "command"


def kind_of(path: str) -> Optional[str]:
    """The name of a path's kind; None of most."""
    folder, _, name = path.rpartition("/")
    name = name.lower()
    found = _BY_NAME.get(name)
    if found is not None:
        return found
    if path == "tasks.py":
        return "tasks in Python"
    if path.startswith("policies/"):  # what is said to the gates
        return None
    if name.endswith(_NEVER):
        return None
    if name.endswith((".yml", ".yaml")):
        return _of_yaml(folder, name.rpartition(".")[0])
    if _SETTINGS.fullmatch(name):
        return "settings"
    known = _BY_SUFFIX.get(name[name.rfind(".") :]) if "." in name else None
    if known is not None:
        return known
    return next((kind for beginning, kind in _BY_BEGINNING.items() if name.startswith(beginning)), None)


def _of_yaml(folder: str, stem: str) -> Optional[str]:
    if _CI_FOLDER.fullmatch(folder):
        return "CI"
    match = _YAML.fullmatch(stem)
    if match is None:
        return None
    return "compose file" if match["compose"] else "settings in YAML" if match["settings"] else "CI"


def pathspecs(paths: Iterable[str]) -> tuple[str, ...]:
    """Git pathspecs of the files: by suffix where that is plain, since git compares each of them with every path."""
    found: set[str] = set()
    for path in paths:
        name = path.rpartition("/")[2]
        suffix = name[name.rfind(".") :] if "." in name else name
        if suffix == ".py":
            continue  # a module, which is looked at in any case
        found.add(f"*{suffix}" if suffix.lower() in _WATCHED else f":(literal){path}")
    return tuple(sorted(found))
