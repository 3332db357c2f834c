"""gates flakes: find the tests that pass and fail with the same code, and what each of them depends on."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import click

from gates.cli.asked import Place, opened, policies_option, refuse_no_time, root_option
from gates.errors import GatesError
from gates.number_words import many
from gates.reporters.printable import printable

if TYPE_CHECKING:
    from gates.facts.flake_recording import FlakeRecording, Flaky

_EXIT_CODES = """\b
Exit codes: 0 every test that ran ended alike whatever was varied; 1 one did
not; 2 the command line makes no sense, or pytest does not start; 3 the search
did not come to its end."""


@click.command(epilog=_EXIT_CODES, context_settings={"ignore_unknown_options": True})
@root_option
@policies_option
@click.option("--base", metavar="REF", help="What changed tests are compared with [default: as `gates run` does].")
@click.option("--changed", is_flag=True, help="Only tests that are new, changed, or reach changed lines.")
@click.option("--only", multiple=True, metavar="DIMENSION", help="Vary only this; may be given again.")
@click.option("--seconds", default=600.0, show_default=True, help="How long tests are run to find flaky ones.")
@click.option("--workers", type=int, help="How many processes run tests at a time [default: as many as processors].")
@click.option("--out", metavar="FILE", help="Where the recording goes [default: as [facts.flakes] says].")
@click.argument("arguments", nargs=-1, metavar="[ARGUMENT FOR PYTEST]...", type=click.UNPROCESSED)
def flakes(
    folder: Path,
    policies: Optional[Path],
    base: Optional[str],
    changed: bool,
    only: Sequence[str],
    seconds: float,
    workers: Optional[int],
    out: Optional[str],
    arguments: Sequence[str],
) -> int:
    """Find tests that pass and fail with the same code, say what each depends on, and write a recording.

    The tests run by pytest, in copies of the repository, again and again; one thing at a time is varied: their
    order, hash seed, random seeds, clock, time zone, locale, load, files left behind, what runs beside them, the
    network. Install lukhas-gates[flakes] beside the tests.
    """
    from gates.flakes.ways import DIMENSIONS

    refuse_no_time(seconds)
    odd = next((name for name in only if name not in DIMENSIONS), None)
    if odd is not None:
        raise GatesError(f"--only is '{odd}'; it must be one of {', '.join(DIMENSIONS)}")
    if not hasattr(os, "fork"):
        raise GatesError("gates flakes needs a system that can fork")
    began = time.monotonic()
    with opened(folder, policies, base) as place:
        recording, file = _made(place, changed, tuple(only), seconds, workers or os.cpu_count() or 1, out, arguments)
    for flaky in recording.flaky:
        _tell(flaky)
    for name, why in sorted(recording.not_tried.items()):
        click.echo(printable(f"not tried: {name}: {why}"))
    for why in recording.lacks:
        click.echo(printable(f"the recording is not whole: {why}"))
    runs = sum(test.runs for test in recording.tests.values())
    took = time.monotonic() - began
    told = f"{many(len(recording.tests), 'test')}, {many(runs, 'run')} of them in {took:,.0f} s"
    click.echo(printable(f"{told}: {len(recording.flaky):,} flaky; recorded in {file}"))
    return 1 if recording.flaky else 3 if recording.lacks else 0


def _made(
    place: Place,
    is_change: bool,
    only: tuple[str, ...],
    seconds: float,
    workers: int,
    out: Optional[str],
    arguments: Sequence[str],
) -> tuple[FlakeRecording, str]:
    from gates.errors import FactUnavailable
    from gates.facts.changed_code import ChangedCode
    from gates.facts.flakes import FlakeSettings
    from gates.facts.modules import Modules
    from gates.facts.quarantine import QuarantinePolicy
    from gates.flakes import selection
    from gates.flakes.pool import Worker
    from gates.flakes.recording import recorded, write
    from gates.flakes.search import Asked, search
    from gates.running import Run

    today = dt.date.today()  # noqa: DTZ011  (the user's own day)
    gatherer = Run(place.policy, place.checkout, today, place.store).gatherer()
    file = out or gatherer.get(FlakeSettings).file
    quarantined = {entry.name for entry in gatherer.get(QuarantinePolicy).test}
    why: dict[str, str] = {}
    faults: list[str] = []
    try:
        changed = gatherer.get(ChangedCode)
        modules, base = changed.modules, changed.diff.base
    except FactUnavailable as unavailable:
        if is_change:
            raise GatesError(f"--changed: {unavailable}") from None
        modules, base = (), None

    def choose(worker: Worker, tests: Sequence[str]) -> list[str]:
        if is_change:
            try:
                why.update(selection.reaching(worker, modules, tests))
            except GatesError as error:
                faults.append(f"which tests reach changed lines is not known: {error}")
        why.update(selection.of_change(modules, place.checkout, tests))
        why.update({test: selection.QUARANTINED for test in tests if test in quarantined and test not in why})
        return [test for test in tests if test in why or not is_change]

    asked = Asked(place.checkout.root, today, tuple(arguments), workers, seconds, dimensions=only)
    found = search(asked, choose, lambda what: click.echo(what, err=True))
    found.lacks += faults
    if only:
        found.lacks.append(f"only {', '.join(only)} was varied")
    recording = recorded(found, why, gatherer.get(Modules), place.checkout, base, is_change)
    write(recording, place.checkout.root, file)
    return recording, file


def _tell(flaky: Flaky) -> None:
    failed, runs, failed_else, runs_else = flaky.rates
    click.echo(printable(flaky.test))
    click.echo(
        printable(f"    {flaky.because} ({failed} of {runs}, against {failed_else} of {runs_else}; p {flaky.p:.2g})")
    )
    for leak in flaky.state:
        click.echo(printable(f"    left changed: {leak}"))
    if flaky.said:
        click.echo(printable(f"    it said: {flaky.said}"))
    click.echo(printable(f"    to see it: {flaky.command}"))
