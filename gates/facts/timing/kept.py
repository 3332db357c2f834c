"""The measurements that are kept in git: .ci/timings.json, which `gates measure --trend` adds to."""

from __future__ import annotations

import json
from typing import Any, Optional

PLACE = ".ci/timings.json"
SCHEMA = 1


def parse(content: Optional[bytes]) -> dict[str, list[Any]]:
    """Benchmark to its measurements, the oldest first; none where there is no file. ValueError for what is none."""
    if content is None:
        return {}
    try:
        read = json.loads(content)
        if read["schema"] != SCHEMA:
            raise ValueError(f"its schema is {read['schema']!r:.20}, and this version writes {SCHEMA}")
        benchmarks: dict[str, list[Any]] = {name: list(rows) for name, rows in read["benchmarks"].items()}
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return benchmarks
