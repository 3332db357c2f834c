"""The JSON Schema of each policy file, made from the types that read it: `python -m gates.schema write|check`.

Editors take a schema from the first line of a TOML file (`directive`). What a schema cannot know (a glob that matches
no file, a date in quotes, a gate that is not installed) is only said by a run.
"""

from __future__ import annotations

import ast
import dataclasses
import datetime as dt
import enum
import inspect
import json
import sys
import textwrap
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Union

from gates.baseline import SCHEMA as BASELINE_SCHEMA
from gates.catalogue import Entry, catalogue, own, settings_types
from gates.policy import Rule
from gates.waiver import Waiver

FOLDER = Path(__file__).parent / "schemas"
PLACE = ".gates/schemas"
"""Where `gates init` and `gates schemas` write them, for the policies of a repository."""
DRAFT = "https://json-schema.org/draft/2020-12/schema"
NOT_BLANK = r"\S"
_BUILTIN = {bool: "boolean", int: "integer", float: "number", str: "string"}
# What a type cannot say, and a run refuses.
_MORE: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("Rule", "may_be_empty"): {"pattern": NOT_BLANK},
    **{("Budget", key): {"pattern": NOT_BLANK} for key in ("name", "benchmark")},
    **{
        (kind, key): {"exclusiveMinimum": 0} for kind in ("Budget", "Raised") for key in ("p50", "p95", "p99", "memory")
    },
    **{("Raised", key): {"pattern": NOT_BLANK} for key in ("reason", "owner")},
    ("Lane", "paths"): {"minItems": 1},
    ("Counted", "noun"): {"pattern": NOT_BLANK},
    ("Counted", "paths"): {"minItems": 1},
    ("LaneModule", "name"): {"pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"},
    ("LaneModule", "paths"): {"minItems": 1},
    ("PromotionPolicy", "coverage"): {"exclusiveMinimum": 0, "maximum": 100},
    ("QuarantinePolicy", "most"): {"minimum": 0},
    ("Quarantined", "name"): {"pattern": "::"},
    **{("Quarantined", key): {"pattern": NOT_BLANK} for key in ("reason", "owner", "ticket")},
    ("Term", "name"): {"minLength": 1},
    ("Term", "kinds"): {"minItems": 1},
    ("Term", "alias_until"): {"pattern": r"^\d+(\.\d+)*$"},
    **{("Term", key): {"pattern": NOT_BLANK} for key in ("reason", "replacement", "off")},
    ("Allowed", "reason"): {"pattern": NOT_BLANK},
    **{("Waiver", key): {"pattern": NOT_BLANK} for key in ("reason", "owner", "ticket", "path", "subject")},
}


def schemas(entries: Iterable[Entry]) -> dict[str, dict[str, Any]]:
    """File name to schema, for a catalogue of gates."""
    known = tuple(entries)
    settings = settings_types(known)
    return {
        "budgets.schema.json": _titled("policies/budgets.toml", of_type(settings["budgets.toml", ""])),
        "gates.schema.json": _titled("policies/gates.toml", _gates(known, settings)),
        "lanes.schema.json": _titled("policies/lanes.toml", of_type(settings["lanes.toml", ""])),
        "objectives.schema.json": _titled("policies/objectives.toml", of_type(settings["objectives.toml", ""])),
        "promotion.schema.json": _titled("policies/promotion.toml", of_type(settings["promotion.toml", ""])),
        "quarantine.schema.json": _titled("policies/quarantine.toml", of_type(settings["quarantine.toml", ""])),
        "vocabulary.schema.json": _titled("policies/vocabulary.toml", of_type(settings["vocabulary.toml", ""])),
        "waivers.schema.json": _titled("policies/waivers.toml", _waivers()),
        "baseline.schema.json": _titled(".ci/baseline.json", _baseline()),
    }


def directive(file: str, folder: str) -> str:
    """The first line of a policy file, which tells an editor where its schema lies: `#:schema ../lanes.schema.json`."""
    return f"#:schema {folder}/{Path(file).stem}.schema.json"


def _titled(title: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"$schema": DRAFT, "title": title, **schema}


def _gates(entries: Iterable[Entry], settings: Mapping[tuple[str, str], type]) -> dict[str, Any]:
    sections = {section: of_type(kind) for (file, section), kind in settings.items() if file == "gates.toml"}
    rule = of_type(Rule)
    return _closed(
        {
            "gates": {
                "description": "One section a gate.",
                "type": "object",
                "properties": {entry.name: _gate(entry, rule) for entry in entries},
                "propertyNames": {"pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"},
                # A gate of a distribution that is not here; its own fields are known where it is installed.
                "additionalProperties": {**rule, "additionalProperties": True},
            },
            "facts": {"description": "What the facts are told.", **_closed(sections)},
        }
    )


