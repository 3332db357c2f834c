"""What a repository tells gitleaks: beside what it searches, and applied here to what it gets by another name."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from re import Pattern
from typing import Any, NamedTuple

from gates.errors import FactUnavailable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RULES, IGNORED = ".gitleaks.toml", ".gitleaksignore"
_OPTIONS = {RULES: "--config", IGNORED: "--gitleaks-ignore-path"}
_BESIDE = "configuration"


class Allowed(NamedTuple):
    """Paths in which rules, or with none every rule, find nothing that counts."""

    path: Pattern[str]
    rules: frozenset[str]


class Configuration(NamedTuple):
    """What is allowed by its path, and the findings (path:rule:line) that are ignored."""

    allowed: tuple[Allowed, ...]
    ignored: frozenset[str]

    def leaves_out(self, path: str, rule: str, line: int) -> bool:
        """Whether gitleaks would say nothing of it, if it knew the content by this path."""
        if f"{path}:{rule}:{line}" in self.ignored:
            return True
        return any(each.path.search(path) and rule in (each.rules or (rule,)) for each in self.allowed)


def read(files: Mapping[str, bytes]) -> Configuration:
    """The two files, either of which may be missing. FactUnavailable for one that leads to others.

    What cannot be read is left for gitleaks to complain of.
    """
    ignored = files.get(IGNORED, b"").decode("utf-8", "replace").splitlines()
    try:
        tables = tomllib.loads(files.get(RULES, b"").decode("utf-8"))
        allowed = tuple(_allowed(tables))
        leads_on = "path" in tables.get("extend", {})
    except (ValueError, AttributeError, TypeError):
        return Configuration((), frozenset(ignored))
    if leads_on:
        raise FactUnavailable(
            f"{RULES}: [extend] path leads to another file, which is not followed; put its rules here"
        )
    return Configuration(allowed, frozenset(line.strip() for line in ignored))


def lay_beside(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put them beside the folder that is searched: in it they would be contents, and contents would be they."""
    beside = folder.parent / _BESIDE
    beside.mkdir()
    for name, content in files.items():
        (beside / name).write_bytes(content)


def options(folder: Path) -> list[str]:
    """By which gitleaks reads what lies beside the folder."""
    beside = folder.parent / _BESIDE
    laid = ((option, str(beside / name)) for name, option in _OPTIONS.items() if (beside / name).exists())
    return [word for words in laid for word in words]


def _allowed(tables: Mapping[str, Any]) -> Iterator[Allowed]:
    for holder in (tables, *tables.get("rules", ())):
        own = {holder["id"]} if holder is not tables and "id" in holder else set()
        for each in (*holder.get("allowlists", ()), *([holder["allowlist"]] if "allowlist" in holder else ())):
            if str(each.get("condition", "OR")).upper() not in ("AND", "&&"):
                rules = frozenset({*own, *each.get("targetRules", ())})
                yield from (Allowed(pattern, rules) for pattern in _patterns(each.get("paths", ())))


def _patterns(written: Iterable[str]) -> Iterator[Pattern[str]]:
    for each in written:
        try:
            yield re.compile(each)
        except re.error:  # Go knows some that Python does not: then what is found there is told
            continue
