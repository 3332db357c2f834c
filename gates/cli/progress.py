"""What is going on, for somebody who looks at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gates.events import Event, FilesRead, GateStarted, Observer


@contextmanager
def progress() -> Iterator[Observer]:
    """A line that says what is going on, where somebody looks; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda event: None
        return
    from rich.console import Console

    # Redrawn only when something happens: a thread that redraws would be copied into the workers that are forked.
    with Console(stderr=True).status("looking at the files", refresh_per_second=1e-9) as status:

        def observe(event: Event) -> None:
            if isinstance(event, FilesRead) and event.done % 50 == 0:
                status.update(f"reading files: {event.done:,} of {event.of:,}")
            elif isinstance(event, GateStarted):
                status.update(f"asking {event.gate}")

        yield observe
