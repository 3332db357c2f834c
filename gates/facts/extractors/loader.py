"""One way to load code, and which of its arguments says what."""

from __future__ import annotations

from typing import NamedTuple


class Loader(NamedTuple):
    """One way to load code. `kind` says how the argument is read (see loading_targets.py).

    One that `is_roundabout` is used for much else, too: it counts where it concerns the tree.
    """

    kind: str
    position: int
    keyword: str
    package: int = -1
    is_roundabout: bool = False
