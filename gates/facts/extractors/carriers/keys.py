"""What the entry of a file of settings names, by its key: a module, a command, a folder, an application."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gates.facts.extractors.carriers.names import is_dotted, of_target
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script, by_source, by_variable, searched
from gates.facts.extractors.carriers.use import FILE, RUNS, SEARCH, SEARCHES, WORD, Use
from gates.facts.extractors.launchers import VARIABLES

_BETWEEN = re.compile(r"[\s,]+")

# Keys that say that a module is named, whatever file they stand in: as they are, or as the last word of a longer one.
# `[facts.carriers]` adds more, and takes some out.
MODULE_KEYS = frozenset(
    "() app app_factory app_module application asgi_app backend backends build_backend callable callback class "
    "class_name classes entry_point entry_points entrypoint extension extensions factory filter filter_factory "
    "formatter function handler handlers hook hooks import imports include init_app load_plugins logger_class main "
    "middleware module module_name modules paste.app_factory plugin plugin_modules plugins root_urlconf script "
    "settings settings_module storage target task tasks urlconf use worker_class wsgi wsgi_app wsgi_application "
    "authentication_backends installed_apps engine default getter attr".split()
)
_LAST_WORDS = tuple(
    f"_{word}"
    for word in "app application backend class classes factory handler hook middleware module modules plugin plugins "
    "entrypoint urlconf settings".split()
)


def is_module_key(key: str, more: frozenset[str] = frozenset(), less: frozenset[str] = frozenset()) -> bool:
    """Whether what stands under a key is the path of a module; a key in any case, `-` being `_`."""
    plain = key.lower().replace("-", "_")
    if plain in less:
        return False
    last = plain.rpartition(".")[2]
    return plain in more or plain in MODULE_KEYS or last in MODULE_KEYS or last.endswith(_LAST_WORDS)


def by_key(key: str, value: str, places: Places, line: int) -> Iterator[Use]:
    """What an entry of settings names; a dotted word is said with its key, which decides whether it counts."""
    name = key.rpartition(".")[2]
    if name in VARIABLES:
        yield from by_variable(name, value, places, line)
        return
    if name in ("pythonpath", "python_path", "prepend_sys_path"):
        for part in _BETWEEN.split(value):
            yield from searched(part, places, line)
    elif name in ("init-hook", "init_hook"):
        yield from by_source(value, line, places)
    elif name in ("script_location", "wsgi-file", "wsgi_file"):
        path = value.replace("%(here)s/", "")
        at = places.find(path, line)
        yield Use(*at, FILE, f"{path.rstrip('/')}/env.py" if name == "script_location" else path, RUNS)
    else:
        yield from words(key, value, places, line)


def words(key: str, value: str, places: Places, line: int) -> Iterator[Use]:
    """The dotted words of a value, each a target of its own, with their key."""
    for part in _BETWEEN.split(value.strip()):
        text = part.strip("'\"[](){}")
        text = text[len("ext://") :] if text.startswith("ext://") else text
        text = text[len("attr:") :] if text.startswith("attr:") else text
        target = of_target(text)
        if target is not None and is_dotted(target):
            yield Use(*places.find(text, line), WORD, target, key)


def by_pytest(key: str, values: list[str], places: Places, line: int) -> Iterator[Use]:
    """What an entry of pytest's settings names."""
    if key == "pythonpath":
        for part in " ".join(values).split():
            if part == ".":  # the folder of the file, unlike in a command, which may run anywhere
                yield Use(*places.find(part, line), SEARCH, part, SEARCHES)
            yield from searched(part, places, line)
    elif key == "addopts":
        yield from by_script(f"pytest {' '.join(values)}", places, line)
    elif key == "env":
        for value in values:
            name, _, text = value.partition("=")
            yield from by_variable(name.rpartition(":")[2].strip(), text.strip(), places, line)
    elif key in VARIABLES:
        for value in values:
            yield from by_variable(key, value, places, line)
