"""The file of a recording, whatever it records: where it may lie, and what it holds, or why it holds nothing."""

from __future__ import annotations

import os
import stat
from typing import Optional

from gates.errors import PolicyError
from gates.facts.checkout import Checkout

NO_FILE = "does not exist"


class RecordingError(ValueError):
    """What is no recording, with the line where that shows."""


def is_inside(path: str) -> bool:
    """Whether it is a path below the root of a repository, spelled as git spells it."""
    return "\0" not in path and not {"", ".", ".."}.intersection(path.split("/"))


def refuse_outside(path: Optional[str], key: str = "file") -> None:
    """PolicyError where a policy names a path that does not lie below the root; None is no path."""
    if path is not None and not is_inside(path):
        raise PolicyError(f"{key} is '{path}'; it must be a path below the repository's root")


def held(checkout: Checkout, path: str) -> tuple[Optional[bytes], str]:
    """What the file holds, the overlay's before the work tree's, and why it holds nothing; git need not know it."""
    if path in checkout.overlay:
        content = checkout.overlay[path]
        return content, "" if content is not None else NO_FILE
    try:
        return content_of(os.path.join(checkout.root, path)), ""
    except FileNotFoundError:
        return None, NO_FILE
    except OSError as error:
        return None, f"cannot be read ({error.strerror})"


def content_of(place: str) -> bytes:
    """A plain file's content; of what is none (a pipe, a folder) nothing is waited for. OSError where there is none."""
    descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(0, "it is no file")
        return stream.read()
