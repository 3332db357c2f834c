"""gates coverage: the record of what no test reaches, which only falls."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Optional

import click

from gates import catalogue, replay
from gates.checks.change.falling_coverage import FallingCoverage
from gates.cli.asked import opened, policies_option, root_option
from gates.errors import GatesError
from gates.facts.coverage_debt import PLACE, CoverageDebt, Debt, Ways, beyond, of, render, ways_of
from gates.running import Run

_GATE = "falling-coverage"


@click.command()
@root_option
@policies_option
@click.option("--accept-new", is_flag=True, help="Record what is new as debt, too. The gate tells that it was raised.")
def coverage(folder: Path, policies: Optional[Path], accept_new: bool) -> int:
    """Record what no test reaches, by file; once recorded it only falls."""
    with opened(folder, policies) as place:
        gate = catalogue.build(place.policy.section(_GATE), place.checkout)
        assert isinstance(gate, FallingCoverage)
        this = Run(place.policy, place.checkout, dt.date.min, place.store)
        debt = this.gatherer().get(CoverageDebt)
        missed = debt.missed(gate.paths, gate.allowed_in)
        now, ways = of(missed), ways_of(missed)
        stale = debt.coverage.lacking
        if stale:
            path, why = min(stale.items())
            raise GatesError(f"{path}: {why}")
        before = debt.recorded
        grows = before is None or accept_new
        kept = now if grows else _fallen(now, before or {}, ways)
        replay.write_if_changed(str(place.checkout.root / PLACE), render(kept).encode("utf-8"))
    click.echo(f"{PLACE}: {_many(kept):,} that no test reaches ({_many(before or {}):,} before)")
    left = _many(beyond(now, kept, ways))
    if left:
        click.echo(f"{left:,} more are not recorded; test them, or --accept-new")
    return 0


def _fallen(now: Debt, before: Debt, ways: Ways) -> Debt:
    """What is missed now without what is new; what moved is recorded where it is."""
    fresh = beyond(now, before, ways)
    return {path: keys - fresh.get(path, Counter()) for path, keys in now.items()}


def _many(debt: Debt) -> int:
    return sum(sum(keys.values()) for keys in debt.values())
