"""Events that an operator wants to read, one structured line each: JSON, or pairs of key and value."""

from __future__ import annotations

import json
import logging
import time
from typing import Callable, NamedTuple, Optional

from runtime.telemetry.events import (
    Event,
    LoopLagged,
    MemoryFolded,
    NodeEjected,
    NodeReadmitted,
    OrphansCounted,
    PluginBuilt,
    QueryFinished,
    QueryShed,
    SpansDropped,
    StageFinished,
    SwitchRead,
)

LOGGER = "lukhas.matriz"
_LONGEST_VALUE = 1_000
_MOST_SWITCHES = 256
# What comes by the thousand when things go wrong is said once a second, with how often it was not said.
_OFTEN = (QueryShed, LoopLagged, StageFinished, QueryFinished, OrphansCounted)
_APART = 1.0
# Reasons by which one switch is on for some subjects and off for others, query by query: the rule is written once.
_BY_SUBJECT = ("split", "targeting_match")
_NAMES: dict[type, str] = {
    PluginBuilt: "plugin",
    NodeEjected: "node_ejected",
    NodeReadmitted: "node_readmitted",
    MemoryFolded: "fold",
    QueryShed: "query_shed",
    QueryFinished: "query_not_answered",
    StageFinished: "stage_error",
    OrphansCounted: "orphans",
    LoopLagged: "loop_lagged",
    SwitchRead: "switch",
    SpansDropped: "spans_dropped",
}


class _Said(NamedTuple):
    """When an event of a kind was last written, and how many were not written since."""

    at: float
    unsaid: int


class EventsLog:
    """An observer that writes to a logger.

    `as_json` chooses the form; either way one event is one line, whatever its texts hold. Of a switch only a change is
    written. What went well in a query is not written at all.
    """

    def __init__(
        self,
        logger: Optional[logging.Logger] = None,
        as_json: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger or logging.getLogger(LOGGER)
        self._line = _as_json if as_json else _as_pairs
        self._clock = clock
        self._said: dict[type, _Said] = {}
        self._switches: dict[str, SwitchRead] = {}

    def __call__(self, event: Event) -> None:
        """Write one event, if somebody wants it."""
        level = _level(event)
        if level is None or not self._logger.isEnabledFor(level):
            return
        if isinstance(event, SwitchRead) and not self._has_changed(event):
            return
        unsaid = self._unsaid(event) if isinstance(event, _OFTEN) else 0
        if unsaid is not None:
            self._logger.log(level, "%s", self._line(_fields(event, unsaid)))

    def _has_changed(self, event: SwitchRead) -> bool:
        before = self._switches.get(event.flag)
        if before == event or (before is not None and before.reason in _BY_SUBJECT and event.reason in _BY_SUBJECT):
            return False
        if len(self._switches) >= _MOST_SWITCHES:
            self._switches.clear()
        self._switches[event.flag] = event
        return True

    def _unsaid(self, event: Event) -> Optional[int]:
        """How many were not written before this one; None where this one is not, either."""
        now = self._clock()
        said = self._said.get(type(event), _Said(float("-inf"), 0))
        if now - said.at < _APART:
            self._said[type(event)] = said._replace(unsaid=said.unsaid + 1)
            return None
        self._said[type(event)] = _Said(now, 0)
        return said.unsaid


def _level(event: Event) -> Optional[int]:
    """None for what no operator wants."""
    if isinstance(event, StageFinished):
        return None if event.ending in ("done", "skipped") else logging.WARNING
    if isinstance(event, QueryFinished):
        return {"answered": None, "degraded": logging.WARNING}.get(event.outcome, logging.ERROR)
    if isinstance(event, PluginBuilt):
        return {"loaded": logging.INFO, "skipped": logging.INFO, "failed": logging.ERROR}.get(
            event.state, logging.WARNING
        )
    if isinstance(event, MemoryFolded):
        return logging.INFO if event.outcome in ("folded", "repeated") else logging.WARNING
    if isinstance(event, OrphansCounted):
        return logging.WARNING if event.orphans else None
    if isinstance(event, SwitchRead):
        return logging.INFO if event.value or event.reason in _BY_SUBJECT else logging.WARNING
    if isinstance(event, NodeReadmitted):
        return logging.INFO
    if isinstance(event, (NodeEjected, QueryShed, LoopLagged, SpansDropped)):
        return logging.WARNING
    return None


def _fields(event: Event, unsaid: int) -> dict[str, object]:
    fields: dict[str, object] = {"event": _NAMES[type(event)]}
    for name, value in event._asdict().items():
        if isinstance(value, float):
            fields[name] = round(value, 6)
        elif value is not None:
            fields[name] = value[:_LONGEST_VALUE] if isinstance(value, str) else value
    if unsaid:
        fields["unsaid"] = unsaid
    return fields


def _as_json(fields: dict[str, object]) -> str:
    return json.dumps(fields)  # ASCII alone: nothing in a text can end the line or move a terminal's cursor


def _as_pairs(fields: dict[str, object]) -> str:
    return " ".join(f"{name}={_pair(value)}" for name, value in fields.items())


def _pair(value: object) -> str:
    if isinstance(value, str) and not (value.isascii() and value.replace("_", "").replace(".", "").isalnum()):
        return json.dumps(value)
    return json.dumps(value) if isinstance(value, bool) else str(value)
