"""What context files say of lanes: rows of a table, and front matter, held against the map of lanes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Optional

from gates.errors import did_you_mean
from gates.facts.context.counting import Counting
from gates.facts.context.held import UNKNOWN, YES, Answer, Held, no
from gates.facts.context.names import Names
from gates.facts.context.project import normal
from gates.facts.context.tree import TreePaths
from gates.facts.extractors.documents.claim import FRONT, Claim, Entry, Front
from gates.facts.lanes import Lanes

SCHEMA = "2.0.0"
REQUIRED = ("schema_version", "lane", "owner", "canonical_imports", "components")
_CODE = re.compile(r"`([^`]+)`")
_NOBODY = ("", "null", "none", "todo", "tbd", "unassigned", "unknown", "?")


@dataclass
class LaneWords:
    """The map of lanes, and what a file of version 2.0.0 says of its lane."""

    lanes: Lanes
    names: Names
    counting: Counting
    tree: TreePaths

    def row(self, path: str, claim: Claim) -> Answer:
        """A row of a table of lanes: the lane is there, with just these paths, and may import just these."""
        name, cells = claim.parts[0], dict(zip(claim.parts[1::2], claim.parts[2::2]))
        if not len(self.lanes):
            return UNKNOWN
        lane = next((lane for lane in self.lanes.lanes if lane.name == name), None)
        if lane is None:
            return _no_lane(name, self.lanes)
        wrong = [self._wrong(title, cell, name) for title, cell in cells.items()]
        return next((answer for answer in wrong if answer is not None), YES)

    def _wrong(self, title: str, cell: str, name: str) -> Optional[Answer]:
        lane = next(lane for lane in self.lanes.lanes if lane.name == name)
        if re.fullmatch(r"(?:may|can) imports?(?: from)?|imports(?: from)?|allowed(?: imports)?", title):
            return _set_differs("may import", _listed(cell), lane.may_import)
        if title in ("path", "paths", "globs", "files in", "root", "roots", "where", "folder", "folders"):
            said = _CODE.findall(cell)
            return _set_differs("holds", said, lane.paths) if said and not self._are_parts(said, lane.paths) else None
        number = re.fullmatch(r"\**(\d[\d,]*)\**", cell.strip())
        if number and title in ("modules", "files", "python files", "count"):
            held = self._held(name, title)
            said_number = int(number[1].replace(",", ""))
            return (
                None
                if said_number in held
                else no(f"{name} holds {min(held, key=lambda many: abs(many - said_number)):,}", str(min(held)))
            )
        return None

    def _are_parts(self, said: Sequence[str], paths: Sequence[str]) -> bool:
        """Whether the cell names the lane's globs or folders, with or without the stars."""
        return {_plain(text) for text in said} == {_plain(text) for text in paths}

    def _held(self, name: str, title: str) -> list[int]:
        files = [path for path in self.tree.files if self.lanes.of(path) == name]
        modules = [path for path in files if path.endswith((".py", ".pyi"))]
        bare = [path for path in modules if not path.endswith("__init__.py")]
        return [len(modules), len(bare), *([len(files)] if title in ("files", "count") else [])]

    def front(self, path: str, front: Optional[Front], header: Sequence[Entry], is_due: bool) -> Iterator[Held]:
        """What front matter says; `is_due` where the policy demands that of version 2.0.0."""
        if front is not None and front.error and (is_due or not header):
            yield _held(
                path,
                "is YAML",
                front.error_line,
                no(f"front matter cannot be read: {front.error}") if is_due else UNKNOWN,
            )
        entries = {entry.key: entry for entry in (*header, *(front.entries if front is not None else ()))}
        if is_due:
            missing = [key for key in REQUIRED if key not in entries]
            if front is None or missing:
                what = "has no front matter" if front is None else f"lacks {', '.join(missing)}"
                yield _held(path, "of version 2.0.0", 1, no(f"front matter of version {SCHEMA} {what}"))
        if not is_due and "schema_version" not in entries:
            return
        for entry in entries.values():
            yield from self._entry(path, entry)

    def _entry(self, path: str, entry: Entry) -> Iterator[Held]:
        first = entry.values[0] if entry.values else ""
        if entry.key == "schema_version":
            yield _held(
                path,
                f"schema_version {first}",
                entry.line,
                YES if first == SCHEMA else no(f"the template's version is {SCHEMA}", SCHEMA),
            )
        elif entry.key == "lane":
            yield _held(path, f"lane {first}", entry.line, self._lane(path, first))
        elif entry.key == "owner":
            yield _held(
                path, f"owner {first}", entry.line, no("nobody answers for it") if first.lower() in _NOBODY else YES
            )
        elif entry.key == "canonical_imports":
            for name in entry.values:
                yield _held(path, f"canonical import {name}", entry.line, self._importable(name))
        elif entry.key == "components":
            for value in entry.values:
                noun, _, number = value.partition("=")
                yield _held(path, f"{noun} {number}", entry.line, self._counted(noun, number))

    def _lane(self, path: str, name: str) -> Answer:
        if not len(self.lanes):
            return UNKNOWN
        if name not in [lane.name for lane in self.lanes.lanes]:
            return _no_lane(name, self.lanes)
        folder = path.rpartition("/")[0]
        inside = {self.lanes.of(other) for other in self.tree.files if folder and other.startswith(f"{folder}/")} - {
            None
        }
        if inside and name not in inside:
            return no(f"{folder}/ is in lane {', '.join(sorted(map(str, inside)))}", sorted(map(str, inside))[0])
        return YES

    def _importable(self, name: str) -> Answer:
        bare = name.strip().removesuffix(".*").removesuffix(".")
        if bare in self.names.modules.index or bare in self.names.packages:
            return YES
        hint = did_you_mean(bare, self.names.roots)
        return no(f"there is no module {bare}", hint[len("; did you mean '") : -2] if hint else "")

    def _counted(self, noun: str, number: str) -> Answer:
        known = self.counting.one(noun.replace("_", " ").lower())
        digits = re.fullmatch(r"\s*([\d,]+)\s*", number)
        if known is None or not digits:
            return UNKNOWN
        return YES if int(digits[1].replace(",", "")) == known else no(f"there are {known:,}", str(known))


def _no_lane(name: str, lanes: Lanes) -> Answer:
    known = [lane.name for lane in lanes.lanes]
    hint = did_you_mean(normal(name), known)
    return no(
        f"there is no lane '{name}'; the lanes are {', '.join(known)}",
        hint[len("; did you mean '") : -2] if hint else "",
    )


def _listed(cell: str) -> list[str]:
    found = _CODE.findall(cell) or re.split(r"\s*(?:,|\band\b|\+|<br>)\s*", re.sub(r"[*`]", "", cell))
    return [
        word.strip()
        for word in found
        if word.strip() and word.strip().lower() not in ("-", "—", "\u2013", "none", "nothing")
    ]


def _set_differs(what: str, said: Sequence[str], right: Sequence[str]) -> Optional[Answer]:
    if set(said) == set(right):
        return None
    return no(f"policies/lanes.toml: it {what} {', '.join(right) or 'nothing'}", ", ".join(right))


def _plain(glob: str) -> str:
    return glob.removesuffix("**").removesuffix("*").strip("/")


def _held(path: str, text: str, line: int, answer: Answer) -> Held:
    return Held(path, Claim(FRONT, line, text, ()), answer)
