"""Six stages that do nothing, in hamilton, haystack and langgraph: whichever of them is installed, beside ours.

`make bench-peers` runs it in an environment of its own, which holds them and not what the service needs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from typing import Any, Callable

from bench.calibration import in_turns, median_of
from bench.figure import Bar, Figure, alone, installed
from bench.pipeline_cost import Ask, cpu, pipeline

STEPS = 6
OURS = "ours"
UNIT = "µs of CPU a query"
MISSING = "not installed here; `make bench-peers` does"


def _hamilton() -> Ask:
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

    return ask


def _haystack() -> Ask:
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

    return ask


def _langgraph() -> Ask:
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

    return ask


# How six steps are built, and the distribution that says whether it is there, and which version.
PEERS: dict[str, tuple[Callable[[], Ask], str]] = {
    "hamilton": (_hamilton, "sf-hamilton"),
    "haystack": (_haystack, "haystack-ai"),
    "langgraph": (_langgraph, "langgraph"),
}


def figures(quick: bool) -> Iterator[Figure]:
    """A figure for each peer; its ratio says how many times its cost ours is."""
    queries = 100 if quick else 500
    there = {name: build() for name, (build, distribution) in PEERS.items() if installed(distribution)}
    cases = {name: partial(cpu, ask, queries) for name, ask in there.items()}
    found = in_turns({OURS: partial(cpu, pipeline(), 10 * queries), **cases}, 2 if quick else 5)
    ours = found[OURS][0]
    yield Figure("six stages that do nothing, beside the peers", ours, UNIT, 10 * queries, note=median_of(found[OURS]))
    for name, (_, distribution) in PEERS.items():
        what = "the same six by " + (f"{name} {version(distribution)}" if name in there else name)
        if name not in there:
            yield Figure(what, None, note=MISSING)
            continue
        least, note, samples = found[name][0], median_of(found[name]), tuple(found[name])
        behind = Bar(1.0, of_ratio=True)
        yield Figure(what, least, UNIT, queries, "as much is what ours costs", ours / least, behind, note, samples)


if __name__ == "__main__":
    sys.exit(alone(figures, __doc__))
