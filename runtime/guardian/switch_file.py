"""A file of switches, read again when it changes; the default provider of the OpenFeature SDK here.

    [switches]
    module.node.recall = false                                  # off, for everybody
    module.node.extract-window = { percent = 10 }               # on for a stable tenth of the subjects
    answer.verbose = { percent = 0, subjects = ["team-a"], because = "OPS-12" }

A switch that says anything else is off, and the reason says what is wrong with it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Union

from runtime.errors import ConfigurationFault

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Signature = tuple[int, int, int]
MISSING: Signature = (-1, -1, -1)
NEVER_READ: Signature = (-2, -2, -2)
# A file that was written this recently may be written again without a new mtime: it is not taken for read.
RACY_NS = 100_000_000
SIZE_LIMIT = 1 << 20
RULE_KEYS = frozenset({"percent", "subjects", "because"})


class Rule(NamedTuple):
    """What the file says of one switch: on for `subjects` and for `percent` of all others."""

    percent: float
    subjects: frozenset[str] = frozenset()


class Unreadable(NamedTuple):
    """Why a switch, or the whole file, cannot be read."""

    reason: str


class Switchboard(NamedTuple):
    """One state of the file: every switch with its rule, or why there is none."""

    rules: Mapping[str, Union[Rule, Unreadable]]
    fault: Optional[str] = None


class SwitchFile:
    """The file at `path`. `refresh` costs one `stat` while nothing changes: size, mtime and inode are compared."""

    def __init__(self, path: Path, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.path = path
        self.revision = 0
        self.board = Switchboard({})
        self._now_ns = now_ns
        self._signature = NEVER_READ
        self.refresh()

    def refresh(self) -> int:
        """The number of the state that `board` now holds; another number, another state."""
        signature = self._look()
        if signature == self._signature:
            return self.revision
        # The signature from before the reading: what is written meanwhile differs from it at the next look.
        settled = self._now_ns() - signature[1] > RACY_NS
        self._signature = signature if settled else NEVER_READ
        board = self._read()
        if board != self.board or not self.revision:
            self.board = board
            self.revision += 1
        return self.revision

    def _look(self) -> Signature:
        try:
            status = os.stat(self.path)
        except OSError:
            return MISSING
        return status.st_size, status.st_mtime_ns, status.st_ino

    def _read(self) -> Switchboard:
        try:
            with open(self.path, "rb") as file:
                content = file.read(SIZE_LIMIT + 1)
            if len(content) > SIZE_LIMIT:
                raise ConfigurationFault(f"more than {SIZE_LIMIT} bytes")
            return board_of(content)
        except OSError as error:
            return Switchboard({}, f"{self.path} cannot be read: {error.strerror or error}")
        except (ValueError, RecursionError, ConfigurationFault) as error:
            return Switchboard({}, f"{self.path} makes no sense: {error}")


def board_of(content: bytes) -> Switchboard:
    """What these bytes say. Errors: ValueError for what is no TOML, ConfigurationFault for another shape."""
    document = tomllib.loads(content.decode("utf-8"))
    stray = sorted(set(document) - {"switches"})
    if stray:
        raise ConfigurationFault(f"[{stray[0]}] is not known here; every switch stands below [switches]")
    switches = document.get("switches", {})
    if not isinstance(switches, dict):
        raise ConfigurationFault("[switches] must be a table")
    return Switchboard({name: rule_of(value) for name, value in _named(switches, "")})


def _named(table: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    """Switches by their full name: TOML reads `module.node.recall = false` as tables within tables."""
    for key, value in table.items():
        if isinstance(value, dict) and value and RULE_KEYS.isdisjoint(value):
            yield from _named(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def rule_of(value: Any) -> Union[Rule, Unreadable]:
    """The rule that a value of the file states."""
    if isinstance(value, bool):
        return Rule(100.0 if value else 0.0)
    if not isinstance(value, dict):
        return Unreadable(f"it is {value!r}; use true, false or {{ percent = ... }}")
    if "percent" not in value or not set(value) <= RULE_KEYS:
        return Unreadable("it is a table; use percent (needed), subjects and because")
    percent, subjects = value["percent"], value.get("subjects", [])
    if isinstance(percent, bool) or not isinstance(percent, (int, float)) or not 0 <= percent <= 100:
        return Unreadable(f"percent is {percent!r}; use 0 to 100")
    if not isinstance(subjects, list) or not all(isinstance(subject, str) for subject in subjects):
        return Unreadable(f"subjects is {subjects!r}; use a list of texts")
    return Rule(float(percent), frozenset(subjects))
