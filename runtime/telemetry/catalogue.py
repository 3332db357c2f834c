"""Every metric, span, span event and attribute there is: its name, unit, labels, edges, and the event that feeds it.

Names, labels and units are a face to others (rules, dashboards, gates): `SCHEMA` grows when what `describe` prints
changes its shape, and a name that stands here is not taken back without a decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Optional

SCHEMA = 1
TRACER = "lukhas.matriz"
OTHER = "other"

# Operation names of the GenAI conventions, all of them in development: this line says by which release they are read.
GEN_AI_CONVENTIONS = "open-telemetry/semantic-conventions-genai 0.1.0"
QUERY_OPERATION = "invoke_workflow"
STAGE_OPERATIONS = {"memory": "search_memory", "thought": "plan", "action": "execute_tool"}

STAGES = ("memory", "attention", "thought", "action", "decision", "awareness")
# The error's type where a stage failed and no exception said of which.
ERROR_OF = {"timed_out": "TimedOut", "abandoned": "Abandoned", "failed": "Failed"}
RECALL_BUDGET = 0.1
QUERY_BUDGET = 0.25

# An edge at each budget, or a share of what kept within it could only be guessed.
_QUERY_EDGES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 1.0, 2.5)
_STAGE_EDGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0)
_WORK_EDGES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0)
_LAG_EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_COUNT_EDGES = (0.0, 1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)


class Label(NamedTuple):
    """A label with at most `bound` values besides `other`, which stands for every value beyond them.

    Where `values` are given they are there from the start, and with `closed` there are no others.
    """

    name: str
    bound: int
    help: str
    values: tuple[str, ...] = ()
    closed: bool = False


class Metric(NamedTuple):
    """`kind` is counter, gauge, histogram or info; `unit` is empty for a plain number; `edges` are upper bounds.

    `cut_at_budgets` says that a deployment's own budgets are edges, too.
    """

    name: str
    kind: str
    unit: str
    labels: tuple[Label, ...]
    help: str
    event: str
    edges: tuple[float, ...] = ()
    cut_at_budgets: bool = False

    @property
    def most_series(self) -> int:
        """How many label sets there can be at most."""
        product = 1
        for label in self.labels:
            product *= label.bound + 1
        return product


class Attribute(NamedTuple):
    """An attribute of a span or of a span event. `stable` says that its value is the same in every run of one path."""

    name: str
    type: str
    unit: str
    stable: bool
    help: str
    event: str


class SpanEvent(NamedTuple):
    """Something that happened within a span."""

    name: str
    attributes: tuple[str, ...]
    help: str
    event: str


class Span(NamedTuple):
    """A span; `name` may hold `<stage>`. `parent` is the name of the span that it stands under."""

    name: str
    parent: Optional[str]
    attributes: tuple[str, ...]
    events: tuple[str, ...]
    help: str
    event: str


def _closed(name: str, values: tuple[str, ...], about: str) -> Label:
    return Label(name, len(values), about, values, closed=True)


STAGE = Label("stage", 16, "The stage of the pipeline.", STAGES)
NODE = Label("node", 64, "The node's name.")
TYPE = Label("type", 32, "The error's type, or TimedOut or Abandoned.", ("TimedOut", "Abandoned"))
KIND = Label("kind", 8, "The plugin's kind.", ("node", "constellation", "adapter", "monitor"))
NAME = Label("name", 256, "The plugin's name.")
LANE = _closed("lane", ("production", "integration", "candidate"), "The plugin's lane.")
STORE = Label("store", 8, "The store's name.")
FLAG = Label("flag", 64, "The switch's name.")
OUTCOME = _closed("outcome", ("answered", "degraded", "failed"), "How the query ended.")
ROUTE = _closed("route", ("everything", "exact", "approximate", "fused"), "How the recall was answered.")
FOLD_OUTCOME = _closed("outcome", ("folded", "repeated", "abandoned", "failed"), "How the fold ended.")
PLUGIN_STATE = _closed("state", ("loaded", "factory", "failed", "skipped", "shadowed"), "What became of the plugin.")
RECORD_STATE = _closed("state", ("live", "cold"), "Live, or folded away.")
VALUE = _closed("value", ("true", "false"), "What the switch said.")

_STAGED, _PLACED = (STAGE,), (STAGE, NODE)

STAGE_TOTAL = Metric(
    "matriz_stage_total", "counter", "", _STAGED, "Attempts at a stage that answered or failed.", "StageFinished"
)
STAGE_FAIL_TOTAL = Metric(
    "matriz_stage_fail_total",
    "counter",
    "",
    (STAGE, TYPE),
    "Attempts at a stage that raised, timed out or were abandoned.",
    "StageFinished",
)
STAGE_SKIPPED_TOTAL = Metric(
    "matriz_stage_skipped_total", "counter", "", _STAGED, "Stages that were never begun.", "StageFinished"
)
STAGE_DISMISSED_TOTAL = Metric(
    "matriz_stage_dismissed_total",
    "counter",
    "",
    _STAGED,
    "Attempts given up because another answered first, or because the caller left.",
    "StageFinished",
)
STAGE_HEDGES_TOTAL = Metric(
    "matriz_stage_hedges_total", "counter", "", _STAGED, "Attempts that were hedges and have ended.", "StageFinished"
)
STAGE_DURATION_SECONDS = Metric(
    "matriz_stage_duration_seconds",
    "histogram",
    "seconds",
    _STAGED,
    "How long an attempt at a stage took.",
    "StageFinished",
    _STAGE_EDGES,
    cut_at_budgets=True,
)
STAGE_ORPHANS = Metric(
    "matriz_stage_orphans", "gauge", "", (), "Work that its stage waits for no longer and still runs.", "OrphansCounted"
)
END_TO_END_SECONDS = Metric(
    "matriz_end_to_end_seconds",
    "histogram",
    "seconds",
    (),
    "How long a query took; exemplars name sampled traces.",
    "QueryFinished",
    _QUERY_EDGES,
    cut_at_budgets=True,
)
QUERIES_TOTAL = Metric(
    "matriz_queries_total", "counter", "", (OUTCOME,), "Queries that left the pipeline.", "QueryFinished"
)
QUERIES_LATE_TOTAL = Metric(
    "matriz_queries_late_total", "counter", "", (), "Queries that took longer than their budget.", "QueryFinished"
)
QUERIES_IN_FLIGHT = Metric(
    "matriz_queries_in_flight", "gauge", "", (), "Queries in the pipeline now.", "QueryStarted, QueryFinished"
)
QUERIES_SHED_TOTAL = Metric(
    "matriz_queries_shed_total", "counter", "", (), "Queries turned away before they began.", "QueryShed"
)
NODE_PICKS_TOTAL = Metric(
    "matriz_node_picks_total", "counter", "", _PLACED, "Attempts that a node was chosen for, ended.", "StageFinished"
)
NODE_FAIL_TOTAL = Metric(
    "matriz_node_fail_total", "counter", "", _PLACED, "Attempts that failed on a node.", "StageFinished"
)
NODE_EJECTIONS_TOTAL = Metric(
    "matriz_node_ejections_total", "counter", "", _PLACED, "Times that a node was left out.", "NodeEjected"
)
NODE_READMISSIONS_TOTAL = Metric(
    "matriz_node_readmissions_total", "counter", "", _PLACED, "Times that a node came back.", "NodeReadmitted"
)
NODE_EJECTED = Metric(
    "matriz_node_ejected", "gauge", "", _PLACED, "1 while a node is left out.", "NodeEjected, NodeReadmitted"
)
NODE_ORPHANS = Metric(
    "matriz_node_orphans", "gauge", "", _PLACED, "Work on a node that nobody waits for any more.", "OrphansCounted"
)
LOOP_LAG_SECONDS = Metric(
    "matriz_loop_lag_seconds",
    "histogram",
    "seconds",
    (),
    "How long the event loop was held up, each time.",
    "LoopLagged",
    _LAG_EDGES,
)
PLUGIN_INFO = Metric(
    "matriz_plugin_info", "info", "", (KIND, NAME, LANE), "A plugin that is loaded, and its lane.", "PluginBuilt"
)
PLUGINS = Metric("matriz_plugins", "gauge", "", (KIND, PLUGIN_STATE), "Plugins by what became of them.", "PluginBuilt")
PLUGIN_LOAD_SECONDS = Metric(
    "matriz_plugin_load_seconds",
    "gauge",
    "seconds",
    (KIND, NAME, LANE),
    "How long a plugin took to import and build.",
    "PluginBuilt",
)
MEMORY_REMEMBERED_TOTAL = Metric(
    "matriz_memory_remembered_total", "counter", "", (STORE,), "Records acknowledged.", "MemoryRemembered"
)
MEMORY_REMEMBER_SECONDS = Metric(
    "matriz_memory_remember_seconds",
    "histogram",
    "seconds",
    (STORE,),
    "How long it took to acknowledge a batch.",
    "MemoryRemembered",
    _WORK_EDGES,
)
MEMORY_RECALL_SECONDS = Metric(
    "matriz_memory_recall_seconds",
    "histogram",
    "seconds",
    (STORE, ROUTE),
    "How long a recall took.",
    "MemoryRecalled",
    _STAGE_EDGES,
    cut_at_budgets=True,
)
MEMORY_RECALL_CANDIDATES = Metric(
    "matriz_memory_recall_candidates",
    "histogram",
    "",
    (STORE,),
    "Records that a recall chose from.",
    "MemoryRecalled",
    _COUNT_EDGES,
)
MEMORY_RECALLED_TOTAL = Metric(
    "matriz_memory_recalled_total", "counter", "", (STORE,), "Records that recalls gave.", "MemoryRecalled"
)
MEMORY_FOLDS_TOTAL = Metric(
    "matriz_memory_folds_total", "counter", "", (STORE, FOLD_OUTCOME), "Folds that ended.", "MemoryFolded"
)
MEMORY_FOLD_SECONDS = Metric(
    "matriz_memory_fold_seconds",
    "histogram",
    "seconds",
    (STORE,),
    "How long a fold took.",
    "MemoryFolded",
    _WORK_EDGES,
)
MEMORY_FOLDED_TOTAL = Metric(
    "matriz_memory_folded_total", "counter", "", (STORE,), "Records folded into a summary.", "MemoryFolded"
)
MEMORY_RECORDS = Metric(
    "matriz_memory_records", "gauge", "", (STORE, RECORD_STATE), "Records that are kept.", "MemorySized"
)
SWITCH_READS_TOTAL = Metric(
    "matriz_switch_reads_total", "counter", "", (FLAG, VALUE), "Decisions of a switch.", "SwitchRead"
)
SWITCH_ON = Metric("matriz_switch_on", "gauge", "", (FLAG,), "1 where a switch last said yes.", "SwitchRead")
SPANS_DROPPED_TOTAL = Metric(
    "matriz_spans_dropped_total", "counter", "", (), "Spans recorded and never exported.", "SpansDropped"
)

METRICS = tuple(entry for entry in list(globals().values()) if isinstance(entry, Metric))

ATTRIBUTES = (
    Attribute("matriz.query", "string", "", False, "The query's id.", "QueryStarted"),
    Attribute("matriz.stage", "string", "", True, "The stage; on a query, the one that ended it.", "StageFinished"),
    Attribute("matriz.node", "string", "", True, "The node that did the work.", "StageFinished"),
    Attribute("matriz.duration_ms", "double", "ms", False, "How long it took.", "StageFinished, QueryFinished"),
    Attribute("matriz.budget_ms", "double", "ms", False, "How long it was given.", "StageFinished, QueryStarted"),
    Attribute("matriz.outcome", "string", "", True, "How it ended.", "StageFinished, QueryFinished"),
    Attribute("matriz.reason", "string", "", False, "Why it was skipped or dismissed.", "StageFinished"),
    Attribute("matriz.attempt", "int", "", True, "Which attempt it was, where not the first.", "StageFinished"),
    Attribute("matriz.hedged", "boolean", "", True, "True on an attempt that was a hedge.", "StageFinished"),
    Attribute("error.type", "string", "", True, "The error's type, TimedOut or Abandoned.", "StageFinished"),
    Attribute("gen_ai.operation.name", "string", "", True, GEN_AI_CONVENTIONS, "QueryStarted, StageFinished"),
    Attribute("stage", "string", "", True, "The stage that failed.", "StageFinished"),
    Attribute("error", "string", "", False, "What went wrong, for a person.", "StageFinished"),
)
STABLE = frozenset(attribute.name for attribute in ATTRIBUTES if attribute.stable)

STAGE_ERROR = SpanEvent("stage_error", ("stage", "error"), "A stage did not answer.", "StageFinished")
SPAN_EVENTS = (STAGE_ERROR,)

QUERY_SPAN = Span(
    "matriz.query",
    None,
    (
        "gen_ai.operation.name",
        "matriz.query",
        "matriz.budget_ms",
        "matriz.outcome",
        "matriz.duration_ms",
        "matriz.stage",
        "error.type",
    ),
    (),
    "One query, whole.",
    "QueryStarted, QueryFinished",
)
STAGE_SPAN = Span(
    "stage.<stage>",
    "matriz.query",
    (
        "matriz.stage",
        "matriz.node",
        "matriz.outcome",
        "matriz.duration_ms",
        "matriz.budget_ms",
        "matriz.reason",
        "matriz.attempt",
        "matriz.hedged",
        "gen_ai.operation.name",
        "error.type",
    ),
    ("stage_error",),
    "One attempt at a stage.",
    "StageStarted, StageFinished",
)
SPANS = (QUERY_SPAN, STAGE_SPAN)


def edges(metric: Metric, budgets: Iterable[float] = ()) -> tuple[float, ...]:
    """Upper bounds of a histogram's buckets, in its unit, with one more at each budget where it is of a stage or query.

    ValueError for a budget that is no positive number of seconds.
    """
    further = tuple(budgets) if metric.cut_at_budgets else ()
    for budget in further:
        if not 0 < budget < float("inf"):
            raise ValueError(f"a budget of {budget} s is none: give seconds above 0")
    return tuple(sorted({*metric.edges, *further}))


def describe(budgets: Iterable[float] = ()) -> dict[str, object]:
    """The catalogue as plain data that JSON can hold; `budgets` are the caps of the stages, in seconds."""
    caps = tuple(budgets)
    return {
        "schema": SCHEMA,
        "tracer": TRACER,
        "gen_ai_conventions": GEN_AI_CONVENTIONS,
        "metrics": [_described(metric, caps) for metric in METRICS],
        "spans": [_plain(span) for span in SPANS],
        "span_events": [_plain(event) for event in SPAN_EVENTS],
        "attributes": [_plain(attribute) for attribute in ATTRIBUTES],
    }


def _described(metric: Metric, caps: tuple[float, ...]) -> dict[str, object]:
    return {
        "name": metric.name,
        "kind": metric.kind,
        "unit": metric.unit,
        "labels": [_plain(label) for label in metric.labels],
        "most_series": metric.most_series,
        "help": metric.help,
        "fed_by": metric.event.split(", "),
        "edges": list(edges(metric, caps)),
    }


def _plain(entry: tuple[object, ...]) -> dict[str, object]:
    fields: tuple[str, ...] = getattr(entry, "_fields", ())
    plain: dict[str, object] = {}
    for field, value in zip(fields, entry):
        if field == "event":
            plain["fed_by"] = str(value).split(", ")
        else:
            plain[field] = list(value) if isinstance(value, tuple) else value
    return plain
