"""The sections of an INI file, as plain data."""

from __future__ import annotations

import configparser


def extract(source: bytes) -> dict[str, dict[str, str]]:
    """Sections to keys to values. ValueError where it is no INI file."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(source.decode("utf-8-sig", "replace"))
    except configparser.Error as error:
        raise ValueError(str(error).split("\n")[0]) from None
    return {name: dict(parser[name]) for name in parser.sections()}
