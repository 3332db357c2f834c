"""gates init, baseline, list, explain, lanes and schemas: what a repository promises, and what it owes."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

import click

from gates import catalogue, own_folder, replay
from gates.baseline import PLACE as BASELINE_PLACE
from gates.baseline import Baseline
from gates.cli.asked import cache_folder, only_option, opened, policies_option, root_option
from gates.cli.progress import progress
from gates.errors import GatesError
from gates.facts.checkout import Checkout
from gates.facts.shared_store import open_store
from gates.number_words import many
from gates.policy import Policy, folder_of
from gates.report import Outcome, Report
from gates.reporters.printable import printable
from gates.running import BASELINE, WAIVER
from gates.running import run as run_gates

_SHOWN = 20


@click.command()
@root_option
@click.option("--force", is_flag=True, help="Propose anew where policies stand already.")
def init(folder: Path, force: bool) -> int:
    """Propose policies for a repository, and record today's debt."""
    from gates.scaffold import propose, refuse_occupied, write

    if not folder.is_dir():
        raise GatesError(f"{folder}: is no folder")
    with open_store(cache_folder(folder), os.environ) as store:
        checkout = Checkout.open(folder)
        refuse_occupied(checkout.root, force)
        with progress() as observe:
            proposal = propose(checkout, _today(), store=store, observe=observe)
        written = write(proposal, checkout.root, force=force)
    for path in written or ["nothing: all of it stands there already"]:
        click.echo(f"wrote {path}")
    click.echo(f"wrote {_write_schemas(checkout)}, by which editors check the policies; git ignores it")
    click.echo(f"recorded as debt: {many(sum(proposal.owed.values()), 'finding')} of today, in {BASELINE_PLACE}")
    for note in proposal.notes:
        click.echo(f"note: {note}")
    click.echo(f"Read {proposal.folder}/lanes.toml: the lanes are a guess. Then: gates run, gates prove.")
    return proposal.report.exit_code


@click.command()
@root_option
def schemas(folder: Path) -> int:
    """Write the JSON Schemas of the policies into .gates/schemas/, for editors."""
    click.echo(f"wrote {_write_schemas(Checkout.open(folder))}")
    return 0


def _write_schemas(checkout: Checkout) -> str:
    """Those of the gates that are installed here; where they are. The policies of `gates init` name that place."""
    from gates.schema import PLACE, write

    target = checkout.root / PLACE
    try:
        own_folder.make(target)
        write(target, catalogue.catalogue().values())
    except OSError as error:
        raise GatesError(f"{error.filename or target}: cannot be written ({error.strerror})") from None
    return PLACE


def _today() -> dt.date:
    return dt.date.today()  # noqa: DTZ011  (the user's own day)


@click.command()
@root_option
@policies_option
@only_option
@click.option("--accept-new", is_flag=True, help="Record what is new as debt, too. The baseline grows.")
def baseline(folder: Path, policies: Optional[Path], only: Sequence[str], accept_new: bool) -> int:
    """Record today's debt; once recorded it only shrinks."""
    with opened(folder, policies) as place, progress() as observe:
        report = run_gates(place.policy, place.checkout, today=_today(), observe=observe, store=place.store, only=only)
        owed = place.policy.baseline
        told = {
            result.gate: (*result.findings, *result.owed)
            for result in report.results
            if result.outcome in (Outcome.PASSED, Outcome.FAILED) and result.gate in catalogue.catalogue()
        }
        file = place.checkout.root / BASELINE_PLACE
        grows = accept_new or not file.is_file()
        now = owed.replaced(told) if grows else owed.shrunk(told)
        replay.write_if_changed(str(file), now.render().encode("utf-8"))
    _tell_debt(owed, now, report)
    return 0


