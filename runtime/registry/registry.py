"""What is plugged in: registered once, resolved by "kind:name", listed with what became of it.

Reading is a look into a dictionary that is never changed, only replaced; changing it is done under a lock.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Callable, Optional

from runtime.errors import ConfigurationFault, PluginFault
from runtime.registry.plugin_lane import PRODUCTION
from runtime.registry.plugin_name import KINDS, PluginName, did_you_mean, no_kind, quoted
from runtime.registry.plugin_record import FACTORY, FAILED, LOADED, SHADOWED, SKIPPED, Discovery, PluginRecord
from runtime.registry.services import Services
from runtime.telemetry.events import Observer, ignore

ERROR, SHADOW = DUPLICATES = ("error", "shadow")
_HOLDING = (LOADED, FACTORY, FAILED)


class Registry:
    """Every plugin of this process.

    `services` is what plugins may ask for. `on_duplicate`: a second plugin of one name is an "error" (in CI), or a
    "shadow" (in production): the first stays, the second is seen in the status. `required` are names ("node:memory")
    and kinds ("node", at least one of it) without which the service does not begin. `clock` gives seconds.
    """

    def __init__(
        self,
        services: Optional[Mapping[str, object]] = None,
        observe: Observer = ignore,
        on_duplicate: str = ERROR,
        required: Iterable[str] = (),
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if on_duplicate not in DUPLICATES:
            raise ConfigurationFault(f"on_duplicate is '{on_duplicate}'; use one of {', '.join(DUPLICATES)}")
        self.services = Services.of(services or {})
        self.clock = clock
        self.discovery = Discovery()
        self.required = tuple(required)
        for name in self.required:
            if name not in KINDS:
                PluginName.parse(name)
        self._observe = observe
        self._on_duplicate = on_duplicate
        self._lock = threading.RLock()
        self._plugins: dict[str, object] = {}
        self._overrides: tuple[tuple[str, object], ...] = ()
        self._seen: dict[str, object] = {}  # the plugins, with the overrides in front
        self._records: tuple[PluginRecord, ...] = ()
        self._holders: dict[str, PluginRecord] = {}
        self._claimed: set[object] = set()

    def register(self, name: str, plugin: object, lane: str = PRODUCTION) -> None:
        """Keep what was already built under "kind:name". PluginFault where the name is none, or is taken ("error")."""
        parsed = PluginName.parse(name)
        self.keep(PluginRecord(parsed.kind, parsed.name, lane, LOADED, route="registered"), plugin)

    def resolve(self, name: str) -> object:
        """The plugin of this name; of a plugin in the state "factory", its class.

        PluginFault says what is near to a name that is unknown, and why a plugin that is known is not there.
        """
        try:
            return self._seen[name]
        except KeyError:
            raise PluginFault(self._why_not(name)) from None

    def of_kind(self, kind: str) -> dict[str, object]:
        """Every plugin of a kind that is loaded, by its name without the kind; not those that are only factories."""
        if kind not in KINDS:
            raise PluginFault(no_kind(kind))
        seen, holders, overridden = self._seen, self._holders, {name for name, _ in self._overrides}
        return {
            name.partition(":")[2]: plugin
            for name, plugin in seen.items()
            if name.startswith(f"{kind}:") and (name in overridden or holders[name].state == LOADED)
        }

    def records(self) -> tuple[PluginRecord, ...]:
        """What became of each, in the order in which they were met; a name may be there more than once (shadowed)."""
        return self._records

    def record(self, name: str) -> PluginRecord:
        """What became of the plugin that has this name. PluginFault where none has."""
        record = self._holders.get(name) or next((each for each in self._records if each.key == name), None)
        if record is None:
            raise PluginFault(self._why_not(name))
        return record

    @contextlib.contextmanager
    def override(self, name: str, plugin: object) -> Iterator[None]:
        """For tests: this plugin instead, for as long as the block lasts, whether or not there is one of that name."""
        PluginName.parse(name)
        layer = (name, plugin)
        with self._lock:
            self._overrides = (*self._overrides, layer)
            self._show()
        try:
            yield
        finally:
            with self._lock:
                kept = list(self._overrides)
                # By identity: two blocks may hold equal plugins, and need not end in the order in which they began.
                del kept[next(place for place, each in enumerate(kept) if each is layer)]
                self._overrides = tuple(kept)
                self._show()

    def claim(self, candidate: object) -> bool:
        """True for the first who asks with this candidate: it is theirs to load, and a second discovery leaves it."""
        with self._lock:
            if candidate in self._claimed:
                return False
            self._claimed.add(candidate)
            return True

    def is_shadowed(self, record: PluginRecord) -> bool:
        """Has another the name? Then that is recorded. PluginFault where duplicates are errors."""
        with self._lock:
            holder = self._holders.get(record.key)
            if holder is None:
                return False
            reason = f"{_described(holder)} has the name '{record.key}' already"
            self._add(record._replace(state=SHADOWED, reason=reason))
        if self._on_duplicate == ERROR:
            raise PluginFault(
                f"{reason}; {_described(record)} may not have it, too: rename or uninstall one of the two"
            )
        return True

    def keep(self, record: PluginRecord, plugin: object = None) -> PluginRecord:
        """Note what became of a plugin, with the plugin where it is loaded or a factory; the record as it then is."""
        with self._lock:
            if record.state in _HOLDING:
                if self.is_shadowed(record):
                    return self._records[-1]
                self._holders[record.key] = record
                if record.state != FAILED:
                    self._plugins = {**self._plugins, record.key: plugin}
                    self._show()
            self._add(record)
        return record

    def check_required(self) -> None:
        """PluginFault where a required plugin, or every plugin of a required kind, is not loaded: which, and why."""
        missing = [name for name in self.required if not self._is_there(name)]
        if missing:
            raise PluginFault("; ".join(f"'{name}' is required: {self._why_missing(name)}" for name in missing))

    def status(self) -> dict[str, object]:
        """The document of /system/plugins: plain data.

        `registered`: what can be resolved. `kinds`: how many are loaded of each. `plugins`: every record. `failures`:
        what is not as somebody wanted it, with the reason. `discovery`: mode, lanes, what was looked through, seconds.
        """
        records = self._records
        loaded = Counter(record.kind for record in records if record.state == LOADED)
        return {
            "registered": sorted(self._seen),
            "kinds": {kind: loaded[kind] for kind in KINDS},
            "required": {name: self._is_there(name) for name in self.required},
            "plugins": [record.document() for record in records],
            "failures": [
                {"plugin": record.key, "state": record.state, "reason": record.reason, "distribution": record.origin}
                for record in records
                if record.state in (FAILED, FACTORY)
            ]
            + [
                {"plugin": None, "state": FAILED, "reason": unread.reason, "distribution": unread.distribution}
                for unread in self.discovery.unread
            ],
            "overridden": sorted({name for name, _ in self._overrides}),
            "discovery": self.discovery.document(),
        }

    def _add(self, record: PluginRecord) -> None:
        self._records = (*self._records, record)
        self._observe(record.event())

    def _show(self) -> None:
        self._seen = {**self._plugins, **dict(self._overrides)}

    def _is_there(self, required: str) -> bool:
        if required in KINDS:
            return bool(self.of_kind(required))
        kind, _, name = required.partition(":")
        return name in self.of_kind(kind)

    def _why_missing(self, required: str) -> str:
        if required not in KINDS:
            return self._why_not(required)
        tried = [record for record in self._records if record.kind == required]
        if not tried:
            return f"no plugin of the kind {required} is installed{self._undiscovered()}"
        return "none is loaded (" + "; ".join(f"{record.key} {_fate(record)}" for record in tried) + ")"

    def _why_not(self, name: str) -> str:
        PluginName.parse(name)
        record = self._holders.get(name) or next((each for each in self._records if each.key == name), None)
        if record is not None:
            return f"{_described(record)} {_fate(record)}"
        return f"no plugin is called {quoted(name)}{did_you_mean(name, self._seen)}{self._undiscovered()}"

    def _undiscovered(self) -> str:
        return "" if self.discovery.mode == "auto" else " (discovery is off: LUKHAS_PLUGIN_DISCOVERY=auto)"


def _described(record: PluginRecord) -> str:
    return f"{record.key} of {record.origin}" if record.origin else f"{record.key}, registered by hand"


def _fate(record: PluginRecord) -> str:
    how = {FACTORY: "was not built", SKIPPED: "is skipped", SHADOWED: "is shadowed"}.get(record.state, record.state)
    return f"{how}: {record.reason}" if record.reason else how
