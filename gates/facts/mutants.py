"""The changed statements that were spoiled to see whether a test notices: a recording that `gates mutate` makes.

    {"recording": "mutants", "schema": 1, "commit": "...",
     "files": {"app/bridge.py": {"blob": "...", "statements": [
         {"line": 7, "mutants": 2, "killed": 0, "tests": 3, "said": ["`x` as `None`", "..."]}]}},
     "tests": {"tests/test_bridge.py": "<blob>"}}

It speaks of a module as long as that, and every file whose tests reached it, is what it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Optional

import msgspec

from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.modules import Modules
from gates.facts.recording_file import RecordingError, held, refuse_outside
from gates.number_words import many

SCHEMA = 1
_FEW = 3
PLACE = ".gates/recordings/mutants.json"


class Tried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One statement: how many of its mutants were tried, and how many were noticed by the tests that reach it."""

    line: int
    mutants: int
    killed: int
    tests: int
    said: tuple[str, ...]
    """What it was spoiled into and nobody noticed, like "`x` as `None`"."""

    @property
    def survives(self) -> bool:
        """Whether none was noticed."""
        return self.mutants > 0 and not self.killed

    @property
    def told(self) -> str:
        """What is said of a survivor."""
        shown = ", ".join(self.said[:_FEW])
        more = f" and {len(self.said) - _FEW} more" if len(self.said) > _FEW else ""
        return f"its mutants survive (reached by {many(self.tests, 'test')}): {shown}{more}"


class TriedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The statements of one module, by the id of its content."""

    blob: str
    statements: tuple[Tried, ...]


class MutantRecording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recording; `tests` is what the files of the tests were."""

    files: Mapping[str, TriedFile]
    tests: Mapping[str, str]
    commit: Optional[str] = None
    recording: str = "mutants"
    schema: int = SCHEMA


def render(recording: MutantRecording) -> bytes:
    """The file's bytes: the same for the same recording."""
    return msgspec.json.format(msgspec.json.encode(recording, order="sorted"), indent=1) + b"\n"


def parse(content: bytes) -> MutantRecording:
    """What a file says. RecordingError where it is none."""
    try:
        read = msgspec.json.decode(content, type=MutantRecording)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordingError(f"is no recording of mutants: {error}") from None
    if (read.recording, read.schema) != ("mutants", SCHEMA):
        raise RecordingError(f"is no recording of mutants with schema {SCHEMA}")
    return read


@dataclass(frozen=True)
class MutantSettings:
    """`[facts.mutants]`: the recording that `gates mutate` makes; read where it is there."""

    policy_section: ClassVar[str] = "mutants"
    file: str = PLACE
    """The recording, as a path below the repository's root; it need not be tracked."""
    required: bool = False
    """Whether it must be there; without it nothing is listed, and that fails nothing."""
    made_by: str = "gates mutate"
    """The command that makes it."""

    def __post_init__(self) -> None:
        refuse_outside(self.file)


@dataclass
class Mutants:
    """The statements of which the recording tells, as far as the files are still what they were."""

    checkout: Checkout = field(repr=False)
    modules: Modules
    settings: MutantSettings
    unit: ClassVar[str] = "modules"

    @classmethod
    def gather(cls, checkout: Checkout, modules: Modules, settings: MutantSettings) -> Mutants:
        """Nothing is read until it is asked for."""
        return cls(checkout, modules, settings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The recording."""
        return (f":(literal){self.settings.file}",)

    @cached_property
    def digest(self) -> str:
        """Of the recording, and of the modules that it is compared with."""
        return digest_of(repr(self.settings), self._content or b"", self.modules.digest)

    def __len__(self) -> int:
        return len(self.modules)

    def account(self) -> dict[str, int]:
        """Of how many modules it tells how their statements were mutated; nothing is said where there is none."""
        return {"mutated": len(self._current)} if self._content is not None else {}

    @property
    def lacking(self) -> Mapping[str, str]:
        """The recording, where it is damaged, or is not there and must be."""
        why = self._parsed[1] or (self._held[1] if self.settings.required else "")
        if not why and self.settings.required and self._recorded is not None and not self._current:
            why = "speaks of no module of this repository as it is now"
        return {self.settings.file: f"{why}; run `{self.settings.made_by}`"} if why else {}

    def survivors(self) -> Iterator[tuple[str, Tried]]:
        """Path and statement, where no test that reaches it noticed any of its mutants."""
        for path, file in self._current.items():
            yield from ((path, tried) for tried in file.statements if tried.survives)

    @cached_property
    def _current(self) -> Mapping[str, TriedFile]:
        recorded = self._recorded
        if recorded is None or any(self._blobs.get(path) != blob for path, blob in recorded.tests.items()):
            return {}
        return {path: file for path, file in sorted(recorded.files.items()) if self._blobs.get(path) == file.blob}

    @cached_property
    def _blobs(self) -> Mapping[str, str]:
        return {file.path: file.blob for file in self.modules.files}

    @property
    def _recorded(self) -> Optional[MutantRecording]:
        return self._parsed[0]

    @cached_property
    def _parsed(self) -> tuple[Optional[MutantRecording], str]:
        """The recording, and why there is none."""
        try:
            return (None, "") if self._content is None else (parse(self._content), "")
        except RecordingError as error:
            return None, str(error)

    @property
    def _content(self) -> Optional[bytes]:
        return self._held[0]

    @cached_property
    def _held(self) -> tuple[Optional[bytes], str]:
        return held(self.checkout, self.settings.file)
