"""The front matter of a document, YAML between two lines of dashes; and the header of synced context files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Optional

import yaml

from gates.facts.extractors.documents.claim import Entry, Front

MATTER = re.compile(
    r"\A\ufeff?---[ \t]*\r?\n(?P<inside>.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
# "> Context Sync Header (Schema v2.0.0)", then "Lane: production" and the like, to the next empty line.
_HEADER = re.compile(
    r"^>? ?Context Sync Header \(Schema v(?P<schema>[\d.]+)\)[ \t]*\n(?P<inside>(?:>? ?[A-Z][^\n:]*:[^\n]*\n)+)",
    re.MULTILINE,
)
_PAIR = re.compile(r"^>? ?(?P<key>[A-Z][^\n:]*?)(?: \((?:global|total)\))?:\s*(?P<value>[^\n]*)$", re.MULTILINE)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def front_matter(text: str) -> Optional[Front]:
    """That of a text; None where it has none."""
    match = MATTER.match(text)
    if match is None:
        return None
    try:
        node = yaml.compose(match["inside"], _LOADER)
        entries = tuple(_entries(node)) if node is not None else ()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        return Front((), match.end(), str(getattr(error, "problem", None) or "is no YAML"), line)
    return Front(entries, match.end())


def sync_header(text: str) -> Iterator[Entry]:
    """The entries of a header that context files of version 2.0.0 carry in their text."""
    for match in _HEADER.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Entry("schema_version", line, (match["schema"],))
        for pair in _PAIR.finditer(match["inside"]):
            here = line + 1 + match["inside"].count("\n", 0, pair.start())
            key = re.sub(r"\W+", "_", pair["key"].strip().lower())
            if key.endswith("_components"):
                yield Entry("components", here, (f"components={pair['value'].strip()}",))
            else:
                yield Entry(key, here, tuple(part.strip() for part in pair["value"].split(",")))


def _entries(node: Any) -> Iterator[Entry]:
    if not isinstance(node, yaml.MappingNode):
        raise ValueError("front matter must be keys with values")
    for key, value in node.value:
        yield Entry(str(key.value), key.start_mark.line + 2, tuple(_values(value)))


def _values(node: Any) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        yield from (str(child.value) for child in node.value if isinstance(child, yaml.ScalarNode))
    elif isinstance(node, yaml.MappingNode):
        pairs = ((key.value, value.value) for key, value in node.value if isinstance(value, yaml.ScalarNode))
        yield from (f"{key}={value}" for key, value in pairs)
    elif node.tag != "tag:yaml.org,2002:null":
        yield str(node.value)
