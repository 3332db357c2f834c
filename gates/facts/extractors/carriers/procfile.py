"""What the processes of a Procfile run, `name: command`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script
from gates.facts.extractors.carriers.use import Use

_PROCESS = re.compile(r"[\w-]+\s*:\s*(?P<command>.*)")


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names."""
    return tuple(_uses(source.decode("utf-8", "replace"))) or None


def _uses(text: str) -> Iterator[Use]:
    places = Places(text)
    for number, line in enumerate(text.split("\n"), 1):
        match = _PROCESS.match(line)
        if match is not None:
            yield from by_script(match["command"], places, number)
