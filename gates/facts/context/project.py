"""What a repository says of itself in the files that tools read: targets, scripts, extras, versions, settings, CI."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Optional

from gates.facts.checkout import Checkout, tree_digest
from gates.facts.extraction import Extraction
from gates.facts.fact import digest_of
from gates.facts.files import File

_TREE = "gates.facts.extractors.tree"
_NAMES = {
    "pyproject.toml": "toml_table",
    "ruff.toml": "toml_table",
    ".ruff.toml": "toml_table",
    "setup.cfg": "ini_table",
    "tox.ini": "ini_table",
    "mypy.ini": "ini_table",
    ".mypy.ini": "ini_table",
    "pytest.ini": "ini_table",
    ".flake8": "ini_table",
    ".coveragerc": "ini_table",
    "setup.py": "words",
    "noxfile.py": "definitions",
    "package.json": "package_scripts",
    "Makefile": "makefile_targets",
    "makefile": "makefile_targets",
    "GNUmakefile": "makefile_targets",
    "justfile": "makefile_targets",
    "Justfile": "makefile_targets",
    ".justfile": "makefile_targets",
}
_MAKEFILES = ("Makefile", "makefile", "GNUmakefile")
_JUSTFILES = ("justfile", "Justfile", ".justfile")
# Where one of these lies, makefiles are made by a program.
_MAKING = (
    "CMakeLists.txt",
    "configure",
    "configure.ac",
    "Makefile.am",
    "Makefile.in",
    "meson.build",
    "Kbuild",
    "BUILD.bazel",
)
_SOURCE_VERSION = re.compile(
    rb"^(?:__version__|VERSION|version)\s*(?::\s*\w+\s*)?=\s*[\"']([^\"']+)[\"']", re.MULTILINE
)
# Files that run programs: their text may say how.
_RUNNING = "running"
_RUNS = re.compile(
    r"Makefile|[Jj]ustfile|tox\.ini|noxfile\.py|pyproject\.toml|\.pre-commit-config\.yaml|\.github/workflows/[^/]+\.ya?ml"
    r"|scripts/[^/]+\.sh"
)
_RUN_ENDS = ("ile", ".ini", ".py", ".toml", ".yaml", ".yml", ".sh")
_TYPED = re.compile(r"(?:dis)?allow_(?:untyped|incomplete)_\w+|strict\w*|check_untyped_defs")
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")


@dataclass
class Project:
    """The files of metadata, of settings and of tasks; each is read when it is asked for."""

    checkout: Checkout
    extraction: Extraction
    files: Mapping[str, Sequence[File]]
    unit: ClassVar[str] = "files of the project"

    @classmethod
    def gather(cls, checkout: Checkout, extraction: Extraction) -> Project:
        """By their names."""
        found: dict[str, list[File]] = {}
        ends = tuple(_NAMES)
        for path in checkout.files:
            name = ""
            if path.endswith(ends):
                name = path.rpartition("/")[2]
            elif path.startswith(".github/workflows/") and _WORKFLOW.fullmatch(path):
                found.setdefault("workflow_pythons", []).append(checkout.files[path])
            if path.endswith(_RUN_ENDS) and _RUNS.fullmatch(path):
                found.setdefault(_RUNNING, []).append(checkout.files[path])
            if name in _NAMES and not checkout.files[path].is_symlink:
                found.setdefault(_NAMES[name], []).append(checkout.files[path])
        return cls(checkout, extraction, {kind: sorted(files) for kind, files in found.items()})

    @cached_property
    def digest(self) -> str:
        """Of all of them, and of the file that holds the version."""
        version = self._version_file
        more = [self.checkout.files[version].blob] if version in self.checkout.files else []
        return digest_of(*(tree_digest(files) for _, files in sorted(self.files.items())), *more)

    def __len__(self) -> int:
        return sum(map(len, self.files.values()))

    @property
    def reads(self) -> tuple[str, ...]:
        """Git pathspecs of all of them, by name."""
        names = {posixpath.basename(file.path) for files in self.files.values() for file in files}
        plain = {f"*{name}" for name in names if not name.endswith((".yml", ".yaml")) or name.startswith(".")}
        return (
            *sorted(plain),
            ":(literal).github/workflows",
            *([f":(literal){self._version_file}"] if self._version_file else []),
        )

    def _of(self, kind: str) -> Mapping[str, Any]:
        found = self.extraction.of(f"{_TREE}.{kind}", self.files.get(kind, ()))
        return {path: value for path, value in found.items() if not isinstance(value, str)}

    def table(self, path: str) -> Mapping[str, Any]:
        """The tables of one TOML or INI file; empty where there is none."""
        found: Mapping[str, Any] = self._tomls.get(path) or self._inis.get(path) or {}
        return found

    @cached_property
    def _tomls(self) -> Mapping[str, Any]:
        return self._of("toml_table")

    @cached_property
    def _inis(self) -> Mapping[str, Any]:
        return self._of("ini_table")

    @cached_property
    def pyprojects(self) -> Mapping[str, Mapping[str, Any]]:
        """Every pyproject.toml, the one at the top first."""
        found = {path: table for path, table in self._tomls.items() if posixpath.basename(path) == "pyproject.toml"}
        return dict(sorted(found.items(), key=lambda item: (item[0].count("/"), item[0])))

    @property
    def top(self) -> Mapping[str, Any]:
        """The pyproject.toml at the top; empty where there is none."""
        return self.pyprojects.get("pyproject.toml", {})

    # Who it is

    @cached_property
    def names(self) -> frozenset[str]:
        """What the distributions of the repository are called, in small letters with dashes."""
        found = [table.get("project", {}).get("name") for table in self.pyprojects.values()]
        found += [get(table, "tool", "poetry", "name") for table in self.pyprojects.values()]
        found += [get(table, "metadata", "name") for table in self._inis.values()]
        return frozenset(normal(name) for name in found if isinstance(name, str))

    @cached_property
    def name(self) -> str:
        """What the one at the top is called; "" where nothing says."""
        found = (
            get(self.top, "project", "name")
            or get(self.top, "tool", "poetry", "name")
            or get(self.table("setup.cfg"), "metadata", "name")
        )
        return normal(found) if isinstance(found, str) else ""

    @cached_property
    def version(self) -> str:
        """Its version, as it is written somewhere; "" where only a build knows."""
        said = get(self.top, "project", "version") or get(self.top, "tool", "poetry", "version")
        if isinstance(said, str) and re.match(r"\d", said):
            return said
        cfg = get(self.table("setup.cfg"), "metadata", "version")
        if isinstance(cfg, str) and re.match(r"\d", cfg.strip()):
            return cfg.strip()
        if self._version_file in self.checkout.files:
            match = _SOURCE_VERSION.search(self.checkout.read(self._version_file))
            return match[1].decode("utf-8", "replace") if match else ""
        if not self.top and "package.json" in self.packages:
            return str(self.packages["package.json"][3])
        return ""

    @cached_property
    def _version_file(self) -> str:
        """The Python file that the build takes the version from, as the build is told."""
        hatch = get(self.top, "tool", "hatch", "version", "path") or get(self.top, "tool", "pdm", "version", "path")
        if isinstance(hatch, str):
            return hatch
        attribute = get(self.top, "tool", "setuptools", "dynamic", "version", "attr")
        if isinstance(attribute, str):
            stem = attribute.rpartition(".")[0].replace(".", "/")
            found = [f"{root}{stem}{end}" for root in ("", "src/") for end in ("/__init__.py", ".py")]
            return next((path for path in found if path in self.checkout.files), "")
        return ""

    @cached_property
    def requires_python(self) -> str:
        """The range of Pythons that an installer is told; "" where none is."""
        said = get(self.top, "project", "requires-python") or get(self.top, "tool", "poetry", "dependencies", "python")
        said = said or get(self.table("setup.cfg"), "options", "python_requires")
        return said if isinstance(said, str) else ""

    @cached_property
    def all_requires_python(self) -> tuple[str, ...]:
        """The ranges of all distributions, without white space."""
        found = [
            get(table, "project", "requires-python") or get(table, "tool", "poetry", "dependencies", "python")
            for table in self.pyprojects.values()
        ]
        return tuple(dict.fromkeys(re.sub(r"\s", "", said) for said in found if isinstance(said, str)))

    # What can be asked of it

    def targets(self, kind: str, folder: str = "") -> tuple[Optional[frozenset[str]], frozenset[str]]:
        """The targets of the makefile (or justfile) of a folder, and those of all of them.

        None where the folder has none, or where there may be more than is written.
        """
        names = _MAKEFILES if kind == "make" else _JUSTFILES
        found = {
            path: value for path, value in self._of("makefile_targets").items() if posixpath.basename(path) in names
        }
        every = frozenset(target for value in found.values() for target in value[0])
        place = next((path for path in found if posixpath.dirname(path) == folder), None)
        if place is None:
            return None, every
        targets, included, is_open = found[place]
        more: set[str] = set()
        for file in included:
            text = self._included(posixpath.normpath(posixpath.join(folder, file)))
            if text is None:
                is_open = True
            else:
                more.update(text)
        return (None if is_open else frozenset(targets) | more), every | more

    def _included(self, path: str) -> Optional[Sequence[str]]:
        if path not in self.checkout.files:
            return None
        value = self.extraction.of(f"{_TREE}.makefile_targets", [self.checkout.files[path]]).get(path)
        return None if value is None or value[1] or value[2] else value[0]

    @property
    def has_makefiles(self) -> bool:
        """Whether there are any, or a program that makes some."""
        made = any(path.rpartition("/")[2] in _MAKING for path in self.checkout.files)
        return made or any(posixpath.basename(path) in _MAKEFILES for path in self.checkout.files)

    @cached_property
    def packages(self) -> Mapping[str, Any]:
        """Each package.json with its scripts, its programs, its name and its version."""
        return self._of("package_scripts")

    @cached_property
    def scripts(self) -> Optional[frozenset[str]]:
        """The console scripts of all distributions; None where there may be more than is written."""
        found: set[str] = set()
        for table in self.pyprojects.values():
            project = table.get("project", {})
            dynamic = project.get("dynamic", ())
            if "scripts" in dynamic or "entry-points" in dynamic:
                return None
            for place in (project.get("scripts"), project.get("gui-scripts"), get(table, "tool", "poetry", "scripts")):
                found.update(place or ())
            found.update(get(table, "project", "entry-points", "console_scripts") or ())
        if not found and (
            self.files.get("words") or any(get(ini, "options.entry_points") for ini in self._inis.values())
        ):
            return None
        return frozenset(found)

    def extras(self, kind: str) -> Optional[frozenset[str]]:
        """The names of extras or of groups of dependencies; None where there may be more than is written."""
        found: set[str] = set()
        for table in self.pyprojects.values():
            project = table.get("project", {})
            if kind == "extra":
                if "optional-dependencies" in project.get("dynamic", ()):
                    return None
                found.update(project.get("optional-dependencies") or ())
                found.update(get(table, "tool", "poetry", "extras") or ())
            else:
                found.update(table.get("dependency-groups") or ())
                found.update(get(table, "tool", "poetry", "group") or ())
                found.update(["dev"] if get(table, "tool", "uv", "dev-dependencies") else ())
                found.update(["dev", "main"] if get(table, "tool", "poetry") else ())
        if kind == "extra":
            for ini in self._inis.values():
                found.update(ini.get("options.extras_require", ()))
        has_metadata = any("project" in table or get(table, "tool", "poetry") for table in self.pyprojects.values())
        return (
            frozenset(map(normal, found))
            if has_metadata and not self.files.get("words")
            else frozenset(found)
            if found and has_metadata
            else None
        )

    def tasks(self, kind: str) -> Optional[frozenset[str]]:
        """The environments of tox, the sessions of nox, the tasks of poe; None where that cannot be known here."""
        if kind == "nox":
            found = self._of("definitions").get("noxfile.py")
            return frozenset(name.replace("_", "-") for name, _ in found) if found else None
        if kind == "poe":
            return frozenset(get(self.top, "tool", "poe", "tasks") or ()) or None
        ini = self.table("tox.ini")
        listed = re.split(r"[,\s]+", str(get(ini, "tox", "envlist") or get(ini, "tox", "env_list") or ""))
        sections = [name.partition(":")[2] for name in ini if name.startswith("testenv:")]
        names = {name for name in (*listed, *sections) if name}
        return frozenset(names) if names and not any("{" in name for name in names) else None

    # How its tools are set

    def values(self, name: str) -> dict[str, Any]:
        """What each tool is told under a name of ours, by the place where it is told."""
        return dict(self._values(name))

    def _called(self, name: str) -> list[str]:
        """The files of a name that hold tables, the one at the top first: a part may be told otherwise."""
        found = (path for path in (*self._tomls, *self._inis) if posixpath.basename(path) == name)
        return sorted(found, key=lambda path: (path.count("/"), path))

    def _values(self, name: str) -> Iterator[tuple[str, Any]]:
        for place, keys in _PLACES.get(name, ()):
            for file in self._called(place):
                value = get(self.table(file), *keys)
                if value is not None:
                    yield f"{file} [{'.'.join(keys[:-1])}] {keys[-1]}", value
        if name.startswith("key "):
            key = name[4:]
            for file, table in self.pyprojects.items():
                for path, value in _keyed(table, key.split(".")[-1]):
                    if path.endswith(key) and (path.startswith("tool.") or path == "project.requires-python"):
                        yield f"{file} {path}", value

    @property
    def mypy_asks_for_types(self) -> bool:
        """Whether mypy is told to demand annotations, if not all that `strict` means."""
        tables = [table for table in self.values("mypy").values() if isinstance(table, Mapping)]
        tables += [part for table in tables for part in table.get("overrides", ()) if isinstance(part, Mapping)]
        tables += [part for ini in self._inis.values() for name, part in ini.items() if name.startswith("mypy-")]
        return any(_TYPED.fullmatch(key) for table in tables for key in table)

    @cached_property
    def runs_mypy_strictly(self) -> bool:
        """Whether some task, workflow or hook hands mypy `--strict`, whatever its configuration says."""
        said = (self.checkout.read(file.path) for file in self.files.get(_RUNNING, ()))
        return any(re.search(rb"mypy\b[^\n]*--strict\b", text) for text in said)

    # What CI runs on

    @cached_property
    def ci_pythons(self) -> Optional[frozenset[str]]:
        """The versions of Python that workflows name; None where some stand for what cannot be read here."""
        found = self._of("workflow_pythons")
        if not found or not all(whole for _, whole in found.values()):
            return None
        return frozenset(version for versions, _ in found.values() for version in versions) or None

    @property
    def pythons_by_workflow(self) -> Iterator[frozenset[str]]:
        """Those of each workflow that names any."""
        return (frozenset(versions) for versions, _ in self._of("workflow_pythons").values() if versions)


_PLACES: Mapping[str, Sequence[tuple[str, tuple[str, ...]]]] = {
    "line length": (
        ("pyproject.toml", ("tool", "ruff", "line-length")),
        ("pyproject.toml", ("tool", "black", "line-length")),
        ("pyproject.toml", ("tool", "black", "line_length")),
        ("pyproject.toml", ("tool", "isort", "line_length")),
        ("pyproject.toml", ("tool", "flake8", "max-line-length")),
        ("pyproject.toml", ("tool", "pylint", "format", "max-line-length")),
        ("pyproject.toml", ("tool", "yapf", "column_limit")),
        ("ruff.toml", ("line-length",)),
        (".ruff.toml", ("line-length",)),
        ("setup.cfg", ("flake8", "max-line-length")),
        ("tox.ini", ("flake8", "max-line-length")),
        (".flake8", ("flake8", "max-line-length")),
        (".flake8", ("flake8", "max_line_length")),
    ),
    "mypy strict": (
        ("pyproject.toml", ("tool", "mypy", "strict")),
        ("mypy.ini", ("mypy", "strict")),
        (".mypy.ini", ("mypy", "strict")),
        ("setup.cfg", ("mypy", "strict")),
    ),
    "mypy": (
        ("pyproject.toml", ("tool", "mypy")),
        ("mypy.ini", ("mypy",)),
        (".mypy.ini", ("mypy",)),
        ("setup.cfg", ("mypy",)),
    ),
    "coverage": (
        ("pyproject.toml", ("tool", "coverage", "report", "fail_under")),
        (".coveragerc", ("report", "fail_under")),
        ("setup.cfg", ("coverage:report", "fail_under")),
        ("tox.ini", ("coverage:report", "fail_under")),
    ),
}


def get(table: Any, *keys: str) -> Any:
    """What stands below these keys; None where nothing does."""
    for key in keys:
        if not isinstance(table, Mapping):
            return None
        table = table.get(key)
    return table


def normal(name: str) -> str:
    """A distribution's name as installers compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _keyed(table: Any, key: str, above: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(table, Mapping):
        for name, value in table.items():
            if name == key and not isinstance(value, (Mapping, list)):
                yield f"{above}{name}", value
            yield from _keyed(value, key, f"{above}{name}.")
    elif isinstance(table, (list, tuple)):
        for number, each in enumerate(table, 1):
            yield from _keyed(each, key, f"{above}{number}.")
