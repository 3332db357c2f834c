"""What the words of a command line ask about: the repository, its policy, and where facts about it are kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

import click

from gates import replay
from gates.errors import GatesError
from gates.facts.checkout import Checkout
from gates.facts.shared_store import open_store
from gates.facts.store import Store
from gates.policy import Policy, folder_of

Command = Callable[..., Optional[int]]

EXIT_CODES = """\b
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


@dataclass(frozen=True)
class Asked:
    """What every command that asks gates is told: where, by which policy, which of them, as of when."""

    folder: Path
    policies: Optional[Path]
    only: tuple[str, ...]
    today: dt.date
    no_cache: bool

    def opened(self, base: Optional[str] = None) -> contextlib.AbstractContextManager[Place]:
        """The place that is meant."""
        return opened(self.folder, self.policies, base, not self.no_cache)


def refuse_no_time(seconds: float) -> None:
    """GatesError for a `--seconds` in which nothing can be done."""
    if not seconds > 0:  # nor is "nan"
        raise GatesError(f"--seconds is {seconds:g}; it must be a number above 0")


@contextlib.contextmanager
def opened(folder: Path, policies: Optional[Path], base: Optional[str] = None, cache: bool = True) -> Iterator[Place]:
    """The checkout, its policy and what is kept, until the command is done."""
    if not folder.is_dir():
        raise GatesError(f"{folder}: is no folder")
    with open_store(cache_folder(folder), os.environ) if cache else Store(None) as store:
        listed_ns = time.time_ns()
        checkout = Checkout.open(folder, base)
        policy = Policy.load(policies or folder_of(checkout.root), checkout.root)
        yield Place(checkout, policy, store, listed_ns)


def cache_folder(folder: Path) -> Path:
    """Where facts about the repository are kept."""
    top = replay.root_of(str(folder.resolve())) or folder.resolve()
    return Path(os.environ.get("GATES_CACHE") or Path(top) / replay.CACHE)


def _day(context: click.Context, option: click.Parameter, said: Optional[dt.datetime]) -> dt.date:
    return said.date() if said is not None else dt.date.today()  # noqa: DTZ011  (the user's own day)


root_option = click.option(
    "-C", "--root", "folder", default=".", metavar="DIR", type=click.Path(path_type=Path), help="The repository."
)
policies_option = click.option(
    "--policies",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The policies [default: policies/].",
)
only_option = click.option("--gate", "only", multiple=True, metavar="NAME", help="Only this gate; may be given again.")
today_option = click.option(
    "--today", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), callback=_day, help="Judge waivers as of then."
)
no_cache_option = click.option("--no-cache", is_flag=True, help="Neither use nor keep facts.")
strict_option = click.option("--strict", is_flag=True, help='Overrule when_broken = "warn" and other excuses.')


attach_option = click.option(
    "--attach", "attached", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
    help="A file for people that goes into the bundle; may be given again.",
)  # fmt: skip


def asking(command: Command) -> Command:
    """Give a command the options of all that ask gates; it is handed them as one `Asked`."""

    @functools.wraps(command)
    def handed(
        folder: Path,
        policies: Optional[Path],
        only: tuple[str, ...],
        today: dt.date,
        no_cache: bool,
        **others: object,
    ) -> Optional[int]:
        return command(Asked(folder, policies, tuple(only), today, no_cache), **others)

    wrapped: Command = handed
    for option in (no_cache_option, today_option, only_option, policies_option, root_option):
        wrapped = option(wrapped)
    return wrapped
