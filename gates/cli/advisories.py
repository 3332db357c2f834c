"""gates advisories: bring the advisories of PyPI onto this machine, for known-vulnerability to judge by."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import click

from gates import own_folder
from gates.cli.asked import root_option
from gates.errors import GatesError
from gates.facts.supply.advisory_database import Head, build
from gates.facts.supply.advisory_records import records
from gates.facts.supply.vulnerabilities import AdvisorySettings
from gates.number_words import many
from gates.policy import Policy, folder_of
from gates.replay import write_if_changed

PUBLISHED = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
_PATIENCE = 60


@click.group()
def advisories() -> None:
    """The advisories that known-vulnerability judges by."""


@advisories.command("import")
@root_option
@click.argument("source", type=click.Path(path_type=Path))
def import_(folder: Path, source: Path) -> int:
    """Take in SOURCE: OSV's PyPI/all.zip, or a folder or zip of records in JSON or YAML."""
    if not source.exists():
        raise GatesError(f"{source}: does not exist")
    _say(take_in(folder, source))
    return 0


@advisories.command()
@root_option
@click.argument("url", default=PUBLISHED)
def fetch(folder: Path, url: str) -> int:
    """Fetch what OSV publishes of PyPI, or the zip at URL, and take it in."""
    with tempfile.TemporaryDirectory(prefix="gates-advisories-") as name:
        place = Path(name) / "all.zip"
        try:
            with urllib.request.urlopen(url, timeout=_PATIENCE) as answer, place.open("wb") as stream:
                while part := answer.read(1 << 20):
                    stream.write(part)
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise GatesError(f"{url}: cannot be fetched ({reason}); import a copy of it instead") from None
        _say(take_in(folder, place))
    return 0


def take_in(folder: Path, source: Path) -> Head:
    """Write the database of a repository. GatesError where the source is none."""
    policies = folder_of(folder)
    settings = Policy.load(policies, folder).settings(AdvisorySettings) if policies.is_dir() else AdvisorySettings()
    head, files = build(records(source), dt.date.today())  # noqa: DTZ011  (the user's own day)
    target = folder / settings.database
    own_folder.make(target)
    for name, content in sorted(files.items(), reverse=True):  # the head last: it vouches for the records
        write_if_changed(os.path.join(target, name), content)
    return head


def _say(head: Head) -> None:
    click.echo(f"{many(head.records, 'record')} about {many(head.distributions, 'distribution')}, as of {head.dated}")
