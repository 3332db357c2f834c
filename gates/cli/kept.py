"""gates cache: what is kept of former runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Optional

import click

from gates import replay
from gates.cli.asked import cache_folder, root_option
from gates.facts.shared_store import open_store
from gates.number_words import many


@click.group(invoke_without_command=True)
@root_option
@click.pass_context
def cache(context: click.Context, folder: Path) -> Optional[int]:
    """Show what is kept, or clear it."""
    context.obj = folder
    if context.invoked_subcommand is not None:
        return None
    with open_store(cache_folder(folder), os.environ) as store:
        for kind, (values, size) in store.counted().items():
            click.echo(f"{kind}: {many(values, 'value')}, {size / 1e6:.1f} MB")
        for note in store.notes:
            click.echo(note)
    kept = cache_folder(folder) / replay.FOLDER
    reports = list(kept.iterdir()) if kept.is_dir() else []
    click.echo(f"replay: {many(len(reports), 'answer')} of an unchanged tree")
    return 0


@cache.command()
@click.pass_obj
def clear(folder: Path) -> int:
    """Forget everything that is kept; the next run is cold."""
    with open_store(cache_folder(folder), os.environ) as store:
        store.clear()
        shutil.rmtree(cache_folder(folder) / replay.FOLDER, ignore_errors=True)
        click.echo("the cache is empty")
    return 0
