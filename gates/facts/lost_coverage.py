"""What a change did not touch and no test reaches any more: a test went away, or reaches less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from gates.facts.changed_code import ChangedCode
from gates.facts.coverage_debt import CoverageDebt, Missed, beyond, of, ways_of


@dataclass
class LostCoverage:
    """The record of the base beside what is missed now; nothing where the base has no record, or no report is at hand.

    Of coverage.py's own data nothing is said here: it would have to be asked about every module.
    """

    debt: CoverageDebt
    changed: ChangedCode
    unit: ClassVar[str] = "modules"
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, debt: CoverageDebt, changed: ChangedCode) -> LostCoverage:
        """Nothing is read until it is asked for."""
        return cls(debt, changed)

    @property
    def digest(self) -> str:
        """Of the reports and of the base."""
        return self.debt.digest

    def __len__(self) -> int:
        return len(self.debt)

    def outside(self, paths: Iterable[str], allowed: Iterable[str]) -> Mapping[str, list[Missed]]:
        """Path to what was lost there, among the modules that these globs leave."""
        if self.debt.at_base is None or not self.debt.coverage.is_read_whole:
            return {}
        new = {module.path: {each.first for each in module.statements} for module in self.changed.modules}
        missed = {
            path: [each for each in several if each.line not in new.get(path, ())]
            for path, several in self.debt.missed(paths, allowed).items()
        }
        found: dict[str, list[Missed]] = {}
        for path, keys in beyond(of(missed), self.debt.at_base, ways_of(missed)).items():
            found[path] = [each for each in missed[path] if keys[each.key] > 0]
        return found
