"""Which code is the repository's own: what a recording speaks of; everything else is passed through."""

from __future__ import annotations

import os
import sys
from typing import Optional

ELSEWHERE = ""
IMPORT_SYSTEM = "<import system>"
"""Who called it is who imports."""
TEXT = "<text>"
"""Code that no file holds, as `exec` runs it: it imports for whoever runs it."""

_OF_IMPORTING = ("importlib" + os.sep, "runpy.py")
_ENVIRONMENTS = frozenset({"site-packages", "dist-packages"})


class Places:
    """Names of files as code objects and modules hold them, into paths below the repository's root.

    An environment that lies in the repository (.venv, .tox) is no part of it.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._below = self.root.rstrip(os.sep) + os.sep
        library = os.path.dirname(os.path.realpath(os.__file__))
        own = (os.path.realpath(place) + os.sep for place in (sys.prefix, sys.base_prefix, library))
        self._environments = tuple(place for place in own if place.startswith(self._below))
        # Frozen in newer Pythons, files in older ones: alike in both.
        self._import_system = tuple(os.path.join(os.path.dirname(os.__file__), name) for name in _OF_IMPORTING)
        self._folders: dict[str, str] = {}
        self._files: dict[str, Optional[str]] = {}
        self._running: dict[str, str] = {}

    def of_code(self, file: str) -> str:
        """Where running code comes from: a path, ELSEWHERE, IMPORT_SYSTEM or TEXT.

        A file that does not exist (a module of which only the .pyc is left) has no lines to speak of: ELSEWHERE.
        """
        place = self._running.get(file)
        if place is None:
            place = self._running[file] = self._of_code(file)
        return place

    def _of_code(self, file: str) -> str:
        if file.startswith(("<frozen ", *self._import_system)):
            return IMPORT_SYSTEM
        if file.startswith("<"):
            return TEXT
        path = self.path_of(file)
        return path if path is not None and os.path.isfile(os.path.join(self.root, path)) else ELSEWHERE

    def path_of(self, file: str) -> Optional[str]:
        """The path below the root, with `/`; None where the file lies elsewhere. It need not exist."""
        if file not in self._files:
            self._files[file] = None if file.startswith("<") else self._path_of(file)
        return self._files[file]

    def _path_of(self, file: str) -> Optional[str]:
        folder, name = os.path.split(file)
        real = self._folders.get(folder)
        if real is None:
            # Once for a folder: there may be thousands of files, nearly all of them elsewhere.
            real = self._folders[folder] = os.path.realpath(folder)
        place = os.path.join(real, name)
        if not place.startswith(self._below):
            return None
        place = os.path.realpath(place)
        if not place.startswith(self._below) or place.startswith(self._environments):
            return None
        parts = place[len(self._below) :].split(os.sep)
        return None if _ENVIRONMENTS.intersection(parts) else "/".join(parts)
