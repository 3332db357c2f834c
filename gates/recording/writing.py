"""What a watch saw, stamped with the content of the files it speaks of, and written."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from gates import own_folder
from gates.facts.checkout import Checkout
from gates.facts.files import EXECUTABLE, UNREADABLE
from gates.facts.imported import Imported
from gates.facts.modules import SUFFIXES
from gates.facts.recording import Importer, Recording, render
from gates.facts.sources_recording import Sources
from gates.facts.sources_recording import render as render_sources
from gates.number_words import many
from gates.recording.watching import Ran
from gates.replay import write_if_changed


class Written(NamedTuple):
    """How much a recording holds, and what it leaves out."""

    imports: int
    files: int
    changed: int
    unknown: int


def write(place: Path, root: str, ran: Iterable[Ran], lacks: Iterable[str], began_ns: int) -> Written:
    """Write the recording of what ran in the repository since `began_ns`.

    A file that was changed since then is written without the id of its content: nobody knows which content ran. Files
    that are none of the checkout (ignored, or gone) are left out. Errors: CheckoutError, OSError.
    """
    checkout = Checkout.open(Path(root))
    by_importer: dict[str, list[Imported]] = {}
    for one in _named(ran):
        by_importer.setdefault(one.importer, []).append(Imported(*one[1:]))
    known = {path: checkout.files[path] for path in by_importer if path in checkout.files}
    importers = tuple(
        Importer(path, "" if _changed_since(root, path, began_ns) else file.blob, tuple(by_importer[path]))
        for path, file in known.items()
        if file.blob != UNREADABLE
    )
    python = ".".join(platform.python_version_tuple()[:2])
    own_folder.make(place.parent)
    recording = Recording(importers, checkout.commit, checkout.tree, python, tuple(lacks))
    write_if_changed(str(place), render(recording))
    return Written(
        imports=sum(len(importer.ran) for importer in importers),
        files=len(importers),
        changed=sum(not importer.blob for importer in importers),
        unknown=len(by_importer) - len(importers),
    )


def _named(ran: Iterable[Ran]) -> Iterable[Ran]:
    """Without those that another one says with a name."""
    every = set(ran)
    named = {(one.importer, one.line, one.path) for one in every if one.name}
    return (one for one in every if one.name or (one.importer, one.line, one.path) not in named)


def _changed_since(root: str, path: str, began_ns: int) -> bool:
    try:
        found = os.lstat(os.path.join(root, path))
    except OSError:
        return True
    return max(found.st_mtime_ns, found.st_ctime_ns) > began_ns


def told(written: Written, file: str, lacks: Iterable[str]) -> list[str]:
    """What a person should know of a recording that was just written, in lines."""
    lines = [f"{many(written.imports, 'import')} of {many(written.files, 'file')} recorded in {file}"]
    if written.changed:
        lines.append(f"{many(written.changed, 'file')} changed meanwhile: what they imported will not count")
    if written.unknown:
        lines.append(f"{many(written.unknown, 'file')} left out: ignored by git, or gone")
    if not written.imports:
        lines.append("nothing that ran lies in this repository; is what is tested installed from somewhere else?")
    return [*lines, *(f"the recording is not whole: {reason}" for reason in sorted(lacks))]


def write_sources(place: Path, root: str, began_ns: int) -> int:
    """Write the id of every Python file's content; none for one that changed since `began_ns`. How many there are.

    Errors: CheckoutError, OSError.
    """
    checkout = Checkout.open(Path(root))
    modules = [checkout.files[path] for path in checkout.files if path.endswith(SUFFIXES)]
    modules += [file for file in checkout.files.of_mode(EXECUTABLE) if "." not in os.path.basename(file.path)]
    files = {file.path: "" if _changed_since(root, file.path, began_ns) else file.blob for file in modules}
    own_folder.make(place.parent)
    write_if_changed(str(place), render_sources(Sources(files, checkout.commit, checkout.tree)))
    return len(files)
