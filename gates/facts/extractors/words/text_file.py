"""The words of a file of no language that is known here: names and prose, by their looks."""

from __future__ import annotations

from typing import Union

from gates.facts.extractors.words.hits import Found, Layout, hits


def extract(source: bytes, argument: str) -> Union[str, Found, None]:
    """The hits of a text."""
    return hits(source, argument, lambda text: Layout())
