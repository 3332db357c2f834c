"""The one writer of edits: tracked files only, unchanged since they were read, each whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from gates.facts.checkout import Checkout
from gates.facts.git import GitFailed, git
from gates.fixes.edit import Edit


def refusal(checkout: Checkout, edit: Edit, allow_dirty: bool = False) -> Optional[str]:
    """Why this edit may not be made, before anything is written; None where it may."""
    if edit.path in _untracked(checkout):
        return "is not tracked by git, so what is mended in it could not be taken back"
    if edit.path in checkout.dirty and not allow_dirty:
        return "has changes that are not committed; commit them first, or say --allow-dirty"
    return None


def untouchable(checkout: Checkout, allow_dirty: bool = False) -> frozenset[str]:
    """The files of which every edit is refused."""
    return frozenset((*_untracked(checkout), *(() if allow_dirty else checkout.dirty)))


def _untracked(checkout: Checkout) -> Sequence[str]:
    return checkout.listed.untracked if checkout.listed is not None else ()


def write(checkout: Checkout, edit: Edit) -> Optional[str]:
    """Write one edit, and rename the file where it is to lie elsewhere; why not, where that cannot be done."""
    file = checkout.root / edit.path
    try:
        if _content(file) != edit.before:
            return "changed while it was looked at; run it again"
        if edit.to is not None and os.path.lexists(checkout.root / edit.to):
            return f"is to be called {edit.to}, and something is called so already"
        if edit.after != edit.before:
            _put(file, edit.after)
        if edit.to is not None:
            (checkout.root / edit.to).parent.mkdir(parents=True, exist_ok=True)
            git(checkout.root, "mv", "--", edit.path, edit.to)
            _sweep(checkout.root, file.parent)
    except (OSError, GitFailed) as error:
        return f"cannot be written ({getattr(error, 'strerror', None) or error})"
    return None


def _sweep(root: Path, folder: Path) -> None:
    """Take away folders that nothing is left in: an empty one can still be imported."""
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _content(file: Path) -> Optional[bytes]:
    """None where nothing stands; OSError for a link, which may lead out of the repository."""
    if not os.path.lexists(file):
        return None
    if file.is_symlink():
        raise OSError(0, "it is a link")
    return file.read_bytes()


def _put(file: Path, content: bytes) -> None:
    """Beside the place, then renamed: who is killed on the way leaves the file as it was."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if file.exists():
            shutil.copymode(file, draft)
        os.replace(draft, file)
    finally:
        if draft.exists():
            draft.unlink()
