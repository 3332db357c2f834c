"""The files that follow from the objectives, as they stand, and the catalogue that they follow from, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Optional

from gates.facts.checkout import Checkout, tree_digest
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.observability.catalogue import Telemetry, TelemetrySettings, contents
from gates.facts.observability.objectives import Objectives

FOLDER = "observability"


@dataclass
class GeneratedFiles:
    """What stands where `gates observability` writes; `telemetry` is there where something is promised."""

    checkout: Checkout = field(repr=False)
    files: Mapping[str, File]
    telemetry: Optional[Telemetry]
    unit: ClassVar[str] = "generated files"
    may_be_none: ClassVar[bool] = True

    @classmethod
    def gather(cls, checkout: Checkout, objectives: Objectives, settings: TelemetrySettings) -> GeneratedFiles:
        """By their folder. FactUnavailable where something is promised, and there is no catalogue to measure it by."""
        if not len(objectives):
            return cls(checkout, {}, None)
        files = {path: file for path, file in sorted(checkout.files.items()) if path.startswith(f"{FOLDER}/")}
        return cls(checkout, files, Telemetry.gather(checkout, settings))

    @property
    def reads(self) -> tuple[str, ...]:
        """The folder and the catalogue, where something is promised."""
        return () if self.telemetry is None else (f"{FOLDER}/*", *self.telemetry.reads)

    @property
    def digest(self) -> str:
        """Of the files and the catalogue."""
        return digest_of(tree_digest(self.files.values()), "" if self.telemetry is None else self.telemetry.digest)

    def __len__(self) -> int:
        return len(self.files)

    def of(self, path: str) -> Optional[bytes]:
        """What the file holds; None where it is not there."""
        return contents(self.checkout, path)
