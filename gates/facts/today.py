"""The date of the run, an input like any other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Today:
    """The day on which waivers are judged; given to the run, never read from a clock by a gate."""

    date: dt.date
    unit: ClassVar[str] = "days"
    depends_on_the_day: ClassVar[bool] = True

    @property
    def digest(self) -> str:
        """The date itself."""
        return self.date.isoformat()

    def __len__(self) -> int:
        return 1
