"""Whether there are the same untracked files as before, without asking git: by the folders that git looks into.

As git's own untracked cache has it: a folder whose mtime, ctime and inode are what they were holds what it held.
"""

from __future__ import annotations

import os
import sys

from gates.asking import ask

TYPE_CHECKING = False  # the typing module takes longer to import than all the rest takes to run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Optional

# What git never lists: its own folder, and the tool's.
_NOT_LISTED = (".git", ".gates")
# Times and inodes are kept as unsigned numbers of 64 bits; a time before 1970 is negative.
_WIDEST = (1 << 64) - 1


def digest(content: bytes) -> str:
    """BLAKE2b, 128 bits, in hexadecimal."""
    try:
        from _blake2 import blake2b  # hashlib brings OpenSSL along, for longer than all the rest takes
    except ImportError:
        from hashlib import blake2b
    return blake2b(content, digest_size=16).hexdigest()


def signature(place: str) -> Optional[tuple[int, ...]]:
    """mtime, ctime, inode, size and links of what stands there; nothing can change and keep all of them."""
    try:
        found = os.stat(place)
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size, found.st_nlink)


def held_by(paths: Iterable[str]) -> dict[str, set[str]]:
    """For each folder of the paths, "" being the top, the names of what lies in it."""
    held: dict[str, set[str]] = {"": set()}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder in held:
            held[folder].add(name)
        else:
            held[folder] = {name}
    waiting = [folder for folder in held if folder]
    while waiting:
        above, _, name = waiting.pop().rpartition("/")
        if above not in held:
            held[above] = set()
            waiting.append(above)
        held[above].add(name)
    return held


def folders_of(root: str, held: dict[str, set[str]]) -> tuple[tuple[str, Any], ...]:
    """Every folder in which git looks for untracked files: the known ones, and what lies beside them unignored."""
    signed = {folder: signature(os.path.join(root, folder)) for folder in held}
    below = _counted(held)
    crowded = [folder for folder in held if not _holds_just(signed[folder], below[folder])]
    beside = [other for folder in crowded for other in _below(root, folder) if other not in held]
    ignored = _ignored(root, beside)
    waiting = [folder for folder in beside if folder not in ignored]
    while waiting:  # folders that hold nothing yet
        folder = waiting.pop()
        signed[folder] = signature(os.path.join(root, folder))
        waiting.extend(_below(root, folder))
    return tuple(sorted(signed.items()))


def names_digest(folders: Iterable[str], held: dict[str, set[str]]) -> str:
    """Of the names of what lies in each folder, in this order."""
    return digest(b"".join(_line(held.get(folder, ())) for folder in folders))


def hold_same_names(root: str, folders: str, names: str) -> bool:
    """Whether in the folders lies just what lay there, by name: then there is nothing that git would call untracked.

    Where every name is a tracked one and there are as many folders as before, no tracked file has become a folder.
    Whatever is there besides, ignored or not, is for git to judge.
    """
    lines = []
    try:
        below = _counted(folders.split("\0"))
        for folder in below:
            place = f"{root}/{folder}"
            found = os.listdir(place)
            extra = 0
            if not folder:
                extra = sum(1 for name in _NOT_LISTED if name in found and os.path.isdir(f"{place}/{name}"))
                found = [name for name in found if name not in _NOT_LISTED]
            if not _holds_just(signature(place), below[folder] + extra):
                return False
            lines.append(_line(found))
    except OSError:
        return False
    return digest(b"".join(lines)) == names


def _line(names: Iterable[str]) -> bytes:
    return os.fsencode("/".join(sorted(names)) + "//")


def _counted(folders: Iterable[str]) -> dict[str, int]:
    """How many of these folders lie in each of them."""
    below = dict.fromkeys(folders, 0)
    for folder in below:
        if folder:
            below[folder.rpartition("/")[0]] += 1
    return below


def _holds_just(signed: Optional[tuple[int, ...]], known: int) -> bool:
    """Whether a folder holds no folders but so many: its links are two and one for each, on most systems."""
    return signed is not None and signed[4] >= 2 and signed[4] - 2 == known


def _below(root: str, folder: str) -> list[str]:
    try:
        entries = list(os.scandir(os.path.join(root, folder)))
    except OSError:
        return []
    prefix = f"{folder}/" if folder else ""
    return [prefix + entry.name for entry in entries if entry.name != ".git" and entry.is_dir(follow_symlinks=False)]


def _ignored(root: str, folders: Sequence[str]) -> set[str]:
    ignored: set[str] = set()
    for start in range(0, len(folders), 500):
        some = folders[start : start + 500]
        ignored.update(ask(root, "check-ignore", "-z", "--", *some).fields() or ())
    return ignored | {folder for folder in folders if folder == ".gates"}


def packed(folders: Iterable[tuple[str, Any]], before_ns: int) -> Optional[tuple[str, bytes]]:
    """The names of the folders, and mtime, ctime and inode of each: a quick read of thousands, without the rest.

    None where one is gone, or was changed at `before_ns` or later.
    """
    names, times = [], bytearray()
    for folder, signed in folders:
        if signed is None or signed[0] > before_ns:
            return None
        names.append(folder)
        for number in signed[:3]:
            times += (number & _WIDEST).to_bytes(8, sys.byteorder)
    return "\0".join(names), bytes(times)


def have_same_folders(root: str, folders: str, times: bytes) -> bool:
    """Whether no folder has changed since they were packed."""
    stat = os.stat
    prefix = "" if root == os.getcwd() else f"{root}/"  # a look from here is a fifth quicker than one from the top
    known = iter(memoryview(times).cast("Q").tolist())
    try:
        for folder, mtime, ctime, inode in zip(folders.split("\0"), known, known, known):
            found = stat(prefix + folder or ".")
            if found.st_mtime_ns & _WIDEST != mtime or found.st_ctime_ns & _WIDEST != ctime or found.st_ino != inode:
                return False
    except OSError:
        return False
    return True
