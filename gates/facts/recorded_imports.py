"""What a recorded run really imported, as far as the files that did it are still what they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Optional

from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.imported import Imported
from gates.facts.modules import Modules
from gates.facts.recording import Recording, parse
from gates.facts.recording_file import NO_FILE, RecordingError, held, refuse_outside

_MAKER = "pytest --gates-record-imports"
_DEFAULT_FILE = ".gates/recordings/imports.jsonl"


@dataclass(frozen=True)
class RecordingSettings:
    """`[facts.recorded-imports]`: without it no recording is asked for, and the gates do without."""

    policy_section: ClassVar[str] = "recorded-imports"
    file: Optional[str] = None
    """The recording, as a path below the repository's root; it need not be tracked."""
    made_by: Optional[str] = None
    """The command that makes it, for whoever has none yet [pytest --gates-record-imports]."""
    may_be_missing: Optional[str] = None
    """Why the file need not exist everywhere; without it that is no pass, and --strict asks for it all the same."""

    def __post_init__(self) -> None:
        idle = "made_by" if self.made_by is not None else "may_be_missing" if self.may_be_missing is not None else None
        if self.file is None and idle is not None:
            raise PolicyError(f"has {idle} and no file; file is the recording, like {_DEFAULT_FILE}")
        refuse_outside(self.file)

    @property
    def remedy(self) -> str:
        """What to do where it is missing or stale."""
        place = "" if self.file == _DEFAULT_FILE else f"={self.file}"
        return f"run `{self.made_by or _MAKER + place}`"


@dataclass
class RecordedImports:
    """The imports that happened, by importing file.

    A file whose content is not what it was when it ran says nothing any more; how many those are stands in `account`.
    """

    checkout: Checkout = field(repr=False)
    modules: Modules
    settings: RecordingSettings
    unit: ClassVar[str] = "modules"

    @classmethod
    def gather(cls, checkout: Checkout, modules: Modules, settings: RecordingSettings) -> RecordedImports:
        """Nothing is read until it is asked for."""
        return cls(checkout, modules, settings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The recording, where one is asked for."""
        return () if self.settings.file is None else (f":(literal){self.settings.file}",)

    @cached_property
    def digest(self) -> str:
        """Of the recording, and of the files that it is compared with."""
        if self.settings.file is None:
            return digest_of("no recording is asked for")
        content, why = self._content
        return digest_of(repr(self.settings), content if content is not None else why, self.modules.digest)

    def __len__(self) -> int:
        return len(self.modules)

    @property
    def lacking(self) -> Mapping[str, str]:
        """What cannot be told: the recording, with the reason and the remedy; nothing where it is whole."""
        if self.settings.file is None or self.missing:
            return {}
        why = self._content[1] or self._parsed[1]
        if not why:
            gaps = sorted({gap for recording in self._parsed[0] for gap in recording.lacks})
            why = "; ".join(gaps)
        if not why and not self.by_file:
            why = "speaks of no file of this repository as it is now"
        return {self.settings.file: f"{why}; {self.settings.remedy}"} if why else {}

    @property
    def missing(self) -> Mapping[str, str]:
        """The recording, where it does not exist and need not, with the remedy and the reason."""
        file, why_not = self.settings.file, self.settings.may_be_missing
        if file is None or why_not is None or self._content[1] != NO_FILE:
            return {}
        return {file: f"{NO_FILE}; {self.settings.remedy}; it may be missing: {why_not}"}

    def account(self) -> dict[str, int]:
        """How many modules it speaks of, and of how many it no longer does."""
        return {"recorded": len(self.by_file), "changed since they were recorded": len(self._stale)}

    @cached_property
    def by_file(self) -> Mapping[str, tuple[Imported, ...]]:
        """Importing file to what it imported, in the order of its lines."""
        found: dict[str, set[Imported]] = {}
        for recording in self._parsed[0]:
            for importer in recording.importers:
                if importer.blob and importer.blob == self._blobs.get(importer.file):
                    found.setdefault(importer.file, set()).update(importer.ran)
        return {
            file: tuple(sorted(ran, key=lambda each: (each.line, each.name))) for file, ran in sorted(found.items())
        }

    @cached_property
    def _stale(self) -> frozenset[str]:
        spoken_of = {importer.file for recording in self._parsed[0] for importer in recording.importers}
        return frozenset(spoken_of & self._blobs.keys() - self.by_file.keys())

    @cached_property
    def _blobs(self) -> Mapping[str, str]:
        return {file.path: file.blob for file in self.modules.files}

    @cached_property
    def _parsed(self) -> tuple[tuple[Recording, ...], str]:
        """The recordings of the file, and why there are none."""
        content = self._content[0]
        if content is None:
            return (), ""
        try:
            return parse(content), ""
        except RecordingError as error:
            return (), str(error)

    @cached_property
    def _content(self) -> tuple[Optional[bytes], str]:
        return (None, "") if self.settings.file is None else held(self.checkout, self.settings.file)
