"""gates measure: the benchmarks beside those of the base, recorded for the gate broken-budget."""

from __future__ import annotations

import datetime as dt
import os
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Optional

import click

from gates.cli.asked import Place, opened, policies_option, refuse_no_time, root_option
from gates.errors import FactUnavailable, GatesError
from gates.facts.budgets import QUANTILES, BudgetsPolicy
from gates.facts.diff import EMPTY_TREE, Diff
from gates.facts.modules import Modules
from gates.facts.timing.deciding import decide
from gates.facts.timing.quantiles import bounds
from gates.facts.timing.recording import Timed, Timing, render
from gates.facts.timings import TimingsSettings, identified
from gates.number_words import counted, many
from gates.replay import write_if_changed
from gates.running import Run


@click.command()
@click.argument("tests", nargs=-1)
@root_option
@policies_option
@click.option("--base", metavar="REF", help="What head is held against [default: what the gates compare with].")
@click.option("--alone", is_flag=True, help="Measure head alone, beside no base.")
@click.option("--trend", is_flag=True, help="Add this measurement to .ci/timings.json.")
@click.option("--seconds", default=15.0, metavar="N", help="What a benchmark may cost at most [default: 15].")
@click.option("--seed", type=int, metavar="N", help="Of the random order.")
@click.option("--selftest", is_flag=True, help="How much can be told on this machine: false alarms, power, launches.")
def measure(
    tests: tuple[str, ...],
    folder: Path,
    policies: Optional[Path],
    base: Optional[str],
    alone: bool,
    trend: bool,
    seconds: float,
    seed: Optional[int],
    selftest: bool,
) -> int:
    """Run the benchmarks of head and of its base in turns, and record which is slower.

    TESTS are what pytest is asked to run; without them, tests of [facts.timings].
    """
    refuse_no_time(seconds)
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    if selftest:
        return _selftest(seed)
    with opened(folder, policies, base) as place:
        today = dt.date.today()  # noqa: DTZ011  (the user's own day)
        settings = place.policy.settings(TimingsSettings)
        asked = tests or settings.tests
        timing = _measured(place, replace(settings, tests=asked), alone, seconds, seed, today)
        target = os.path.join(place.checkout.root, settings.file)
        write_if_changed(target, render(timing))
        _tell(timing, settings)
        click.echo(f"recorded in {settings.file}; `gates run --gate broken-budget` judges it")
        if trend:
            from gates.facts.timing.kept import PLACE
            from gates.measure.trend import write

            write(place.checkout.root, timing, today.isoformat())
            click.echo(f"added to {PLACE}")
    return 0


def _measured(
    place: Place, settings: TimingsSettings, alone: bool, seconds: float, seed: int, today: dt.date
) -> Timing:
    from gates.measure.measuring import Measuring, Plan, machine
    from gates.measure.native import valgrind
    from gates.measure.trees import trees

    gatherer = Run(place.policy, place.checkout, today, place.store).gatherer()
    modules = gatherer.get(Modules)
    commit = None if alone else _base(gatherer.get, place)
    budgets = place.policy.settings(BudgetsPolicy)
    limits = {
        benchmark: [
            (quantile, limit)
            for budget in budgets.budget
            if budget.benchmark == benchmark
            for key, quantile in QUANTILES.items()
            for limit in [budget.limit(key, today)]
            if limit is not None
        ]
        for benchmark in {budget.benchmark for budget in budgets.budget}
    }
    plan = Plan(settings.tests, limits, settings.tolerated, seed, place.checkout.root, seconds, valgrind=valgrind())
    load = os.getloadavg()[0]
    stamp = identified(modules, settings)
    with trees(place.checkout, commit) as folders:
        benchmarks = Measuring(folders, plan, _measuring).run()
    about = {**machine(load), "seed": seed}
    return Timing(benchmarks, place.checkout.commit, place.checkout.tree, commit, about, stamp)


def _base(get: object, place: Place) -> Optional[str]:
    assert callable(get)
    try:
        base = str(get(Diff).base)
    except FactUnavailable as why:
        raise GatesError(f"{why}; or measure head alone, with --alone") from None
    if not base or base == EMPTY_TREE:
        click.echo("there is no base to compare with: head is measured alone")
        return None
    return base


def _measuring(launches: int, left: int) -> None:
    _observed(f"{counted(launches, 'launches')}, {many(left, 'benchmark')} to be told")


def _observed(said: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{said} ", err=True, nl=False)


def _tell(timing: Timing, settings: TimingsSettings) -> None:
    if sys.stderr.isatty():
        click.echo("", err=True)
    compared = decide({each.name: each.ratios for each in timing.benchmarks if each.ratios}, settings.tolerated)
    for benchmark in timing.benchmarks:
        said = [_took(benchmark)]
        beside = compared.get(benchmark.name)
        if beside is not None:
            lies = f"{beside.by:+.1%}, between {beside.least:+.1%} and {beside.most:+.1%}"
            said.append(f"{beside.answer.value} ({lies}; {counted(beside.launches, 'launches')})")
        elif timing.base is not None and not benchmark.lacks:
            said.append("new")
        counted_ones = filter(None, (benchmark.instructions, benchmark.native))
        said += [f"{each.more:+.2%} {each.unit}" for each in counted_ones if each.more is not None]
        if benchmark.lacks:
            said.append(f"could not be told: {benchmark.lacks}")
        click.echo(f"{benchmark.name}: {', '.join(filter(None, said))}")


def _took(benchmark: Timed) -> str:
    launches = [calls for calls in benchmark.seconds if calls]
    if not launches:
        return ""
    p50, p95 = (bounds(launches, at).estimate * 1e3 for at in (0.5, 0.95))
    return f"p50 {p50:.3g} ms, p95 {p95:.3g} ms"


def _selftest(seed: int) -> int:
    from gates.measure.selftest import DRAWN, LAUNCHES, measured, powers

    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="gates-measure-") as name:
        ratios = measured(LAUNCHES, seed, Path(name), lambda done: _observed(f"{done} of {LAUNCHES} launches"))
    load = f"load {before:.1f} to {os.getloadavg()[0]:.1f}"
    click.echo(f"{LAUNCHES} launches on {os.cpu_count()} cores ({load}), drawn into {DRAWN:,} tests of each kind:")
    for power in powers(ratios):
        what = "false alarms" if power.more == "nothing" else f"found at +{power.more}"
        enough = f"{power.enough} launches are enough for 95 %" if power.enough else "32 launches are not enough"
        silent = f"not proven {power.not_proven / power.tests:.1%}"
        click.echo(f"{what}: {power.rate:.1%}; {silent}; {power.launches:.1f} launches on average, {enough}")
    return 0
