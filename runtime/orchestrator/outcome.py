"""How a query left the pipeline: Answered, Degraded, or Unanswered with what was found until then."""

from __future__ import annotations

from typing import NamedTuple, Union

from runtime.orchestrator.query import Query
from runtime.orchestrator.stage import Ending


class Answered(NamedTuple):
    """Every stage is done. `seconds` were spent of `budget`; `endings` are in the order of the stages."""

    query: Query
    endings: tuple[Ending, ...]
    seconds: float
    budget: float
    name: str = "answered"


class Degraded(NamedTuple):
    """Every critical stage is done; the stages in `missing` are not."""

    query: Query
    endings: tuple[Ending, ...]
    seconds: float
    budget: float
    missing: tuple[str, ...]
    name: str = "degraded"


class Unanswered(NamedTuple):
    """The critical stage `stage` is not done; `query` holds what was found before it, the stages behind are skipped."""

    query: Query
    endings: tuple[Ending, ...]
    seconds: float
    budget: float
    stage: str
    name: str = "failed"


Outcome = Union[Answered, Degraded, Unanswered]
