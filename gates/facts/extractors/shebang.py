"""Whether a file without a suffix is a Python script: its first line says so."""

from __future__ import annotations

import re

_PYTHON = re.compile(rb"#!.*\bpython[0-9.]*\b")


def extract(source: bytes) -> bool:
    """True for `#!/usr/bin/env python3` and its kin."""
    return bool(_PYTHON.match(source.split(b"\n", 1)[0]))
