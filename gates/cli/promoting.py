"""gates promote: may a module go up a lane, by what verified evidence tells; and the decision that it may."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import click

from gates.cli.asked import Place, opened, policies_option, root_option
from gates.errors import GatesError
from gates.facts.promotion_policy import POLICY, PromotionPolicy

_FORMATS = ("text", "markdown", "html")


@click.command(
    epilog="""\b
Exit codes: 0 ready, or nothing missing that a module must have to stay; 1 a
criterion is not met; 2 the policy or the command line makes no sense; 3 it
could not be told: evidence is missing, pending or stale."""
)
@root_option
@policies_option
@click.argument("module", required=False)
@click.option("--to", "lane", metavar="LANE", help="The lane that it is to go to.")
@click.option("--all", "everything", is_flag=True, help="A table of every module of every lane.")
@click.option("--down", is_flag=True, help="It only goes down, and need not meet anything.")
@click.option("--record", is_flag=True, help="Record its public signatures as they are now.")
@click.option(
    "--evidence", "bundle", metavar="BUNDLE", type=click.Path(path_type=Path),
    help="The bundle [default: that of HEAD in .gates/evidence/].",
)  # fmt: skip
@click.option(
    "--key", metavar="FILE", type=click.Path(path_type=Path),
    help="Sign the decision with this private key, and write it: as of `gates evidence sign`.",
)  # fmt: skip
@click.option("--report", "reports", multiple=True, metavar="FORMAT[=FILE]", help="text, markdown or html, with --all.")
def promote(
    folder: Path,
    policies: Optional[Path],
    module: Optional[str],
    lane: Optional[str],
    everything: bool,
    down: bool,
    record: bool,
    bundle: Optional[Path],
    key: Optional[Path],
    reports: Sequence[str],
) -> int:
    """Judge whether MODULE is ready for a lane, by verified evidence of HEAD alone; with --key, decide it."""
    _refuse_odd(module, lane, everything, record, key, reports)
    with opened(folder, policies) as place:
        policy = place.policy.settings(PromotionPolicy)
        if not policy.module:
            raise GatesError(f"{place.policy.folder}/{POLICY}: has no [[module]], so nothing can be promoted")
        if module is not None:
            policy.named(module)
        if record:
            return _recorded(place, policy, module)
        if everything:
            return _all(place, policy, bundle, reports or ("text",))
        assert module is not None
        assert lane is not None
        return _one(place, policy, module, lane, bundle, key, down)


def _refuse_odd(
    module: Optional[str], lane: Optional[str], everything: bool, record: bool, key: Optional[Path],
    reports: Sequence[str],
) -> None:  # fmt: skip
    if everything == (module is not None):
        raise GatesError("name a MODULE and --to LANE, or say --all")
    if module is not None and not record and lane is None:
        raise GatesError(f"{module}: to which lane? say --to LANE")
    if everything and (lane is not None or key is not None):
        raise GatesError("--all judges and decides nothing; name one MODULE for --to and --key")
    if reports and not everything:
        raise GatesError("--report goes with --all")
    for report in reports:
        if report.partition("=")[0] not in _FORMATS:
            raise GatesError(f"--report is '{report}'; the formats are {', '.join(_FORMATS)}")


def _recorded(place: Place, policy: PromotionPolicy, module: Optional[str]) -> int:
    import datetime as dt

    from gates.facts.interfaces import Interfaces, parse, render
    from gates.replay import write_if_changed
    from gates.running import Run

    interfaces = Run(place.policy, place.checkout, dt.date.min, place.store).gatherer().get(Interfaces)
    kept = {}
    if module is not None and interfaces.content is not None:
        try:
            kept = dict(parse(interfaces.content))
        except ValueError as error:
            raise GatesError(f"{interfaces.place}: {error}; `gates promote --all --record` writes one") from None
    now = {name: told for name, told in interfaces.now.items() if module in (None, name)}
    write_if_changed(str(place.checkout.root / interfaces.place), render({**kept, **now}))
    names = sum(len(named) for told in now.values() for named in told.values())
    click.echo(f"{interfaces.place}: {names:,} public names of {', '.join(now)}")
    return 0


def _all(place: Place, policy: PromotionPolicy, bundle: Optional[Path], reports: Sequence[str]) -> int:
    from gates.promotion import tables
    from gates.promotion.readiness import exit_code, of_all, without_evidence
    from gates.promotion.told import NoEvidence, read

    commit = _commit(place)
    of = f"verified evidence of commit {commit[:12]}"
    try:
        found = of_all(read(_bundle(place, bundle), commit, policy.public_keys(), policy.evidence))
    except NoEvidence as why:
        of = f"no evidence: {why}"
        found = without_evidence(policy, why)
    for report in reports:
        kind, _, file = report.partition("=")
        if kind == "html":
            content = tables.html(found, of)
        else:
            lines = tables.text(found, of) if kind == "text" else tables.markdown(found, of)
            content = "".join(f"{line}\n" for line in lines)
        if file:
            Path(file).write_text(content, "utf-8")
        else:
            click.echo(content, nl=False)
    return exit_code([verdict for each in found for verdict in each.breaks_its_must])


def _one(
    place: Place, policy: PromotionPolicy, module: str, lane: str, bundle: Optional[Path], key: Optional[Path],
    down: bool,
) -> int:  # fmt: skip
    from gates.promotion import tables
    from gates.promotion.deciding import decide
    from gates.promotion.readiness import exit_code, readiness
    from gates.promotion.told import NoEvidence, read

    if lane not in policy.lanes:
        raise GatesError(f"{POLICY}: '{lane}' is none of lanes, which are {', '.join(policy.lanes)}")
    try:
        told = read(_bundle(place, bundle), _commit(place), policy.public_keys(), policy.evidence)
        found = readiness(told, module, lane)
    except NoEvidence as why:
        click.echo(f"{module}: not ready for {lane}: {why}")
        return 3
    if down and policy.height(lane) > policy.height(found.now):
        raise GatesError(f"{module} lies in {found.now or 'no lane'}, and {lane} is further up; leave --down out")
    click.echo("\n".join(tables.of_one(found)))
    if not found.is_ready and not down:
        return exit_code(found.missing)
    if key is None:
        click.echo("nothing is decided; with --key KEY the decision is signed and written")
        return 0
    click.echo(f"decided: {decide(told, found, key, place.checkout.root, down)}; commit it")
    return 0


def _commit(place: Place) -> str:
    if place.checkout.commit is None:
        raise GatesError("there is no commit, and evidence is of one")
    return place.checkout.commit


def _bundle(place: Place, said: Optional[Path]) -> Path:
    from gates.promotion.told import usual_place

    return said if said is not None else usual_place(place.checkout.root, _commit(place))
