"""What the steps of a Jenkinsfile run: `sh '...'` and its kin, wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.running import by_script
from gates.facts.extractors.carriers.use import Use

_STEP = re.compile(
    r"^(?P<before>(?:[^'\"/\n]|/(?!/))*)\b(?:sh|bash|bat)\b[ \t(]*(?:[^'\"\n]*\bscript\s*:\s*)?"
    r"(?P<quote>'''|\"\"\"|'|\")(?P<script>.*?)(?<!\\)(?P=quote)",
    re.MULTILINE | re.DOTALL,
)


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names."""
    text = source.decode("utf-8", "replace")
    return tuple(dict.fromkeys(_uses(text))) or None


def _uses(text: str) -> Iterator[Use]:
    places = Places(text)
    for step in _STEP.finditer(text):
        line = text.count("\n", 0, step.start("script")) + 1
        yield from by_script(step["script"], places, line)
