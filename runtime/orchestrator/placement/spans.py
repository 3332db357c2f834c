"""Below which span a node's work elsewhere stands; whoever makes the spans says so."""

from __future__ import annotations

from typing import Callable, Optional

from runtime.orchestrator.query import Query

# The W3C header of the span of an attempt, by the query's id, the stage and the node; None where nobody makes spans.
SpanOf = Callable[[str, str, str], Optional[str]]


def no_span(query: str, stage: str, node: str) -> Optional[str]:
    """Nobody makes spans here: what the query came with goes on as it is."""
    return None


def below(span_of: SpanOf, query: Query, stage: str, node: str) -> Query:
    """The query as it goes elsewhere: in the span of this attempt, where there is one."""
    span = span_of(query.id, stage, node)
    return query if span is None else query._replace(traceparent=span)


def back(answer: Query, query: Query) -> Query:
    """The answer as it goes on here, in the trace of the query that it answers."""
    return answer if answer.traceparent == query.traceparent else answer._replace(traceparent=query.traceparent)
