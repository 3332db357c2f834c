"""Programs of others that facts ask: found beside this interpreter or on PATH, identified, and run to their end."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple, Optional

from gates.errors import FactUnavailable
from gates.facts.store import Store

_PASSED_ON = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "KF_RULE_CACHE_DIR")
_LONGEST_SAID = 300
_PATIENCE = 600


class Done(NamedTuple):
    """How a program ended."""

    code: int
    printed: bytes
    said: str

    @property
    def last_words(self) -> str:
        """What it said at the end, in one line, cut to a length."""
        return " ".join(self.said.split())[-_LONGEST_SAID:] or f"it ended with {self.code} and said nothing"


@dataclass(frozen=True)
class Tool:
    """A program that was asked its version, and answered as the one it is taken for."""

    name: str
    place: Path
    version: str

    def run(self, arguments: Sequence[str], folder: Path, environment: Optional[Mapping[str, str]] = None) -> Done:
        """Run it in a folder, with a home of its own, so that nobody's configuration is read.

        FactUnavailable where it cannot be started or does not end.
        """
        return _run(self.name, self.place, arguments, folder, environment or {})


@dataclass(frozen=True)
class Tools:
    """Where programs are looked for, and what each said of itself when it was last asked."""

    store: Store = field(repr=False, compare=False)
    folders: tuple[str, ...] = ()
    unit: ClassVar[str] = "tools"
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, store: Store) -> Tools:
        """Beside this interpreter first: what was locked with it is there."""
        return cls(store, (str(Path(sys.executable).parent), *os.environ.get("PATH", "").split(os.pathsep)))

    def places(self, name: str) -> list[Path]:
        """Every program of a name, in the order in which they are looked for."""
        found = (shutil.which(name, path=folder) for folder in dict.fromkeys(self.folders) if folder)
        return [Path(place) for place in found if place is not None]

    def get(self, name: str, version: str, remedy: str, asking: Sequence[str] = ("--version",)) -> Tool:
        """The first program of a name whose answer to `asking` matches `version`, whose group 1 is the version.

        FactUnavailable with the remedy, and with what other programs of that name said.
        """
        others: list[str] = []
        for place in self.places(name):
            answer = self.said(name, place, asking)
            match = re.search(version, answer)
            if match is not None:
                return Tool(name, place, match[1])
            others.append(
                f"{place.name} on this machine says '{' '.join(answer.split())[:60]}', which is another program"
            )
        raise FactUnavailable("; ".join([*(others or [f"{name} is not installed"]), remedy]))

    def said(self, name: str, place: Path, asking: Sequence[str]) -> str:
        """What a program prints when it is asked; kept for as long as the program's file is the same."""
        found = place.resolve().stat()
        key = repr((str(place.resolve()), found.st_size, found.st_mtime_ns, found.st_ino, tuple(asking)))
        kept = self.store.get_one("tool", key)
        if kept is None:
            with tempfile.TemporaryDirectory(prefix="gates-") as folder:
                done = _run(name, place, asking, Path(folder), {})
            kept = done.printed + b"\n" + done.said.encode("utf-8", "replace")
            self.store.put("tool", {key: kept})
        return kept.decode("utf-8", "replace")


def _run(name: str, place: Path, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Done:
    with tempfile.TemporaryDirectory(prefix="gates-home-") as home:
        known = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
        own = {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        try:
            done = subprocess.run(
                [str(place), *arguments],
                cwd=folder,
                env={**known, **own, **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except OSError as error:
            raise FactUnavailable(f"{name} cannot be started ({error.strerror})") from None
        except subprocess.TimeoutExpired:
            raise FactUnavailable(f"{name} did not end within {_PATIENCE} seconds") from None
    return Done(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))
