"""The embeddings of a store in one array, and the most similar among them: exact, or by faiss past a size.

Rows are only ever added, in the order of their numbers; what is folded or taken out is masked. So a search reads the
array while others add to it, and holds no lock while it multiplies.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from runtime.errors import ConfigurationFault
from runtime.memory.approximate import Approximate, Background
from runtime.memory.record import Filter, Scored

if TYPE_CHECKING:
    from runtime.memory.approximate import Floats, Mask, Rows

APPROXIMATE_FROM = 200_000
"""Records from which on an approximate index is worth its time to build, by measurement."""

_FIRST_ROWS = 1024
_BLOCK = 512
# What two sums of the same 32-bit products may differ by: within it the order is decided by the exact score.
_ROUNDING = 1e-5
_GATHERED_SHARE = 16
_RESCORED_AT_ONCE = 8192


class Row(NamedTuple):
    """What the index keeps of a record. `number` orders the rows; `created` is in microseconds since the epoch."""

    number: int
    id: str
    embedding: bytes
    created: int
    tags: frozenset[str]
    lane: str
    cold: bool


class Bounds(NamedTuple):
    """[since, until) in microseconds since the epoch."""

    since: Optional[int]
    until: Optional[int]


class _View(NamedTuple):
    """What one search sees: it stays as it is while others add rows."""

    matrix: Floats
    mask: Mask
    chosen: int


def numpy_module() -> Any:
    """Numpy. ConfigurationFault where it is not installed."""
    try:
        import numpy
    except ImportError as error:
        raise ConfigurationFault("a memory needs numpy: pip install 'lukhas-gates[runtime]'") from error
    return numpy


class Vectors:
    """Safe to use from several threads. Embeddings are bytes of 32-bit floats, of unit length."""

    def __init__(self, dimension: int, approximate_from: Optional[int] = APPROXIMATE_FROM) -> None:
        self._np = numpy_module()
        self.dimension = dimension
        self._lock = threading.RLock()
        self._ids: list[str] = []
        self._size = 0
        self._matrix: Floats = self._np.empty((_FIRST_ROWS, dimension), self._np.float32)
        self._numbers = self._np.empty(_FIRST_ROWS, self._np.int64)
        self._created = self._np.empty(_FIRST_ROWS, self._np.int64)
        self._lanes = self._np.empty(_FIRST_ROWS, self._np.int32)
        self._live: Mask = self._np.zeros(_FIRST_ROWS, bool)
        self._kept: Mask = self._np.zeros(_FIRST_ROWS, bool)
        self._lane_codes: dict[str, int] = {}
        self._tagged: dict[str, array[int]] = {}
        self._background = Background(approximate_from)

    def __len__(self) -> int:
        return self._size

    @property
    def approximate(self) -> Optional[Approximate]:
        """The index by which nearest() answers now; None while it is exact."""
        return self._background.ready

    @property
    def refusal(self) -> Optional[str]:
        """Why there is no approximate index although there are enough records for one."""
        return self._background.refusal

    def together(self) -> AbstractContextManager[object]:
        """What is changed within is seen at once by searches."""
        return self._lock

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows whose numbers are above all that are there."""
        if not rows:
            return
        block = self._np.frombuffer(b"".join(row.embedding for row in rows), self._np.float32)
        with self._lock:
            start, end = self._size, self._size + len(rows)
            self._grow(end)
            self._matrix[start:end] = block.reshape(len(rows), self.dimension)
            self._numbers[start:end] = [row.number for row in rows]
            self._created[start:end] = [row.created for row in rows]
            self._lanes[start:end] = [self._lane_code(row.lane) for row in rows]
            self._live[start:end] = [not row.cold for row in rows]
            self._kept[start:end] = True
            for place, row in enumerate(rows, start):
                for tag in row.tags:
                    self._tagged.setdefault(tag, array("q")).append(place)
            self._ids.extend(row.id for row in rows)
            self._size = end
            self._background.consider(self._matrix[:end])

    def mark(self, numbers: Iterable[int], *, cold: bool) -> None:
        """Say of rows that they are folded away, or live again. A number that is not there changes nothing."""
        self._set(self._live, numbers, not cold)

    def remove(self, numbers: Iterable[int]) -> None:
        """Leave rows out for good."""
        numbers = list(numbers)
        self._set(self._live, numbers, False)
        self._set(self._kept, numbers, False)

    def nearest(self, embedding: bytes, most: int, which: Filter, bounds: Bounds) -> list[Scored]:
        """The most similar by cosine, best first; of equals the one with the smaller id."""
        cue = self._np.frombuffer(embedding, self._np.float32)
        with self._lock:
            view = self._view(which, bounds)
            index = self._background.ready
        most = min(most, view.chosen)
        if most <= 0:
            return []
        if index is None or not self._background.worth(view.chosen):
            rows = self._exact(view, cue, most, 0)
        else:
            # What came after the index was built is looked at exactly.
            found = index.rows(cue, most, view.mask)
            rows = self._np.concatenate([found, self._exact(view, cue, most, index.size)])
        return self._best(view.matrix, rows, cue, most)

    def wait_for_approximate(self) -> None:
        """Until what is being built in the background is built."""
        self._background.wait()

    def build_approximate(self) -> None:
        """Build the approximate index of what is there now, and wait for it."""
        with self._lock:
            matrix = self._matrix[: self._size]
        self._background.build_now(matrix)

    def close(self) -> None:
        """Wait for what is being built."""
        self._background.close()

    def _grow(self, needed: int) -> None:
        capacity = len(self._matrix)
        if needed <= capacity:
            return
        while capacity < needed:
            capacity *= 2
        for name in ("_matrix", "_numbers", "_created", "_lanes", "_live", "_kept"):
            old = getattr(self, name)
            # zeros: pages that nobody has written cost no memory.
            new = self._np.zeros((capacity, *old.shape[1:]), old.dtype)
            new[: self._size] = old[: self._size]
            setattr(self, name, new)

    def _lane_code(self, lane: str) -> int:
        return self._lane_codes.setdefault(lane, len(self._lane_codes))

    def _set(self, flags: Mask, numbers: Iterable[int], value: bool) -> None:
        with self._lock:
            wanted = self._np.asarray(sorted(numbers), self._np.int64)
            known = self._numbers[: self._size]
            places = self._np.searchsorted(known, wanted)
            there = places < self._size
            places, wanted = places[there], wanted[there]
            flags[places[known[places] == wanted]] = value

    def _view(self, which: Filter, bounds: Bounds) -> _View:
        size = self._size
        mask = (self._kept if which.with_cold else self._live)[:size].copy()
        if which.tags:
            mask &= self._with_tags(which.tags, size)
        if which.lane is not None:
            mask &= self._lanes[:size] == self._lane_codes.get(which.lane, -1)
        if bounds.since is not None:
            mask &= self._created[:size] >= bounds.since
        if bounds.until is not None:
            mask &= self._created[:size] < bounds.until
        return _View(self._matrix[:size], mask, int(self._np.count_nonzero(mask)))

    def _with_tags(self, tags: frozenset[str], size: int) -> Mask:
        mask: Mask = self._np.ones(size, bool)
        for tag in tags:
            has: Mask = self._np.zeros(size, bool)
            # Copied, because an array whose memory is lent out cannot grow.
            has[self._np.array(self._tagged.get(tag, array("q")), self._np.int64)] = True
            mask &= has
        return mask

    def _exact(self, view: _View, cue: Floats, most: int, start: int) -> Rows:
        """Rows from `start` on that may be among the best: a few more than `most`, where several are nearly equal."""
        mask, matrix = view.mask[start:], view.matrix[start:]
        chosen = int(self._np.count_nonzero(mask)) if start else view.chosen
        if chosen * _GATHERED_SHARE < len(mask):
            rows: Rows = self._np.flatnonzero(mask)
            scores: Floats = matrix[rows] @ cue
            return rows[scores >= self._bar(scores, most)] + start
        scores = matrix @ cue
        if chosen < len(mask):
            scores[~mask] = -self._np.inf
        found: Rows = self._np.flatnonzero(scores >= max(self._bar(scores, most), -2.0))
        return found + start

    def _bar(self, scores: Floats, most: int) -> float:
        """A score that at least `most` reach, and not many more."""
        if len(scores) <= most:
            return -2.0
        whole = len(scores) // _BLOCK * _BLOCK
        if whole // _BLOCK > 4 * most:
            # Each block's best is a score that is reached: the most-th of them is reached by as many. A pass of its
            # own over a million scores costs ten times as much by argpartition.
            peaks = scores[:whole].reshape(-1, _BLOCK).max(axis=1)
            least = self._np.partition(peaks, -most)[-most]
            scores = scores[scores >= least]
        return float(self._np.partition(scores, -most)[-most]) - _ROUNDING

    def _best(self, matrix: Floats, rows: Rows, cue: Floats, most: int) -> list[Scored]:
        exact = self._np.empty(len(rows), self._np.float64)
        double = cue.astype(self._np.float64)
        for start in range(0, len(rows), _RESCORED_AT_ONCE):
            part = rows[start : start + _RESCORED_AT_ONCE]
            exact[start : start + len(part)] = self._np.einsum("ij,j->i", matrix[part].astype(self._np.float64), double)
        # To nine places: below it equal vectors differ by the order in which their products were added.
        exact = self._np.round(self._np.clip(exact, -1.0, 1.0), 9) + 0.0
        scored = zip((-exact).tolist(), (self._ids[row] for row in rows.tolist()))
        return [Scored(record, -score) for score, record in nsmallest(most, scored)]
