"""The targets of a makefile or the recipes of a justfile; and whether there may be more than its text says."""

from __future__ import annotations

import re
from collections.abc import Iterator

_RULE = re.compile(r"^(?P<targets>[^\s#:=\"'(][^#:=]*?)\s*(?:\s[^:=]*)?::?(?![=:])", re.MULTILINE)
_JUST = re.compile(r"^@?(?P<name>[A-Za-z_][\w-]*)(?:\s+[^:\n]*)?:(?!=)", re.MULTILINE)
_ALIAS = re.compile(r"^alias\s+(?P<name>[\w-]+)\s*:=", re.MULTILINE)
_PHONY = re.compile(r"^\.PHONY\s*:(?P<names>(?:\\\n|[^\n])*)", re.MULTILINE)
_INCLUDE = re.compile(r"^[-s]?include\s+(?P<names>[^\n#]+)|^(?:import|mod)\??\s+(?P<just>[^\n#]+)", re.MULTILINE)
_SET = re.compile(r"^(?P<name>[\w.-]+)\s*[:?]?=\s*(?P<value>[^\n#]*)", re.MULTILINE)
_USED = re.compile(r"\$[({](?P<name>[\w.-]+)[)}]")


def extract(source: bytes) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Targets, the files that are included, and whether a pattern or an unknown variable may give more."""
    text = source.decode("utf-8", "replace").replace("\r\n", "\n")
    values = {match["name"]: match["value"].strip() for match in _SET.finditer(text)}
    names = [_filled(name, values) for name in _named(text.replace("\\\n", " "))]
    targets = {word for name in names for word in name.split() if "%" not in word and "$" not in word}
    included = [_filled(match["names"] or match["just"], values) for match in _INCLUDE.finditer(text)]
    files = {word.strip("'\"") for name in included for word in name.split()}
    is_open = any("$" in name or re.fullmatch(r"\s*%\s*", name) for name in names) or any("$" in file for file in files)
    return tuple(sorted(targets)), tuple(sorted(files)), is_open or "$(eval" in text


def _named(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        if line[:1] in ("\t", " ", "#", ""):
            continue
        match = _RULE.match(line)
        if match:
            yield match[0].rstrip(":").split(":")[0]
        just = _JUST.match(line)
        if just:
            yield just["name"]
    for pattern in (_PHONY, _ALIAS):
        for found in pattern.finditer(text):
            yield found["names"] if pattern is _PHONY else found["name"]


def _filled(text: str, values: dict[str, str]) -> str:
    for _ in range(4):
        text = _USED.sub(lambda match: values.get(match["name"], match[0]), text)
    return text
