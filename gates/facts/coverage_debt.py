"""What no test reaches, by content: as it is now, as it is recorded, and as it was recorded at the base.

The record is a file of JSON in git, written by `gates coverage`:

    {"schema": 1, "files": {"app/bridge.py": {"branches": [], "statements": ["0b1c2d3e4f506172"]}}}
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Optional

from gates.errors import CheckoutError
from gates.facts.checkout import Checkout
from gates.facts.coverage import Coverage
from gates.facts.coverage_reports.lines import FileLines
from gates.facts.diff import Diff
from gates.facts.extraction import Extraction
from gates.facts.extractors.statements import Code
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.modules import Modules
from gates.globs import any_of

PLACE = ".ci/coverage_debt.json"
SCHEMA = 1
REMEDY = "run `gates coverage`, which records what no test reaches today"
_EXTRACTOR = "gates.facts.extractors.statements"
_NOTHING = Code((), (), ())
_UNKNOWN = "0" * 16


class Missed(NamedTuple):
    """One statement, or one way out of a statement, that no test reaches; `key` says which, wherever it stands."""

    line: int
    key: str
    out_of: str = ""
    """Of a way out: the key of the statement that it leaves."""

    @property
    def is_branch(self) -> bool:
        """Whether it is a way out of a statement that was reached."""
        return bool(self.out_of)


class Way(NamedTuple):
    """The statement that a way leaves, and how many ways of one such statement have the same key."""

    out_of: str
    alike: int


Debt = Mapping[str, Counter[str]]
"""Path to the keys of what is missed there, branches marked by a `>` in front."""
Ways = Mapping[str, Way]
"""By the key of a branch."""


@dataclass
class CoverageDebt:
    """The modules, the reports, and the record in the checkout and at the base."""

    checkout: Checkout = field(repr=False)
    modules: Modules
    coverage: Coverage
    diff: Diff
    extraction: Extraction = field(repr=False)
    unit: ClassVar[str] = "modules"
    reads: ClassVar[tuple[str, ...]] = (f":(literal){PLACE}",)

    @classmethod
    def gather(
        cls, checkout: Checkout, modules: Modules, coverage: Coverage, diff: Diff, extraction: Extraction
    ) -> CoverageDebt:
        """Nothing is read until it is asked for."""
        return cls(checkout, modules, coverage, diff, extraction)

    @cached_property
    def digest(self) -> str:
        """Of the reports, of the record, and of the base."""
        file = self.checkout.files.get(PLACE)
        return digest_of(self.coverage.digest, self.diff.base, file.blob if file is not None else "")

    def __len__(self) -> int:
        return len(self.modules)

    @property
    def lacking(self) -> Mapping[str, str]:
        """What cannot be told: of the reports, and of the record where there is none, or a damaged one."""
        if self.recorded is None:
            return {**self.coverage.lacking, PLACE: self._why or f"does not exist; {REMEDY}"}
        return self.coverage.lacking

    def missed(self, paths: Iterable[str], allowed: Iterable[str]) -> Mapping[str, tuple[Missed, ...]]:
        """What no test reaches in the modules that these globs leave; all of a module that no report mentions."""
        if not self.coverage.is_told:
            return {}
        asked, left_out = any_of(paths), any_of(allowed)
        files = [
            file
            for file in self.modules.files
            if file.path.endswith(".py") and asked.fullmatch(file.path) and not left_out.fullmatch(file.path)
        ]
        told = self.coverage.of(file.path for file in files)
        if not self.coverage.is_told:  # some damage shows only where a report is asked
            return {}
        values = self.extraction.of(_EXTRACTOR, [file for file in files if _is_short(told.get(file.path))])
        found: dict[str, tuple[Missed, ...]] = {}
        for file in files:
            value = values.get(file.path)
            code = Code.of(value) if value is not None and not isinstance(value, str) else _NOTHING
            missed = _missed(code, told.get(file.path))
            if missed:
                found[file.path] = missed
        return found

    @cached_property
    def recorded(self) -> Optional[Debt]:
        """The record of the checkout; None where there is none that can be read."""
        file: Optional[File] = self.checkout.files.get(PLACE)
        if file is None:
            return None
        try:
            return parse(self.checkout.read(PLACE))
        except (CheckoutError, ValueError) as error:
            self._why = f"is no record of what tests do not reach ({error}); {REMEDY}"
            return None

    @cached_property
    def at_base(self) -> Optional[Debt]:
        """The record as it was at the base; None where there was none that can be read."""
        content = self.diff.before(PLACE)
        try:
            return None if content is None else parse(content)
        except ValueError:
            return None

    @cached_property
    def _why(self) -> str:
        return ""


def _is_short(lines: Optional[FileLines]) -> bool:
    return lines is None or bool(lines.missing or lines.missing_branches)


def _missed(code: Code, lines: Optional[FileLines]) -> tuple[Missed, ...]:
    if lines is None:
        return tuple(Missed(each.first, each.key) for each in code.statements)
    keys = {each.first: each.key for each in reversed(code.statements)}
    found = [Missed(line, keys.get(line, _UNKNOWN)) for line in lines.missing]
    for line, to in lines.missing_branches:
        if line in lines.executed:
            target = keys.get(int(to), to) if to.isdigit() else to
            way = f"{keys.get(line, _UNKNOWN)} {target}"
            key = f">{hashlib.blake2b(way.encode(), digest_size=8).hexdigest()}"
            found.append(Missed(line, key, out_of=keys.get(line, _UNKNOWN)))
    return tuple(sorted(found))


def of(missed: Mapping[str, Iterable[Missed]]) -> Debt:
    """The debt that these make."""
    return {path: Counter(each.key for each in several) for path, several in missed.items()}


def ways_of(missed: Mapping[str, Iterable[Missed]]) -> Ways:
    """The statements that the branches among these leave."""
    alike = Counter(
        (path, each.line, each.key, each.out_of) for path, several in missed.items() for each in several if each.out_of
    )
    found: dict[str, Way] = {}
    for (_, _, key, out_of), many in alike.items():
        found[key] = Way(out_of, max(many, found[key].alike if key in found else 0))
    return found


def beyond(one: Debt, other: Debt, ways: Ways) -> dict[str, Counter[str]]:
    """What one owes and the other does not, by path; what only moved to another path is owed by both.

    Who owes a statement as never reached owes whatever leads out of it, too: once it is reached, the ways that are
    still not taken are no more than was owed. `ways` says of branches which statement that is.
    """
    less = {path: keys - one.get(path, Counter()) for path, keys in other.items()}
    paid: Counter[str] = Counter()
    for keys in less.values():
        paid.update(keys)
    more: dict[str, Counter[str]] = {}
    for path, keys in sorted(one.items()):
        new = keys - other.get(path, Counter())
        more[path] = new - paid  # what moved
        paid.subtract(new & paid)
    for path, keys in more.items():
        excused, used = _excused(keys, less.get(path, Counter()) & paid, ways)
        more[path] = keys - excused
        paid.subtract(used)
    found: dict[str, Counter[str]] = {}
    for path, keys in more.items():
        excused, used = _excused(keys, paid, ways)
        paid.subtract(used)
        if keys - excused:
            found[path] = keys - excused
    return found


def _excused(new: Counter[str], paid: Counter[str], ways: Ways) -> tuple[Counter[str], Counter[str]]:
    """The branches among what is new whose statements were paid, and the statements that it took: each excuses once."""
    found: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for key, many in new.items():
        way = ways.get(key)
        if way is not None and paid[way.out_of] > 0:
            found[key] = min(many, paid[way.out_of] * way.alike)
            used[way.out_of] = max(used[way.out_of], -(-found[key] // way.alike))
    return found, used


def render(debt: Debt) -> str:
    """The record: the same text for the same debt."""
    files = {
        path: {
            "branches": sorted(key for key in keys.elements() if key.startswith(">")),
            "statements": sorted(key for key in keys.elements() if not key.startswith(">")),
        }
        for path, keys in sorted(debt.items())
        if keys
    }
    return json.dumps({"schema": SCHEMA, "files": files}, indent=1) + "\n"


def parse(content: bytes) -> Debt:
    """The debt that a record holds. ValueError where it is none."""
    read: Any = json.loads(content)
    if not isinstance(read, dict) or read.get("schema") != SCHEMA or not isinstance(read.get("files"), dict):
        raise ValueError(f"it must be an object with schema {SCHEMA} and files")
    found: dict[str, Counter[str]] = {}
    for path, kinds in read["files"].items():
        lists: list[Any] = [kinds.get(kind) for kind in ("branches", "statements")] if isinstance(kinds, dict) else [0]
        if not all(isinstance(keys, list) for keys in lists):
            raise ValueError(f"{path} has no lists of branches and statements")
        found[path] = Counter(str(key) for keys in lists for key in keys)
    return found
