"""gates fix: mend what a gate finds."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import click

from gates.cli.asked import EXIT_CODES, no_cache_option, opened, policies_option, root_option
from gates.cli.progress import progress
from gates.errors import GatesError
from gates.facts.checkout import Checkout
from gates.number_words import many
from gates.report import Level
from gates.reporters.printable import printable

if TYPE_CHECKING:
    from gates.fixing import Mending


@click.command(epilog=EXIT_CODES)
@root_option
@policies_option
@click.option("--gate", required=True, metavar="NAME", help="The gate whose findings are mended.")
@click.option("--dry-run", is_flag=True, help="Say what would be mended, and change nothing.")
@click.option("--diff", "as_diff", is_flag=True, help="Print it as a unified diff, and change nothing.")
@click.option("--allow-dirty", is_flag=True, help="Change files that hold what is not committed, too.")
@no_cache_option
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
def fix(
    folder: Path,
    policies: Optional[Path],
    gate: str,
    dry_run: bool,
    as_diff: bool,
    allow_dirty: bool,
    no_cache: bool,
    paths: Sequence[Path],
) -> int:
    """Mend what a gate finds, in files that git tracks, and say what could not be mended and why.

    Ends with 1 where something is left to be mended; 0 where nothing is.
    """
    from gates.fixes.diff import diff
    from gates.fixing import carry_out, mend

    with opened(folder, policies, cache=not no_cache) as place:
        with progress() as observe:
            below = [_below(place.checkout, path) for path in paths]
            mending = mend(
                place.policy,
                place.checkout,
                gate,
                paths=below,
                allow_dirty=allow_dirty,
                observe=observe,
                store=place.store,
            )
        is_shown = dry_run or as_diff
        if not is_shown:
            mending = carry_out(mending, place.checkout)
        if as_diff:
            sys.stdout.flush()
            sys.stdout.buffer.write(diff(mending.edits))
            sys.stdout.buffer.flush()
        _tell(mending, is_shown, as_diff)
    return _exit_code(mending, is_shown)


def _below(checkout: Checkout, path: Path) -> str:
    """A path of the command line as the repository has it; "" is all of it. GatesError where nothing lies there."""
    top = os.path.realpath(checkout.root)
    place = os.path.join(os.path.realpath(path.parent), path.name) if path.name not in ("", "..") else ""
    inside = os.path.relpath(place or os.path.realpath(path), top).replace(os.sep, "/")
    if inside == ".":
        return ""
    if inside not in checkout.files and not any(file.startswith(f"{inside}/") for file in checkout.files):
        raise GatesError(f"{path}: no file of this repository lies there")
    return inside


def _tell(mending: Mending, is_shown: bool, as_diff: bool) -> None:
    for path, mended in mending.mended if not as_diff else ():
        click.echo(printable(f"{path}:{mended.line}: {'would be' if is_shown else 'is now'} {mended.now}"))
    for path, line, reason in mending.unmended:
        click.echo(
            printable(f"{path}:{line}: is left: {reason}" if line else f"{path}: is left: {reason}"), err=as_diff
        )
    files = many(len(mending.edits), "file")
    done = f"{many(len(mending.mended), 'finding')} {'would be ' if is_shown else ''}mended in {files}"
    left = f", {len(mending.unmended):,} left" if mending.unmended else ""
    untold = f"could not tell: {mending.untold}" if mending.untold is not None else ""
    click.echo(f"{mending.gate}: {untold or done + left}", err=as_diff)


def _exit_code(mending: Mending, is_shown: bool) -> int:
    if mending.level is not Level.BLOCK:
        return 0
    if mending.untold is not None:
        return 3
    return 1 if mending.unmended or (is_shown and mending.edits) else 0
