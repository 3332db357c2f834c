"""The modules that one Python file loads by name at run time: importlib, exec, runpy, sys.modules and their kin.

A pure function of the bytes. A cheap scan rules most files out; for the others loading_sites.py, which takes longer
to import than most files to read, gives every site: with its target where that is known, else opaque, with the reason.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple, Optional

from gates.facts.extractors.syntax_tree import parsed

# A target that begins so is a file or a folder: from the top of the repository, or ("./") from the file's own folder.
PATH = "path:"


class LoadingSite(NamedTuple):
    """One place that loads code by name. Lines and columns count from 1.

    `target` is an absolute dotted name (which may end in the name of something inside the module), or with `level` > 0
    the part behind the dots, relative to the package of the file. None means that it cannot be known here: `reason`
    says why, and `prefix` is how the name is known to begin. What `is_roundabout` (a command, a patch, a search path)
    matters for what it enters, not for being there; its target may be a path, "path:tools/x.py".
    """

    line: int
    column: int
    spelling: str
    target: Optional[str]
    level: int
    reason: str
    prefix: str
    is_roundabout: bool = False
    is_tentative: bool = False
    """By itself no site: what it is shows only where the file is seen together with the modules that it uses."""
    reached_by: tuple[str, ...] = ()
    """The names at the top of the module by which others can make it load what they choose."""


def prepare() -> None:
    """Import all that `extract`, and the look at the same files together with others, will need."""
    from gates.facts.extractors import linked_loading, loader_tokens  # noqa: F401


def extract(source: bytes) -> Optional[tuple[LoadingSite, ...]]:
    """The loading sites of a file's bytes; None for most files, which the scan rules out and nobody parses."""
    from gates.facts.extractors.loader_tokens import may_load  # most processes read no file

    if not may_load(source):
        return None
    from gates.facts.extractors.loading_sites import loading_sites

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in somebody's file is not ours to report
        return loading_sites(parsed(source))
