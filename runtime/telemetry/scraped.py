"""What a service's /metrics said at one moment, and what happened between two such moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]


class Scrape(NamedTuple):
    """Every sample by its name and its labels; `at` is when, in seconds of whatever clock asked."""

    at: float
    samples: Mapping[str, Mapping[Labels, float]]

    def by(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The samples of one name, added up by these labels."""
        found: dict[tuple[str, ...], float] = {}
        for told, value in self.samples.get(name, {}).items():
            known = dict(told)
            key = tuple(known.get(label, "") for label in labels)
            found[key] = found.get(key, 0.0) + value
        return found

    def total(self, name: str, **wanted: str) -> float:
        """The sum of the samples of one name that have these labels."""
        held = self.samples.get(name, {}).items()
        return sum(value for labels, value in held if wanted.items() <= dict(labels).items())


def read(text: str, at: float) -> Scrape:
    """The plain text of /metrics. ValueError where it is none."""
    samples: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return Scrape(at, samples)


class Between(NamedTuple):
    """What happened from one scrape to a later one; after a restart of the service, since then."""

    before: Scrape
    after: Scrape

    @property
    def seconds(self) -> float:
        """How long that was; at least a millisecond."""
        return max(1e-3, self.after.at - self.before.at)

    def grown(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """By how much counters have grown, by these labels."""
        before, after = self.before.by(name, *labels), self.after.by(name, *labels)
        return {key: value - before.get(key, 0.0) if value >= before.get(key, 0.0) else value
                for key, value in after.items()}  # fmt: skip

    def quantile(self, share: float, histogram: str, *labels: str) -> dict[tuple[str, ...], float]:
        """Below what so large a share stayed, by these labels; a straight line within a bucket.

        A key of which nothing happened is left out. What lies beyond the last edge counts as the last edge.
        """
        edges: dict[tuple[str, ...], list[tuple[float, float]]] = {}
        for key, many in self.grown(f"{histogram}_bucket", *labels, "le").items():
            edges.setdefault(key[:-1], []).append((float(key[-1]), many))
        return {key: _within(share, sorted(buckets)) for key, buckets in edges.items() if max(buckets)[1] > 0}


def _within(share: float, buckets: Iterable[tuple[float, float]]) -> float:
    known = list(buckets)
    rank = share * known[-1][1]
    low, below = 0.0, 0.0
    for edge, many in known:
        if many >= rank and many > below:
            # (of three times a third of a bucket's width, the rounding may lie beyond its edge)
            return low if edge == float("inf") else min(edge, low + (edge - low) * (rank - below) / (many - below))
        if edge != float("inf"):
            low, below = edge, many
    return low
