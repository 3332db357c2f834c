"""Which node runs where, by a plain mapping; what it does not name runs where the node itself says, or in this loop."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Optional, Protocol, Union

from runtime.errors import ConfigurationFault
from runtime.orchestrator.node import Node
from runtime.orchestrator.placement.in_thread import BlockingNode, ThreadNode
from runtime.orchestrator.placement.spans import SpanOf, no_span
from runtime.telemetry.events import Observer, ignore

if TYPE_CHECKING:
    from runtime.orchestrator.placement.nats_node import Asker

LOOP, THREAD, PROCESS, NATS, RAY = PLACES = ("loop", "thread", "process", "nats", "ray")
OPTIONS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    LOOP: {},
    THREAD: {"concurrency": (int,)},
    PROCESS: {"concurrency": (int,), "patience": (int, float), "start_method": (str,)},
    NATS: {"concurrency": (int,), "stage": (str,), "repeatable": (bool,)},
    RAY: {"address": (str,), "options": (Mapping,)},
}
CONNECTION: Mapping[str, tuple[type, ...]] = {"url": (str,), "prefix": (str,), "connect_within": (int, float)}


class Begun(Node, Protocol):
    """A placed node that has something to begin and to end."""

    async def start(self) -> None:
        """Begin it."""
        ...

    async def close(self, grace: float = 1.0) -> int:
        """End it; how much of it is left."""
        ...


class Placed:
    """The nodes, each where it belongs: `nodes` is what a pipeline is given between `start` and `close`."""

    def __init__(self, nodes: Sequence[Node], begun: Sequence[Begun], asker: Optional[Asker], within: float) -> None:
        self.nodes = tuple(nodes)
        self._begun, self._asker, self._within = tuple(begun), asker, within

    async def start(self) -> None:
        """Begin processes and connect; an absent NATS server is tried on in the background. Raises NodeLost."""
        try:
            if self._asker is not None:
                await self._asker.start(self._within)
            for node in self._begun:
                await node.start()
        except BaseException:
            await self.close(0.0)
            raise

    async def close(self, grace: float = 1.0) -> int:
        """Let what runs end, for `grace` seconds a node; how many threads are left running then."""
        left = sum([await node.close(grace) for node in self._begun])
        if self._asker is not None:
            await self._asker.close()
        return left

    async def __aenter__(self) -> Placed:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.close()


def place(
    nodes: Iterable[Union[Node, BlockingNode]],
    configuration: Mapping[str, Any],
    *,
    observe: Observer = ignore,
    span_of: SpanOf = no_span,
) -> Placed:
    """The nodes where the configuration wants them; an empty one leaves all in this loop, but those that say otherwise.

        {"nodes": {"recall": "thread",
                   "planner": {"where": "process", "concurrency": 2},
                   "seer": {"where": "ray", "options": {"num_gpus": 1}},
                   "oracle": {"where": "nats", "stage": "thought", "concurrency": 8, "repeatable": True}},
         "nats": {"url": "nats://127.0.0.1:4222"}}

    A node on NATS need not be among `nodes`, when its stage is said. What is done in another process stands below the
    span that `span_of` names. Raises ConfigurationFault.
    """
    checked("placement", configuration, {"nodes": (Mapping,), "nats": (Mapping,)})
    wanted = {name: _wanted(name, entry) for name, entry in configuration.get("nodes", {}).items()}
    asker, within = _asker(configuration, wanted, span_of)
    placed: list[Node] = []
    begun: list[Begun] = []
    known = set()
    for node in nodes:
        known.add(node.name)
        where, options = wanted.get(node.name, (getattr(node, "placement", LOOP), {}))
        placed.append(_placed(node, where, options, asker, begun, observe, span_of))
    for name, (where, options) in wanted.items():
        if name not in known:
            placed.append(_elsewhere(name, where, options, asker, known))
    return Placed(placed, begun, asker, within)


def _placed(
    node: Union[Node, BlockingNode],
    where: str,
    options: Mapping[str, Any],
    asker: Optional[Asker],
    begun: list[Begun],
    observe: Observer,
    span_of: SpanOf,
) -> Node:
    _check_place(node.name, where)
    if where == NATS:
        return _remote(node.name, {"stage": node.stage, "concurrency": node.concurrency, **options}, asker)
    if where == LOOP:
        if not inspect.iscoroutinefunction(node.handle):
            raise ConfigurationFault(
                f"node '{node.name}': its handle is no coroutine function and would block the loop; "
                "place it in a thread or a process"
            )
        return node  # type: ignore[return-value]  # the line above says so
    if where == RAY:
        begun.append(_in_ray(node, options, observe, span_of))
        return begun[-1]
    rest = dict(options)
    concurrency = rest.pop("concurrency", node.concurrency)
    if concurrency < 1:
        raise ConfigurationFault(f"node '{node.name}': its concurrency is {concurrency}; it is at least 1")
    if where == THREAD:
        begun.append(ThreadNode(node, observe=observe, concurrency=concurrency))
    else:
        from runtime.orchestrator.placement.in_process import ProcessNode  # multiprocessing, only where it is wanted

        begun.append(ProcessNode(node, observe=observe, concurrency=concurrency, span_of=span_of, **rest))
    return begun[-1]


def _in_ray(node: Union[Node, BlockingNode], options: Mapping[str, Any], observe: Observer, span_of: SpanOf) -> Begun:
    try:
        from runtime.orchestrator.placement.in_ray import RayNode
    except ModuleNotFoundError as error:
        raise ConfigurationFault(f"node '{node.name}' is placed in Ray, which is not installed ({error})") from error
    return RayNode(node, observe=observe, span_of=span_of, **options)


def _elsewhere(name: str, where: str, options: Mapping[str, Any], asker: Optional[Asker], known: set[str]) -> Node:
    if where != NATS:
        raise ConfigurationFault(f"placement: there is no node '{name}' to be placed{did_you_mean(name, known)}")
    if "stage" not in options:
        raise ConfigurationFault(f"placement of node '{name}': say its stage, because no node of that name is here")
    return _remote(name, {"concurrency": 1, **options}, asker)


def _remote(name: str, options: Mapping[str, Any], asker: Optional[Asker]) -> Node:
    from runtime.orchestrator.placement.nats_node import RemoteNode

    if asker is None:
        raise ConfigurationFault(f"node '{name}' is placed on NATS: the placement needs its section nats with the url")
    stage, concurrency = options["stage"], options["concurrency"]
    return RemoteNode(asker, name, stage, concurrency, repeatable=options.get("repeatable", False))


def _asker(
    configuration: Mapping[str, Any], wanted: Mapping[str, tuple[str, Mapping[str, Any]]], span_of: SpanOf
) -> tuple[Optional[Asker], float]:
    section = configuration.get("nats")
    if section is None or not any(where == NATS for where, _ in wanted.values()):
        return None, 0.0
    checked("placement, section nats", section, CONNECTION)
    if "url" not in section:
        raise ConfigurationFault("placement, section nats: the url is missing; it is like nats://127.0.0.1:4222")
    try:
        from runtime.orchestrator.placement.nats_node import Asker
    except ModuleNotFoundError as error:
        raise ConfigurationFault(
            f"nodes on NATS need the extra `nats` ({error}): install lukhas-gates[nats]"
        ) from error
    options = {"prefix": section["prefix"]} if "prefix" in section else {}
    return Asker(section["url"], span_of=span_of, **options), section.get("connect_within", 2.0)


def _wanted(name: str, entry: object) -> tuple[str, Mapping[str, Any]]:
    if isinstance(entry, str):
        entry = {"where": entry}
    if not isinstance(entry, Mapping) or "where" not in entry:
        raise ConfigurationFault(
            f"placement of node '{name}': say where, one of {', '.join(PLACES)}; not {entry!r:.60}"
        )
    _check_place(name, entry["where"])
    options = {key: value for key, value in entry.items() if key != "where"}
    checked(f"placement of node '{name}' ({entry['where']})", options, OPTIONS[entry["where"]])
    return entry["where"], options


def _check_place(name: str, where: object) -> None:
    if where not in PLACES:
        hint = did_you_mean(str(where), PLACES)
        raise ConfigurationFault(f"node '{name}' is placed in {where!r:.40}; use one of {', '.join(PLACES)}{hint}")


def checked(where: str, section: Mapping[str, Any], known: Mapping[str, tuple[type, ...]]) -> None:
    """Raise ConfigurationFault for a key that means nothing here, or a value of a wrong type."""
    for key, value in section.items():
        if key not in known:
            raise ConfigurationFault(f"{where}: '{key}' means nothing here{did_you_mean(str(key), known)}")
        if not isinstance(value, known[key]) or (isinstance(value, bool) and bool not in known[key]):
            names = " or ".join(kind.__name__ for kind in known[key])
            raise ConfigurationFault(f"{where}: '{key}' is {value!r:.40}; it is of type {names}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint at the nearest name, or what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, 1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; there is {', '.join(names)}" if names else ""
