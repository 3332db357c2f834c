"""The import statements of one file from its syntax, with their lines: the look that confirms what the scan saw."""

from __future__ import annotations

from gates.facts.extractors.import_statements import statements


def extract(source: bytes) -> tuple[tuple[int, int, str, tuple[str, ...]], ...]:
    """(line, column, module with leading dots, names) of each statement."""
    return tuple((found.line, found.column, found.module, found.names) for found in statements(source))
