"""The Store protocol: what every place of keeping does, and the promises that the conformance suite holds it to.

A store blocks and is safe to use from several threads and, where it is a file or a server, from several processes.
What `remember` and `fold` have returned from survives a crash of the process (and of the machine, but for the
in-memory store, which promises nothing of the kind). What one process has committed, the next call of another sees.

What is kept: a text of 1 byte to 256 KiB of UTF-8 without NUL; ids, lanes and tags of 1 to 255 characters; an
embedding of up to 16,000 finite numbers, not all zero, which comes back with length 1 and rounded to 32 bits; a time
with a zone, which comes back in UTC. Remembered again as it came back, it is the same record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Optional, Protocol

from runtime.memory.record import EVERYTHING, Counts, Filter, Fold, FoldPlan, Lineage, Record, Scored


class Store(Protocol):
    """Errors: RecordRefused for what cannot be kept or asked; nothing has changed then.

    StoreFault where the place itself is at fault: closed, full, damaged, gone, or opened before a fork. A write that
    ends so may or may not have been kept; the same write again is safe. ConfigurationFault when it is opened: numpy is
    missing, or the place holds embeddings of another dimension.
    """

    name: str

    @property
    def dimension(self) -> int:
        """Of every embedding; the first record decides, or the constructor. 0 while nothing has decided."""
        ...

    def remember(self, records: Sequence[Record]) -> None:
        """Keep all of them or none. The same record again changes nothing; its id with other content is refused."""
        ...

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records of these ids, in this order, live or cold; unknown ids are left out."""
        ...

    def nearest(self, embedding: Sequence[float], most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """The most similar by cosine, best first; ties by id. RecordRefused for a cue without a direction."""
        ...

    def matching(self, text: str, most: int, which: Filter = EVERYTHING) -> list[Scored]:
        """Those whose text holds any of the first 64 words, best first: the more of them, and the rarer, the better.

        Scores are above 0 and compare only within one answer. Accents and capitals make no difference. No syntax of any
        query language is read in `text`. Words that more than 2,000 texts hold are left out where a rarer one is asked
        for; where there is none, the newest texts are scored.
        """
        ...

    def oldest(self, most: int, which: Filter = EVERYTHING, before: Optional[dt.datetime] = None) -> list[Record]:
        """Live records by age (cold ones too, where `which` says so), oldest first: what a fold is planned from."""
        ...

    def counts(self) -> Counts:
        """Sizes, cheap enough to ask after every write."""
        ...

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        """In one transaction: are all sources still live? Then keep the summary and mark them folded into it.

        None, and nothing changed, where a source is live no more. The same plan again (by its key) gives the fold that
        stands. RecordRefused where no source is named, one twice, the summary's id is taken, or its depth is not one
        more than that of its deepest source.
        """
        ...

    def unfold(self, summary: str) -> Optional[Fold]:
        """Bring the sources of a summary back to life and take it out; the fold that was undone, None if there is none.

        A summary that was itself folded cannot be undone before the one above it: RecordRefused, which names that one.
        """
        ...

    def withdraw(self, ids: Sequence[str]) -> list[str]:
        """In one transaction: take live records out of recall, with nothing in their place; the ids of those that were.

        They stay, cold: `restore` brings them back. What is folded is left as it is. RecordRefused for a summary, which
        stands for others: unfold it.
        """
        ...

    def restore(self, ids: Sequence[str]) -> list[str]:
        """In one transaction: bring back to life what was withdrawn; the ids of those that were."""
        ...

    def folds(self) -> list[Fold]:
        """Every fold that stands, oldest first."""
        ...

    def lineage(self, record: str) -> Lineage:
        """Both ways from the record of this id; empty for one that is not there."""
        ...

    def close(self) -> None:
        """Let go of the place; what was acknowledged stays."""
        ...
