"""What a recording says of which content it is: files with the ids that git gives them, held against those of now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from gates.facts.checkout import Checkout
from gates.globs import Globs, any_of


def blob(content: bytes) -> str:
    """The id that git gives a content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def modules_of(checkout: Checkout, globs: Globs) -> list[str]:
    """The Python files that the globs match."""
    pattern = any_of(globs)
    return [path for path in checkout.files if path.endswith(".py") and pattern.fullmatch(path)]


def why_stale(checkout: Checkout, then: Mapping[str, str], asked: Iterable[str]) -> str:
    """Why a recording is of other content than these files have; "" where it is of just that."""
    paths = sorted(asked)
    if not paths:
        return "speaks of no file of this repository"
    changed = next((path for path in paths if then.get(path) != blob(checkout.read(path))), None)
    return "" if changed is None else f"was made before {changed} became what it is"
