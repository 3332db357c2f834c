"""The tables of a TOML file, as plain data."""

from __future__ import annotations

import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def extract(source: bytes) -> dict[str, Any]:
    """Keys to values; dates as text. ValueError where it is no TOML."""
    plain: dict[str, Any] = _plain(tomllib.loads(source.decode("utf-8-sig")))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, (str, int, float, bool)) else str(value)
