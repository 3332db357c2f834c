"""Locks that are tables: uv.lock and pylock.toml (PEP 751), as pins like those of a requirements file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gates.facts.supply.asked import normalised
from gates.facts.supply.credentials import without_credentials

_TABLE = re.compile(rb"^\[\[packages?\]\]\s*(?:#.*)?$", re.MULTILINE)
_SHA = re.compile(r"(?:sha256|sha384|sha512)[:=]?[0-9a-f]{64,}")


class Pin(NamedTuple):
    """One locked distribution. `needs` are those that the lock says it needs; `place` is a path or an odd index.

    `bare` are files of it that have no hash; `is_root` says that it is the repository's own project.
    """

    name: str
    version: str
    line: int
    needs: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    has_files: bool = True
    place: str = ""
    is_root: bool = False


def uv_pins(content: bytes, tables: Mapping[str, Any]) -> tuple[Pin, ...]:
    """The packages of a uv.lock. ValueError for what is none."""
    return tuple(_uv_pin(entry, line) for entry, line in _entries(content, tables, "package"))


def _uv_pin(entry: Mapping[str, Any], line: int) -> Pin:
    source = entry.get("source", {})
    needs = [need["name"] for key in ("dependencies",) for need in entry.get(key, ())]
    for group in (*entry.get("optional-dependencies", {}).values(), *entry.get("dev-dependencies", {}).values()):
        needs += [need["name"] for need in group]
    is_root = next(iter(source.values()), None) == "." and not source.keys() & {"registry", "git", "url"}
    files = _files(entry)
    registry = str(source.get("registry", ""))
    local = registry if registry and "://" not in registry else ""
    other = next((f"{kind} {source[kind]}" for kind in ("path", "directory", "editable", "url") if kind in source), "")
    git = f"git {source['git']}" if "git" in source and not re.search(r"#[0-9a-f]{40}$", str(source["git"])) else ""
    return Pin(
        normalised(str(entry["name"])),
        str(entry.get("version", "")),
        line,
        tuple(sorted({normalised(need) for need in needs})),
        _bare(files),
        bool(files) or is_root or "git" in source,
        "" if is_root else without_credentials(local or other or git) or _secret_place([registry]),
        is_root,
    )


def pylock_pins(content: bytes, tables: Mapping[str, Any]) -> tuple[Pin, ...]:
    """The packages of a pylock.toml. ValueError for what is none."""
    if "lock-version" not in tables:
        raise ValueError("has no lock-version")
    return tuple(_pylock_pin(entry, line) for entry, line in _entries(content, tables, "packages"))


def _pylock_pin(entry: Mapping[str, Any], line: int) -> Pin:
    files = _files(entry) + ([entry["archive"]] if "archive" in entry else [])
    directory = entry.get("directory", {})
    is_root = directory.get("path") == "."
    paths = [str(each["path"]) for each in files if "path" in each]
    place = f"directory {directory.get('path')}" if directory and not is_root else next(iter(paths), "")
    vcs = entry.get("vcs", {})
    if vcs and not re.fullmatch(r"[0-9a-f]{40,64}", str(vcs.get("commit-id", ""))):
        place = place or f"{vcs.get('type', 'vcs')} without a commit-id"
    return Pin(
        normalised(str(entry["name"])),
        str(entry.get("version", "")),
        line,
        tuple(sorted({normalised(need["name"]) for need in entry.get("dependencies", ()) if "name" in need})),
        _bare(files),
        bool(files) or is_root or bool(vcs),
        without_credentials(place) or _secret_place([str(entry.get("index", ""))]),
        is_root,
    )


def _entries(content: bytes, tables: Mapping[str, Any], key: str) -> list[tuple[Mapping[str, Any], int]]:
    entries = tables.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "name" in entry for entry in entries):
        raise ValueError(f"has no [[{key}]] with names")
    lines = [content.count(b"\n", 0, found.start()) + 1 for found in _TABLE.finditer(content)]
    return list(zip(entries, lines if len(lines) == len(entries) else [0] * len(entries)))


def _files(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*entry.get("wheels", ()), *([entry["sdist"]] if "sdist" in entry else [])]


def _bare(files: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(_file_name(each) for each in files if not _is_hashed(each))


def _is_hashed(file: Mapping[str, Any]) -> bool:
    said = [str(file.get("hash", ""))] + [f"{kind}:{value}" for kind, value in dict(file.get("hashes", {})).items()]
    return any(_SHA.fullmatch(each) for each in said)


def _file_name(file: Mapping[str, Any]) -> str:
    said = str(file.get("name") or file.get("filename") or file.get("url") or file.get("path", ""))
    return without_credentials(said).rpartition("/")[2]


def _secret_place(indexes: Iterable[str]) -> str:
    """An index that names a user or a token: whoever reads the lock has it."""
    return next(("an index with credentials in it" for index in indexes if re.match(r"\w+://[^/]*@", index)), "")
