"""The brownout drills on record: what the service did when a dependency was slow, failed, hung or was missing.

{"recording": "drills", "schema": 1, "at": "...", "files": {"runtime/app.py": "<blob>"}, "drills": [
 {"drill": "memory/slow", "stage": "memory", "fault": "slow", "nodes": ["recall"], "verdict": "held", ...}]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Optional

import msgspec

from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.promotion_policy import DrillRecord, PromotionPolicy
from gates.facts.recording_file import held
from gates.facts.stamp import modules_of, why_stale

SCHEMA = 1
HELD = "held"


class Drill(msgspec.Struct, frozen=True):
    """One drill, as the record has it; `nodes` are the plugins that the fault was planted into."""

    drill: str
    stage: str
    verdict: str
    nodes: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


class _Record(msgspec.Struct, frozen=True):
    recording: str
    schema: int
    at: str
    files: dict[str, str]
    drills: tuple[Drill, ...]


@dataclass
class Drills:
    """The record; where there is none, or it is of other code, `lacking` says so."""

    checkout: Checkout = field(repr=False)
    settings: DrillRecord
    unit: ClassVar[str] = "drills"

    @classmethod
    def gather(cls, checkout: Checkout, policy: PromotionPolicy) -> Drills:
        """Nothing is read until it is asked for."""
        return cls(checkout, policy.drills)

    @property
    def reads(self) -> tuple[str, ...]:
        """The record, and the files that it must be of."""
        return (f":(literal){self.settings.file}", "*.py")

    @cached_property
    def digest(self) -> str:
        """Of the record, and of whether it is of the files as they are."""
        content, why = held(self.checkout, self.settings.file)
        return digest_of(repr(self.settings), content if content is not None else why, repr(self.lacking))

    def __len__(self) -> int:
        return len(self.held)

    @property
    def held(self) -> tuple[Drill, ...]:
        """Every drill of the record, whether it held or not; none where it cannot be read."""
        return self._read[0].drills if self._read[0] is not None else ()

    @property
    def at(self) -> str:
        """When they were made, ISO 8601; "" where it cannot be read."""
        return self._read[0].at if self._read[0] is not None else ""

    @cached_property
    def lacking(self) -> Mapping[str, str]:
        """Why it cannot be told: no record, none that can be read, or one of other code."""
        record, why = self._read
        if record is not None:
            ours = modules_of(self.checkout, self.settings.of)
            asked = ours if self.settings.of else [path for path in record.files if path in self.checkout.files]
            why = why_stale(self.checkout, record.files, asked) or ("" if record.drills else "holds no drill")
        return {self.settings.file: f"{why}; run `{self.settings.made_by}`"} if why else {}

    @cached_property
    def _read(self) -> tuple[Optional[_Record], str]:
        content, why = held(self.checkout, self.settings.file)
        if content is None:
            return None, why
        try:
            table = json.loads(content)
            if not isinstance(table, dict) or table.get("recording") != "drills":
                return None, "is no record of drills, or of a version that did not say of which code it was"
            if table.get("schema") != SCHEMA:
                return None, f"its schema is {table.get('schema')!r:.20}, and this version reads {SCHEMA}"
            return msgspec.convert(table, _Record), ""
        except (ValueError, RecursionError, msgspec.ValidationError) as error:
            return None, f"is no record of drills, or cut off ({error!s:.80})"
