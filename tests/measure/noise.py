"""Launches that were recorded on a busy machine: five workers in turns, each with its rounds in tenths of microseconds.

Made by `python -m bench.measuring --record FILE` (bench/measuring.py says how). `busy` had whatever else ran on two
shared cores at a load of 6 to 9, `hog` two processes beside that did nothing but count.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gates.measure.rounds import Turns
from gates.measure.selftest import MORE

FOLDER = Path(__file__).parent / "recorded"
RECORDED = sorted(file.name.partition(".")[0] for file in FOLDER.glob("*.json.gz"))


class Noise(NamedTuple):
    """The launches as they were, and how each of `MORE` stood beside A in them: log ratios, one a launch."""

    turns: Sequence[Turns]
    ratios: Mapping[str, list[float]]
    about: Mapping[str, Any]


@cache
def recorded(name: str) -> Noise:
    """One recording."""
    with gzip.open(FOLDER / f"{name}.json.gz") as stream:
        read = json.loads(stream.read())
    turns = [Turns(1, tuple(tuple(tenths / 1e7 for tenths in side) for side in row), ()) for row in read["launches"]]
    ratios = {more: [turn.log_ratio(side, 0) for turn in turns] for side, more in enumerate(MORE, 1)}
    return Noise(turns, ratios, read["about"])
