"""What was heard of the service while queries were driven through it: spans and series, if still of this code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Optional

from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.observability.catalogue import Telemetry
from gates.facts.recording_file import held, refuse_outside
from gates.facts.stamp import blob, modules_of, why_stale
from gates.globs import Globs

SCHEMA = 1
DEFAULT_FILE = ".gates/recordings/telemetry.json"


@dataclass(frozen=True)
class DrivenRunSettings:
    """`[facts.driven-run]`: the recording of the run, and of which files it must be."""

    policy_section: ClassVar[str] = "driven-run"
    file: str = DEFAULT_FILE
    """The recording, as a path below the root; it need not be tracked."""
    made_by: str = "make recordings"
    """The command that makes it."""
    of: Globs = ()
    """The files whose content must be what it was; without one, all Python files that the recording names."""

    def __post_init__(self) -> None:
        refuse_outside(self.file)


@dataclass
class DrivenRun:
    """The recording; where there is none, or it is of other code, `lacking` says so."""

    checkout: Checkout = field(repr=False)
    telemetry: Telemetry = field(repr=False)
    settings: DrivenRunSettings
    unit: ClassVar[str] = "stages"

    @classmethod
    def gather(cls, checkout: Checkout, telemetry: Telemetry, settings: DrivenRunSettings) -> DrivenRun:
        """Nothing is read until it is asked for."""
        return cls(checkout, telemetry, settings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The recording, and the files that it must be of."""
        return (f":(literal){self.settings.file}", "*.py")

    @cached_property
    def digest(self) -> str:
        """Of the recording, and of the files that it is compared with."""
        content, why = self._content
        stale = repr(sorted(self.lacking.items()))
        return digest_of(repr(self.settings), content if content is not None else why, stale, self.telemetry.digest)

    def __len__(self) -> int:
        return len(self.telemetry.stages)

    def account(self) -> dict[str, int]:
        """How many queries, spans and series were heard of."""
        if self.lacking:
            return {}
        return {"queries driven": int(self._read.get("queries", 0)), "series heard of": len(self.series)}

    @property
    def spans(self) -> Mapping[str, int]:
        """Name to how many there were."""
        found: Mapping[str, int] = self._read.get("spans", {})
        return found

    @property
    def series(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Name to the label sets that counted anything."""
        found: Mapping[str, Sequence[Mapping[str, str]]] = self._read.get("series", {})
        return found

    @property
    def plugins(self) -> Mapping[str, str]:
        """What became of each plugin, "node:recall" to its state, where every lane was loaded; empty in an old one."""
        found: Mapping[str, str] = self._read.get("plugins", {})
        return found

    @property
    def flags(self) -> Sequence[str]:
        """The switches and settings that there were; empty in an old recording."""
        found: Sequence[str] = self._read.get("flags", ())
        return found

    @property
    def content(self) -> Optional[bytes]:
        """The recording as it lies there."""
        return self._content[0]

    @cached_property
    def lacking(self) -> Mapping[str, str]:
        """Why it cannot be told: no recording, none that can be read, or one of other code."""
        why = self._content[1] or self._why_unread() or self._why_stale()
        return {self.settings.file: f"{why}; run `{self.settings.made_by}`"} if why else {}

    def rendered(self, spans: Mapping[str, int], series: Mapping[str, Sequence[Mapping[str, str]]]) -> bytes:
        """A recording of the files as they are now, in which this was heard."""
        files = {path: blob(self.checkout.read(path)) for path in self._ours() or self._some()}
        known = {"recording": "telemetry", "schema": SCHEMA, "queries": 1, "files": files}
        return json.dumps({**known, "spans": dict(spans), "series": dict(series)}).encode()

    def _ours(self) -> list[str]:
        return modules_of(self.checkout, self.settings.of)

    def _some(self) -> list[str]:
        return [path for path in self.checkout.files if path.endswith(".py")][:1]

    def _why_unread(self) -> str:
        read = self._read
        if read.get("recording") != "telemetry":
            return "is no recording of telemetry, or cut off"
        if read.get("schema") != SCHEMA:
            return f"its schema is {read.get('schema')!r:.20}, and this version reads {SCHEMA}"
        if not all(isinstance(read.get(key), dict) for key in ("files", "spans", "series")):
            return "lacks files, spans or series"
        return "" if read["spans"] or read["series"] else "nothing was heard in it"

    def _why_stale(self) -> str:
        then: Mapping[str, str] = self._read["files"]
        ours = self._ours() if self.settings.of else [path for path in then if path in self.checkout.files]
        return why_stale(self.checkout, then, ours)

    @cached_property
    def _read(self) -> Mapping[str, Any]:
        try:
            read = json.loads(self._content[0] or b"{}")
        except (ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}

    @cached_property
    def _content(self) -> tuple[Optional[bytes], str]:
        return held(self.checkout, self.settings.file)
