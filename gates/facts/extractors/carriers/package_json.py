"""What the scripts of package.json run, which start more than JavaScript."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Optional

from gates.facts.extractors.carriers.names import salvaged
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script
from gates.facts.extractors.carriers.use import Use


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names."""
    text = source.decode("utf-8-sig", "replace")
    try:
        package = json.loads(text)
    except (ValueError, RecursionError) as error:
        return tuple(salvaged(text, str(error)))
    return tuple(dict.fromkeys(_uses(package, Places(text)))) or None


def _uses(package: Any, places: Places) -> Iterator[Use]:
    scripts = package.get("scripts") if isinstance(package, dict) else None
    for name, command in scripts.items() if isinstance(scripts, dict) else ():
        if isinstance(command, str):
            line, _ = places.find(json.dumps(command)[1:-1], 1, len(places.lines))
            line = line if command else places.find(name, 1, len(places.lines))[0]
            yield from by_script(command, places, line)
