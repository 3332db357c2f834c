"""Which series an expression of PromQL asks for, and by which labels: read by Prometheus's own grammar."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple, Optional

from gates.errors import FactUnavailable

# What Grafana fills in before it asks; any duration stands for it.
_DASHBOARD = re.compile(r"\$\{?(?:__rate_interval|__interval|__range)\}?")
_CHILDREN = ("lhs", "rhs", "expr", "param", "vector_selector")


class Selected(NamedTuple):
    """One series that is asked for. `name` is None where it is chosen by a pattern, which may mean anything."""

    name: Optional[str]
    labels: frozenset[str]


class NoPromQL(ValueError):
    """What is none, with the reason."""


def refuse_without_parser() -> None:
    """FactUnavailable where what reads PromQL is not installed."""
    if importlib.util.find_spec("promql_parser") is None:
        raise FactUnavailable("promql_parser is missing, which reads PromQL: pip install 'lukhas-gates[telemetry]'")


@lru_cache(maxsize=4096)
def selected(expression: str) -> tuple[Selected, ...]:
    """Each series, with every label by which it is chosen, grouped or matched. NoPromQL where it is none."""
    import promql_parser

    try:
        tree = promql_parser.parse(_DASHBOARD.sub("5m", expression))
    except ValueError as error:
        raise NoPromQL(" ".join(str(error).split())) from None
    return tuple(_below(tree, frozenset()))


def _below(tree: Any, grouped: frozenset[str]) -> Iterator[Selected]:
    """In depth; `grouped` are labels that something above asks of whatever stands here."""
    matchers = getattr(tree, "matchers", None)
    if matchers is not None:
        yield _one(tree.name, matchers.matchers, grouped)
        return
    grouped |= _asked(tree)
    for name in _CHILDREN:
        child = getattr(tree, name, None)
        if child is not None and not isinstance(child, (str, int, float)):
            yield from _below(child, grouped)
    for argument in getattr(tree, "args", None) or ():
        yield from _below(argument, grouped)


def _one(name: Optional[str], matchers: Any, grouped: frozenset[str]) -> Selected:
    labels = set(grouped)
    for matcher in matchers:
        if matcher.name == "__name__":
            name = matcher.value if str(matcher.op).endswith(".Equal") else None
        else:
            labels.add(matcher.name)
    return Selected(name, frozenset(labels))


def _asked(tree: Any) -> frozenset[str]:
    """The labels of by (...) and on (...)."""
    modifier = getattr(tree, "modifier", None)
    if modifier is None:
        return frozenset()
    if hasattr(modifier, "labels"):
        return frozenset(modifier.labels) if str(modifier.type).endswith(".By") else frozenset()
    matching = getattr(modifier, "matching", None)
    on = matching is not None and str(getattr(matching, "type", "")).endswith((".Include", ".On"))
    return frozenset(matching.labels) if on and matching is not None else frozenset()
