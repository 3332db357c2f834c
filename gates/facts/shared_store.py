"""Facts and verdicts that several machines share: packs of what was worked out, in any fsspec file system.

A pack holds what one run worked out of one kind. It never changes, and its name is the digest of its content, so a
pack that arrives whole is the pack that was written. Whatever goes wrong on the way costs time, never a verdict.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

import msgspec

from gates.errors import GatesError
from gates.facts.store import Store

FILE = "facts.sqlite"
SUFFIX = ".pack"
_SHARED = ("fact/", "verdict")
_TAKEN = "pack"
_AT_ONCE = 16
_SECRET = re.compile(r"(?<=://)[^/@]*@")

Values = dict[str, bytes]
_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decode = msgspec.msgpack.Decoder(Values).decode


def open_store(folder: Path, environ: Mapping[str, str]) -> Store:
    """The store in a cache folder, shared beyond this machine where GATES_STORE names a place.

    Errors: GatesError where that place makes no sense, or what it needs is not installed.
    """
    url = environ.get("GATES_STORE", "").strip()
    return SharedStore(folder / FILE, url) if url else Store(folder / FILE)


class SharedStore(Store):
    """A local store that takes in the packs of others when it lacks something, and writes packs of its own.

    What was put goes out with `share`, or when the store is closed without an error.
    """

    def __init__(self, file: Optional[Path], url: str) -> None:
        self._shown = _SECRET.sub("", url)
        self._remote, self._place = _remote(url, self._shown)
        self._in_memory: dict[str, Values] = {}
        self._asked: set[str] = set()
        self._unsent: dict[str, Values] = {}
        super().__init__(file)

    def get(self, kind: str, keys: Sequence[str]) -> Values:
        """The values that are kept here or, where one is missing, in packs that were not taken in yet."""
        found = self._nearby(kind, keys)
        if len(found) < len(set(keys)) and kind.startswith(_SHARED) and kind not in self._asked:
            self._asked.add(kind)
            self._take_in(kind)
            found = self._nearby(kind, keys)
        return found

    def put(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep values here; the shared ones go out later."""
        super().put(kind, values)
        if kind.startswith(_SHARED) and values:
            self._unsent.setdefault(kind, {}).update(values)

    def share(self) -> None:
        """Write one pack for each kind of which something new was worked out."""
        unsent, self._unsent = self._unsent, {}
        for kind, values in unsent.items():
            try:
                self._send(kind, _encode(values))
            except Exception as error:  # noqa: BLE001  (every file system has errors of its own)
                self._unreachable(error)
                return

    def _nearby(self, kind: str, keys: Sequence[str]) -> Values:
        found = super().get(kind, keys)
        held = self._in_memory.get(kind)
        if held:
            found.update((key, held[key]) for key in keys if key in held)
        return found

    def _take_in(self, kind: str) -> None:
        try:
            for name, pack in self._new_packs(kind):
                values = _opened(name, pack)
                if values is None:
                    self.notes.append(f"{self._shown}: pack {name[:12]} of {kind} is damaged and was left out")
                else:
                    self._keep(kind, name, values)
        except Exception as error:  # noqa: BLE001  (every file system has errors of its own)
            self._unreachable(error)

    def _new_packs(self, kind: str) -> Iterator[tuple[str, bytes]]:
        folder = f"{self._place}/{kind}"
        self._remote.invalidate_cache()
        try:
            listed = self._remote.ls(folder, detail=False)
        except FileNotFoundError:  # nobody has shared anything of this kind
            return
        names = sorted(path.rsplit("/", 1)[-1][: -len(SUFFIX)] for path in listed if path.endswith(SUFFIX))
        taken = super().get(_TAKEN, [f"{kind}/{name}" for name in names])
        new = [name for name in names if f"{kind}/{name}" not in taken]
        for start in range(0, len(new), _AT_ONCE):
            chosen = new[start : start + _AT_ONCE]
            paths = [f"{folder}/{name}{SUFFIX}" for name in chosen]
            packs = self._remote.cat_ranges(paths, None, None, on_error="return")
            for name, pack in zip(chosen, packs):
                if isinstance(pack, FileNotFoundError):  # taken away meanwhile
                    continue
                if isinstance(pack, Exception):
                    raise pack
                yield name, pack

    def _keep(self, kind: str, name: str, values: Values) -> None:
        super().put(kind, values)
        super().put(_TAKEN, {f"{kind}/{name}": b""})
        if self._connection is None:
            self._in_memory.setdefault(kind, {}).update(values)

    def _send(self, kind: str, pack: bytes) -> None:
        name = hashlib.sha256(pack).hexdigest()
        path = f"{self._place}/{kind}/{name}{SUFFIX}"
        self._remote.makedirs(f"{self._place}/{kind}", exist_ok=True)
        # Within a transaction a file appears when it is whole.
        with self._remote.transaction, self._remote.open(path, "wb") as stream:
            stream.write(pack)
        super().put(_TAKEN, {f"{kind}/{name}": b""})

    def _unreachable(self, error: Exception) -> None:
        said = _SECRET.sub("", str(error)) or type(error).__name__
        note = f"{self._shown}: cannot be reached, what others worked out is not used ({said})"
        if note not in self.notes:
            self.notes.append(note)

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if kind is None:
            self.share()
        self.close()


def _remote(url: str, shown: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError:
        remedy = "pip install 'lukhas-gates[store]'"
        raise GatesError(f"GATES_STORE is '{shown}', but fsspec is not installed; {remedy}") from None
    try:
        remote, place = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError, TypeError) as error:
        raise GatesError(f"GATES_STORE is '{shown}', which cannot be used: {_SECRET.sub('', str(error))}") from None
    return remote, str(place).rstrip("/")


def _opened(name: str, pack: bytes) -> Optional[Values]:
    if hashlib.sha256(pack).hexdigest() != name:
        return None
    try:
        return _decode(pack)
    except msgspec.DecodeError:
        return None
