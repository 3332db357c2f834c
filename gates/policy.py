"""What the repository promises: Rule, Policy. Written by people, in policies/*.toml."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Optional, Type, TypeVar

from gates.baseline import PLACE as BASELINE_PLACE
from gates.baseline import Baseline
from gates.errors import PolicyError, did_you_mean
from gates.policy_file import known_keys, parse_toml, read_toml, typed
from gates.report import Level
from gates.waiver import Waiver

T = TypeVar("T")

DEFAULT_FOLDER = "policies"
FILES = ("gates.toml", "lanes.toml", "waivers.toml")


class WhenBroken(str, enum.Enum):
    """Whether not being able to tell blocks here."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True)
class Rule:
    """The keys that every gate's section may have, beside the fields of the gate itself."""

    level: Level = Level.BLOCK
    when_broken: WhenBroken = WhenBroken.BLOCK
    may_be_empty: Optional[str] = None


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

    def settings(self, kind: Type[T]) -> T:
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
        if not folder.is_dir():
            raise PolicyError(f"there is no folder {name}; `gates init` proposes policies for this repository")
        _refuse_strangers(folder, name)
        if not (folder / "gates.toml").is_file():
            raise PolicyError(f"{name}/gates.toml: does not exist; `gates init` proposes one")
        tables = {file: read_toml(folder / file, f"{name}/{file}") for file in FILES}
        files = {file: (folder / file).read_bytes() for file in FILES if (folder / file).is_file()}
        baseline = root / BASELINE_PLACE
        if baseline.is_file():
            files[BASELINE_PLACE] = baseline.read_bytes()
        sections, facts = _sections(tables["gates.toml"], f"{name}/gates.toml")
        waivers = _waivers(tables["waivers.toml"], f"{name}/waivers.toml")
        return cls(name, sections, facts, tables, waivers, Baseline.load(baseline), files)


def folder_of(root: Path) -> Path:
    """Where the policies of a repository lie: `[tool.gates] policies` of its pyproject.toml, or policies/."""
    tool = read_toml(root / "pyproject.toml", "pyproject.toml").get("tool", {})
    table = tool.get("gates", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise PolicyError("pyproject.toml: [tool.gates] must be a table")
    for key in table:
        if key != "policies":
            raise PolicyError(f"pyproject.toml: [tool.gates] has no key '{key}'{did_you_mean(key, ['policies'])}")
    folder = table.get("policies", DEFAULT_FOLDER)
    if not isinstance(folder, str) or not folder:
        raise PolicyError(f"pyproject.toml: [tool.gates] policies is {folder!r}; it must be the path of a folder")
    return root / folder


def _shown(folder: Path, root: Path) -> str:
    try:
        return folder.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return folder.as_posix()


def _refuse_strangers(folder: Path, name: str) -> None:
    for file in sorted(folder.glob("*.toml")):
        if file.name not in FILES:
            known = ", ".join(FILES)
            hint = did_you_mean(file.name, FILES) or f"; the files are {known}"
            raise PolicyError(f"{name}/{file.name}: is no policy file{hint}")


def _sections(table: Mapping[str, Any], name: str) -> tuple[tuple[Section, ...], Mapping[str, Mapping[str, Any]]]:
    for key in table:
        if key not in ("gates", "facts"):
            raise PolicyError(f"{name}: has no section [{key}]{did_you_mean(key, ['gates', 'facts'])}")
    sections: list[Section] = []
    for gate, fields in _tables(table.get("gates", {}), f"{name}: [gates]"):
        place = f"{name}: [gates.{gate}]"
        rule = typed(Rule, {key: value for key, value in fields.items() if key in known_keys(Rule)}, place)
        if rule.may_be_empty is not None and not rule.may_be_empty.strip():
            raise PolicyError(f"{place} may_be_empty is empty; say why there may be nothing to look at")
        own = {key: value for key, value in fields.items() if key not in known_keys(Rule)}
        sections.append(Section(gate, rule, own, place))
    return tuple(sections), dict(_tables(table.get("facts", {}), f"{name}: [facts]"))


def _tables(table: object, place: str) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(table, Mapping):
        raise PolicyError(f"{place} must be a table")
    for key, value in table.items():
        if not isinstance(value, Mapping):
            raise PolicyError(f"{place} {key} is {value!r}; it must be a table")
    return list(table.items())


def _waivers(table: Mapping[str, Any], name: str) -> tuple[Waiver, ...]:
    for key in table:
        if key != "waiver":
            raise PolicyError(f"{name}: has no section [{key}]{did_you_mean(key, ['waiver'])}; write [[waiver]]")
    entries = table.get("waiver", [])
    if not isinstance(entries, list):
        raise PolicyError(f"{name}: [waiver] is one table; write [[waiver]], with two brackets")
    waivers: list[Waiver] = []
    for number, entry in enumerate(entries, 1):
        place = f"{name}: [[waiver]] {number}"
        waiver = typed(Waiver, entry, place)
        if waiver.path is None and waiver.subject is None:
            raise PolicyError(f"{place} has neither 'path' nor 'subject'; a waiver names what it covers")
        for key in ("reason", "owner", "ticket"):
            if not getattr(waiver, key).strip():
                raise PolicyError(f"{place} {key} is empty; a waiver says why, who answers for it, and where it is tracked")
        waivers.append(waiver)
    return tuple(waivers)
