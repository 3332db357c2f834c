"""What git is asked about a checkout, started as early as can be: git works while this process still imports.

Everything a run begins with needs this module, so it imports next to nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # the typing module takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional, Union

LISTING = ("ls-files", "-s", "-v", "-z")
CHANGES = ("diff-files", "-z", "--no-renames", "--ignore-submodules=dirty")
# The tool's own folder is never untracked, even where its .gitignore did not come along.
OTHERS = ("ls-files", "-z", "--others", "--exclude-standard", "--exclude=/.gates/")
HEAD = ("rev-parse", "--is-shallow-repository", "HEAD^{commit}", "HEAD^{tree}")
FILTERS = ("config", "--null", "--name-only", "--get-regexp", r"^filter\.")
TOP = ("rev-parse", "--show-toplevel")
# Of a checkout, the longest first: together they take no longer than the slowest.
QUESTIONS = (OTHERS, CHANGES, LISTING, HEAD, FILTERS)

# Neither a pager, nor prompts, nor the user's colours, nor a write to the index of the repository under judgement.
_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", "LC_ALL": "C"}
# A hook inherits these from the git that runs it: they may mean another repository than the folder that was named.
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE")


def environment() -> dict[str, str]:
    """What git is to know of this process's environment."""
    return {**{name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}, **_ENVIRONMENT}


class Git:
    """Git, started at once and read later; without the weight of the subprocess module."""

    def __init__(self, folder: str, *arguments: str) -> None:
        self._reading, writing = os.pipe()
        nowhere = os.open(os.devnull, os.O_RDWR)
        try:
            self._process = os.posix_spawnp(
                "git",
                ["git", "-C", folder, *arguments],
                environment(),
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, nowhere, 0),
                    (os.POSIX_SPAWN_DUP2, writing, 1),
                    (os.POSIX_SPAWN_DUP2, nowhere, 2),
                ],
            )
        except OSError:
            os.close(self._reading)
            raise
        finally:
            os.close(writing)
            os.close(nowhere)

    def printed(self) -> Optional[bytes]:
        """What it printed; None where it failed."""
        with os.fdopen(self._reading, "rb") as stream:
            printed = stream.read()
        _, status = os.waitpid(self._process, 0)
        return printed if status == 0 else None

    def fields(self) -> Optional[list[str]]:
        """What it printed, at its NULs."""
        printed = self.printed()
        return None if printed is None else os.fsdecode(printed).split("\0")[:-1]


class Known:
    """An answer that git need not be asked for."""

    def __init__(self, fields: Iterable[str]) -> None:
        self._fields = list(fields)

    def printed(self) -> bytes:
        """As git would print it."""
        return os.fsencode("".join(f"{field}\0" for field in self._fields))

    def fields(self) -> list[str]:
        """The same, at its NULs."""
        return self._fields


_ahead: dict[tuple[str, tuple[str, ...]], Union[Git, Known]] = {}


def tell_ahead(root: str, question: tuple[str, ...], fields: Iterable[str]) -> None:
    """Let the next that asks this get these fields."""
    _ahead[root, question] = Known(fields)


def ask_ahead(root: str) -> None:
    """Start what opening a checkout asks, unless that was done before; `ask` hands each answer out once."""
    try:
        for question in QUESTIONS:
            begin(root, *question)
    except OSError:  # no git: whoever needs it says so
        pass


def begin(folder: str, *arguments: str) -> None:
    """Start one question, for the next `ask` of it. OSError where git cannot be started."""
    if (folder, arguments) not in _ahead:
        _ahead[folder, arguments] = Git(folder, *arguments)


def ask(folder: str, *arguments: str) -> Union[Git, Known]:
    """Git, asked just now or ahead. OSError where it cannot be started."""
    return _ahead.pop((folder, arguments), None) or Git(folder, *arguments)
