"""Words in, exit code out; every command is a function of plain values."""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import click

from gates import __version__, catalogue, replay
from gates.baseline import PLACE as BASELINE_PLACE
from gates.baseline import Baseline
from gates.errors import GatesError
from gates.events import Event, FilesRead, GateStarted, Observer
from gates.facts.checkout import Checkout
from gates.facts.shared_store import open_store
from gates.facts.store import Store
from gates.policy import Policy, folder_of
from gates.report import Outcome, Report
from gates.reporters import reporter
from gates.reporters.printable import printable
from gates.reporters.verdict import verdict
from gates.running import BASELINE, WAIVER
from gates.running import run as run_gates

LANE_GATE = "cross-lane-import"

_EXIT_CODES = """\b
Exit codes: 0 every promise held; 1 a gate that blocks failed; 2 the policy or
the command line makes no sense; 3 a gate that blocks could not tell, or had
nothing to look at."""


@dataclass(frozen=True)
class Place:
    """The repository under judgement, its policy, and where facts about it are kept."""

    checkout: Checkout
    policy: Policy
    store: Store
    listed_ns: int


@contextmanager
def _opened(folder: Path, policies: Optional[Path], base: Optional[str] = None, cache: bool = True) -> Iterator[Place]:
    if not folder.is_dir():
        raise GatesError(f"{folder}: is no folder")
    with open_store(_cache_folder(folder), os.environ) if cache else Store(None) as store:
        listed_ns = time.time_ns()
        checkout = Checkout.open(folder, base)
        policy = Policy.load(policies or folder_of(checkout.root), checkout.root)
        yield Place(checkout, policy, store, listed_ns)


def _cache_folder(folder: Path) -> Path:
    top = replay.root_of(str(folder.resolve())) or folder.resolve()
    return Path(os.environ.get("GATES_CACHE") or Path(top) / replay.CACHE)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="gates")
def gates() -> None:
    """Judge a repository by what its policies/ promise.

    A first look at a repository of yours:

    \b
      gates init      propose policies, and record today's debt
      gates run       judge it; the first new violation fails
      gates prove     show that each gate can fail here
    """


_root = click.option(
    "-C", "--root", "folder", default=".", metavar="DIR", type=click.Path(path_type=Path), help="The repository."
)
_policies = click.option(
    "--policies",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The policies [default: policies/].",
)
_only = click.option("--gate", "only", multiple=True, metavar="NAME", help="Only this gate; may be given again.")
_today = click.option("--today", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), help="Judge waivers as of then.")
_no_cache = click.option("--no-cache", is_flag=True, help="Neither use nor keep facts.")
_strict = click.option("--strict", is_flag=True, help='Overrule when_broken = "warn" and other excuses.')


@gates.command(epilog=_EXIT_CODES)
@_root
@_policies
@_only
@click.option("--base", metavar="REF", help="Compare with this commit: what HEAD added since they parted.")
@click.option("--changed", is_flag=True, help="Look one by one at changed files only; whole-tree rules judge the tree.")
@_strict
@click.option(
    "--report", "reports", multiple=True, metavar="FORMAT[=FILE]",
    help="text, json, sarif, github, junit or markdown; to a file, or printed. May be given again.",
)  # fmt: skip
@click.option(
    "--evidence", metavar="DIR", type=click.Path(path_type=Path), help="Prove the gates too; write the bundle."
)
@click.option("--allow-dirty", is_flag=True, help="Let evidence be made of a tree that is no commit; it says so.")
@click.option("--shard", metavar="I/N", help="Only gather facts of the I-th of N parts, for GATES_STORE.")
@_today
@_no_cache
def run(
    folder: Path,
    policies: Optional[Path],
    only: Sequence[str],
    base: Optional[str],
    changed: bool,
    strict: bool,
    reports: Sequence[str],
    evidence: Optional[Path],
    allow_dirty: bool,
    shard: Optional[str],
    today: Optional[dt.datetime],
    no_cache: bool,
) -> int:
    """Judge the repository: ask every gate of the policy."""
    if evidence is not None and changed:
        raise GatesError("--evidence is of the whole tree, and --changed looks at a part of it; leave one out")
    outputs = [_output(entry) for entry in reports or ["text"]]
    day = _day(today)
    with _opened(folder, policies, base, not no_cache) as place:
        if shard is not None:
            return _fill(place, shard)
        with _progress() as observe:
            report = run_gates(
                place.policy,
                place.checkout,
                today=day,
                observe=observe,
                store=place.store,
                only=only,
                changed=changed,
                strict=strict,
            )
            proof = _proof(place, day, observe, only) if evidence is not None else None
        files = _lane_files(place, report)
        printed = b""
        for name, file in outputs:
            if file is None:
                printed += _shown(name, report)
            else:
                files.append((file, reporter(name)(report).encode("utf-8")))
        answer = replay.Answer(report.exit_code, printed, tuple(files))
        code = replay.give(str(place.checkout.root), answer)
        if evidence is not None and proof is not None:
            _bundle(report, proof, place, evidence, allow_dirty)
        if place.checkout.has_git and base is None:
            _remember(place, answer, report, day)
        return code


