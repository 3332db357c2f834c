"""What a service says about itself: every metric with its unit and labels, every span, as it wrote them down.

The file is written by the service (here `make observability`), so that nothing of it has to be imported to judge it:

    {"schema": 1, "catalogue": {"metrics": [{"name": "...", "kind": "counter", "unit": "", "labels": [...], ...}],
     "spans": [{"name": "stage.<stage>", ...}], ...}, "stages": ["memory", ...]}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Optional

import msgspec

from gates.errors import FactUnavailable
from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.recording_file import refuse_outside

SCHEMA = 1
DEFAULT_FILE = "observability/catalogue.json"
# What the exposition adds to the name of a metric of each kind, with the labels that come with it.
SERIES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "counter": {"": frozenset()},
    "gauge": {"": frozenset()},
    "info": {"": frozenset()},
    "histogram": {"_bucket": frozenset({"le"}), "_sum": frozenset(), "_count": frozenset()},
    "summary": {"": frozenset({"quantile"}), "_sum": frozenset(), "_count": frozenset()},
}


class Label(msgspec.Struct, frozen=True):
    """A label, with at most `bound` values and `other`."""

    name: str
    bound: int


class Metric(msgspec.Struct, frozen=True):
    """One metric, as the service describes it."""

    name: str
    kind: str
    unit: str
    labels: tuple[Label, ...]
    help: str
    most_series: int
    fed_by: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    @property
    def label_names(self) -> frozenset[str]:
        """Those that a recording of it must have, no more and no fewer."""
        return frozenset(label.name for label in self.labels)

    def series(self) -> Iterator[tuple[str, frozenset[str]]]:
        """The names under which Prometheus has it, each with its labels."""
        for suffix, more in SERIES[self.kind].items():
            yield f"{self.name}{suffix}", self.label_names | more


class Span(msgspec.Struct, frozen=True):
    """One span; `<stage>` in its name stands for each of the stages."""

    name: str


class _Catalogue(msgspec.Struct, frozen=True):
    metrics: tuple[Metric, ...]
    spans: tuple[Span, ...]


class Described(msgspec.Struct, frozen=True):
    """What the file holds, as far as it is read here."""

    schema: int
    catalogue: _Catalogue
    stages: tuple[str, ...]


def read(content: bytes) -> Described:
    """The file's content. ValueError where it is none."""
    try:
        table: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON, or cut off") from None
    if not isinstance(table, dict) or table.get("schema") != SCHEMA:
        found = table.get("schema") if isinstance(table, dict) else None
        raise ValueError(f"its schema is {found!r:.20}, and this version reads {SCHEMA}")
    try:
        described = msgspec.convert(table, Described)
    except msgspec.ValidationError as error:
        raise ValueError(f"is not as it should be: {error}") from None
    for metric in described.catalogue.metrics:
        if metric.kind not in SERIES:
            raise ValueError(f"{metric.name} is a {metric.kind}; the kinds are {', '.join(SERIES)}")
    return described


@dataclass(frozen=True)
class TelemetrySettings:
    """`[facts.telemetry]`: where the service has written down what it says about itself."""

    policy_section: ClassVar[str] = "telemetry"
    catalogue: str = DEFAULT_FILE
    """A file of this repository, made by the service."""
    made_by: str = "make observability"
    """The command that makes it."""

    def __post_init__(self) -> None:
        refuse_outside(self.catalogue, "catalogue")


@dataclass
class Telemetry:
    """The catalogue of a service's telemetry."""

    checkout: Checkout = field(repr=False)
    settings: TelemetrySettings
    content: bytes = field(repr=False)
    described: Described = field(repr=False)
    unit: ClassVar[str] = "metrics"

    @classmethod
    def gather(cls, checkout: Checkout, settings: TelemetrySettings) -> Telemetry:
        """From the file, which is tracked. FactUnavailable where it is missing or none."""
        place, remedy = settings.catalogue, f"run `{settings.made_by}`"
        content = contents(checkout, place)
        if content is None:
            raise FactUnavailable(f"{place}: does not exist, and says which metrics there are; {remedy}")
        try:
            return cls(checkout, settings, content, read(content))
        except ValueError as error:
            raise FactUnavailable(f"{place}: {error}; {remedy}") from None

    @property
    def reads(self) -> tuple[str, ...]:
        """The one file."""
        return (f":(literal){self.settings.catalogue}",)

    @property
    def digest(self) -> str:
        """Of the file's content."""
        return digest_of(self.settings.catalogue, self.content)

    def __len__(self) -> int:
        return len(self.described.catalogue.metrics)

    @property
    def place(self) -> str:
        """The path of the file."""
        return self.settings.catalogue

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All of them."""
        return self.described.catalogue.metrics

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of the pipeline, in order."""
        return self.described.stages

    @cached_property
    def series(self) -> Mapping[str, Metric]:
        """Every name that Prometheus knows, to its metric."""
        return {name: metric for metric in self.metrics for name, _ in metric.series()}

    @cached_property
    def labels(self) -> Mapping[str, frozenset[str]]:
        """Every name that Prometheus knows, to its labels."""
        return {name: labels for metric in self.metrics for name, labels in metric.series()}

    def line_of(self, metric: str) -> int:
        """The line of the file where it is named; 0 where that is unclear."""
        lines = [n for n, line in enumerate(self.content.split(b"\n"), 1) if f'"name": "{metric}"'.encode() in line]
        return lines[0] if len(lines) == 1 else 0


def contents(checkout: Checkout, path: str) -> Optional[bytes]:
    """What a file of the checkout holds; None where it is not there."""
    if path not in checkout.files:
        return None
    return checkout.read(path)
