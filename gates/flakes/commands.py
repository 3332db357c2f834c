"""One line that makes a flaky test fail, for a shell in the repository's root."""

from __future__ import annotations

import math
import shlex

from gates.flakes.attribution import Contrast, Rate
from gates.flakes.naming import Named
from gates.flakes.ways import CONTROL, HASH_SEED

_PYTEST = "python -m pytest"
_GIVEN = f"{_PYTEST} -p gates.flakes.replaying"
_SURE = 0.95


def of_contrast(test: str, contrast: Contrast) -> str:
    """The line for a test that depends on what a run, or its process, is given."""
    way = contrast.failing
    environment = dict(way.environment)
    words = list(way.words)
    if way == CONTROL and contrast.way.dimension == "hash seed":
        environment = {HASH_SEED: "0"}
    if way == CONTROL and contrast.way.dimension == "seed":
        words = ["seed=0"]
    if len(words) == 1 and words[0].startswith("zone="):
        environment["TZ"] = words.pop().partition("=")[2]
    set_first = "".join(f"{name}={shlex.quote(value)} " for name, value in environment.items())
    if not words:
        return f"{set_first}{_PYTEST} {shlex.quote(test)}"
    given = " ".join(f"--gates-given {shlex.quote(word)}" for word in words)
    return f"{set_first}{_GIVEN} {given} {shlex.quote(test)}"


def of_named(test: str, named: Named) -> str:
    """The line for a test that depends on other tests."""
    contrast, own = named.contrast, shlex.quote(test)
    others = " ".join(map(shlex.quote, named.tests))
    dimension = contrast.way.dimension
    if dimension == "twice":
        return of_contrast(test, contrast)
    if dimension == "leftovers":
        return f"{_PYTEST} {others or own}; {_PYTEST} {own}"
    if dimension == "shards":
        return f"{_PYTEST} {others} & {_PYTEST} {own}; wait"
    before = " ".join(map(shlex.quote, contrast.before))
    return f"{_PYTEST} {before} {own}" if before else f"{_PYTEST} {own}"


def of_rate(test: str, rate: Rate) -> str:
    """The line for a test that fails now and then, whatever is done: as often as shows it nearly surely."""
    share = min(max(rate.share, 0.01), 0.99)
    times = max(2, math.ceil(math.log(1 - _SURE) / math.log(1 - share)))
    return f"{_GIVEN} --gates-given times={times} {shlex.quote(test)}"
