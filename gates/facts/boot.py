"""What became of each plugin when the service was last booted, as it wrote that down; if still of this code.

{"recording": "boot", "schema": 1, "discovery": "auto", "lane": "production", "files": {"runtime/app.py": "<blob>"},
 "plugins": [{"plugin": "node:recall", "lane": "production", "state": "loaded", "reason": null}]}
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
from gates.facts.recording_file import held, refuse_outside
from gates.facts.stamp import blob, modules_of, why_stale
from gates.globs import Globs

SCHEMA = 1
DISCOVERED = "auto"
LOADED = "loaded"


@dataclass(frozen=True)
class BootSettings:
    """`[facts.boot]`: the recording of the boot, and of which files it must be."""

    policy_section: ClassVar[str] = "boot"
    file: str = ".gates/recordings/boot.json"
    """The recording, as a path below the root; it need not be tracked."""
    made_by: str = "make ci-smoke-plugin"
    """The command that makes it."""
    of: Globs = ()
    """The files whose content must be what it was; without one, all Python files that the recording names."""

    def __post_init__(self) -> None:
        refuse_outside(self.file)


class Booted(msgspec.Struct, frozen=True):
    """One plugin, "kind:name"; `reason` says why it is not loaded."""

    plugin: str
    state: str
    lane: str = ""
    reason: Optional[str] = None


class _Recording(msgspec.Struct, frozen=True):
    recording: str
    schema: int
    discovery: str
    lane: str
    files: dict[str, str]
    plugins: tuple[Booted, ...]


@dataclass
class Boot:
    """The recording; where there is none, or it is of other code, `lacking` says so."""

    checkout: Checkout = field(repr=False)
    settings: BootSettings
    unit: ClassVar[str] = "plugins of a boot"
    may_be_none: ClassVar[bool] = True  # a recording that is missing stands in `lacking`, one of no plugin is a finding

    @classmethod
    def gather(cls, checkout: Checkout, settings: BootSettings) -> Boot:
        """Nothing is read until it is asked for."""
        return cls(checkout, settings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The recording, and the files that it must be of."""
        return (f":(literal){self.settings.file}", "*.py")

    @cached_property
    def digest(self) -> str:
        """Of the recording, and of whether it is of the files as they are."""
        content, why = held(self.checkout, self.settings.file)
        return digest_of(repr(self.settings), content if content is not None else why, repr(self.lacking))

    def __len__(self) -> int:
        return len(self.plugins)

    @property
    def plugins(self) -> tuple[Booted, ...]:
        """Every plugin of it; none where it cannot be read."""
        return self._read[0].plugins if self._read[0] is not None else ()

    @property
    def lane(self) -> str:
        """The widest lane that was loaded."""
        return self._read[0].lane if self._read[0] is not None else ""

    @cached_property
    def lacking(self) -> Mapping[str, str]:
        """Why it cannot be told: no recording, none that can be read, one of other code or without discovery."""
        found, why = self._read
        if found is not None:
            ours = modules_of(self.checkout, self.settings.of)
            asked = ours if self.settings.of else [path for path in found.files if path in self.checkout.files]
            why = why_stale(self.checkout, found.files, asked)
            if found.discovery != DISCOVERED:
                why = f"was made with discovery {found.discovery!r:.20}, and plugins are found with {DISCOVERED!r}"
        return {self.settings.file: f"{why}; run `{self.settings.made_by}`"} if why else {}

    def rendered(self, plugins: Mapping[str, str]) -> bytes:
        """A recording of the files as they are now, in which each plugin had this state."""
        paths = modules_of(self.checkout, self.settings.of)
        paths = paths or [path for path in self.checkout.files if path.endswith(".py")][:1]
        files = {path: blob(self.checkout.read(path)) for path in paths}
        rows = [{"plugin": plugin, "state": state} for plugin, state in plugins.items()]
        head = {"recording": "boot", "schema": SCHEMA, "discovery": DISCOVERED, "lane": self.lane or "production"}
        return json.dumps({**head, "files": files, "plugins": rows}).encode()

    @cached_property
    def _read(self) -> tuple[Optional[_Recording], str]:
        content, why = held(self.checkout, self.settings.file)
        if content is None:
            return None, why
        try:
            table = json.loads(content)
            if not isinstance(table, dict) or table.get("recording") != "boot":
                return None, "is no recording of a boot"
            if table.get("schema") != SCHEMA:
                return None, f"its schema is {table.get('schema')!r:.20}, and this version reads {SCHEMA}"
            return msgspec.convert(table, _Recording), ""
        except (ValueError, RecursionError, msgspec.ValidationError) as error:
            return None, f"is no recording of a boot, or cut off ({error!s:.80})"
