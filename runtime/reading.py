"""Documents on the disk: which there are below a path, how they are called, and their text."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from runtime.errors import ConfigurationFault

LARGEST = 32 * 1024 * 1024
"""Bytes of one document."""


def documents(paths: Sequence[Path], suffixes: Sequence[str]) -> Iterator[Path]:
    """Files as they are named, and those below a folder that end in one of `suffixes` and are not hidden.

    Errors: ConfigurationFault for a path that is neither, and for a folder in which there is none.
    """
    for path in paths:
        if path.is_dir():
            found = [one for one in sorted(path.rglob("*")) if _is_document(one.relative_to(path), one, suffixes)]
            if not found:
                raise ConfigurationFault(f"{path} holds no document; what is read ends in {', '.join(suffixes)}")
            yield from found
        elif path.is_file():
            yield path
        elif path.exists():
            raise ConfigurationFault(f"{path} is neither a file nor a folder")
        else:
            raise ConfigurationFault(f"{path} is not there")


def _is_document(below: Path, path: Path, suffixes: Sequence[str]) -> bool:
    hidden = any(part.startswith(".") for part in below.parts)
    return path.suffix in suffixes and not hidden and path.is_file()


def name_of(path: Path) -> str:
    """The same for a document however its path is written: below this folder relative to it, else absolute."""
    whole = os.path.abspath(path)
    below = os.path.relpath(whole)
    return Path(whole if below.startswith(os.pardir) else below).as_posix()


def text_of(path: Path) -> str:
    """Errors: ConfigurationFault, which says what is wrong with it."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationFault(f"{path} has more than {LARGEST:,} bytes; split it")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationFault(f"{path} is not UTF-8: byte {error.start} is none of it") from None
    except OSError as error:
        raise ConfigurationFault(f"{path} cannot be read: {error.strerror}") from None
