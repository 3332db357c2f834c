"""The plugins that installed distributions announce, read once a process; nothing of them is imported.

`importlib.metadata.entry_points` answers in another shape on each of 3.9, 3.10 and 3.12, keeps nothing, and on 3.9
tells neither the distribution nor leaves out what another on the path hides. So the distributions themselves are asked:
their text is read alike everywhere, and parsed only where it speaks of our groups.
"""

from __future__ import annotations

import importlib.metadata
import re
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple, Optional

from runtime.registry.plugin_name import FORMER_GROUPS, GROUPS
from runtime.registry.plugin_record import Unread, said

_OURS = (*GROUPS, *FORMER_GROUPS)
_VALUE = re.compile(r"(?P<module>\w+(\.\w+)*)\s*(:\s*(?P<attribute>\w+(\.\w+)*)\s*)?(\[[^\]]*\]\s*)?", re.ASCII)
_FILE = "entry_points.txt"


class Candidate(NamedTuple):
    """A plugin that is announced. `group` is the one it was found in, which may be a former one."""

    group: str
    name: str
    value: str
    distribution: str
    version: str

    @property
    def former_group(self) -> Optional[str]:
        """The group, where it is called otherwise now."""
        return self.group if self.group in FORMER_GROUPS else None

    @property
    def module(self) -> Optional[str]:
        """The module that it lies in; None where the value is no `module:attribute`."""
        match = _VALUE.fullmatch(self.value)
        return match["module"] if match else None

    def load(self) -> object:
        """What it names; imports its module."""
        return importlib.metadata.EntryPoint(self.name, self.value, self.group).load()


class Installed(NamedTuple):
    """What was found, in an order that does not depend on the file system: by place on the path, then by name."""

    candidates: tuple[Candidate, ...]
    unread: tuple[Unread, ...]
    distributions: int
    seconds: float


class _Announcing(NamedTuple):
    """A distribution that speaks of our groups."""

    folder: str
    name: str
    version: str
    text: str


_lock = threading.Lock()
_known: Optional[Installed] = None


def installed() -> Installed:
    """What this process can load; read at the first call, and never again."""
    global _known
    with _lock:
        if _known is None:
            _known = read_installed()
        return _known


def read_installed() -> Installed:
    """Read it anew."""
    began = time.perf_counter()
    announcing: list[_Announcing] = []
    unread: list[Unread] = []
    looked_at = 0
    for distribution in importlib.metadata.distributions():
        looked_at += 1
        try:
            found = _announcing(distribution)
        except Exception as error:  # noqa: BLE001 - whatever a broken installation raises: the others are wanted
            unread.append(Unread(str(distribution.locate_file("")), f"its {_FILE} cannot be read: {said(error)}"))
        else:
            announcing += [found] if found else []
    candidates = tuple(_candidates(announcing))
    return Installed(candidates, tuple(unread), looked_at, time.perf_counter() - began)


def _announcing(distribution: importlib.metadata.Distribution) -> Optional[_Announcing]:
    text = distribution.read_text(_FILE)
    if not text or not any(group in text for group in _OURS):
        return None
    name, version = _name_and_version(distribution)
    if _is_hidden(name, text):
        return None
    return _Announcing(str(distribution.locate_file("")), name, version, text)


def _name_and_version(distribution: importlib.metadata.Distribution) -> tuple[str, str]:
    """From the head of its metadata; the parser of e-mails that the standard library takes costs ten times as much."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    head = dict(line.partition(": ")[::2] for line in text.partition("\n\n")[0].splitlines() if ": " in line)
    return head.get("Name", "unknown").strip(), head.get("Version", "unknown").strip()


def _is_hidden(name: str, text: str) -> bool:
    """Does another of this name come first on the path? That one is imported; this one is only announced."""
    try:
        first = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return first.read_text(_FILE) != text


def _candidates(announcing: list[_Announcing]) -> Iterator[Candidate]:
    folders = list(dict.fromkeys(each.folder for each in announcing))
    names = set()
    for each in sorted(announcing, key=lambda each: (folders.index(each.folder), each.name.lower(), each.version)):
        normal = re.sub(r"[-_.]+", "-", each.name).lower()
        if normal not in names:
            names.add(normal)
            yield from _without_repetition(Candidate(*entry, each.name, each.version) for entry in _entries(each.text))


def _without_repetition(candidates: Iterator[Candidate]) -> list[Candidate]:
    """Current groups first; what is announced in both, to be found by older services too, is one plugin."""
    ordered = sorted(candidates, key=lambda each: (_OURS.index(each.group), each.name))
    kept: dict[tuple[str, str, str], Candidate] = {}
    for each in ordered:
        kept.setdefault((FORMER_GROUPS.get(each.group, each.group), each.name, each.value), each)
    return list(kept.values())


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    """Group, name and value of each entry of our groups, as the entry points specification has it."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif line and line[0] not in "#;" and group in _OURS:
            name, _, value = line.partition("=")
            yield group, name.strip(), value.strip()
