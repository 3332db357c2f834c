"""Locks that are tables: uv.lock and pylock.toml (PEP 751), as pins like those of a requirements file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Optional
from urllib.parse import unquote, urlsplit

from gates.facts.supply.asked import normalised
from gates.facts.supply.credentials import without_credentials

_TABLE = re.compile(rb"^\[\[packages?\]\]\s*(?:#.*)?$", re.MULTILINE)
_PYPI = frozenset({"pypi.org", "files.pythonhosted.org"})
_SHA = re.compile(r"(?:sha256|sha384|sha512)[:=]?[0-9a-f]{64,}")


class Pin(NamedTuple):
    """One locked distribution. `needs` are those that the lock says it needs; `place` is a path or an odd index.

    `bare` are files of it that have no hash, `foreign` those of another distribution, or not from where its index has
    them. `folder` is where the repository itself holds it; `asks` are the names that its project asked for then.
    """

    name: str
    version: str
    line: int
    needs: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    has_files: bool = True
    place: str = ""
    folder: str = ""
    foreign: tuple[str, ...] = ()
    asks: Optional[frozenset[str]] = None

    @property
    def is_root(self) -> bool:
        """Whether it is the repository's own."""
        return bool(self.folder)


def uv_pins(path: str, content: bytes, tables: Mapping[str, Any]) -> tuple[Pin, ...]:
    """The packages of a uv.lock. ValueError for what is none."""
    return tuple(_uv_pin(path, entry, line) for entry, line in _entries(content, tables, "package"))


def _uv_pin(path: str, entry: Mapping[str, Any], line: int) -> Pin:
    source = entry.get("source", {})
    needs = _names(entry, "dependencies", "optional-dependencies", "dev-dependencies")
    folder = next((_own(path, source[kind]) for kind in ("editable", "virtual", "directory") if kind in source), "")
    is_root = bool(folder)
    told = entry.get("metadata")
    files = _files(entry)
    registry = str(source.get("registry", ""))
    local = registry if registry and "://" not in registry else ""
    other = next((f"{kind} {source[kind]}" for kind in ("path", "directory", "editable", "url") if kind in source), "")
    git = f"git {source['git']}" if "git" in source and not re.search(r"#[0-9a-f]{40}$", str(source["git"])) else ""
    return Pin(
        normalised(str(entry["name"])),
        str(entry.get("version", "")),
        line,
        tuple(sorted(needs)),
        _bare(files),
        bool(files) or is_root or "git" in source,
        "" if is_root else without_credentials(local or other or git) or _secret_place([registry]),
        folder,
        _foreign(entry, files, registry) if registry else (),
        (needs if told is None else _names(told, "requires-dist", "requires-dev")) if is_root else None,
    )


def _names(entry: Mapping[str, Any], *keys: str) -> frozenset[str]:
    """Those in its lists of needs, and in its tables of such lists."""
    held = [entry.get(key, []) for key in keys]
    lists = [each for one in held for each in (one.values() if isinstance(one, dict) else [one])]
    return frozenset(normalised(need["name"]) for each in lists for need in each)


def _own(path: str, folder: object) -> str:
    """The folder that a lock names, as the repository has it; "" for one that lies elsewhere."""
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), str(folder)))
    return "" if found.startswith(("/", "..")) or re.match(r"[A-Za-z]:", found) else found


def pylock_pins(path: str, content: bytes, tables: Mapping[str, Any]) -> tuple[Pin, ...]:
    """The packages of a pylock.toml. ValueError for what is none."""
    if "lock-version" not in tables:
        raise ValueError("has no lock-version")
    return tuple(_pylock_pin(path, entry, line) for entry, line in _entries(content, tables, "packages"))


def _pylock_pin(path: str, entry: Mapping[str, Any], line: int) -> Pin:
    files = _files(entry) + ([entry["archive"]] if "archive" in entry else [])
    directory = entry.get("directory", {})
    folder = _own(path, directory["path"]) if "path" in directory else ""
    is_root = bool(folder)
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
        folder,
        _foreign(entry, _files(entry), str(entry.get("index", ""))),
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


def _foreign(entry: Mapping[str, Any], files: Iterable[Mapping[str, Any]], index: str) -> tuple[str, ...]:
    """Files whose names say that they are of something else, and those that PyPI is said to have and has not."""
    found = [name for name in map(_file_name, files) if name and not _is_file_of(entry, unquote(name))]
    if urlsplit(index).hostname in _PYPI:
        hosts = (urlsplit(str(each["url"])).hostname for each in files if "url" in each)
        found += [f"what {host} has" for host in hosts if host and host not in _PYPI]
    return tuple(dict.fromkeys(found))


def _is_file_of(entry: Mapping[str, Any], file: str) -> bool:
    name = normalised(str(entry["name"]))
    if not file.endswith(".whl"):
        return normalised(file).startswith(f"{name}-")
    distribution, _, rest = file.partition("-")
    return normalised(distribution) == name and _is_same(str(entry.get("version", "")), rest.partition("-")[0])


def _is_same(version: str, other: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version) == Version(other.replace("_", "-"))
    except InvalidVersion:
        return True  # nothing is known against it


def _is_hashed(file: Mapping[str, Any]) -> bool:
    said = [str(file.get("hash", ""))] + [f"{kind}:{value}" for kind, value in dict(file.get("hashes", {})).items()]
    return any(_SHA.fullmatch(each) for each in said)


def _file_name(file: Mapping[str, Any]) -> str:
    said = str(file.get("name") or file.get("filename") or file.get("url") or file.get("path", ""))
    return without_credentials(said).partition("#")[0].rpartition("/")[2]


def _secret_place(indexes: Iterable[str]) -> str:
    """An index that names a user or a token: whoever reads the lock has it."""
    return next(("an index with credentials in it" for index in indexes if re.match(r"\w+://[^/]*@", index)), "")
