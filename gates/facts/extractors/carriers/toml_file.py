"""What pyproject.toml, or another TOML file, says of code: entry points, packages, settings of pytest, tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Optional

from gates.facts.extractors.carriers import ini_file
from gates.facts.extractors.carriers.keys import by_key, by_pytest
from gates.facts.extractors.carriers.metadata import included, packaged, registered, shipped
from gates.facts.extractors.carriers.names import salvaged
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script, by_words, searched
from gates.facts.extractors.carriers.toml_text import Path, Toml
from gates.facts.extractors.carriers.use import FILE, INSTALLS, NAME, ROOT, RUNS, Use

_REGISTERING = (
    ("project", "scripts"),
    ("project", "gui-scripts"),
    ("project", "entry-points"),
    ("tool", "poetry", "scripts"),
    ("tool", "poetry", "plugins"),
    ("tool", "flit", "scripts"),
    ("tool", "flit", "entrypoints"),
)
# Below these a string is a command, unless its own key says that it is something else.
_TASKS = (
    ("tool", "pdm", "scripts"),
    ("tool", "poe", "tasks"),
    ("tool", "taskipy", "tasks"),
    ("tool", "rye", "scripts"),
    ("tool", "hatch", "envs"),
    ("tool", "tox"),
    ("tool", "pixi", "tasks"),
    ("env",),
    ("processes",),
)
_COMMANDS = frozenset("cmd shell command commands run sequence composite scripts commands_pre commands_post".split())
_CALLS = frozenset("call script getter".split())


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names."""
    text = source.decode("utf-8", "replace")
    try:
        toml = Toml(text)
    except (ValueError, RecursionError) as error:
        return tuple(salvaged(text, str(error)))
    return tuple(_uses(toml)) or None


def _uses(toml: Toml) -> Iterator[Use]:
    for path, value in toml.strings():
        keys = tuple(step for step in path if isinstance(step, str))
        line = toml.line_of(path, value.split("\n", 1)[0])
        if any(keys[: len(table)] == table for table in _REGISTERING):
            if keys[-1] not in ("type", "extras"):
                yield from registered(_group(keys), value, toml.places, line)
        elif keys[:2] == ("tool", "pytest") or keys[:1] == ("pytest",):
            if keys[-1] != "addopts" or isinstance(path[-1], str):
                yield from by_pytest(keys[-1], [value], toml.places, line)
        elif keys[:3] == ("tool", "tox", "legacy_tox_ini"):
            yield from _moved(ini_file.extract(value.encode("utf-8")), toml.line_of(path) - 1)
        elif any(keys[: len(table)] == table for table in _TASKS):
            yield from _task(keys, path, value, toml, line)
        else:
            yield from _setting(keys, value, toml.places, line)
    yield from _lists_of_words(toml)
    yield from _packages(toml)


def _group(keys: tuple[str, ...]) -> str:
    """The group of an entry point: tables of commands are groups by themselves."""
    return next(key for key in keys if key in ("scripts", "gui-scripts", "entry-points", "plugins", "entrypoints"))


def _task(keys: tuple[str, ...], path: Path, value: str, toml: Toml, line: int) -> Iterator[Use]:
    if keys[:2] == ("tool", "tox") and isinstance(path[-1], int):
        return  # a word of a command that is given word by word
    if keys[-1] in _CALLS and keys[:2] != ("tool", "hatch"):
        yield from _setting((*keys[:-1], "callable"), value.partition("(")[0], toml.places, line)
    elif keys[-2] in ("env", "environment", "setenv", "set_env", "env-vars"):
        yield from by_key(keys[-1], value, toml.places, line)
    elif keys[-1] not in ("help", "description", "cwd"):
        yield from by_script(value, toml.places, line)


def _setting(keys: tuple[str, ...], value: str, places: Places, line: int) -> Iterator[Use]:
    if keys == ("build-system", "backend-path"):
        yield from searched(value, places, line)
    elif (keys[:2] == ("tool", "hatch") and "hooks" in keys and keys[-1] == "path") or keys[:4] == (
        "tool",
        "poetry",
        "build",
        "script",
    ):
        yield Use(*places.find(value, line), FILE, value, RUNS)
    elif keys[:3] not in (("tool", "setuptools", "package-dir"), ("tool", "hatch", "build")):
        yield from by_key(".".join(keys), value, places, line)


def _lists_of_words(toml: Toml) -> Iterator[Use]:
    """The commands of tox and the options of pytest, each a list of words."""
    for keys in (("tool", "pytest", "ini_options"), ("tool", "pytest"), ("pytest",)):
        options = _listed(toml.get(*keys, "addopts"))
        line = toml.line_of((*keys, "addopts"))
        yield from by_words(["pytest", *options], toml.places.reaching(len(options) + 2), line)
    environments = toml.get("tool", "tox", "env") or toml.get("env") or {}
    tables: dict[tuple[str, ...], Any] = {("env", name): table for name, table in _tables(environments)}
    tables["env_run_base",] = toml.get("tool", "tox", "env_run_base") or toml.get("env_run_base")
    for place, table in tables.items():
        for key in ("commands", "commands_pre", "commands_post"):
            for words in table.get(key) or () if isinstance(table, Mapping) else ():
                if isinstance(words, list) and all(isinstance(word, str) for word in words):
                    line = toml.line_of((*place, key), words[-1]) if words else 1
                    yield from by_words(words, toml.places.reaching(3), line)