def _output(entry: str) -> tuple[str, Optional[str]]:
    name, equals, file = entry.partition("=")
    reporter(name)
    if equals and not file:
        raise GatesError(f"--report {entry} names no file; write {name}=FILE, or {name} to have it printed")
    if file == "-":
        return name, None
    return name, str(Path(file).absolute()) if file else None


def _day(today: Optional[dt.datetime]) -> dt.date:
    return today.date() if today is not None else dt.date.today()  # noqa: DTZ011  (the user's own day)


def _shown(name: str, report: Report) -> bytes:
    """A report as it is printed; the text one with colours where somebody looks."""
    if name == "text" and (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        from io import StringIO

        from rich.console import Console

        from gates.reporters.text import show

        width = Console().width
        screen = Console(file=StringIO(), force_terminal=True, width=width, highlight=False)
        show(report, screen)
        return screen.file.getvalue().encode("utf-8", "replace")  # type: ignore[attr-defined, no-any-return]
    return reporter(name)(report).encode("utf-8", "replace")


def _lane_files(place: Place, report: Report) -> list[tuple[str, bytes]]:
    """The lane report, written even when it holds nothing, wherever the lane gate took part."""
    if not any(result.gate == LANE_GATE for result in report.results):
        return []
    from gates.reporters.lane_violations import lanes_json, lanes_markdown

    folder = place.checkout.root / ".gates"
    return [
        (str(folder / "lane-violations.json"), lanes_json(report).encode("utf-8")),
        (str(folder / "lane-violations.md"), lanes_markdown(report).encode("utf-8")),
    ]


def _remember(place: Place, answer: replay.Answer, report: Report, day: dt.date) -> None:
    if any(result.outcome is Outcome.BROKEN for result in report.results) or place.store.notes:
        return  # what could not be told is asked again
    entries = catalogue.catalogue()
    if any(entries[section.gate].origin != catalogue.OWN for section in place.policy.sections):
        return  # the recipe knows this package's code only
    expiries = [waiver.expires for waiver in place.policy.waivers if waiver.expires >= day]
    last_day = min(expiries, default=day + dt.timedelta(days=3650))
    with contextlib.suppress(OSError):  # no space, no permission: the next run is made anew
        replay.remember(
            str(place.checkout.root),
            sys.argv[1:],
            answer,
            report.reads or (),
            last_day.isoformat(),
            place.listed_ns,
            replay.content_digest(),
            place.checkout.listed,
        )


@gates.command(epilog=_EXIT_CODES)
@_root
@_policies
@_only
@_today
@_no_cache
def prove(
    folder: Path, policies: Optional[Path], only: Sequence[str], today: Optional[dt.datetime], no_cache: bool
) -> int:
    """Show that each gate can fail here: plant a violation, demand a finding."""
    with _opened(folder, policies, cache=not no_cache) as place:
        with _progress() as observe:
            report = _proof(place, _day(today), observe, only)
        sys.stdout.flush()
        sys.stdout.buffer.write(_shown("text", report))
        return report.exit_code


def _proof(place: Place, day: dt.date, observe: Observer, only: Sequence[str]) -> Report:
    from gates.proving import prove as prove_gates

    return prove_gates(place.policy, place.checkout, today=day, observe=observe, store=place.store, only=only)


@gates.command()
@_root
@click.option("--force", is_flag=True, help="Propose anew where policies stand already.")
def init(folder: Path, force: bool) -> int:
    """Propose policies for a repository, and record today's debt."""
    from gates.scaffold import propose, refuse_occupied, write

    if not folder.is_dir():
        raise GatesError(f"{folder}: is no folder")
    with open_store(_cache_folder(folder), os.environ) as store:
        checkout = Checkout.open(folder)
        refuse_occupied(checkout.root, force)
        with _progress() as observe:
            proposal = propose(checkout, _day(None), store=store, observe=observe)
        written = write(proposal, checkout.root, force=force)
    for path in written or ["nothing: all of it stands there already"]:
        click.echo(f"wrote {path}")
    owed = sum(proposal.owed.values())
    click.echo(f"recorded as debt: {owed:,} finding{'' if owed == 1 else 's'} of today, in {BASELINE_PLACE}")
    for note in proposal.notes:
        click.echo(f"note: {note}")
    click.echo(f"Read {proposal.folder}/lanes.toml: the lanes are a guess. Then: gates run, gates prove.")
    return proposal.report.exit_code


@gates.command()
@_root
@_policies
@_only
@click.option("--accept-new", is_flag=True, help="Record what is new as debt, too. The baseline grows.")
def baseline(folder: Path, policies: Optional[Path], only: Sequence[str], accept_new: bool) -> int:
    """Record today's debt; once recorded it only shrinks."""
    with _opened(folder, policies) as place, _progress() as observe:
        report = run_gates(
            place.policy, place.checkout, today=_day(None), observe=observe, store=place.store, only=only
        )
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
    return _told_debt(owed, now, report)


def _told_debt(before: Baseline, now: Baseline, report: Report) -> int:
    click.echo(f"{BASELINE_PLACE}: {len(now)} owed ({len(before)} before)")
    for result in report.results:
        if result.outcome in (Outcome.BROKEN, Outcome.VACUOUS):
            click.echo(f"{result.gate} {result.outcome.value}, its debt is left as it was: {result.reason}")
    new = sum(len(result.findings) for result in report.results) if now == before else 0
    if new:
        click.echo(f"{new} new findings are not recorded; mend them, or --accept-new")
    return 0


@gates.command(name="list")
@_root
@_policies
def list_gates(folder: Path, policies: Optional[Path]) -> int:
    """Show every gate: its level here, and what it looks for."""
    levels: dict[str, str] = {}
    try:
        checkout = Checkout.open(folder)
        policy = Policy.load(policies or folder_of(checkout.root), checkout.root)
        levels = {section.gate: section.rule.level.value for section in policy.sections}
    except GatesError as error:
        click.echo(f"gates: {error}", err=True)
    width = max(map(len, catalogue.catalogue()), default=0)
    for name, entry in sorted(catalogue.catalogue().items()):
        first = catalogue.explain(name).splitlines()[0]
        origin = "" if entry.origin == "lukhas-gates" else f" ({entry.origin})"
        click.echo(f"{name:{width}}  {levels.get(name, 'not asked'):9}  {first}{origin}")
    return 0


@gates.command()
@click.argument("gate")
def explain(gate: str) -> int:
    """Say what a gate looks for, why, and what to do instead."""
    from gates.reporters.rule_help import help_of

    if gate in (WAIVER, BASELINE):
        click.echo(f"{help_of(gate).short}\n\n{help_of(gate).full}")
    else:
        click.echo(catalogue.explain(gate))
        about = " ".join((catalogue.catalogue()[gate].load().__doc__ or "").split())
        click.echo(f"\nIn gates.toml, [gates.{gate}]: {about}")
        click.echo("Every section may also say level, when_broken and may_be_empty.")
    return 0


@gates.command()
@_root
@_policies
@click.option("--report", "form", default="text", metavar="FORMAT", help="text, json or markdown [default: text].")
def lanes(folder: Path, policies: Optional[Path], form: str) -> int:
    """Show the lanes: what each holds and may import, and the imports between them."""
    from gates.reporters import lane_violations

    forms = {
        "text": lane_violations.lanes_text,
        "json": lane_violations.lanes_json,
        "markdown": lane_violations.lanes_markdown,
    }
    if form not in forms:
        raise GatesError(f"lanes are shown as {', '.join(forms)}, not as '{form}'")
    with _opened(folder, policies) as place:
        with _progress() as observe:
            report = run_gates(
                place.policy, place.checkout, today=_day(None), observe=observe, store=place.store, only=[LANE_GATE]
            )
        click.echo(forms[form](report), nl=False)
    return 0


@gates.group()
def evidence() -> None:
    """Build, verify or show the evidence bundle of a commit."""


@evidence.command(name="build", epilog=_EXIT_CODES)
@_root
@_policies
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Where [default: .gates/evidence].")
@click.option("--allow-dirty", is_flag=True, help="Of a tree that is no commit; the bundle says so.")
@_strict
@_today
def build_evidence(
    folder: Path,
    policies: Optional[Path],
    out: Optional[Path],
    allow_dirty: bool,
    strict: bool,
    today: Optional[dt.datetime],
) -> int:
    """Run and prove every gate, and bind what they said to the commit."""
    day = _day(today)
    with _opened(folder, policies) as place:
        with _progress() as observe:
            report = run_gates(
                place.policy, place.checkout, today=day, observe=observe, store=place.store, strict=strict
            )
            proof = _proof(place, day, observe, ())
        click.echo(verdict(report), err=True)
        _bundle(report, proof, place, out or _evidence_folder(place.checkout), allow_dirty)
        return report.exit_code


def _evidence_folder(checkout: Checkout) -> Path:
    from gates.evidence.bundle import folder_of as folder_of_evidence

    return folder_of_evidence(checkout.root)


def _bundle(report: Report, proof: Report, place: Place, out: Path, allow_dirty: bool) -> None:
    from gates.evidence.bundle import build

    file = build(report, proof, place.policy, out, allow_dirty=allow_dirty, checkout=place.checkout)
    click.echo(f"evidence: {file}", err=True)


@evidence.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--commit", metavar="SHA", help="The commit that it must be about.")
@click.option("--digest", metavar="HEX", help="The manifest digest that it must have.")
def verify(bundle: Path, commit: Optional[str], digest: Optional[str]) -> int:
    """Check a bundle by itself alone: 0 verified, 1 rejected, 3 could not check."""
    from gates.attestation.verify import verify as verify_bundle

    verification = verify_bundle(bundle, commit, digest)
    click.echo(verification.text)
    return verification.exit_code


@evidence.command(name="show")
@click.argument("bundle", type=click.Path(path_type=Path))
def show_evidence(bundle: Path) -> int:
    """Show what a bundle holds."""
    from gates.attestation.verify import verify as verify_bundle
    from gates.evidence.show import show

    click.echo(show(bundle), nl=False)
    return verify_bundle(bundle).exit_code


@gates.group(invoke_without_command=True)
@_root
@click.pass_context
def cache(context: click.Context, folder: Path) -> Optional[int]:
    """Show what is kept, or clear it."""
    context.obj = folder
    if context.invoked_subcommand is not None:
        return None
    with _kept(folder) as store:
        for kind, (many, size) in store.counted().items():
            click.echo(f"{kind}: {many:,} values, {size / 1e6:.1f} MB")
        for note in store.notes:
            click.echo(note)
    kept = _cache_folder(folder) / replay.FOLDER
    reports = list(kept.iterdir()) if kept.is_dir() else []
    click.echo(f"replay: {len(reports):,} answers of an unchanged tree")
    return 0


@cache.command()
@click.pass_obj
def clear(folder: Path) -> int:
    """Forget everything that is kept; the next run is cold."""
    with _kept(folder) as store:
        store.clear()
        shutil.rmtree(_cache_folder(folder) / replay.FOLDER, ignore_errors=True)
        click.echo("the cache is empty")
    return 0


@contextmanager
def _kept(folder: Path) -> Iterator[Store]:
    with open_store(_cache_folder(folder), os.environ) as store:
        yield store


def _fill(place: Place, shard: str) -> int:
    from gates.running import fill

    done, of = fill(place.policy, place.checkout, place.store, shard)
    click.echo(f"shard {shard}: {done} of {of} files read")
    return 0


@contextmanager
def _progress() -> Iterator[Observer]:
    """A line that says what is going on, where somebody looks; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda event: None
        return
    from rich.console import Console

    # Redrawn only when something happens: a thread that redraws would be copied into the workers that are forked.
    with Console(stderr=True).status("looking at the files", refresh_per_second=1e-9) as status:

        def observe(event: Event) -> None:
            if isinstance(event, FilesRead) and event.done % 50 == 0:
                status.update(f"reading files: {event.done:,} of {event.of:,}")
            elif isinstance(event, GateStarted):
                status.update(f"asking {event.gate}")

        yield observe


def main() -> int:
    """Run the command line; the exit code. What a person can mend is one line, never a traceback."""
    gc.disable()  # a short life, and syntax trees by the thousand: looking for cycles costs half of parsing them
    try:
        code = gates.main(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return 2
    except GatesError as error:
        click.echo(f"gates: {printable(str(error))}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("gates: interrupted; what was worked out is kept", err=True)
        return 130
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()
            return 141
        click.echo(f"gates: {printable(str(error.filename or 'the output'))}: {error.strerror}", err=True)
        return 2
