"""Where PromQL stands: in rule files, in dashboards, and in the fenced blocks of documents; with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FENCE = re.compile(
    r"^(?P<indent> *)(?P<mark>`{3,}|~{3,}) *promql *\n(?P<text>.*?)^ *(?P=mark)", re.MULTILINE | re.DOTALL
)
_SPAN = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?:\{[^`]*\})?`")
NOT_READ = "cannot be read"


class Expression(NamedTuple):
    """One expression; `record` is the name under which a rule keeps what it gives."""

    line: int
    text: str
    record: Optional[str] = None


def of_rules(content: bytes) -> list[Expression]:
    """The expressions of a rule file. ValueError where it is no YAML."""
    try:
        trees = list(yaml.compose_all(content.decode("utf-8"), _LOADER))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{NOT_READ} as YAML: {' '.join(str(error).split())[:200]}") from None
    return [expression for tree in trees for expression in _in_node(tree)]


def _in_node(node: Any) -> Iterator[Expression]:
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _in_node(child)
    if isinstance(node, yaml.MappingNode):
        pairs = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
        expression, record = pairs.get("expr"), pairs.get("record")
        if isinstance(expression, yaml.ScalarNode):
            kept = record.value if isinstance(record, yaml.ScalarNode) else None
            yield Expression(expression.start_mark.line + 1, str(expression.value), kept)
        for _, child in node.value:
            yield from _in_node(child)


def of_dashboard(content: bytes) -> list[Expression]:
    """The expressions of a dashboard. ValueError where it is no JSON."""
    try:
        found = list(_in_json(json.loads(content)))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{NOT_READ} as JSON: {error}") from None
    lines = content.decode("utf-8", "replace").split("\n")
    places: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if '"expr"' in line:
            places.setdefault(line.strip().rstrip(","), number)
    return [Expression(places.get(f'"expr": {json.dumps(text)}', 0), text) for text in found]


def _in_json(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("expr"), str):
            yield value["expr"]
        for child in value.values():
            yield from _in_json(child)
    elif isinstance(value, list):
        for child in value:
            yield from _in_json(child)


def of_document(content: bytes) -> list[Expression]:
    """The fenced blocks that say that they are promql."""
    text = content.decode("utf-8", "replace")
    return [Expression(text.count("\n", 0, match.start("text")) + 1, match["text"]) for match in _FENCE.finditer(text)]


def names_in(content: bytes) -> list[tuple[int, str]]:
    """Every name between backticks that a metric could have, with its line."""
    text = content.decode("utf-8", "replace")
    return [(text.count("\n", 0, match.start()) + 1, match[1]) for match in _SPAN.finditer(text)]
