"""What entry_points.txt says, the file by which an installed distribution announces its entry points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.carriers.ini_text import NotIni, entries
from gates.facts.extractors.carriers.metadata import registered
from gates.facts.extractors.carriers.names import salvaged
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.use import Use


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """Every entry point."""
    text = source.decode("utf-8", "replace")
    try:
        return tuple(_uses(text)) or None
    except NotIni as error:
        return tuple(salvaged(text, str(error)))


def _uses(text: str) -> Iterator[Use]:
    places = Places(text)
    for entry in entries(text):
        yield from registered(entry.section, entry.value, places, entry.number)
