"""What in the tree speaks for it that a path which is not there was meant to be there.

A path that a document names may as well lie in another repository, in what a program makes, or below a folder that its
reader knows. That it is not here contradicts the document only where its place is here: the folder that should hold it.
"""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

from gates.facts.context.tree import TreePaths

_CLOSE = 0.6
# The one hidden folder that is a repository's own; what others hold is as often put there by whoever works with a tool.
_SHARED = ".github"


@dataclass(frozen=True)
class Absence:
    """Whether a path is missed where it would lie."""

    tree: TreePaths

    def is_felt(self, bases: Iterable[str], path: str, is_folder: bool) -> bool:
        """Whether one of the folders that a path may be written from has its place, or something takes its place."""
        first, _, name = path.partition("/")
        if first.startswith(".") and first != _SHARED and posixpath.basename(name) not in self.tree.by_name:
            return False
        return any(self._is_missed(base, path, is_folder) for base in bases) or self._is_misspelled(path)

    def _is_missed(self, base: str, path: str, is_folder: bool) -> bool:
        parts = path.split("/")
        folders = [posixpath.normpath(posixpath.join(base, *parts[:length])) for length in range(1, len(parts))]
        known = [folder for folder in folders if folder in self.tree.folders]
        if not known:
            return False
        if len(known) == len(folders):
            return self._holds_its_kind(folders[-1], parts[-1], is_folder)
        return len(known) > 1 or self._has_moved(folders[0], parts[-1])

    def _holds_its_kind(self, folder: str, name: str, is_folder: bool) -> bool:
        if is_folder:
            return any(posixpath.dirname(other) == folder for other in self.tree.folders if other)
        suffix = posixpath.splitext(name)[1]
        return any(
            other.startswith(f"{folder}/") and posixpath.splitext(other)[1] == suffix for other in self.tree.files
        )

    def _has_moved(self, folder: str, name: str) -> bool:
        """Whether something of that name lies elsewhere below the folder."""
        return any(found.startswith(f"{folder}/") for found in self.tree.by_name.get(name, ()))

    def _is_misspelled(self, path: str) -> bool:
        """Whether the only folder of that name, wherever it lies, holds something that is spelled much like it."""
        folder, name = posixpath.split(path)
        places = [place for place in self.tree.ending_in(folder) if place in self.tree.folders]
        if len(places) != 1:
            return False
        suffix = posixpath.splitext(name)[1]
        names = [posixpath.basename(other) for other in self.tree.beside(places[0]) if other.endswith(suffix)]
        return bool(difflib.get_close_matches(name, names, n=1, cutoff=_CLOSE))
