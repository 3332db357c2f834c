"""The bars that the figures are held against, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from bench import plan
from bench.figures import Figures, ratio
from bench.memory import Peak
from bench.peers import IMPORT_LINTER, RUFF
from bench.plan import GATES, Key

MIB = 1 << 20


@dataclass(frozen=True)
class Verdict:
    """One bar: what was measured, None where a tool for it is missing here, and the most that it may be."""

    promise: str
    measured: Optional[float]
    limit: float
    unit: str

    @property
    def outcome(self) -> str:
        """Met, not met; not measured is neither."""
        if self.measured is None:
            return "not measured here"
        return "met" if self.measured <= self.limit else "NOT MET"


def verdicts(figures: Mapping[Key, Figures], peaks: Mapping[Key, Peak], prove_bar: bool) -> list[Verdict]:
    """Every bar; that of `gates prove` is homeassistant's alone."""

    def times(state: str, of: str, tool: str) -> Optional[float]:
        return ratio(figures.get((state, GATES)), figures.get((of, tool)))

    found = [
        Verdict("unchanged, beside warm ruff", times(plan.UNCHANGED, plan.UNCHANGED, RUFF), 1.0, "x"),
        Verdict("... as is the aim", times(plan.UNCHANGED, plan.UNCHANGED, RUFF), 0.5, "x"),
        Verdict("fresh checkout, beside warm ruff", times(plan.FRESH, plan.WARM, RUFF), 1.5, "x"),
        Verdict("one file edited, an import added", _wall(figures, plan.IMPORT_ADDED), 0.3, "s"),
        Verdict("one file edited, its body only", _wall(figures, plan.BODY_CHANGED), 0.3, "s"),
        Verdict(
            "cold, two import gates, beside import-linter", times(plan.COLD_IMPORTS, plan.COLD, IMPORT_LINTER), 1.0, "x"
        ),
        Verdict("cold, all four gates, beside import-linter", times(plan.COLD_ALL, plan.COLD, IMPORT_LINTER), 3.0, "x"),
        Verdict("peak memory of all processes together", _highest(peaks), 250.0, "MiB"),
    ]
    if prove_bar:
        found.append(Verdict("gates prove", _wall(figures, plan.PROVE), 10.0, "s"))
    return found


def _wall(figures: Mapping[Key, Figures], state: str) -> Optional[float]:
    found = figures.get((state, GATES))
    return None if found is None else found.wall


def _highest(peaks: Mapping[Key, Peak]) -> Optional[float]:
    """Over every state of ours."""
    return max((peak.pss / MIB for (_, tool), peak in peaks.items() if tool == GATES), default=None)