def _tell_debt(before: Baseline, now: Baseline, report: Report) -> None:
    click.echo(f"{BASELINE_PLACE}: {len(now):,} owed ({len(before):,} before)")
    for sign, what in (("taken out", _more(before, now)), ("recorded", _more(now, before) if len(before) else [])):
        for line in what[:_SHOWN]:
            click.echo(f"{sign}: {line}")
        if len(what) > _SHOWN:
            click.echo(f"{sign}: {len(what) - _SHOWN:,} more, which `git diff {BASELINE_PLACE}` shows")
    for result in report.results:
        if result.outcome in (Outcome.BROKEN, Outcome.VACUOUS):
            click.echo(f"{result.gate} {result.outcome.value}, its debt is left as it was: {result.reason}")
    new = sum(len(result.findings) for result in report.results) if now == before else 0
    if new:
        are = "is not recorded; mend it" if new == 1 else "are not recorded; mend them"
        click.echo(f"{many(new, 'new finding')} {are}, or --accept-new")


def _more(one: Baseline, other: Baseline) -> list[str]:
    """The debts of one that the other has not, or has less often."""
    left, right = (
        Counter({(debt.gate, debt.path, debt.subject): debt.count for debt in each.debts}) for each in (one, other)
    )
    return [
        printable(f"{gate} in {path}, {subject}") + (f" ({count} times)" if count > 1 else "")
        for (gate, path, subject), count in sorted((left - right).items())
    ]


@click.command(name="list")
@root_option
@policies_option
def list_gates(folder: Path, policies: Optional[Path]) -> int:
    """Show every gate: its level here, and what it looks for."""
    levels: Mapping[str, str] = {}
    try:
        levels = _levels(folder, policies)
    except GatesError as error:
        click.echo(f"gates: {error}", err=True)
    width = max(map(len, catalogue.catalogue()), default=0)
    for name, entry in sorted(catalogue.catalogue().items()):
        first = catalogue.explain(name).splitlines()[0]
        origin = "" if entry.origin == catalogue.OWN else f" ({entry.origin})"
        click.echo(f"{name:{width}}  {levels.get(name, 'not asked'):9}  {first}{origin}")
    return 0


def _levels(folder: Path, policies: Optional[Path]) -> Mapping[str, str]:
    root = Checkout.open(folder).root
    policy = Policy.load(policies or folder_of(root), root)
    return {section.gate: section.rule.level.value for section in policy.sections}


@click.command()
@root_option
@policies_option
@click.argument("gate")
def explain(folder: Path, policies: Optional[Path], gate: str) -> int:
    """Say what a gate looks for, why, what to do instead; whether it is asked here."""
    from gates.reporters.rule_help import help_of

    if gate in (WAIVER, BASELINE):
        click.echo(f"{help_of(gate).short}\n\n{help_of(gate).full}")
        return 0
    click.echo(catalogue.explain(gate))
    about = " ".join((catalogue.catalogue()[gate].load().__doc__ or "").split())
    click.echo(f"\nIn gates.toml, [gates.{gate}]: {about}")
    click.echo("Every section may also say level, when_broken and may_be_empty.")
    try:
        level = _levels(folder, policies).get(gate)
        here = "not asked, for it has no section in gates.toml" if level is None else f"level {level}"
    except GatesError as error:
        here = f"not known ({error})"
    click.echo(f"Here: {here}.")
    return 0


@click.command()
@root_option
@policies_option
@click.option("--report", "form", default="text", metavar="FORMAT", help="text, json or markdown [default: text].")
def lanes(folder: Path, policies: Optional[Path], form: str) -> int:
    """Show the lanes: what each holds and may import, and the imports between them."""
    from gates.reporters import lane_violations
    from gates.reporters.lane_violations import GATE

    forms = {
        "text": lane_violations.lanes_text,
        "json": lane_violations.lanes_json,
        "markdown": lane_violations.lanes_markdown,
    }
    if form not in forms:
        raise GatesError(f"lanes are shown as {', '.join(forms)}, not as '{form}'")
    with opened(folder, policies) as place:
        with progress() as observe:
            today = _today()
            report = run_gates(
                place.policy, place.checkout, today=today, observe=observe, store=place.store, only=[GATE]
            )
        click.echo(forms[form](report), nl=False)
    return 0
