"""gates mutate: spoil the changed statements one at a time, and see whether a test that reaches them notices."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Optional

import click

from gates import catalogue, own_folder, replay
from gates.checks.change.uncovered_change import UncoveredChange
from gates.cli.asked import opened, policies_option, refuse_no_time, root_option
from gates.facts.changed_code import ChangedCode, ChangedModule
from gates.facts.mutants import MutantRecording, MutantSettings, render
from gates.facts.test_code import is_test_file
from gates.mutation.trying import Trial, try_all
from gates.number_words import many
from gates.running import Run

_GATE = "uncovered-change"


@click.command(context_settings={"ignore_unknown_options": True})
@root_option
@policies_option
@click.option("--base", metavar="REF", help="Compare with this commit or branch.")
@click.option("--seconds", default=300.0, show_default=True, help="For how long mutants are tried.")
@click.argument("words", nargs=-1, metavar="[PYTEST ARGUMENTS]...", type=click.UNPROCESSED)
def mutate(folder: Path, policies: Optional[Path], base: Optional[str], seconds: float, words: tuple[str, ...]) -> int:
    """Spoil each changed statement, and record whether a test notices.

    The tests are run once, in a copy of the tree, to see which of them reaches what; then those that reach a changed
    statement are run for each of its mutants, until one of these is noticed. Which modules are asked is what
    uncovered-change is told. Statements of which no mutant is noticed are listed here, and by empty-test.
    """
    refuse_no_time(seconds)
    with opened(folder, policies, base) as place:
        gate = catalogue.build(place.policy.section(_GATE), place.checkout)
        assert isinstance(gate, UncoveredChange)
        settings = place.policy.settings(MutantSettings)
        this = Run(place.policy, place.checkout, dt.date.min, place.store)
        changed = this.gatherer().get(ChangedCode).modules
        modules = [module for module in changed if gate.asks(module.path) and _may_be_spoiled(module)]
        if not modules:
            click.echo("no statement of the modules that uncovered-change asks about is new; nothing to mutate")
            trial = Trial(MutantRecording({}, {}), 0, 0, 0, ())
        else:
            trial = try_all(place.checkout, modules, words, seconds)
        file = place.checkout.root / settings.file
        own_folder.make(file.parent)
        replay.write_if_changed(str(file), render(trial.recording))
    _tell(trial, settings.file)
    return 0


def _may_be_spoiled(module: ChangedModule) -> bool:
    return bool(module.statements) and not is_test_file(module.path)


def _tell(trial: Trial, file: str) -> None:
    tried = [(path, each) for path, found in trial.recording.files.items() for each in found.statements]
    survivors = [(path, each) for path, each in tried if each.survives]
    for path, each in survivors:
        click.echo(f"{path}:{each.line}: {each.told}")
    noticed = len(tried) - len(survivors)
    click.echo(
        f"{many(len(tried), 'changed statement')} mutated in {many(trial.runs, 'run')}: {noticed} noticed by a test,"
        f" {len(survivors)} not; recorded in {file}"
    )
    if trial.unreached:
        click.echo(f"reached by no test: {many(trial.unreached, 'statement')}; uncovered-change tells which")
    if trial.untried:
        click.echo(f"not tried: {many(trial.untried, 'statement')}; --seconds gives more time")
    if trial.failing:
        shown = ", ".join(trial.failing[:3])
        click.echo(
            f"left out, since they fail in an unmutated copy of the tree: {many(len(trial.failing), 'test')}: {shown}"
        )
