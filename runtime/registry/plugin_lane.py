"""Which lane a plugin is in: by where its module lies, else by what it declares, else the least mature."""

from __future__ import annotations

from typing import NamedTuple, Optional

from runtime.errors import ConfigurationFault, PluginFault
from runtime.registry.plugin_name import did_you_mean, quoted

LANES = PRODUCTION, INTEGRATION, CANDIDATE = ("production", "integration", "candidate")


class PluginLane(NamedTuple):
    """A lane, and what a reader of the status should know of how it came about."""

    lane: str
    note: Optional[str] = None


def lane_of_module(module: str) -> Optional[PluginLane]:
    """The lane in `<package>.lanes.<lane>...`, known before anything is imported; None where the path tells none."""
    parts = module.split(".")
    for place, part in enumerate(parts[1:-1], start=1):
        if part == "lanes":
            return _known(parts[place + 1], f"lies in '{'.'.join(parts[: place + 2])}'")
    return None


def lane_of_class(subject: object, by_path: Optional[PluginLane]) -> PluginLane:
    """The lane of what was loaded: its `lane` attribute, where its path tells none.

    PluginFault where the two contradict each other: then one of them would let it into a lane that the other forbids.
    """
    declared = getattr(subject, "lane", None)
    if not isinstance(declared, str):  # none, or a property of its instances
        return by_path or PluginLane(CANDIDATE, "declares no lane: counts as candidate")
    if by_path is None:
        return _known(declared, f"declares the lane {quoted(declared)}")
    if declared != by_path.lane:
        raise PluginFault(f"lies in the lane {by_path.lane} and declares lane = {quoted(declared)}; let the two agree")
    return by_path


def checked(lanes: tuple[str, ...]) -> tuple[str, ...]:
    """The same lanes. ConfigurationFault where one is none: a misspelt lane would silently load nothing."""
    for lane in lanes:
        if lane not in LANES:
            raise ConfigurationFault(
                f"no lane is called {quoted(lane)}{did_you_mean(lane, LANES)}; use one of {', '.join(LANES)}"
            )
    return lanes


def _known(lane: str, said: str) -> PluginLane:
    if lane in LANES:
        return PluginLane(lane)
    return PluginLane(CANDIDATE, f"{said}, which is no lane: counts as candidate")
