"""gates run and gates prove: judge the repository, and show that each gate can fail in it."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import click

from gates import catalogue, own_folder, replay
from gates.cli.asked import EXIT_CODES, Asked, Place, asking, attach_option, strict_option
from gates.cli.progress import progress
from gates.errors import GatesError
from gates.events import Observer
from gates.number_words import many
from gates.report import Report
from gates.reporters import reporter
from gates.reporters.printable import printable
from gates.running import run as run_gates

_TIMED = ("json", "junit", "text")


@click.command(epilog=EXIT_CODES)
@asking
@click.option("--base", metavar="REF", help="Compare with this commit: what HEAD added since they parted.")
@click.option("--changed", is_flag=True, help="Look one by one at changed files only; whole-tree rules judge the tree.")
@strict_option
@click.option(
    "--report", "reports", multiple=True, metavar="FORMAT[=FILE]",
    help="text, json, sarif, github, junit, markdown or html; to a file, or printed. May be given again.",
)  # fmt: skip
@click.option(
    "--evidence", metavar="DIR", type=click.Path(path_type=Path), help="Prove the gates too; write the bundle."
)
@click.option("--allow-dirty", is_flag=True, help="Let evidence be made of a tree that is no commit; it says so.")
@attach_option
@click.option("--shard", metavar="I/N", help="Only gather facts of the I-th of N parts, for GATES_STORE.")
def run(
    asked: Asked,
    base: Optional[str],
    changed: bool,
    strict: bool,
    reports: Sequence[str],
    evidence: Optional[Path],
    allow_dirty: bool,
    attached: Sequence[Path],
    shard: Optional[str],
) -> int:
    """Judge the repository: ask every gate of the policy."""
    if evidence is not None and changed:
        raise GatesError("--evidence is of the whole tree, and --changed looks at a part of it; leave one out")
    if attached and evidence is None:
        raise GatesError("--attach puts files into the bundle of --evidence DIR, and no bundle is asked for")
    outputs = [_output(entry) for entry in reports or ["text"]]
    with asked.opened(base) as place:
        if shard is not None:
            return _fill(place, shard)
        with progress() as observe:
            report = run_gates(
                place.policy,
                place.checkout,
                today=asked.today,
                observe=observe,
                store=place.store,
                only=asked.only,
                changed=changed,
                strict=strict,
            )
            is_provable = evidence is not None and report.commit is not None
            proof = proved(place, asked.today, observe, asked.only) if is_provable else None
        answer = _answered(place, report, outputs)
        code = replay.give(str(place.checkout.root), answer)
        if evidence is not None and proof is not None:
            from gates.cli.evidence import write_bundle  # most runs write none

            write_bundle(report, proof, place, evidence, allow_dirty, attached)
        elif evidence is not None:
            _say_no_evidence(allow_dirty)
        if place.checkout.has_git and base is None and not _remember(place, answer, report, asked.today):
            _say_what_is_never_the_same(place, outputs)
        return code


def _say_no_evidence(allow_dirty: bool) -> None:
    """Of an unpacked archive there is a verdict; evidence there is none, and where it is a duty that is an error."""
    from gates.evidence.bundle import NO_COMMIT

    if not allow_dirty:
        raise GatesError(NO_COMMIT)
    click.echo(f"gates: no evidence is written: {NO_COMMIT}", err=True)


def _answered(place: Place, report: Report, outputs: Sequence[tuple[str, Optional[str]]]) -> replay.Answer:
    files = _lane_files(place, report)
    printed = b""
    for name, file in outputs:
        if file is None:
            printed += _shown(name, report)
        else:
            files.append((file, reporter(name)(report).encode("utf-8")))
    return replay.Answer(report.exit_code, printed, tuple(files))


def _output(entry: str) -> tuple[str, Optional[str]]:
    name, equals, file = entry.partition("=")
    reporter(name)
    if equals and not file:
        raise GatesError(f"--report {entry} names no file; write {name}=FILE, or {name} to have it printed")
    if file == "-":
        return name, None
    return name, str(Path(file).absolute()) if file else None


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
    from gates.reporters.lane_violations import GATE, lanes_json, lanes_markdown

    if not any(result.gate == GATE for result in report.results):
        return []
    folder = place.checkout.root / own_folder.OWN_FOLDER
    own_folder.make(folder)
    return [
        (str(folder / "lane-violations.json"), lanes_json(report).encode("utf-8")),
        (str(folder / "lane-violations.md"), lanes_markdown(report).encode("utf-8")),
    ]


def _remember(place: Place, answer: replay.Answer, report: Report, day: dt.date) -> bool:
    """Keep the answer, if it may be kept. False where the tree did not hold still."""
    if not all(result.is_settled for result in report.results) or place.store.notes:
        return True  # what could not be told is asked again, unless the answer would be the same
    entries = catalogue.catalogue()
    if any(entries[section.gate].origin != catalogue.OWN for section in place.policy.sections):
        return True  # the recipe knows this package's code only
    expiries = [waiver.expires for waiver in place.policy.waivers if waiver.expires >= day]
    days = [dt.date.fromisoformat(result.until) for result in report.results if result.until is not None]
    last_day = min([*expiries, *days], default=day + dt.timedelta(days=3650))
    with contextlib.suppress(OSError):  # no space, no permission: the next run is made anew
        return replay.remember(
            str(place.checkout.root),
            sys.argv[1:],
            answer,
            report.reads or (),
            last_day.isoformat(),
            place.listed_ns,
            listed=place.checkout.listed,
        )
    return True


def _say_what_is_never_the_same(place: Place, outputs: Sequence[tuple[str, Optional[str]]]) -> None:
    """A report with durations is another file each time; where git looks, that is another tree each time."""
    for name, file in outputs:
        if file is not None and name in _TIMED and _was_written_among_the_files(Path(file), place):
            shown = printable(os.path.relpath(file))
            click.echo(
                f"gates: {shown} holds durations, so each run changes the tree and none is answered from what is kept; "
                f"write it below {own_folder.OWN_FOLDER}/",
                err=True,
            )


def _was_written_among_the_files(file: Path, place: Place) -> bool:
    inside = place.checkout.root in file.parents and own_folder.OWN_FOLDER not in file.parts
    return inside and file.parent.stat().st_mtime_ns > place.listed_ns


@click.command(epilog=EXIT_CODES)
@asking
def prove(asked: Asked) -> int:
    """Show that each gate can fail here: plant a violation, demand a finding."""
    with asked.opened() as place:
        with progress() as observe:
            report = proved(place, asked.today, observe, asked.only)
        sys.stdout.flush()
        sys.stdout.buffer.write(_shown("text", report))
        return report.exit_code


def proved(place: Place, day: dt.date, observe: Observer, only: Sequence[str] = ()) -> Report:
    """What the proof of each gate says."""
    from gates.proving import prove as prove_gates

    return prove_gates(place.policy, place.checkout, today=day, observe=observe, store=place.store, only=only)


def _fill(place: Place, shard: str) -> int:
    from gates.running import fill

    done, of = fill(place.policy, place.checkout, place.store, shard)
    click.echo(f"shard {shard}: {done:,} of {many(of, 'file')} read")
    return 0
