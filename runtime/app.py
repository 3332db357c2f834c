"""The composition root: the only module that knows all the parts, and puts them together as the settings say."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, cast

from runtime.answer import Question, Reply, document_of, status_of
from runtime.errors import ConfigurationFault, PluginFault, QueryRefused
from runtime.fitting import Plugged, fitting
from runtime.guardian.modules import ModuleGate, flag_of
from runtime.guardian.switches import Switches
from runtime.memory.embedding import HashedNgrams
from runtime.memory.memory import Memory
from runtime.memory.recall import Limits
from runtime.memory.record import Record
from runtime.memory.store import Store
from runtime.orchestrator.admission import Admission
from runtime.orchestrator.lag import watch_lag
from runtime.orchestrator.load import Load
from runtime.orchestrator.node import Node
from runtime.orchestrator.outcome import Outcome
from runtime.orchestrator.pipeline import Pipeline
from runtime.orchestrator.placement.placing import Placed, place
from runtime.orchestrator.placement.spans import no_span
from runtime.orchestrator.query import Query
from runtime.orchestrator.selection import ExpectedCompletion
from runtime.orchestrator.stage import Stage
from runtime.registry.discovery import auto_discover_async
from runtime.registry.installed import Installed
from runtime.registry.plugin_record import LOADED
from runtime.registry.registry import Registry
from runtime.settings import Settings
from runtime.telemetry.events import Event, Observer, ignore, told_to

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# A recall may take two fifths of the budget: 100 ms of 250.
RECALL_SHARE = 0.4
# How much of the tightest bound that can fail it (its budget, the cap of a critical stage) a query may take before that
# counts as a queue: what is shed later than that fails instead.
QUEUE_SHARE = 0.8
# The tag by which a record says where it comes from; ids of passages are made below the name.
SOURCE = "source:"
PASSAGES = uuid.uuid5(uuid.NAMESPACE_URL, "lukhas:passages")
# Nodes that are on for some subjects and off for others make so many pipelines at most.
MOST_PIPELINES = 64

log = logging.getLogger("lukhas.app")


def stages_of(budget: float) -> tuple[Stage, ...]:
    """The six stages of queries that may take `budget` seconds.

    Without attention, thought works on all that was recalled; without awareness, an answer says less of itself. Every
    node here only reads, so that a second one may be asked for the same.
    """
    return (
        Stage("memory", critical=True, soft_cap=RECALL_SHARE * budget, hedgeable=True),
        Stage("attention", critical=False, hedgeable=True),
        Stage("thought", critical=True, hedgeable=True),
        Stage("action", critical=True, hedgeable=True),
        Stage("decision", critical=True, hedgeable=True),
        Stage("awareness", critical=False, hedgeable=True),
    )


def caps_of(stages: Iterable[Stage]) -> list[float]:
    """The caps of those that have one, in seconds."""
    return [stage.soft_cap for stage in stages if stage.soft_cap]


class Telling:
    """The observer of parts that are built before those who listen."""

    def __init__(self, listeners: Iterable[Observer]) -> None:
        self._tell = told_to(tuple(listeners))
        self._listeners = tuple(listeners)

    def __call__(self, event: Event) -> None:
        """Hand it on."""
        self._tell(event)

    def also(self, listeners: Iterable[Observer]) -> None:
        """From now on to these, too."""
        self._listeners = (*self._listeners, *listeners)
        self._tell = told_to(self._listeners)


class Guarded:
    """A monitor that is plugged in: what it raises ends it, and no query."""

    def __init__(self, name: str, monitor: Observer) -> None:
        self._name = name
        self._monitor: Optional[Observer] = monitor

    def __call__(self, event: Event) -> None:
        """Tell it, until it raises."""
        if self._monitor is None:
            return
        try:
            self._monitor(event)
        except Exception:
            self._monitor = None
            log.exception("monitor:%s raised, and is told nothing any more", self._name)


class App:
    """The service without its HTTP face; made by `opened`, and to be closed."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        memory: Memory,
        switches: Switches,
        placed: Placed,
        plugged: Sequence[Plugged],
        unfit: Sequence[str],
        observe: Observer,
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.memory = memory
        self.switches = switches
        self.placed = placed
        self.plugged = tuple(plugged)
        self.unfit = tuple(unfit)
        self.observe = observe
        self.metrics_of: Any = None
        self.spans: Optional[Any] = None
        self.stages = stages_of(settings.budget)
        self.admission = Admission(
            QUEUE_SHARE * min([settings.budget, *caps_of(stage for stage in self.stages if stage.critical)]),
            limit=min(64, settings.in_flight),
            least=min(8, settings.in_flight),
            most=settings.in_flight,
            observe=observe,
        )
        self._gate = ModuleGate(switches)
        self._selector = ExpectedCompletion(Load(observe=observe), random.Random())
        self._pipelines: dict[tuple[bool, ...], Pipeline] = {}
        self._watch: Optional[asyncio.Future[None]] = None

    # Answering

    async def ask(self, text: str, subject: Optional[str] = None, traceparent: Optional[str] = None) -> Outcome:
        """One query from end to end, past the admission. Errors: QueryRefused."""
        if not text.strip():
            raise QueryRefused("the question is empty: say what is asked")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise QueryRefused("the question holds half a surrogate pair: it was not UTF-8 where it was read")
        query = Query.of(text, traceparent)
        return await self.pipeline(subject or query.id).run(query)

    async def answer(self, question: Question) -> Reply:
        """What the service replies. Errors: Shed, QueryRefused."""
        with self.admission.enter():
            outcome = await self.ask(*question)
        return Reply(status_of(outcome), {**document_of(outcome), "switched_off": self._off(outcome)})

    def pipeline(self, subject: str) -> Pipeline:
        """The stages with the nodes that this subject may meet now."""
        admitted = tuple([self._gate.admits(plugin, subject) for plugin, _ in self.plugged])
        pipeline = self._pipelines.get(admitted)
        if pipeline is None:
            if len(self._pipelines) >= MOST_PIPELINES:
                self._pipelines.clear()
            nodes = [node for (_, node), on in zip(self.plugged, admitted) if on]
            pipeline = self._pipelines[admitted] = self.pipeline_of(nodes)
        return pipeline

    def pipeline_of(self, nodes: Iterable[Node], selector: Optional[ExpectedCompletion] = None) -> Pipeline:
        """A pipeline of these nodes and no others."""
        by_stage: dict[str, list[Node]] = {stage.name: [] for stage in self.stages}
        for node in nodes:
            by_stage[node.stage].append(node)
        return Pipeline(
            self.stages, by_stage, selector or self._selector, budget=self.settings.budget, observe=self.observe
        )

    def _off(self, outcome: Outcome) -> list[str]:
        """The switches to blame for stages that nobody served."""
        missing = {ending.stage for ending in outcome.endings if ending.name == "skipped"}
        flags = [flag_of("node", plugin) for plugin, node in self.plugged if node.stage in missing]
        return [flag for flag in flags if not self.switches.is_on(flag)]

    def feed(self, source: str, passages: Iterable[Any]) -> int:
        """Remember passages of a document; how many were new. The same text of the same source is remembered once.

        Blocks. Errors: RecordRefused, StoreFault.
        """
        by_id = {str(uuid.uuid5(PASSAGES, f"{source}\n{passage.text}")): passage for passage in passages}
        known = {record.id for record in self.memory.store.get(list(by_id))}
        now = dt.datetime.now(dt.timezone.utc)
        records = [
            Record(key, passage.text, (), now, frozenset({f"{SOURCE}{source}:{passage.line}"}))
            for key, passage in by_id.items()
            if key not in known
        ]
        return len(self.memory.remember(records))

    # Showing

    def plugins(self) -> Mapping[str, object]:
        """The document of /system/plugins."""
        status = self.registry.status()
        routes: dict[str, list[str]] = {}
        for record in self.registry.records():
            if record.route:
                routes.setdefault(record.route, []).append(record.key)
        return {
            **status,
            "routes": routes,
            "lanes": list(self.settings.lanes),
            "lane": self.settings.lane,
            "unfit": list(self.unfit),
            "stages": self.stage_rows(),
            "switches": {flag: decision.value for flag, decision in self.switches.states().items()},
        }

    def stage_rows(self) -> list[dict[str, object]]:
        """Every stage in order, with the names of its nodes."""
        return [
            {
                "stage": stage.name,
                "critical": stage.critical,
                "soft_cap_seconds": stage.soft_cap,
                "nodes": [plugin for plugin, node in self.plugged if node.stage == stage.name],
            }
            for stage in self.stages
        ]

    def faults(self) -> list[str]:
        """Why it is not ready: what is required and not there, and what a component of the constellation finds."""
        found = []
        try:
            self.registry.check_required()
        except PluginFault as fault:
            found.append(str(fault))
        on = {node.stage for plugin, node in self.plugged if self.switches.is_on(flag_of("node", plugin), "readiness")}
        found += [
            f"no node serves the critical stage {stage.name}"
            for stage in self.stages
            if stage.critical and stage.name not in on
        ]
        for name, component in self.registry.of_kind("constellation").items():
            told = _fault_of(component)
            if told:
                found.append(f"{name}: {told}")
        return found

    def metrics(self, accept: str) -> tuple[str, bytes]:
        """The metrics in what this Accept header asks for."""
        return cast("tuple[str, bytes]", self.metrics_of.render(accept))

    async def start(self) -> None:
        """Begin threads, processes and connections, and read the store by a first recall. Errors: RuntimeFault."""
        await self.placed.start()
        await asyncio.get_running_loop().run_in_executor(None, self.memory.recall, "what is remembered", 1)
        self._watch = asyncio.ensure_future(watch_lag(self.observe))

    async def close(self) -> None:
        """End what was begun; what the memory acknowledged stays."""
        if self._watch is not None:
            self._watch.cancel()
        await self.placed.close()
        self.memory.close()
        if self.spans is not None:  # it may have to wait for a collector
            await asyncio.get_running_loop().run_in_executor(None, self.spans.close)


