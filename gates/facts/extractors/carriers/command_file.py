"""What a command without suffix runs, where its first line says that a shell reads it."""

from __future__ import annotations

import re
from typing import Optional

from gates.facts.extractors.carriers import shell_script
from gates.facts.extractors.carriers.use import Use

_SHELL = re.compile(rb"#![^\n]*\b(?:ba|da|k|z|a)?sh\b")


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names."""
    return shell_script.extract(source) if _SHELL.match(source) else None
