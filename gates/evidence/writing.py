"""A file is there whole, or as it was before: killed or out of space, nothing is lost."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from gates import own_folder
from gates.errors import GatesError
from gates.replay import is_special


def write_whole(place: Path, content: bytes) -> None:
    """Write beside the place, then rename. GatesError where that fails; what stood there then stands there still.

    A device or a pipe, such as /dev/stdout, is written into.
    """
    if is_special(str(place)):
        place.write_bytes(content)
        return
    place = Path(os.path.realpath(place))
    partial = place.parent / f".{place.name}.{os.getpid()}.partial"
    try:
        own_folder.make(place.parent)  # evidence of a clean tree must not make the tree dirty
        try:
            with partial.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(place)
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()
    except OSError as error:
        raise GatesError(f"{place}: cannot be written ({error.strerror or error})") from None