def _gate(entry: Entry, rule: Mapping[str, Any]) -> dict[str, Any]:
    gate = of_type(entry.load())
    return {**gate, "description": entry.about, "properties": {**rule["properties"], **gate["properties"]}}


def _waivers() -> dict[str, Any]:
    waiver = {**of_type(Waiver), "anyOf": [{"required": ["path"]}, {"required": ["subject"]}]}
    return _closed({"waiver": {"type": "array", "items": waiver}})


def _baseline() -> dict[str, Any]:
    counts = {"type": "integer", "minimum": 1, "description": "How often the gate found the subject in the file."}
    debt: dict[str, Any] = counts
    for what in ("The subjects of a file.", "The files of a gate.", "Debt by gate, path and subject."):
        debt = {"type": "object", "description": what, "additionalProperties": debt}
    return {**_closed({"schema": {"const": BASELINE_SCHEMA}, "debt": debt}), "required": ["schema", "debt"]}


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def of_type(hint: Any) -> dict[str, Any]:
    """The schema of one type that a policy can hold."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hasattr(hint, "__supertype__"):  # a NewType, like Glob
        return of_type(hint.__supertype__)
    if origin is Union:  # TOML has no null: what may be None may be left out
        kinds = [of_type(kind) for kind in arguments if kind is not type(None)]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if origin is tuple and arguments[1:] == (...,):
        return {"type": "array", "items": of_type(arguments[0])}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": of_type(arguments[1])}
    if hint in _BUILTIN:
        return {"type": _BUILTIN[hint]}
    if hint is dt.date:
        return {"type": "string", "format": "date"}  # editors see a date of TOML as its text
    if issubclass(hint, enum.Enum):
        return {"enum": [member.value for member in hint]}
    return _of_dataclass(hint)


def _of_dataclass(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    about = _attribute_docs(kind)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    properties = {
        field.name: {**about.get(field.name, {}), **of_type(hints[field.name]), **_default(field), **_more(kind, field)}
        for field in fields
    }
    required = [field.name for field in fields if not _has_default(field)]
    described = {"description": inspect.cleandoc(kind.__doc__)} if kind.__doc__ else {}
    return {**described, **_closed(properties), **({"required": required} if required else {})}


def _more(kind: type, field: dataclasses.Field[Any]) -> Mapping[str, Any]:
    return _MORE.get((kind.__name__, field.name), {})


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _default(field: dataclasses.Field[Any]) -> dict[str, Any]:
    value = field.default.value if isinstance(field.default, enum.Enum) else field.default
    if isinstance(value, tuple):
        return {"default": list(value)} if not any(map(dataclasses.is_dataclass, value)) else {}
    return {"default": value} if isinstance(value, (bool, int, float, str)) else {}


def _attribute_docs(kind: type) -> dict[str, dict[str, str]]:
    """The string below a field, or else the class's own words where they name it."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)
    said = kind.__doc__ or ""
    names = [field.name for field in dataclasses.fields(kind)]
    docs = {name: said.removeprefix(f"`{name}`: ") for name in names if f"`{name}" in said}
    for field, below in zip(tree.body, tree.body[1:]):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else None
            docs.update({field.target.id: text} if isinstance(text, str) else {})
    return {name: {"description": inspect.cleandoc(text)} for name, text in docs.items()}


def rendered(entries: Iterable[Entry]) -> dict[str, str]:
    """File name to text."""
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in schemas(entries).items()}


def write(folder: Path, entries: Iterable[Entry]) -> None:
    """Write every schema into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in rendered(entries).items():
        (folder / name).write_bytes(text.encode("utf-8"))


def drifted(folder: Path) -> list[str]:
    """The files in the folder that are not what the types of this distribution say."""
    return [name for name, text in rendered(own()).items() if _text(folder / name) != text]


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""


def main(arguments: list[str]) -> int:
    """`write [FOLDER]`: into this package, or with the gates of other distributions into a folder; `check`: compare."""
    if arguments == ["write"]:
        write(FOLDER, own())
    elif arguments[:1] == ["write"] and len(arguments) == 2:
        write(Path(arguments[1]), catalogue().values())
    elif arguments == ["check"]:
        stale = drifted(FOLDER)
        for name in stale:
            print(f"gates/schemas/{name}: is not what the types say; run `make schemas`", file=sys.stderr)
        return 1 if stale else 0
    else:
        print("usage: python -m gates.schema write [FOLDER] | check", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
