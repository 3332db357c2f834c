"""The local links in a YAML file's comments."""

from __future__ import annotations

from gates.facts.extractors.documents.links import in_comments as extract

__all__ = ["extract"]