def _tables(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield from ((key, table) for key, table in value.items() if isinstance(table, Mapping))


def _packages(toml: Toml) -> Iterator[Use]:
    """What the distribution is made of, by build backend."""
    yield from _of_setuptools(toml)
    yield from _of_hatch(toml)
    yield from _of_poetry(toml)
    flit = toml.get("tool", "flit", "module", "name") or toml.get("tool", "flit", "metadata", "module")
    yield from shipped(flit, 1)
    yield from shipped(toml.get("tool", "uv", "build-backend", "module-name"), 1)
    for keys in (
        ("tool", "pdm", "build", "package-dir"),
        ("tool", "pdm", "package-dir"),
        ("tool", "uv", "build-backend", "module-root"),
        ("tool", "maturin", "python-source"),
    ):
        folder = toml.get(*keys)
        if isinstance(folder, str):
            yield Use(toml.line_of(keys, folder), 0, ROOT, folder.strip("./"), INSTALLS)
    packages = toml.get("tool", "scikit-build", "wheel", "packages")
    for name, folder in packages.items() if isinstance(packages, Mapping) else ():
        yield from _given(toml, ("tool", "scikit-build", "wheel", "packages", name), name.replace("/", "."), folder)


def _of_setuptools(toml: Toml) -> Iterator[Use]:
    keys = ("tool", "setuptools")
    folders = toml.get(*keys, "package-dir")
    for name, folder in folders.items() if isinstance(folders, Mapping) else ():
        yield from _given(toml, (*keys, "package-dir", name), name, folder)
    packages = toml.get(*keys, "packages")
    for name in [*_listed(packages), *_listed(toml.get(*keys, "py-modules"))]:
        yield from shipped(name.replace(".", "/"), toml.line_of((*keys, "packages"), name))
    for where in _listed(toml.get(*keys, "packages", "find", "where")):
        yield Use(toml.line_of((*keys, "packages", "find", "where"), where), 0, ROOT, where.strip("./"), INSTALLS)
        yield from shipped(where, 1)
    for pattern in _listed(toml.get(*keys, "packages", "find", "include")):
        yield from shipped(pattern, 1)


def _given(toml: Toml, path: Path, name: str, folder: Any) -> Iterator[Use]:
    if isinstance(folder, str):
        yield from packaged(name, folder, toml.places, toml.line_of(path, folder))


def _of_hatch(toml: Toml) -> Iterator[Use]:
    build = toml.get("tool", "hatch", "build")
    tables: list[tuple[tuple[str, ...], Any]] = [(("tool", "hatch", "build"), build)]
    targets = build.get("targets") if isinstance(build, Mapping) else None
    tables += [(("tool", "hatch", "build", "targets", name), table) for name, table in _tables(targets)]
    for folder in _listed(toml.get("tool", "hatch", "build", "dev-mode-dirs")):
        yield Use(1, 0, ROOT, folder.strip("./"), INSTALLS)
    for path, table in tables:
        if not isinstance(table, Mapping) or path[-1] == "sdist":
            continue
        forced = table.get("force-include")
        for one, other in forced.items() if isinstance(forced, Mapping) else ():
            if isinstance(other, str):
                yield from included(one, other, toml.places, toml.line_of((*path, "force-include", one), one))
        sources = table.get("sources")
        for one, other in sources.items() if isinstance(sources, Mapping) else ():
            if isinstance(other, str):
                yield from included(one, other, toml.places, toml.line_of((*path, "sources", one), one))
        for folder in _listed(sources):
            yield Use(toml.line_of((*path, "sources"), folder), 0, ROOT, folder.strip("./"), INSTALLS)
        for package in [*_listed(table.get("packages")), *_listed(table.get("only-include"))]:
            above = package.strip("/").rpartition("/")[0]
            if above:  # `packages` takes off what stands before the package's own name
                yield Use(1, 0, ROOT, above, INSTALLS)
            yield from shipped(package, 1)


def _of_poetry(toml: Toml) -> Iterator[Use]:
    keys = ("tool", "poetry", "packages")
    packages = toml.get(*keys)
    for number, package in enumerate(packages if isinstance(packages, list) else ()):
        if isinstance(package, Mapping) and isinstance(package.get("include"), str):
            name, above, below = package["include"], str(package.get("from", "")), str(package.get("to", ""))
            line = toml.line_of((*keys, number, "include"), name)
            yield from included(f"{above}/{name}", f"{below}/{name}", toml.places, line)


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]


def _moved(uses: Optional[tuple[Use, ...]], lines: int) -> Iterator[Use]:
    yield from (use._replace(line=use.line + lines, column=0) for use in uses or () if use.kind != NAME or use.text)
