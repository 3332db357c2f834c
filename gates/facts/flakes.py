"""How the tests behaved when everything else was varied: a recording of `gates flakes`, as far as it still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Optional

from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.flake_recording import FlakeRecording, parse
from gates.facts.modules import Modules
from gates.facts.recording_file import RecordingError, held, refuse_outside
from gates.facts.test_code import is_test_file

DEFAULT_FILE = ".gates/recordings/flakes.json"


@dataclass(frozen=True)
class FlakeSettings:
    """`[facts.flakes]`: the recording, and how it is made."""

    policy_section: ClassVar[str] = "flakes"
    file: str = DEFAULT_FILE
    """The recording, as a path below the repository's root; it need not be tracked."""
    made_by: str = "gates flakes"
    """The command that makes it, for whoever has none yet, or an old one."""

    def __post_init__(self) -> None:
        refuse_outside(self.file)


@dataclass
class Flakes:
    """What the recording tells; nothing where a module is no longer what it was while the tests ran."""

    checkout: Checkout = field(repr=False)
    modules: Modules
    settings: FlakeSettings
    unit: ClassVar[str] = "test files"

    @classmethod
    def gather(cls, checkout: Checkout, modules: Modules, settings: FlakeSettings) -> Flakes:
        """Nothing is read until it is asked for."""
        return cls(checkout, modules, settings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The recording."""
        return (f":(literal){self.settings.file}",)

    @cached_property
    def digest(self) -> str:
        """Of the recording, and of the modules that it is compared with."""
        content, why = self._content
        return digest_of(repr(self.settings), content if content is not None else why, self.modules.digest)

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The paths of all files that hold tests, by their names."""
        return tuple(file.path for file in self.modules.files if is_test_file(file.path))

    def account(self) -> dict[str, int]:
        """How many tests were run, and how often altogether."""
        told = self.told
        return {} if told is None else {"tests": len(told.tests), "runs": sum(t.runs for t in told.tests.values())}

    @property
    def lacking(self) -> Mapping[str, str]:
        """What cannot be told: the recording, with the reason and the remedy."""
        why = self._read[1]
        return {self.settings.file: f"{why}; run `{self.settings.made_by}`"} if why else {}

    @property
    def told(self) -> Optional[FlakeRecording]:
        """The recording; None where there is none that holds."""
        return self._read[0]

    @cached_property
    def _read(self) -> tuple[Optional[FlakeRecording], str]:
        """The recording, and why it cannot be gone by."""
        content, why = self._content
        if content is None:
            return None, why
        try:
            recording = parse(content)
        except RecordingError as error:
            return None, str(error)
        if self.settings.file not in self.checkout.overlay:
            blobs = {file.path: file.blob for file in self.modules.files}
            changed = next((path for path in sorted(blobs) if recording.files.get(path) != blobs[path]), None)
            gone = next((path for path in sorted(recording.files) if path not in blobs), None)
            if changed or gone:
                return None, f"is older than {changed or gone}"
        return recording, "; ".join(recording.lacks)

    @cached_property
    def _content(self) -> tuple[Optional[bytes], str]:
        return held(self.checkout, self.settings.file)
