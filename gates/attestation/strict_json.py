"""JSON as evidence is read: no key twice, no number that is none, no nesting that overflows."""

from __future__ import annotations

import json
from typing import Any


def loads(content: bytes) -> Any:
    """The value; ValueError with the reason where it is no JSON, or JSON that two readers would read differently."""
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refused)
    except RecursionError:
        raise ValueError("is nested too deeply to be read") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON (line {error.lineno}: {error.msg})") from None


def dumps(value: Any) -> bytes:
    """The one way in which evidence writes JSON: sorted keys, ASCII, a line end."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"has the key {twice!r} twice")
    return value


def _refused(name: str) -> None:
    raise ValueError(f"holds {name}, which is no number")