async def opened(
    settings: Settings,
    observers: Iterable[Observer] = (),
    found: Optional[Installed] = None,
    required: Sequence[str] = (),
    start: bool = True,
) -> App:
    """The parts, put together. `found` stands for what is installed. Errors: RuntimeFault, which says what to mend."""
    metrics = _metrics(settings)
    telling = Telling([metrics, *observers])
    spans = _spans(settings, telling)
    if spans is not None:
        telling.also([spans])
    memory = memory_of(settings, telling)
    try:
        switches = Switches.from_file(settings.switches, telling)
        services = {"memory": memory, "settings": settings, "switches": switches, "observe": telling}
        registry = Registry(services, telling, on_duplicate=settings.duplicates, required=required)
        await auto_discover_async(registry, settings.discovery, settings.lanes, found)
        switches.declare(flag_of(record.kind, record.name) for record in registry.records() if record.state == LOADED)
        telling.also(
            Guarded(name, monitor) for name, monitor in registry.of_kind("monitor").items() if callable(monitor)
        )
        plugged, unfit = fitting(registry.of_kind("node"))
        for reason in unfit:
            log.error("a node is left out: %s", reason)
        placed = place(
            [node for _, node in plugged],
            placement_of(settings),
            observe=telling,
            span_of=no_span if spans is None else spans.below,
        )
        names = {node.name: plugin for plugin, node in plugged}
        here = [Plugged(names.get(node.name, node.name), node) for node in placed.nodes]
        switches.declare(flag_of("node", plugin) for plugin, _ in here)
        app = App(settings, registry, memory, switches, placed, here, unfit, telling)
        app.metrics_of, app.spans = metrics, spans
        if start:
            await app.start()
    except BaseException:
        memory.close()
        raise
    return app


