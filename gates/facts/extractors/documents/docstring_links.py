"""The local links in a Python file's docstrings."""

from __future__ import annotations

from gates.facts.extractors.documents.links import in_docstrings as extract

__all__ = ["extract"]
