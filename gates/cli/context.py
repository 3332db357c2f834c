"""gates context: what context files say, and the parts of them that are generated."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Optional

import click

from gates.cli.asked import no_cache_option, opened, policies_option, root_option
from gates.cli.progress import progress
from gates.number_words import many
from gates.reporters.printable import printable

_EXIT_CODES = """\b
Exit codes: 0 nothing is stale; 1 something is; 2 the policy or the command
line makes no sense."""


@click.command(epilog=_EXIT_CODES)
@root_option
@policies_option
@click.option("--check", "mode", flag_value="check", help="Say what is stale, and change nothing [default].")
@click.option("--write", "mode", flag_value="write", help="Write what stands between markers anew; say what is left.")
@click.option("--diff", "mode", flag_value="diff", help="Print what --write would change as a unified diff.")
@no_cache_option
def context(folder: Path, policies: Optional[Path], mode: Optional[str], no_cache: bool) -> int:
    """Hold context files (AGENTS.md, claude.me and the like) against the tree, and write their generated parts.

    What stands between <!-- gates:begin lanes --> and <!-- gates:end --> is generated: lanes, targets NAME...,
    components NOUN..., python, version, mirror FILE#heading; a single number between
    <!-- gates:count NOUN --> and <!-- /gates -->.
    """
    from gates.fixes.diff import diff
    from gates.refreshing import carry_out, refresh

    today = dt.date.today()  # noqa: DTZ011  (the user's own day)
    with opened(folder, policies, cache=not no_cache) as place, progress() as observe:
        found = refresh(place.policy, place.checkout, today, observe=observe, store=place.store)
        if mode == "diff":
            click.get_binary_stream("stdout").write(diff(found.edits))
            return 1 if found.edits else 0
        written = [edit.path for edit in found.edits] if mode == "write" else []
        unwritten = carry_out(found, place.checkout) if written else []
    if written:
        for path in written:
            why = dict(unwritten).get(path)
            click.echo(printable(f"{path}: is left: {why}" if why else f"{path}: written"))
        with opened(folder, policies, cache=not no_cache) as place:
            found = refresh(place.policy, place.checkout, today, store=place.store)
    for finding in found.findings:
        click.echo(printable(f"{finding.path}:{finding.line}: {finding.message}"))
    told = ", ".join(f"{number:,} {verdict}" for verdict, number in found.account.items())
    click.echo(f"{many(len(found.files), 'context file')}: {told}")
    return 1 if found.findings or unwritten else 0
