"""Which modules one call of a loader asks for, read from its arguments."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple, Optional

from gates.facts.extractors.arguments import Argument, Arguments
from gates.facts.extractors.contents import elements
from gates.facts.extractors.dynamic_loading import PATH
from gates.facts.extractors.known_values import (
    Known,
    Made,
    Named,
    Unknown,
    Value,
    as_text,
)
from gates.facts.extractors.loader import Loader
from gates.facts.extractors.loaders import OWN
from gates.facts.extractors.paths import HERE, TOP, placed
from gates.facts.extractors.short_text import quoted

# A folder may hold __main__.py; what is in an archive nobody here knows.
_SOURCES = frozenset({"", ".py", ".pyi", ".pyw", ".pyc"})


class Target(NamedTuple):
    """One module that a call may load, or why it cannot be known. `shown` is the argument as a reader would see it.

    `is_by_chance`: the call was hardly meant to, and nobody asks about it unless it enters a lane.
    """

    name: Optional[str]
    level: int
    reason: str
    prefix: str
    shown: str
    is_by_chance: bool = False


def targets(loader: Loader, arguments: Arguments) -> Iterator[Target]:
    """What a call with these arguments may load."""
    argument = arguments.get(loader.position, loader.keyword)
    if loader.kind in ("opaque", "replaced") or (loader.kind == "loaded" and not loader.keyword):
        text = argument.text if argument and loader.keyword else "..." if arguments.positional else ""
        yield Target(None, 0, _ALWAYS[loader.kind], "", text)
    elif argument is None:
        if loader.kind == "walk":
            yield Target(None, 0, "it loads every package that it finds on a path", "", "...")
        elif not arguments.open and loader.kind not in ("made", "source"):
            yield Target(None, 0, "it is given no name", "", "")
    else:
        yield from _READ[loader.kind](loader, arguments, argument)


def _by_name(loader: Loader, arguments: Arguments, argument: Argument) -> Iterator[Target]:
    package = arguments.get(loader.package, "package") if loader.package >= 0 else None
    for value in argument.values:
        text = as_text(value)
        if isinstance(text, Unknown):
            if not _is_nothing(value, argument):
                yield unknown(text, argument)
        elif text.startswith("."):
            yield from _relative(text, package, argument)
        else:
            yield named(text, argument)


def _by_object(loader: Loader, arguments: Arguments, argument: Argument) -> Iterator[Target]:
    texts = tuple(map(_decoded, argument.values))
    for target in _by_name(loader, arguments, Argument(texts, argument.text)):
        yield target._replace(name=target.name.split(":")[0]) if target.name else target


def _decoded(value: Value) -> Value:
    """What C is given as bytes is a name all the same."""
    name = value.value if isinstance(value, Known) else None
    return Known(name.decode("utf-8", "replace")) if isinstance(name, bytes) else value


def _loaded(loader: Loader, arguments: Arguments, argument: Argument) -> Iterator[Target]:
    return loaded(argument)


def loaded(argument: Argument) -> Iterator[Target]:
    """What `sys.modules[argument]` reads; reading the file's own module, or its package, loads nothing."""
    for value in argument.values:
        text = as_text(value)
        if isinstance(text, Unknown):
            yield unknown(text, argument)
        elif text != OWN:
            yield named(text, argument)


def _by_import(loader: Loader, arguments: Arguments, argument: Argument) -> Iterator[Target]:
    levels = arguments.get(4, "level")
    level_values = [value.value if isinstance(value, Known) else None for value in levels.values] if levels else [0]
    listed = arguments.get(3, "fromlist")
    for value in argument.values:
        text = as_text(value)
        for level in level_values:
            if not isinstance(level, int) or level < 0:
                yield unknown(Unknown("how many packages up it starts is not known"), argument)
            elif isinstance(text, Unknown):
                yield unknown(text, argument)
            elif level or not text.startswith("."):  # no module begins with a dot: the import fails
                for name in _with_listed(text, listed):
                    yield named(name, argument, level) if name or not level else _package_itself(argument)
                yield from (named(name, argument, level)._replace(is_by_chance=True) for name in _letters(text, listed))


def _letters(module: str, listed: Optional[Argument]) -> Iterator[str]:
    """A text in place of a list, `__import__(module, {}, {}, "Name")`, is a list of its letters to Python."""
    texts = [value.value for value in listed.values if isinstance(value, Known)] if listed else []
    for letter in sorted({letter for text in texts if isinstance(text, str) for letter in text}):
        if letter.isidentifier():
            yield f"{module}.{letter}" if module else letter


def _with_listed(module: str, listed: Optional[Argument]) -> Iterator[str]:
    """The module, or what a `fromlist` of known names takes from it: each may be a module, too."""
    lists = tuple(value for value in listed.values if as_text(value) != getattr(value, "value", None)) if listed else ()
    names = [as_text(value) for value in elements(lists)]
    known = [name for name in names if isinstance(name, str) and name not in ("", "*")]
    if not known or len(known) < len(names):
        yield module
    for name in known:
        yield f"{module}.{name}" if module else name


def _by_module(loader: Loader, arguments: Arguments, argument: Argument) -> Iterator[Target]:
    for value in argument.values:
        if isinstance(value, Named) and not value.name.startswith("builtins.") and "?" not in value.name:
            level = len(value.name) - len(value.name.lstrip("."))
            yield named(value.name.lstrip("."), argument, level)
        else:
            text = as_text(value)
            yield unknown(text if isinstance(text, Unknown) else Unknown("it is not a module of known name"), argument)


