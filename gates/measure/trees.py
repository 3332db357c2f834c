"""Head and base, each in a work tree of its own, side by side under names of one length."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Optional

from gates.errors import CheckoutError
from gates.facts.checkout import Checkout
from gates.facts.git import GitFailed, git

HEAD, BASE = "head", "base"
_WITHOUT_HOOKS = ("-c", f"core.hooksPath={os.devnull}")


@contextlib.contextmanager
def trees(checkout: Checkout, base: Optional[str]) -> Iterator[Mapping[str, Path]]:
    """The folders of both; of head alone where there is no base.

    Head is what stands in the checkout, edits and untracked files included. Both are copies, so that nobody who
    goes on working disturbs what is measured. CheckoutError where git cannot make them.
    """
    with tempfile.TemporaryDirectory(prefix="gates-measure-") as name:
        top = Path(name).resolve()
        commits = {HEAD: checkout.commit, BASE: base}
        made: dict[str, Path] = {}
        try:
            for side, commit in commits.items():
                if commit is not None and checkout.has_git:
                    made[side] = top / side
                    words = ("worktree", "add", "--detach", "--force", "--quiet", str(top / side), commit)
                    git(checkout.root, *_WITHOUT_HOOKS, *words)
            made.setdefault(HEAD, top / HEAD).mkdir(exist_ok=True)
            _lay_down(checkout, made[HEAD], checkout.dirty if checkout.commit is not None else tuple(checkout.files))
            yield made
        except GitFailed as failed:
            raise CheckoutError(f"{checkout.root}: git cannot lay out a work tree to measure: {failed}") from None
        finally:
            _taken_away(checkout, made)


def _lay_down(checkout: Checkout, folder: Path, paths: tuple[str, ...]) -> None:
    for path in paths:
        place = folder / path
        file = checkout.files.get(path)
        if file is None:
            place.unlink() if place.is_symlink() or place.is_file() else None
        elif not file.is_submodule:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout.root / path, place, follow_symlinks=False)


def _taken_away(checkout: Checkout, made: Mapping[str, Path]) -> None:
    for folder in made.values():
        shutil.rmtree(folder, ignore_errors=True)
    if checkout.has_git:
        with contextlib.suppress(GitFailed):
            git(checkout.root, "worktree", "prune")
