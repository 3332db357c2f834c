"""Licences as SPDX expressions: from what metadata says, and held against a list of those that are allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Optional

# Classifiers and free texts that mean one licence and no other; "BSD License" means three.
_MEANT: Mapping[str, str] = {
    "apache software license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "mit license": "MIT",
    "mit": "MIT",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mpl-2.0": "MPL-2.0",
    "isc license (iscl)": "ISC",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "gnu general public license v3 (gplv3)": "GPL-3.0-only",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu affero general public license v3": "AGPL-3.0-only",
}
# Names of a family of licences: said beside one of them, by the start of its identifier, they add nothing.
_FAMILIES: Mapping[str, str] = {
    "bsd license": "BSD-",
    "gnu general public license (gpl)": "GPL-",
    "gnu library or lesser general public license (lgpl)": "LGPL-",
    "gnu free documentation license (fdl)": "GFDL-",
    "academic free license (afl)": "AFL-",
    "artistic license": "Artistic-",
    "zope public license": "ZPL-",
    "osi approved": "",
}
_OWN = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")  # SPDX's way to name one that is in no list
_TOKEN = re.compile(r"\(|\)|[^\s()]+")


def expression(licences: Iterable[Mapping[str, Any]], headers: Mapping[str, tuple[str, ...]]) -> str:
    """The SPDX expression of what CycloneDX holds of a component, else of its metadata; "" where none is certain."""
    known = list(licences)
    for said in known:
        if "expression" in said:
            return str(said["expression"])
    told = [said["license"] for said in known if "license" in said]
    own = {str(each["name"]) for each in told if _OWN.fullmatch(str(each.get("name", "")))}
    names = [_plain(each["name"]) for each in told if "name" in each and each["name"] not in own]
    ids = own | {str(each["id"]) for each in told if "id" in each} | {_MEANT[each] for each in names if each in _MEANT}
    if not ids:
        ids = {_MEANT[text] for text in map(_plain, headers.get("license", ())) if text in _MEANT}
    # What else it may be under is nobody's to guess: one licence is not certain beside a name that means none.
    if not all(name in _MEANT or any(_is_family(name, each) for each in ids) for name in names):
        return ""
    return " AND ".join(sorted(ids))


def _plain(name: Any) -> str:
    return str(name).rpartition(" :: ")[2].strip().lower()


def _is_family(name: str, identifier: str) -> bool:
    return name in _FAMILIES and identifier.startswith(_FAMILIES[name])


def own_licences(spdx: str) -> frozenset[str]:
    """The licences of an expression that are in no list of SPDX's."""
    return frozenset(_OWN.findall(spdx))


def is_allowed(spdx: str, allow: Iterable[str], deny: Iterable[str]) -> Optional[bool]:
    """Whether an expression can be met: one side of each OR, both sides of each AND; None where it is none.

    `allow` and `deny` are identifiers in which `*` stands for anything; an empty `allow` allows what is not denied.
    """
    allowed, denied = list(allow), list(deny)

    def holds(identifier: str) -> bool:
        bare = identifier.rstrip("+")
        if any(_matches(each, bare) for each in denied):
            return False
        return not allowed or any(_matches(each, bare) for each in allowed)

    try:
        value, rest = _either(_TOKEN.findall(spdx), holds)
    except (IndexError, ValueError):
        return None
    return value if not rest else None


def _matches(pattern: str, identifier: str) -> bool:
    parts = map(re.escape, pattern.split("*"))
    return re.fullmatch(".*".join(parts), identifier, re.IGNORECASE) is not None


def _either(tokens: list[str], holds: Any) -> tuple[bool, list[str]]:
    value, rest = _both(tokens, holds)
    while rest and rest[0].upper() == "OR":
        other, rest = _both(rest[1:], holds)
        value = value or other
    return value, rest


def _both(tokens: list[str], holds: Any) -> tuple[bool, list[str]]:
    value, rest = _one(tokens, holds)
    while rest and rest[0].upper() == "AND":
        other, rest = _one(rest[1:], holds)
        value = value and other
    return value, rest


def _one(tokens: list[str], holds: Any) -> tuple[bool, list[str]]:
    if tokens[0] == "(":
        value, rest = _either(tokens[1:], holds)
        if rest[0] != ")":
            raise ValueError(rest[0])
        return value, rest[1:]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+:-]*", tokens[0]) or tokens[0].upper() in ("AND", "OR", "WITH"):
        raise ValueError(tokens[0])
    rest = tokens[1:]
    if rest and rest[0].upper() == "WITH":  # an exception allows more than the licence does
        exception, rest = rest[1], rest[2:]
        if exception in "()":
            raise ValueError(exception)
    return holds(tokens[0]), rest