def of_content(path: str, argument: Argument) -> Target:
    """What running the content of a file may load."""
    if placed(path) and posixpath.splitext(path)[1] in _SOURCES - {""}:
        return Target(f"{PATH}{placed(path)}", 0, "", "", argument.text)
    return Target(None, 0, f"it is what {_as_shown(path)} holds", "", argument.text)


def _as_shown(path: str) -> str:
    """A path as a reader would see it."""
    where = placed(path)
    return quoted(path) if where is None or not path.startswith((HERE, TOP)) else quoted(where)


def _by_file(loader: Loader, arguments: Arguments, argument: Argument) -> Iterator[Target]:
    for value in argument.values:
        text = as_text(value)
        if isinstance(text, Unknown):
            if not isinstance(value, Made):  # (what found it said so)
                yield Target(None, 0, f"it loads a file whose path is not known: {text.reason}", "", argument.text)
        elif placed(text) and posixpath.splitext(text)[1] in _SOURCES:
            yield Target(f"{PATH}{placed(text)}", 0, "", "", argument.text)
        else:
            yield Target(None, 0, f"it loads a file by its path, {quoted(text)}", "", quoted(text))


def _sought(loader: Loader, arguments: Arguments, argument: Argument) -> Iterator[Target]:
    """A module looked for in given folders instead of in those where imports look."""
    folders = arguments.get(1, "path")
    listed = elements(folders.values) if folders is not None else ()
    if folders is None or folders.values == (Known(None),):
        yield from _by_name(loader, arguments, argument)
        return
    for value in listed or folders.values:
        place = as_text(value)
        where = None if isinstance(place, Unknown) else placed(place)
        if where is None:
            reason = place.reason if isinstance(place, Unknown) else "the path is not known"
            yield Target(None, 0, f"it loads a file whose path is not known: {reason}", "", folders.text)
            continue
        for name in map(as_text, argument.values):
            if isinstance(name, Unknown):
                yield unknown(name, argument)
                yield Target(f"{PATH}{where}", 0, "", "", folders.text)
            elif where:
                yield Target(f"{PATH}{where}/{name.rpartition('.')[2]}", 0, "", "", quoted(name))


def _made(loader: Loader, arguments: Arguments, argument: Argument) -> Iterator[Target]:
    if not all(isinstance(value, Made) for value in argument.values):
        yield Target(None, 0, f"{argument.text} was made elsewhere", "", argument.text)


def _walked(loader: Loader, arguments: Arguments, argument: Argument) -> Iterator[Target]:
    for value in argument.values:
        text = as_text(value)
        prefix = text.prefix if isinstance(text, Unknown) else text
        yield Target(None, 0, "it loads every package that it finds on a path", known_part(prefix), argument.text)


def _relative(text: str, package: Optional[Argument], argument: Argument) -> Iterator[Target]:
    rest = text.lstrip(".")
    level = len(text) - len(rest)
    if package is None:
        yield unknown(Unknown("it is relative, and no package is given"), argument)
        return
    for value in package.values:
        name = as_text(value)
        if isinstance(name, Unknown):
            yield unknown(Unknown(f"the package that it is relative to is not known: {name.reason}"), argument)
        elif name == OWN and rest:
            yield Target(rest, level, "", "", quoted(text))
        elif name == OWN:
            yield _package_itself(argument)
        else:
            above = name.split(".")[: len(name.split(".")) - level + 1]
            whole = ".".join([*above, rest] if rest else above)
            yield named(whole, argument) if above else unknown(Unknown("it leads out of its package"), argument)


def named(text: str, argument: Argument, level: int = 0) -> Target:
    """The target of a known name; one that begins with the file's own package is relative to it."""
    if text.startswith(f"{OWN}.") and OWN not in text[len(OWN) :]:
        text, level = text[len(OWN) + 1 :], 1
    if text == OWN:
        return _package_itself(argument)
    if OWN in text:
        return unknown(Unknown("it is built around this module's own name"), argument)
    if not text.strip("."):
        return unknown(Unknown("the name is empty"), argument)
    return Target(text, level, "", "", quoted("." * level + text))


def unknown(why: Unknown, argument: Argument) -> Target:
    """A target that cannot be known."""
    return Target(None, 0, why.reason, known_part(why.prefix), argument.text)


def known_part(prefix: str) -> str:
    """A known beginning; one that starts with the file's own name says nothing without the path."""
    return "" if OWN in prefix else prefix


def _package_itself(argument: Argument) -> Target:
    return Target(None, 0, "it is this module or its package", "", argument.text)


def _is_nothing(value: Value, argument: Argument) -> bool:
    """`name = None` before the real one: None is never loaded."""
    return isinstance(value, Known) and value.value is None and len(argument.values) > 1


_ALWAYS = {
    "opaque": "what it loads is decided at run time",
    "replaced": "what a later import of a module gives is replaced",
    "loaded": "it hands out every module that is loaded",
}
_READ = {
    "name": _by_name,
    "object": _by_object,
    "import": _by_import,
    "module": _by_module,
    "file": _by_file,
    "sought": _sought,
    "made": _made,
    "walk": _walked,
    "loaded": _loaded,
}
