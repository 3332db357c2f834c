"""Six stages that do nothing, in hamilton, haystack and langgraph: whichever of them is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable
from importlib.metadata import version
from typing import Any, Callable

STEPS = 6
Ask = Callable[[], Awaitable[object]]


def _hamilton() -> tuple[str, Ask]:
    from hamilton import ad_hoc_utils, async_driver, base

    async def step_0(start: int) -> int:
        return start

    functions: list[Any] = [step_0]
    for number in range(1, STEPS):
        scope: dict[str, Any] = {}
        source = f"async def step_{number}(step_{number - 1}: int) -> int:\n    return step_{number - 1}\n"
        exec(source, scope)  # hamilton knows a step by its function's name and those of its arguments
        functions.append(scope[f"step_{number}"])
    module = ad_hoc_utils.create_temporary_module(*functions)
    driver = async_driver.AsyncDriver({}, module, result_builder=base.DictResult())

    async def ask() -> object:
        return await driver.execute([f"step_{STEPS - 1}"], inputs={"start": 1})

    return _named("hamilton", "apache-hamilton", "sf-hamilton"), ask


def _haystack() -> tuple[str, Ask]:
    import haystack

    @haystack.component
    class Step:
        @haystack.component.output_types(value=int)
        def run(self, value: int) -> dict[str, int]:
            return {"value": value}

        @haystack.component.output_types(value=int)
        async def run_async(self, value: int) -> dict[str, int]:
            return {"value": value}

    pipeline = getattr(haystack, "AsyncPipeline", haystack.Pipeline)()
    for number in range(STEPS):
        pipeline.add_component(f"s{number}", Step())
    for number in range(1, STEPS):
        pipeline.connect(f"s{number - 1}.value", f"s{number}.value")

    async def ask() -> object:
        return await pipeline.run_async({"s0": {"value": 1}})

    return _named("haystack", "haystack-ai"), ask


def _langgraph() -> tuple[str, Ask]:
    from langgraph.graph import END, START, StateGraph

    async def step(state: dict[str, int]) -> dict[str, int]:
        return {"value": 1}

    graph: Any = StateGraph(dict)
    names = [f"s{number}" for number in range(STEPS)]
    for name in names:
        graph.add_node(name, step)
    for before, after in zip([START, *names], [*names, END]):
        graph.add_edge(before, after)
    compiled = graph.compile()

    async def ask() -> object:
        return await compiled.ainvoke({"value": 1})

    return _named("langgraph", "langgraph"), ask


_KNOWN: dict[str, Callable[[], tuple[str, Ask]]] = {
    "hamilton": _hamilton,
    "haystack": _haystack,
    "langgraph": _langgraph,
}


def peers() -> tuple[list[tuple[str, Ask]], list[str]]:
    """Those that are installed, each with one query; and the names of those that are not."""
    missing = [name for name in _KNOWN if importlib.util.find_spec(name) is None]
    return [build() for name, build in _KNOWN.items() if name not in missing], missing


def _named(name: str, *distributions: str) -> str:
    for distribution in distributions:
        try:
            return f"{name} {version(distribution)}"
        except ImportError:
            continue
    return name
