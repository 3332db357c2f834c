"""What the repository promises: Rule, Policy. Written by people, in policies/*.toml."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, TypeVar

from gates.baseline import PLACE as BASELINE_PLACE
from gates.baseline import Baseline
from gates.errors import PolicyError, did_you_mean
from gates.policy_file import escaped, known_keys, parse_toml, read_file, read_toml, shown, typed
from gates.report import Level
from gates.waiver import Waiver

T = TypeVar("T")

DEFAULT_FOLDER = "policies"
FILES = (
    "budgets.toml",
    "gates.toml",
    "lanes.toml",
    "objectives.toml",
    "promotion.toml",
    "quarantine.toml",
    "vocabulary.toml",
    "waivers.toml",
)
# In a folder of policies, a file with such a name that is none of them is a policy that nobody reads.
_POLICY_SUFFIXES = frozenset({"", ".cfg", ".ini", ".json", ".tml", ".toml", ".yaml", ".yml"})


class WhenBroken(str, enum.Enum):
    """Whether not being able to tell blocks here."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True)
class Rule:
    """The keys that every gate's section may have, beside the fields of the gate itself."""

    level: Level = Level.BLOCK
    """What a broken promise does: stop the merge, be shown, or not be asked at all."""
    when_broken: WhenBroken = WhenBroken.BLOCK
    """Whether not being able to tell blocks here, too, or is only shown."""
    may_be_empty: Optional[str] = None
    """Why there may be nothing for the gate to look at; without it that is no pass."""


@dataclass(frozen=True)
class Section:
    """One `[gates.NAME]`: the rule, and the table that fills the gate's own fields."""

    gate: str
    rule: Rule
    fields: Mapping[str, Any]
    place: str


@dataclass(frozen=True)
class Policy:
    """The policy files, read. `digest` is the SHA-256 over their names and bytes, the baseline's included."""

    folder: str
    sections: tuple[Section, ...]
    facts: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, Any]]
    waivers: tuple[Waiver, ...]
    baseline: Baseline
    files: Mapping[str, bytes] = field(repr=False, default_factory=dict)

    @property
    def digest(self) -> str:
        """Of every policy file's name and content."""
        total = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            total.update(f"{name}\0{len(content)}\0".encode())
            total.update(content)
        return total.hexdigest()

    def section(self, gate: str) -> Section:
        """The section of one gate; one with its defaults, level off, where the policy has none."""
        for section in self.sections:
            if section.gate == gate:
                return section
        return Section(gate, Rule(level=Level.OFF), {}, f"{self.folder}/gates.toml: [gates.{gate}]")

    def settings(self, kind: type[T]) -> T:
        """What the policy says to a fact: `kind` names its file (`policy_file`) or its section (`policy_section`)."""
        file = getattr(kind, "policy_file", None)
        if file is not None:
            return typed(kind, self.tables.get(file, {}), f"{self.folder}/{file}:")
        section = getattr(kind, "policy_section")  # noqa: B009  (not every dataclass has one)
        return typed(kind, self.facts.get(section, {}), f"{self.folder}/gates.toml: [facts.{section}]")

    @classmethod
    def load(cls, folder: Path, root: Optional[Path] = None) -> Policy:
        """Read the folder. PolicyError for whatever does not make sense within the files themselves."""
        root = folder.parent if root is None else root
        name = _shown(folder, root)
        _refuse_strangers(folder, name)
        contents = {file: read_file(folder / file, f"{name}/{file}") for file in FILES}
        if contents["gates.toml"] is None:
            raise PolicyError(f"{name}/gates.toml: does not exist; `gates init` proposes one")
        tables = {file: parse_toml(content or b"", f"{name}/{file}") for file, content in contents.items()}
        sections, facts = _sections(tables["gates.toml"], f"{name}/gates.toml")
        waivers = _waivers(tables["waivers.toml"], f"{name}/waivers.toml")
        recorded = contents[BASELINE_PLACE] = read_file(root / BASELINE_PLACE, BASELINE_PLACE)
        baseline = Baseline() if recorded is None else Baseline.read(recorded)
        files = {file: content for file, content in contents.items() if content is not None}
        return cls(name, sections, facts, tables, waivers, baseline, files)


def folder_of(root: Path) -> Path:
    """Where the policies of a repository lie: `[tool.gates] policies` of its pyproject.toml, or policies/."""
    tool = read_toml(root / "pyproject.toml", "pyproject.toml").get("tool", {})
    table = tool.get("gates", {}) if isinstance(tool, Mapping) else {}
    if not isinstance(table, Mapping):
        raise PolicyError(f"pyproject.toml: [tool] gates is {shown(table)}; it must be a table, [tool.gates]")
    for key in table:
        if key != "policies":
            hint = did_you_mean(key, ["policies"]) or "; its one key is policies"
            raise PolicyError(f"pyproject.toml: [tool.gates] has no key '{escaped(key)}'{hint}")
    folder = table.get("policies", DEFAULT_FOLDER)
    if not isinstance(folder, str) or not folder:
        raise PolicyError(f"pyproject.toml: [tool.gates] policies is {shown(folder)}; it must be the path of a folder")
    return root / folder


