"""Every gate there is, found by file name or entry point; builds one from its policy section."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import importlib
import os
import re
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gates.checks.gate import Gate
from gates.errors import GatesError, PolicyError, did_you_mean
from gates.facts.checkout import Checkout
from gates.facts.fact import closure, is_settings, parameters
from gates.globs import Globs, glob_pattern
from gates.policy import Policy, Rule, Section
from gates.policy_file import entry_name, escaped, known_keys, typed

if TYPE_CHECKING:
    import importlib.metadata

    from gates.fixes.edit import Mend

GROUP = "gates.checks"
_GROUP = GROUP.encode()
OWN = "lukhas-gates"
# Results of a run that no gate gives; a gate of such a name could not be told apart from them.
RESERVED = ("waiver", "baseline")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_CHECKS = Path(__file__).parent / "checks"
_FIXES = Path(__file__).parent / "fixes"
_PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Entry:
    """One gate: its name, and where its class lies. `origin` is the distribution it comes with."""

    name: str
    module: str
    attribute: str
    origin: str = OWN

    def load(self) -> type:
        """Its class. GatesError where a gate of another distribution is none."""
        if self.origin == OWN:
            found = getattr(importlib.import_module(self.module), self.attribute)
            assert isinstance(found, type)
            return found
        try:
            found = getattr(importlib.import_module(self.module), self.attribute)
        except Exception as error:  # whatever somebody else's module raises when it is imported
            raise GatesError(f"{self._called} cannot be loaded: {type(error).__name__}: {error}") from error
        if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
            raise GatesError(f"{self._called}: {self.module}:{self.attribute} is no dataclass; a gate is a frozen one")
        missing = [name for name in ("check", "plant") if not callable(getattr(found, name, None))]
        if missing:
            raise GatesError(f"{self._called}: {self.module}:{self.attribute} has no {' and no '.join(missing)}")
        taken = sorted(set(known_keys(found)) & set(known_keys(Rule)))
        if taken:
            raise GatesError(
                f"{self._called}: its field {taken[0]} is a key that every gate has; call it something else"
            )
        return found

    @property
    def about(self) -> str:
        """What its module says of it: what it looks for, why, and what to do instead."""
        self.load()
        import inspect

        return inspect.cleandoc(sys.modules[self.module].__doc__ or "")

    @property
    def _called(self) -> str:
        return f"the gate '{self.name}' of {self.origin}"

    @property
    def path(self) -> str:
        """`source/cross_lane_import.py`: where a reader finds it."""
        return self.module.replace(".", "/") + ".py"


def catalogue() -> Mapping[str, Entry]:
    """Every gate by name. Two of one name are an error, since a waiver could mean either."""
    entries: dict[str, Entry] = {}
    for entry in (*own(), *map(_entry, _entry_points())):
        if entry.name in entries:
            raise GatesError(_twice(entries[entry.name], entry))
        entries[entry.name] = entry
    return entries


def _twice(one: Entry, other: Entry) -> str:
    if one.origin == other.origin:
        return f"two gates of {one.origin} are called '{one.name}': {one.path} and {other.path}"
    return f"two gates are called '{one.name}', of {one.origin} and of {other.origin}; uninstall one"


def own() -> tuple[Entry, ...]:
    """The gates that this distribution brings, by the names of their files."""
    return _found_in(_CHECKS)


@lru_cache(maxsize=1)
def _found_in(folder: Path) -> tuple[Entry, ...]:
    files = sorted(folder.glob("*/*.py"))
    modules = [file for file in files if file.stem != "__init__"]
    return tuple(
        Entry(file.stem.replace("_", "-"), f"gates.checks.{file.parent.name}.{file.stem}", _camel(file.stem))
        for file in modules
    )


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _entry_points() -> Iterator[importlib.metadata.EntryPoint]:
    if not any(map(_may_offer_gates, sys.path)):
        return
    import importlib.metadata

    points: Any = importlib.metadata.entry_points()
    # 3.9 gives a dictionary, with a distribution that is found twice listed twice; later Pythons can select.
    chosen = points.select(group=GROUP) if hasattr(points, "select") else points.get(GROUP, ())
    yield from {(point.name, point.value): point for point in chosen}.values()


def _may_offer_gates(place: str) -> bool:
    """Whether a distribution installed there can hold gates; importlib.metadata takes longer to ask than a run."""
    place = os.path.abspath(place)
    try:
        return _offers_gates(place, os.stat(place).st_mtime_ns)
    except OSError:
        return False


@lru_cache(maxsize=256)  # a run asks for the catalogue a dozen times
def _offers_gates(place: str, _changed: int) -> bool:
    """The same of a place as it was at that moment, which is how importlib.metadata, too, knows it again."""
    try:
        entries = list(os.scandir(place))
    except NotADirectoryError:
        return True  # an archive
    except OSError:
        return False
    found = (f"{entry.path}/entry_points.txt" for entry in entries if entry.name.endswith((".dist-info", ".egg-info")))
    return any(_GROUP in _content(file) for file in found) or any(entry.name.endswith(".egg") for entry in entries)


def _content(file: str) -> bytes:
    try:
        with open(file, "rb") as stream:  # (every distribution has one, and pathlib would be half of the time)
            return stream.read()
    except OSError:
        return b""


def _entry(point: importlib.metadata.EntryPoint) -> Entry:
    origin = _distribution(point)
    match = point.pattern.match(point.value)
    if match is None or not match["attr"]:
        raise GatesError(f"the gate '{point.name}' of {origin} is '{point.value}'; it must be module:Class")
    if point.name in RESERVED or not _NAME.fullmatch(point.name):
        why = "is a name of ours" if point.name in RESERVED else "must be small letters and digits with dashes between"
        raise GatesError(f"the gate '{escaped(point.name)}' of {origin}: its name {why}")
    return Entry(point.name, match["module"], match["attr"], origin)


def _distribution(point: importlib.metadata.EntryPoint) -> str:
    holder = getattr(point, "dist", None)
    if holder is None:  # 3.9 does not say
        import importlib.metadata

        every = importlib.metadata.distributions()
        holder = next((each for each in every if point in each.entry_points), None)
    return str(holder.metadata["Name"]) if holder is not None else point.value


def active(policy: Policy) -> list[Section]:
    """The sections of the gates that the policy asks, in its order.

    PolicyError for whatever makes no sense without a look at the tree: a gate or a fact that does not exist, a key that
    one of them does not know, settings that nothing asked for.
    """
    known = catalogue()
    for section in policy.sections:
        if section.gate not in known:
            raise PolicyError(f"{policy.folder}/gates.toml: {_no_gate(section.gate, known)}")
        if section.fields:  # of a gate that is off, too
            _filled(section, known[section.gate])
    for number, waiver in enumerate(policy.waivers, 1):
        if waiver.gate not in known:
            raise PolicyError(f"{policy.folder}/waivers.toml: [[waiver]] {number} {_no_gate(waiver.gate, known)}")
    _refuse_odd_settings(policy, known)
    return [section for section in policy.sections if section.rule.level != "off"]


def why_not_asked(policy: Policy, name: str) -> str:
    """Why a gate that somebody names is none that the policy asks."""
    if name in RESERVED:
        return f"'{name}' is no gate that can be asked for: every run says it of the gates that it asks"
    known = catalogue()
    if name not in known:
        return _no_gate(name, known)
    if any(section.gate == name for section in policy.sections):
        return f"{policy.section(name).place} level is off; to have it asked, set it to block or warn"
    return f"{policy.folder}/gates.toml: does not ask '{name}'; to have it asked, write [gates.{name}]"


def _no_gate(name: str, known: Iterable[str]) -> str:
    hint = did_you_mean(name.replace("_", "-"), known) or "; `gates list` shows them all"
    return f"no gate is called '{escaped(name)}'{hint}"


def _refuse_odd_settings(policy: Policy, known: Mapping[str, Entry]) -> None:
    """Settings are read when a fact asks for them; what no fact of this run asks for is looked at here."""
    files = {name for name, table in policy.tables.items() if table} - {"gates.toml", "waivers.toml"}
    if not policy.facts and not files:
        return
    # The gates of the policy nearly always know all of it: the others, and what those import, are left alone.
    kinds = settings_types(known[section.gate] for section in policy.sections)
    if not {*(("gates.toml", name) for name in policy.facts), *((file, "") for file in files)} <= kinds.keys():
        kinds = settings_types(known.values())
    sections = sorted(name for file, name in kinds if file == "gates.toml")
    for name in policy.facts:
        if ("gates.toml", name) not in kinds:
            hint = did_you_mean(name, sections) or f"; the sections are {', '.join(sections)}"
            raise PolicyError(f"{policy.folder}/gates.toml: no fact has a section [facts.{escaped(name)}]{hint}")
    for (file, name), kind in kinds.items():
        if (name in policy.facts) if name else file in files:
            policy.settings(kind)


def settings_types(entries: Iterable[Entry]) -> dict[tuple[str, str], type]:
    """What the facts of these gates read from the policy: (file, section of gates.toml or "") to its type."""
    asked = (kind for entry in entries for ask in ("check", "plant") for kind in _parameters_of(entry, ask))
    kinds = {_place_of(kind): kind for kind in closure(asked) if is_settings(kind)}
    return dict(sorted(kinds.items(), key=lambda item: item[0]))


def _parameters_of(entry: Entry, ask: str) -> Iterable[type]:
    return parameters(getattr(entry.load(), ask)).values()


def _place_of(kind: Any) -> tuple[str, str]:
    return (kind.policy_file, "") if hasattr(kind, "policy_file") else ("gates.toml", kind.policy_section)


def build(section: Section, checkout: Checkout) -> Gate:
    """The gate, filled from its section. PolicyError for a key, a type or a glob that makes no sense."""
    gate = _filled(section, catalogue()[section.gate])
    refuse_idle_globs(gate, section.place, checkout)
    return gate


def _filled(section: Section, entry: Entry) -> Gate:
    gate: Gate = typed(entry.load(), section.fields, section.place, beside=known_keys(Rule))
    return gate


def refuse_idle_globs(value: object, place: str, checkout: Checkout) -> None:
    """PolicyError for the first glob, in whatever depth of a policy value, that matches no file of the checkout.

    "**" means whatever there is, and so there may be nothing.
    """
    for where, glob in _globs(value):
        if glob != "**" and not checkout.matches(re.compile(glob_pattern(glob))):
            raise PolicyError(f"{place} {where}: '{escaped(glob)}' matches no file{_nearest(glob, checkout)}")


def _globs(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    hints = typing.get_type_hints(type(value))
    for field in dataclasses.fields(value):
        held = getattr(value, field.name)
        if hints[field.name] == Globs:
            yield from ((f"{where}{field.name}", glob) for glob in held)
        elif isinstance(held, tuple):
            for position, item in enumerate(held):
                if dataclasses.is_dataclass(item):
                    yield from _globs(item, f"{where}{entry_name(field.name, position, item)} ")


def _nearest(glob: str, checkout: Checkout) -> str:
    tidy = re.sub(r"^(?:\./+)+|^/+", "", glob.replace("\\", "/"))
    for meant in (tidy, f"{tidy.rstrip('/')}/**"):
        if meant != glob and checkout.matches(re.compile(glob_pattern(meant))):
            return f"; did you mean '{meant}'?"
    literal = re.split(r"[*?]", tidy, maxsplit=1)[0].rstrip("/")
    depth = literal.count("/") + 1
    known = {"/".join(path.split("/")[:depth]) for path in checkout.files}
    near = difflib.get_close_matches(literal, known, n=1, cutoff=0.6)
    return f"; did you mean '{escaped(near[0])}{escaped(tidy[len(literal) :])}'?" if near and near[0] != literal else ""


def mendable() -> tuple[str, ...]:
    """The gates of this distribution that have a fix: a file of the same name."""
    return tuple(entry.name for entry in own() if (_FIXES / f"{entry.name.replace('-', '_')}.py").is_file())


def fix_of(name: str) -> Mend:
    """`mend` of the gate's fix. GatesError for a gate that has none, and where what mends is not installed."""
    if name not in mendable():
        raise GatesError(f"'{name}' has no fix; there are fixes for {', '.join(mendable())}")
    try:
        mend: Mend = importlib.import_module(f"gates.fixes.{name.replace('-', '_')}").mend
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "gates":
            raise
        raise GatesError(f"to mend, {error.name} is needed: pip install '{OWN}[fix]'") from None
    return mend


@lru_cache(maxsize=1)
def code_version() -> str:
    """A digest of this package's own source: what was kept by other code is not looked at."""
    total = hashlib.sha256()
    for file in sorted(_PACKAGE.rglob("*.py")):
        total.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:16]


def gate_version(name: str) -> str:
    """A digest of the code that a verdict comes from: this package's, and that of a gate from elsewhere."""
    entry = catalogue()[name]
    if entry.origin == OWN:
        return code_version()
    total = hashlib.sha256(code_version().encode())
    for file in _sources(entry):
        total.update(file.as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:16]


def _sources(entry: Entry) -> list[Path]:
    """The source files of a gate's top-level package, or its one module."""
    entry.load()
    top = sys.modules[entry.module.split(".", 1)[0]]
    folders = [Path(folder) for folder in getattr(top, "__path__", ())]
    single = [Path(top.__file__)] if not folders and top.__file__ is not None else []
    return sorted([*single, *(file for folder in folders for file in folder.rglob("*.py"))])


def explain(name: str) -> str:
    """The documentation of a gate: what it looks for, why, and what to do instead."""
    known = catalogue()
    if name not in known:
        raise GatesError(_no_gate(name, known))
    return known[name].about
