"""What a shell script runs; a file of variables (.env) is one, too."""

from __future__ import annotations

from typing import Optional

from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script
from gates.facts.extractors.carriers.use import Use


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names."""
    text = source.decode("utf-8", "replace")
    return tuple(dict.fromkeys(by_script(text, Places(text)))) or None