def _shown(folder: Path, root: Path) -> str:
    try:
        return escaped(folder.resolve().relative_to(root.resolve()).as_posix())
    except (OSError, RuntimeError, ValueError):  # it lies elsewhere, or is no path at all
        return escaped(folder.as_posix())


def _refuse_strangers(folder: Path, name: str) -> None:
    """No folder, or one in which a policy lies under a name that nobody reads."""
    try:
        files = sorted(file for file in folder.iterdir() if not file.is_dir())
    except NotADirectoryError:
        raise PolicyError(f"{name} is no folder; the policies are files in a folder") from None
    except FileNotFoundError:
        raise PolicyError(f"there is no folder {name}; `gates init` proposes policies for this repository") from None
    except (OSError, RuntimeError, ValueError) as error:  # a link to itself, a name that no file system takes
        # ... in words of ours where Python has none: they differ from one Python to the next.
        reason = getattr(error, "strerror", None) or "it has a name that no file system takes"
        raise PolicyError(f"{name}: the folder cannot be read ({escaped(reason)})") from None
    for file in files:
        strange = file.suffix.lower() in _POLICY_SUFFIXES and not file.name.startswith(".")
        if strange and file.name not in FILES:
            hint = did_you_mean(file.name.lower(), FILES) or f"; the files are {', '.join(FILES)}"
            raise PolicyError(f"{name}/{escaped(file.name)}: is no policy file{hint}")


def _sections(table: Mapping[str, Any], name: str) -> tuple[tuple[Section, ...], Mapping[str, Mapping[str, Any]]]:
    for key in table:
        if key not in ("gates", "facts"):
            what = f"section [{escaped(key)}]" if isinstance(table[key], (Mapping, list)) else f"key '{escaped(key)}'"
            hint = did_you_mean(key, ["gates", "facts"]) or "; a gate's section is [gates.NAME]"
            raise PolicyError(f"{name}: has no {what}{hint}")
    sections: list[Section] = []
    for gate, fields in _tables(table.get("gates", {}), name, "gates"):
        place = f"{name}: [gates.{escaped(gate)}]"
        rule = typed(Rule, {key: value for key, value in fields.items() if key in known_keys(Rule)}, place)
        if rule.may_be_empty is not None and not rule.may_be_empty.strip():
            raise PolicyError(f"{place} may_be_empty is empty; say why there may be nothing to look at")
        own = {key: value for key, value in fields.items() if key not in known_keys(Rule)}
        sections.append(Section(gate, rule, own, place))
    return tuple(sections), dict(_tables(table.get("facts", {}), name, "facts"))


def _tables(table: object, name: str, section: str) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(table, Mapping):
        raise PolicyError(f"{name}: [{section}] is {shown(table)}; it must hold tables, like [{section}.NAME]")
    for key, value in table.items():
        if not isinstance(value, Mapping):
            right = f"it must be a table, [{section}.{escaped(key)}]"
            raise PolicyError(f"{name}: [{section}] {escaped(key)} is {shown(value)}; {right}")
    return list(table.items())


def _waivers(table: Mapping[str, Any], name: str) -> tuple[Waiver, ...]:
    for key in table:
        if key != "waiver":
            hint = did_you_mean(key, ["waiver"]) or "; write [[waiver]]"
            raise PolicyError(f"{name}: has no section [{escaped(key)}]{hint}")
    entries = table.get("waiver", [])
    if isinstance(entries, Mapping):
        raise PolicyError(f"{name}: [waiver] is one table; write [[waiver]], with two brackets")
    if not isinstance(entries, list):
        raise PolicyError(f"{name}: waiver is {shown(entries)}; it must be tables, each beginning with [[waiver]]")
    return tuple(_waiver(entry, f"{name}: [[waiver]] {number}") for number, entry in enumerate(entries, 1))


def _waiver(entry: object, place: str) -> Waiver:
    waiver = typed(Waiver, entry, place)
    if waiver.path is None and waiver.subject is None:
        raise PolicyError(f"{place} has neither 'path' nor 'subject'; a waiver names what it covers")
    for key in ("reason", "owner", "ticket"):
        if not getattr(waiver, key).strip():
            raise PolicyError(f"{place} {key} is empty; a waiver says why, who answers for it, and where it is tracked")
    for key in ("path", "subject"):
        if getattr(waiver, key) is not None and not getattr(waiver, key).strip():
            raise PolicyError(f"{place} {key} is empty; leave it out, or say what the waiver covers")
    return waiver
