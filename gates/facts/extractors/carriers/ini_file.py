"""What setup.cfg, tox.ini, pytest.ini, a unit of systemd or another INI file says of code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.carriers.ini_text import Entry, NotIni, entries
from gates.facts.extractors.carriers.keys import by_key, by_pytest
from gates.facts.extractors.carriers.metadata import packaged, registered_in, shipped
from gates.facts.extractors.carriers.names import salvaged
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script, by_source, by_variable
from gates.facts.extractors.carriers.use import FILE, INSTALLS, REGISTERS, ROOT, Use
from gates.facts.extractors.commands import HOLE

_BRACES = re.compile(r"\{(?:posargs:)?([^{}]*)\}")
_FACTORS = re.compile(r"^[\w!,{}.-]+:\s+")
_FOLDERS = frozenset({"workingdirectory", "directory", "chdir", "changedir", "change_dir"})
_EXEC = re.compile(r"^[@:+!|-]+")


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names."""
    text = source.decode("utf-8", "replace").replace("\r\n", "\n").lstrip("\ufeff")
    try:
        found = list(entries(text))
    except NotIni as error:
        return tuple(salvaged(text, str(error)))
    places = Places(text)
    folders = {entry.section: entry.value for entry in found if entry.key in _FOLDERS}
    return tuple(use for entry in found for use in _uses(entry, places, folders.get(entry.section, ""))) or None


_EVALUATED = ("handler_", "formatter_", "logger_")


def _uses(entry: Entry, places: Places, folder: str) -> Iterator[Use]:
    section, key = entry.section, entry.key
    if section in ("options.entry_points", "entry_points"):
        for line in entry.lines:
            yield from registered_in(entry.key, line.text, places, line.number)
    elif section == "options" and key in _OF_SETUPTOOLS:
        yield from _OF_SETUPTOOLS[key](entry, places)
    elif section == "options.packages.find" and key in ("where", "include"):
        for line in entry.lines:
            for part in re.split(r"[,\s]+", line.text.strip()):
                if part and key == "where":
                    yield Use(line.number, 0, ROOT, part.strip("./"), INSTALLS)
                yield from shipped(part, line.number)
    elif section in ("pytest", "tool:pytest"):
        for line in entry.lines:
            yield from by_pytest(
                key if key.islower() and entry.spelled == key else entry.spelled, [line.text], places, line.number
            )
    elif section == "testenv" or section.startswith(("testenv:", "tox")):
        yield from _of_tox(entry, places, folder)
    elif section == "Service" and (key.startswith("exec") or key == "environment"):
        yield from _of_systemd(entry, places, folder)
    elif section.startswith(("program:", "eventlistener:", "fcgi-program:")) and key in ("command", "environment"):
        yield from _of_supervisor(entry, places, folder)
    elif section.startswith(_EVALUATED) and key in ("args", "kwargs"):  # `fileConfig` evaluates it
        yield from by_source(entry.value, entry.number, places)
    else:
        for line in entry.lines:
            yield from _setting(entry, line.text, places, line.number)


def _setting(entry: Entry, text: str, places: Places, number: int) -> Iterator[Use]:
    _, equals, value = text.partition("=")
    if equals and entry.section.startswith(("flake8:local-plugins",)):
        yield from by_key("plugins", value.strip(), places, number)
    else:
        yield from by_key(entry.spelled, text, places, number)


def _package_folders(entry: Entry, places: Places) -> Iterator[Use]:
    for line in entry.lines:
        for part in line.text.split(","):
            name, equals, folder = part.partition("=")
            if equals:
                yield from packaged(name.strip(), folder.strip(), places, line.number)


def _packages(entry: Entry, places: Places) -> Iterator[Use]:
    for line in entry.lines:
        for part in re.split(r"[,\s]+", line.text):
            if part and not part.startswith("find"):
                yield from shipped(part.replace(".", "/"), line.number)


def _scripts(entry: Entry, places: Places) -> Iterator[Use]:
    for line in entry.lines:
        if line.text:
            yield Use(*places.find(line.text, line.number), FILE, line.text, REGISTERS)


_OF_SETUPTOOLS = {
    "package_dir": _package_folders,
    "packages": _packages,
    "py_modules": _packages,
    "scripts": _scripts,
}


def _of_tox(entry: Entry, places: Places, folder: str) -> Iterator[Use]:
    if entry.key in ("setenv", "set_env"):
        for line in entry.lines:
            name, _, value = _known(_FACTORS.sub("", line.text)).partition("=")
            yield from by_variable(name.strip(), value.strip(), places, line.number, _known(folder))
    elif entry.key.startswith("commands"):
        lines = (_known(_FACTORS.sub("", line.text)).lstrip("-!@ ") for line in entry.lines)
        yield from by_script("\n".join(lines), places, entry.number, {}, _known(folder))


def _known(text: str) -> str:
    """Tox's `{substitutions}`: Python as such, the folder of tox.ini as it is, what else there is as a HOLE."""

    def known(match: re.Match[str]) -> str:
        name = match[1]
        if name in ("envpython", "basepython"):
            return "python"
        if name in ("toxinidir", "tox_root", "envbindir", "env_bin_dir"):
            return "."
        return name if match[0].startswith("{posargs:") else HOLE

    return _BRACES.sub(known, text)


def _of_systemd(entry: Entry, places: Places, folder: str) -> Iterator[Use]:
    lines = [line.text.replace("%", HOLE) for line in entry.lines]
    if entry.key == "environment":
        for line, text in zip(entry.lines, lines):
            for pair in _split(text.rstrip("\\")):
                name, _, value = pair.partition("=")
                yield from by_variable(name, value, places, line.number, folder)
    else:
        yield from by_script(_EXEC.sub("", "\n".join(lines)), places, entry.number, {}, folder)


def _of_supervisor(entry: Entry, places: Places, folder: str) -> Iterator[Use]:
    text = re.sub(r"%\(\w+\)[sd]", HOLE, entry.value.replace("\n", " "))
    if entry.key == "command":
        yield from by_script(text, places.reaching(len(entry.lines)), entry.number, {}, folder)
        return
    for name, value in re.findall(r'(\w+)=("[^"]*"|[^,]*)', text):
        yield from by_variable(name, value.strip('"'), places.reaching(len(entry.lines)), entry.number, folder)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
