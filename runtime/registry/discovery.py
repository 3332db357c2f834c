"""Installed plugins into the registry, when LUKHAS_PLUGIN_DISCOVERY is "auto".

A plugin is imported only if its lane may be loaded here and its name is free, and whatever it does then is its own
failure: it is recorded, and the next one has its turn.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Optional

from runtime.errors import ConfigurationFault, PluginFault
from runtime.registry.construction import Construction, construct, construct_async
from runtime.registry.installed import Candidate, Installed, installed
from runtime.registry.plugin_lane import CANDIDATE, PRODUCTION, PluginLane, checked, lane_of_class, lane_of_module
from runtime.registry.plugin_name import FORMER_GROUPS, PluginName, group_kind, quoted
from runtime.registry.plugin_record import FACTORY, FAILED, LOADED, SKIPPED, Discovery, PluginRecord, said
from runtime.registry.registry import Registry

VARIABLE = "LUKHAS_PLUGIN_DISCOVERY"
AUTO, OFF = MODES = ("auto", "off")
# What a plugin may raise without ending the boot. SystemExit: a script that was announced as a plugin by mistake.
_ITS_OWN_FAULT = (Exception, SystemExit)


class _Loaded(NamedTuple):
    """What an entry point names, imported, in a lane that may be loaded, and not yet built."""

    record: PluginRecord
    subject: object


def discovery_mode(environment: Mapping[str, str]) -> str:
    """What LUKHAS_PLUGIN_DISCOVERY says: "auto", or "off", which it is where nothing is said."""
    mode = environment.get(VARIABLE) or OFF
    return _checked_mode(mode)


def auto_discover(
    registry: Registry, mode: str, allowed_lanes: Sequence[str] = (PRODUCTION,), found: Optional[Installed] = None
) -> None:
    """Load what is installed, where `mode` is "auto". For plugins whose factory is async, use auto_discover_async.

    Called again, it loads nothing again. PluginFault for a second plugin of one name (where the registry has that for
    an error), and where what the registry requires is not loaded; ConfigurationFault for an unknown mode or lane.
    """
    for loaded in _loaded(registry, mode, allowed_lanes, found):
        began = registry.clock()
        try:
            construction = construct(loaded.subject, registry.services)
        except _ITS_OWN_FAULT as error:
            _keep_failed(registry, loaded, error, registry.clock() - began)
        else:
            _keep_built(registry, loaded, construction, registry.clock() - began)
    _finish(registry, mode)


async def auto_discover_async(
    registry: Registry,
    mode: str,
    allowed_lanes: Sequence[str] = (PRODUCTION,),
    found: Optional[Installed] = None,
    patience: float = 30.0,
) -> None:
    """The same in an event loop, where async factories are awaited, each for `patience` seconds at most."""
    for loaded in _loaded(registry, mode, allowed_lanes, found):
        began = registry.clock()
        try:
            construction = await _within(loaded.subject, registry, patience)
        except _ITS_OWN_FAULT as error:
            _keep_failed(registry, loaded, error, registry.clock() - began)
        else:
            _keep_built(registry, loaded, construction, registry.clock() - began)
    _finish(registry, mode)


def _loaded(
    registry: Registry, mode: str, allowed_lanes: Sequence[str], found: Optional[Installed]
) -> Iterator[_Loaded]:
    """Each that is to be built; what becomes of the others is recorded here."""
    lanes = checked(tuple(allowed_lanes))
    if _checked_mode(mode) == OFF:
        registry.discovery = Discovery(OFF, lanes)
        return
    everything = installed() if found is None else found
    registry.discovery = Discovery(
        AUTO, lanes, everything.distributions, len(everything.candidates), everything.seconds, everything.unread
    )
    for candidate in everything.candidates:
        if registry.claim(candidate):
            loaded = _load(registry, candidate, lanes)
            if loaded is not None:
                yield loaded


def _load(registry: Registry, candidate: Candidate, lanes: Sequence[str]) -> Optional[_Loaded]:
    by_path = lane_of_module(candidate.module or "")
    record = _record(candidate, by_path or PluginLane(CANDIDATE))
    if by_path and by_path.lane not in lanes:
        _skip(registry, record, lanes)
        return None
    if registry.is_shadowed(record):
        return None
    _warn_of_a_former_group(record)
    began = registry.clock()
    try:
        PluginName.of(record.kind, record.name)
        if candidate.module is None:
            raise PluginFault(f"{quoted(candidate.value)} names nothing to import; write module:attribute")
        subject = candidate.load()
        lane, note = lane_of_class(subject, by_path)
    except _ITS_OWN_FAULT as error:
        registry.keep(record._replace(state=FAILED, reason=_why(error), import_seconds=registry.clock() - began))
        return None
    record = record._replace(lane=lane, note=_joined(record.note, note), import_seconds=registry.clock() - began)
    if lane not in lanes:
        _skip(registry, record, lanes)
        return None
    return _Loaded(record, subject)


def _record(candidate: Candidate, lane: PluginLane) -> PluginRecord:
    former = candidate.former_group
    note = former and f"found in '{former}', the former name of '{FORMER_GROUPS[former]}'"
    return PluginRecord(
        group_kind(candidate.group),
        candidate.name,
        lane.lane,
        LOADED,
        value=candidate.value,
        distribution=candidate.distribution,
        version=candidate.version,
        former_group=former,
        note=_joined(note, lane.note),
    )


def _skip(registry: Registry, record: PluginRecord, lanes: Sequence[str]) -> None:
    loaded_here = ", ".join(lanes) or "none"
    registry.keep(
        record._replace(state=SKIPPED, reason=f"the lane {record.lane} is not loaded here (loaded: {loaded_here})")
    )


def _keep_failed(registry: Registry, loaded: _Loaded, error: BaseException, seconds: float) -> None:
    registry.keep(loaded.record._replace(state=FAILED, reason=_why(error), build_seconds=seconds))


def _keep_built(registry: Registry, loaded: _Loaded, built: Construction, seconds: float) -> None:
    record = loaded.record._replace(route=built.route, build_seconds=seconds, missing=built.missing)
    if built.is_built:
        registry.keep(record._replace(note=_joined(record.note, built.note)), built.plugin)
    else:
        registry.keep(record._replace(state=FACTORY, reason=built.note), built.plugin)


async def _within(subject: object, registry: Registry, patience: float) -> Construction:
    """Built within `patience` seconds, or given up: one that swallows its cancellation is waited for no longer."""
    building = asyncio.ensure_future(construct_async(subject, registry.services))
    try:
        done, _ = await asyncio.wait({building}, timeout=patience)
    except asyncio.CancelledError:
        building.cancel()
        raise
    if not done:
        building.cancel()
        building.add_done_callback(_hear_out)
        raise PluginFault(f"its factory took more than {patience:g} s")
    return building.result()


def _hear_out(given_up: asyncio.Future[Construction]) -> None:
    """Take what it ends with, or asyncio would complain that nobody did."""
    if not given_up.cancelled():
        given_up.exception()


def _finish(registry: Registry, mode: str) -> None:
    if mode == AUTO:
        registry.check_required()


def _warn_of_a_former_group(record: PluginRecord) -> None:
    if record.former_group:
        message = f"{record.origin}: {record.key} is {record.note}; announce it there"
        warnings.warn(message, DeprecationWarning, stacklevel=2)


def _checked_mode(mode: str) -> str:
    if mode not in MODES:
        raise ConfigurationFault(f"{VARIABLE} is {quoted(mode)}; use one of {', '.join(MODES)}")
    return mode


def _why(error: BaseException) -> str:
    """A PluginFault of ours is a sentence already; what a plugin raised is told with its type."""
    return str(error) if isinstance(error, PluginFault) else said(error)


def _joined(*notes: Optional[str]) -> Optional[str]:
    return "; ".join(note for note in notes if note) or None
