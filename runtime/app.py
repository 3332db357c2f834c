"""The composition root: the only module that knows all the parts, and puts them together as the settings say."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional, cast

from runtime.answer import Question, Reply, document_of, status_of
from runtime.errors import PluginFault, QueryRefused
from runtime.feeding import Fed, Passage, feed
from runtime.fitting import Plugged, fitting
from runtime.guardian.modules import ModuleGate, flag_of
from runtime.guardian.switches import Switches
from runtime.memory.memory import Memory
from runtime.observing import Guarded, Telling
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
from runtime.parts import memory_of, metrics_of, placement_of, spans_of
from runtime.registry.discovery import auto_discover_async
from runtime.registry.installed import Installed
from runtime.registry.plugin_record import LOADED
from runtime.registry.registry import Registry
from runtime.settings import Settings
from runtime.stages import queue_target, stages_of
from runtime.telemetry.events import Observer

# Nodes that are on for some subjects and off for others make so many pipelines at most.
MOST_PIPELINES = 64
# Queries at once, before it was learned how many are well: as many as a first recall lets expect, within these.
MOST_AT_FIRST, LEAST_AT_ONCE = 64, 4
WARMING = "what is remembered"

log = logging.getLogger("lukhas.app")


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
            queue_target(self.stages, settings.budget),
            limit=min(MOST_AT_FIRST, settings.in_flight),
            least=min(LEAST_AT_ONCE, settings.in_flight),
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
        if len(text) > self.settings.text_limit:
            most = f"{self.settings.text_limit:,} are the most (LUKHAS_TEXT_LIMIT)"
            raise QueryRefused(f"the question has {len(text):,} characters; {most}")
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

    def feed(self, name: str, passages: Iterable[Passage]) -> Fed:
        """Let the memory hold these passages of a document and no others. Blocks. Errors: RecordRefused, StoreFault."""
        return feed(self.memory, name, passages)

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
                "nodes": self._nodes_of(stage),
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
        found += [self._unserved(stage) for stage in self.stages if stage.critical and not self._is_served(stage)]
        for name, component in self.registry.of_kind("constellation").items():
            told = _fault_of(component)
            if told:
                found.append(f"{name}: {told}")
        return found

    def _is_served(self, stage: Stage) -> bool:
        """Whether somebody's query would meet a node there: one that is rolled out to some serves those."""
        decisions = [self.switches.decide(flag_of("node", plugin)) for plugin in self._nodes_of(stage)]
        return any(decision.value or decision.varies for decision in decisions)

    def _unserved(self, stage: Stage) -> str:
        flags = [flag_of("node", plugin) for plugin in self._nodes_of(stage)]
        off = [f"{flag} ({self.switches.decide(flag).reason})" for flag in flags]
        return f"no node serves the critical stage {stage.name}" + (f"; off: {', '.join(off)}" if off else "")

    def _nodes_of(self, stage: Stage) -> list[str]:
        return [plugin for plugin, node in self.plugged if node.stage == stage.name]

    def metrics(self, accept: str) -> tuple[str, bytes]:
        """The metrics in what this Accept header asks for."""
        return cast("tuple[str, bytes]", self.metrics_of.render(accept))

    async def start(self) -> None:
        """Begin threads, processes and connections, and read the store by a first recall. Errors: RuntimeFault.

        A second recall tells how many queries may be let in before there is more to learn from.
        """
        await self.placed.start()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.memory.recall, WARMING, 1)
        began = time.monotonic()
        await loop.run_in_executor(None, self.memory.recall, WARMING, self.settings.passages)
        self.admission.begin_by(time.monotonic() - began)
        await loop.run_in_executor(None, self.memory.sizes)  # told, so that what was kept before shows in the metrics
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
    spans: Optional[Any] = None

    def trace_of(query: str) -> Optional[str]:
        return None if spans is None else cast("Optional[str]", spans.trace_of(query))

    # Metrics are told first: when a query has finished, its trace can still be named.
    metrics = metrics_of(settings, trace_of if settings.otlp else None)
    telling = Telling([metrics, *observers])
    spans = spans_of(settings, telling)
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
    except BaseException:
        memory.close()
        raise
    if start:
        await started(app)
    return app


async def started(app: App) -> App:
    """The same, begun; closed where it cannot begin."""
    try:
        await app.start()
    except BaseException:
        await app.close()
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