def _fault_of(component: object) -> Optional[str]:
    """What a component of the constellation finds; one that cannot say is a fault itself."""
    ask = getattr(component, "fault", None)
    if not callable(ask):
        return None
    try:
        told = ask()
    except Exception as error:
        log.exception("a component could not say whether it is ready")
        return f"it raised {type(error).__name__}"
    return None if told is None else str(told)


def memory_of(settings: Settings, observe: Observer = ignore) -> Memory:
    """The memory over the store that the settings name. Errors: ConfigurationFault, StoreFault."""
    embedder = HashedNgrams()
    return Memory(
        store_of(settings.store, embedder.dimension),
        embedder,
        limits=Limits(context_limit=settings.context_limit, kmax=settings.kmax),
        fold_every=settings.fold_every,
        fold_above=settings.fold_above or None,
        observe=observe,
    )


def store_of(url: str, dimension: int) -> Store:
    """The store at this URL. Errors: ConfigurationFault, StoreFault."""
    if url.startswith("memory:"):
        from runtime.memory.stores.in_memory import InMemoryStore

        return InMemoryStore(dimension)
    if url.startswith("sqlite:///"):
        from runtime.memory.stores.sqlite import SqliteStore

        return SqliteStore(Path(url[len("sqlite:///") :]), dimension)
    try:
        from runtime.memory.stores.postgres import PostgresStore
    except ModuleNotFoundError as error:
        raise ConfigurationFault(
            f"the store is Postgres, and {error.name} is missing: install lukhas-gates[postgres]"
        ) from None
    return PostgresStore(url, dimension)


def placement_of(settings: Settings) -> Mapping[str, Any]:
    """Which node runs where, by the file that the settings name. Errors: ConfigurationFault."""
    if settings.placement is None:
        return {}
    try:
        told = tomllib.loads(settings.placement.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationFault(f"LUKHAS_PLACEMENT: {settings.placement} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationFault(f"LUKHAS_PLACEMENT: {settings.placement} makes no sense: {error}") from None
    if settings.nats:
        told["nats"] = {"url": settings.nats, **told.get("nats", {})}
    return told


def _metrics(settings: Settings) -> Any:
    from runtime.telemetry.prometheus import Metrics

    return Metrics(budgets=caps_of(stages_of(settings.budget)))


def _spans(settings: Settings, observe: Observer) -> Optional[Any]:
    if settings.otlp is None:
        return None
    from runtime.telemetry.opentelemetry import Queued, Spans, exporter_to

    return Spans(Queued(exporter_to(settings.otlp), observe), share=settings.sampling)
