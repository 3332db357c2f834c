"""gates links: ask the servers of links to the network, for dead-link to judge by."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Optional

import click

from gates import own_folder
from gates.cli.asked import opened, policies_option, root_option
from gates.errors import FactUnavailable, GatesError
from gates.facts.link_answers import Answer, ask, render
from gates.facts.link_check import REMEDY, VERSION
from gates.facts.network_links import NetworkLinks
from gates.facts.supply.tools import Tools
from gates.number_words import many
from gates.replay import write_if_changed
from gates.running import Run


@click.group()
def links() -> None:
    """The answers to links to the network that dead-link judges by."""


@links.command()
@root_option
@policies_option
@click.option("--again", is_flag=True, help="Ask for all of them, not only where the answer is too old.")
def fetch(folder: Path, policies: Optional[Path], again: bool) -> int:
    """Ask for each address that documents link to and that has no answer yet, or an old one."""
    with opened(folder, policies, cache=True) as place:
        today = dt.date.today()  # noqa: DTZ011  the day of whoever asks
        gatherer = Run(place.policy, place.checkout, today, place.store).gatherer()
        wanted = gatherer.get(NetworkLinks)
        if not wanted.settings.allowed:
            raise GatesError("[facts.network-links] does not say `allowed = true`: nobody is asked")
        known = {} if again else wanted.answers
        urls = wanted.open(known)
        try:
            found = ask(gatherer.get(Tools).get("lychee", VERSION, REMEDY), urls, today) if urls else {}
        except FactUnavailable as unavailable:
            raise GatesError(str(unavailable)) from None
        _keep(place.checkout.root / wanted.settings.recording, {**known, **found}, wanted)
    _tell(found, [url for url in urls if url not in found])
    return 0


def _keep(file: Path, answers: dict[str, Answer], wanted: NetworkLinks) -> None:
    """Write the answers of the addresses that are still linked to."""
    linked = {link.target for link in wanted.links}
    own_folder.make(file.parent)
    write_if_changed(str(file), render({url: answer for url, answer in answers.items() if url in linked}))


def _tell(found: dict[str, Answer], silent: list[str]) -> None:
    verdicts = Counter(answer.verdict for answer in found.values())
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    click.echo(f"{many(len(found), 'answer')}{': ' if told else ''}{told}")
    for url in silent:
        click.echo(f"no answer in time: {url}", err=True)
