"""What became of one plugin, and of the search for them, for whoever operates the service."""

from __future__ import annotations

from typing import NamedTuple, Optional

from runtime.telemetry.events import PluginBuilt

LOADED, FACTORY, FAILED, SKIPPED, SHADOWED = STATES = ("loaded", "factory", "failed", "skipped", "shadowed")
"""loaded: built. factory: registered as it is, because what it asks for is missing. failed: it raised, or it is no
plugin. skipped: its lane is not loaded here. shadowed: another had its name first."""


class PluginRecord(NamedTuple):
    """One plugin. `route` says by what it was built (Construction.route); times are seconds.

    `reason` says why it is not loaded, `note` what is remarkable though it is. `missing` names the arguments that no
    service could be found for. `former_group` is the deprecated group that it was found in.
    """

    kind: str
    name: str
    lane: str
    state: str
    route: Optional[str] = None
    value: Optional[str] = None
    distribution: Optional[str] = None
    version: Optional[str] = None
    import_seconds: float = 0.0
    build_seconds: float = 0.0
    reason: Optional[str] = None
    missing: tuple[str, ...] = ()
    former_group: Optional[str] = None
    note: Optional[str] = None

    @property
    def key(self) -> str:
        """What it is asked for by."""
        return f"{self.kind}:{self.name}"

    @property
    def origin(self) -> Optional[str]:
        """Its distribution with the version; None for what was registered by hand."""
        return " ".join(part for part in (self.distribution, self.version) if part) or None

    def event(self) -> PluginBuilt:
        """The same for those who listen."""
        return PluginBuilt(
            self.kind,
            self.name,
            self.lane,
            self.state,
            self.route,
            self.origin,
            self.import_seconds,
            self.build_seconds,
            self.reason,
        )

    def document(self) -> dict[str, object]:
        """Plain data, for JSON."""
        return {**self._asdict(), "plugin": self.key, "missing": list(self.missing)}


class Unread(NamedTuple):
    """A distribution whose entry points could not be read."""

    distribution: str
    reason: str


class Discovery(NamedTuple):
    """How plugins were searched for: `mode` "auto", "off", or "none" before anybody did; `seconds` of the scan."""

    mode: str = "none"
    lanes: tuple[str, ...] = ()
    distributions: int = 0
    candidates: int = 0
    seconds: float = 0.0
    unread: tuple[Unread, ...] = ()

    def document(self) -> dict[str, object]:
        """Plain data, for JSON."""
        return {
            **self._asdict(),
            "lanes": list(self.lanes),
            "unread": [unread._asdict() for unread in self.unread],
        }


def said(error: BaseException, most: int = 500) -> str:
    """An error in one line: its type and what it says. What cannot even say what it is ends nothing."""
    try:
        text = " ".join(str(error).split())
    except Exception as unsaid:  # noqa: BLE001 - whatever it is, it is told
        text = f"(its text raised {type(unsaid).__name__})"
    whole = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return whole if len(whole) <= most else f"{whole[: most - 3]}..."
