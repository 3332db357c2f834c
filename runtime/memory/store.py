"""The Store protocol: what every place of keeping does, and the promises that the conformance suite holds it to.

A store blocks and is safe to use from several threads and, where it is a file or a server, from several processes.
What `remember` and `fold` have returned from survives a crash of the process (and of the machine, but for the
in-memory store, which promises nothing of the kind).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Optional, Protocol

from runtime.memory.record import EVERYTHING, Counts, Filter, Fold, FoldPlan, Lineage, Record, Scored


class Store(Protocol):
    """Errors: RecordRefused for a record that cannot be kept, StoreFault where the place itself is at fault."""

    name: str

    @property
    def dimension(self) -> int:
        """Of every embedding; the first record decides, or the constructor."""
        ...

    def remember(self, records: Sequence[Record]) -> None:
        """Keep all of them or none. The same record again changes nothing; its id with other content is refused."""
        ...

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records of these ids, in this order, live or cold; unknown ids are left out."""
        ...

    def nearest(self, embedding: Sequence[float], most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """The most similar by cosine, best first; ties by id."""
        ...

    def matching(self, text: str, most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """Those whose text holds the words, best first; no syntax of any query language is read in `text`."""
        ...

    def oldest(self, most: int, which: Filter = EVERYTHING, before: Optional[dt.datetime] = None) -> list[Record]:
        """Live records by age, oldest first: what a fold is planned from."""
        ...

    def counts(self) -> Counts:
        """Sizes, cheap enough to ask after every write."""
        ...

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        """In one transaction: are all sources still live? Then keep the summary and mark them folded into it.

        None, and nothing changed, where a source is live no more. The same plan again gives the fold that stands.
        """
        ...

    def unfold(self, summary: str) -> Optional[Fold]:
        """Bring the sources of a summary back to life and take it out; the fold that was undone, None if there is none.

        A summary that was itself folded cannot be undone before the one above it.
        """
        ...

    def folds(self) -> list[Fold]:
        """Every fold that stands, oldest first."""
        ...

    def lineage(self, record: str) -> Lineage:
        """Both ways from the record of this id."""
        ...

    def close(self) -> None:
        """Let go of the place; what was acknowledged stays."""
        ...
