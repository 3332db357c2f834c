"""Who is told what happens: listeners that come later, and plugged-in ones that may not do harm."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Optional

from runtime.telemetry.events import Event, Observer, told_to

log = logging.getLogger("lukhas.app")


class Telling:
    """The observer of parts that are built before those who listen."""

    def __init__(self, listeners: Iterable[Observer]) -> None:
        self._listeners = tuple(listeners)
        self._tell = told_to(self._listeners)

    def __call__(self, event: Event) -> None:
        """Hand it on."""
        self._tell(event)

    def also(self, listeners: Iterable[Observer]) -> None:
        """From now on to these, too."""
        self._listeners = (*self._listeners, *listeners)
        self._tell = told_to(self._listeners)


class Guarded:
    """A monitor that is plugged in: what it raises ends it, and no query."""

    def __init__(self, name: str, monitor: Observer) -> None:
        self._name = name
        self._monitor: Optional[Observer] = monitor

    def __call__(self, event: Event) -> None:
        """Tell it, until it raises."""
        if self._monitor is None:
            return
        try:
            self._monitor(event)
        except Exception:
            self._monitor = None
            log.exception("monitor:%s raised, and is told nothing any more", self._name)
