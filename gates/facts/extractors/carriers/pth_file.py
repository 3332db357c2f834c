"""What a .pth file does when Python starts: folders on the path of imports, and lines that are run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_source
from gates.facts.extractors.carriers.use import SEARCH, SEARCHES, Use

_IS_RUN = re.compile(r"import[ \t]")


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names."""
    text = source.decode("utf-8-sig", "replace")
    return tuple(_uses(text)) or None


def _uses(text: str) -> Iterator[Use]:
    places = Places(text)
    for number, line in enumerate(text.split("\n"), 1):
        folder = line.rstrip()
        if _IS_RUN.match(line):
            yield from by_source(line.strip(), number, places)
        elif folder and not folder.startswith("#"):
            yield Use(*places.find(folder, number), SEARCH, folder, SEARCHES)
