"""The most similar among very many: faiss IVF-SQ8, built in the background and believed only when it was measured.

Rows lie in lists by their nearest centroid, one byte a dimension; a search reads the lists nearest to the cue (Jégou,
Douze and Schmid, 2011). What it finds is scored again from the exact embeddings.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import TypeAlias

    Floats: TypeAlias = NDArray[np.float32]
    Mask: TypeAlias = NDArray[np.bool_]
    Rows: TypeAlias = NDArray[np.intp]

LEAST_RECALL = 0.95
"""Of the ten nearest by the exact search, on average over the cues that are tried."""

_WANTED_RECALL = 0.97
_PROBES = (8, 16, 32, 64, 128)
_CUES = 64
_TOP = 10
_FETCHED = 4
_TRAINED_PER_LIST = 64
_ADDED_AT_ONCE = 50_000
_REBUILT_AT = 1.25
_RETRIED_AT = 2.0


class Built(NamedTuple):
    """What a build came to: an index, or why it is not used."""

    approximate: Optional[Approximate]
    refusal: Optional[str]


class Approximate:
    """An index over the first `size` rows. `recall` was measured when it was built."""

    def __init__(self, faiss: Any, index: Any, size: int) -> None:
        self._faiss = faiss
        self._index = index
        self.size = size
        self.probes = _PROBES[0]
        self.recall = 0.0

    def rows(self, cue: Floats, most: int, mask: Mask) -> Rows:
        """Rows that are probably the nearest, more than `most` where there are; only such as the mask lets through."""
        import numpy as np

        bits = np.packbits(mask[: self.size], bitorder="little")
        selector = self._faiss.IDSelectorBitmap(bits)
        chosen = self._faiss.SearchParametersIVF(nprobe=self.probes, sel=selector)
        _, found = self._index.search(cue.reshape(1, -1), _FETCHED * most, params=chosen)
        return found[0][found[0] >= 0].astype(np.intp)

    def measure(self, matrix: Floats) -> None:
        """Choose the fewest lists to read that find enough of what the exact search finds."""
        import numpy as np

        cues = _cues(matrix[: self.size])
        # Row by row: what is compared with is the ten best by the exact score, and a block of all scores is large.
        exact = [np.argpartition(matrix[: self.size] @ cue, -_TOP)[-_TOP:] for cue in cues]
        everything: Mask = np.ones(self.size, bool)
        for probes in _PROBES:
            self.probes = probes
            found = (self.rows(cue, _TOP, everything) for cue in cues)
            shares = [len(np.intersect1d(some, best)) / _TOP for some, best in zip(found, exact)]
            self.recall = float(np.mean(shares))
            if self.recall >= _WANTED_RECALL:
                return


def _cues(matrix: Floats) -> Floats:
    """Rows of the index moved a little, each by as much as it is long: near to what is there, and not the same."""
    import numpy as np

    chance = np.random.default_rng(0)
    rows = matrix[chance.choice(len(matrix), min(_CUES, len(matrix)), replace=False)]
    noise = chance.standard_normal(rows.shape, np.float32)
    noise *= chance.uniform(0.1, 1.0, (len(rows), 1)).astype(np.float32) / np.linalg.norm(noise, axis=1, keepdims=True)
    moved = rows + noise
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    return moved.astype(np.float32)


def build(matrix: Floats, stopped: threading.Event) -> Built:
    """An index of these rows, or why there is none. Takes about 50 CPU seconds for a million rows of 384."""
    import numpy as np

    try:
        import faiss
    except ImportError:
        return Built(None, "faiss is not installed: pip install 'lukhas-gates[ann]'")
    size, dimension = matrix.shape
    lists = 1 << max(4, round(np.log2(size) / 2))
    index = faiss.index_factory(dimension, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(0).choice(size, min(size, lists * _TRAINED_PER_LIST), replace=False)
    index.train(matrix[np.sort(sample)])
    for start in range(0, size, _ADDED_AT_ONCE):
        if stopped.is_set():
            return Built(None, None)
        index.add(matrix[start : start + _ADDED_AT_ONCE])
    built = Approximate(faiss, index, size)
    built.measure(matrix)
    if built.recall < LEAST_RECALL:
        return Built(
            None, f"the approximate index finds {built.recall:.3f} of the ten nearest; {LEAST_RECALL} is asked"
        )
    return Built(built, None)


class Background:
    """Builds an index when there are enough rows, and again when they have become many more; one at a time."""

    def __init__(self, least: Optional[int]) -> None:
        self._least = least
        self._next = least
        self._thread: Optional[threading.Thread] = None
        self._stopped = threading.Event()
        self.ready: Optional[Approximate] = None
        self.refusal: Optional[str] = None

    def worth(self, rows: int) -> bool:
        """Whether an approximate search of so many rows is faster than an exact one."""
        return self._least is not None and rows >= self._least

    def build_now(self, matrix: Floats) -> None:
        """Build, however few they are, and wait."""
        self.wait()
        self._least = min(self._least or len(matrix), len(matrix))
        self._build(matrix)

    def consider(self, matrix: Floats) -> None:
        """Begin to build where it is time; called under the caller's lock. The rows do not change any more."""
        if self._next is None or len(matrix) < self._next or self._stopped.is_set():
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = threading.Thread(target=self._build, args=(matrix,), name="memory-approximate", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until what is being built is built."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """Build no more; waits, because a thread inside faiss must not outlive the interpreter."""
        self._stopped.set()
        self.wait()

    def _build(self, matrix: Floats) -> None:
        built = build(matrix, self._stopped)
        if built.approximate is not None:
            self.ready, self._next = built.approximate, int(len(matrix) * _REBUILT_AT)
        else:
            # The one before it, if there is one, was measured, and what came since is looked at exactly.
            self._next = int(len(matrix) * _RETRIED_AT)
        self.refusal = built.refusal
