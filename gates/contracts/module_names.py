"""Which file of a checkout is which module of the packages that import-linter looks at."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from gates.facts.modules import Modules, dotted


def module_names(modules: Modules, packages: Iterable[str], root: Path) -> dict[str, str]:
    """Path to dotted name, for the files of the packages that can be imported; nothing of one that lies elsewhere."""
    return {
        file.path: name
        for package in packages
        for top in _tops(package, os.path.realpath(root))
        for file in modules.files
        for name in [dotted(file.path, top)[0]]
        if f"{name}.".startswith(f"{package}.")
    }


def _tops(package: str, root: str) -> Iterator[str]:
    """The folders of the repository from which a package is imported, "" for its top: where import-linter finds it."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        place = os.path.relpath(os.path.realpath(folder), root).replace(os.sep, "/")
        below = "/" + package.replace(".", "/")
        if not place.startswith("../") and f"/{place}".endswith(below):
            yield f"/{place}"[: -len(below)].lstrip("/")
