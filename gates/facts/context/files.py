"""The context files of a checkout, and what each of them says by its text alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from gates.facts.checkout import Checkout, tree_digest
from gates.facts.context.settings import ContextSettings
from gates.facts.extraction import Extraction
from gates.facts.extractors.documents.blocks import Block
from gates.facts.extractors.documents.claim import Claim, Entry, Front
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.globs import any_of

# What was written of other repositories, and is kept here: copies of theirs, templates of what is yet to be made.
_OF_OTHERS = re.compile(
    r"(?:.*/)?(?:_?vendor(?:ed)?|third[_-]party|node_modules|site-packages|external|templates?|cookiecutters?"
    r"|scaffolds?|fixtures?|test[_-]?data|__snapshots__|[^/]*\{\{[^/]*)/.*"
)
EXTRACTOR = "gates.facts.extractors.documents.claims"


@dataclass
class ContextFiles:
    """The context files, by path. A link to another of them is that other; `links` leads from each to its target."""

    files: tuple[File, ...]
    settings: ContextSettings
    links: Mapping[str, str]
    extraction: Extraction
    unit: ClassVar[str] = "context files"

    @classmethod
    def gather(cls, checkout: Checkout, extraction: Extraction, settings: ContextSettings) -> ContextFiles:
        """By their names."""
        names, added = any_of(settings.files), any_of(settings.add)
        left_out = any_of(settings.leave_out)
        ends = tuple(pattern.rpartition("/")[2].rpartition("*")[2] for pattern in settings.files)
        found: dict[str, File] = {}
        links: dict[str, str] = {}
        for path in checkout.files:
            named = path.endswith(ends) and names.fullmatch(path) and not _OF_OTHERS.fullmatch(path)
            if not (named or (settings.add and added.fullmatch(path))) or left_out.fullmatch(path):
                continue
            file = checkout.files[path]
            if file.is_symlink:
                target = posixpath.normpath(
                    posixpath.join(posixpath.dirname(path), checkout.read(path).decode("utf-8", "replace"))
                )
                links[path] = target
                file = checkout.files.get(target, file)
            if not file.is_submodule and not file.is_symlink:
                found[file.path] = file
        return cls(tuple(found[path] for path in sorted(found)), settings, links, extraction)

    @cached_property
    def digest(self) -> str:
        """Of each one's path and content, and of the settings."""
        return digest_of(tree_digest(self.files), repr(sorted(self.links.items())), repr(self.settings))

    def __len__(self) -> int:
        return len(self.files)

    @property
    def reads(self) -> tuple[str, ...]:
        """Git pathspecs: each by name, or by its ending where there are many."""
        paths = [*(file.path for file in self.files), *self.links]
        if len(paths) > 20:
            return tuple(sorted({f"*{posixpath.basename(path)}" for path in paths}))
        return tuple(f":(literal){path}" for path in paths)

    @cached_property
    def documents(self) -> Mapping[str, Document]:
        """Path to what the text says. One that cannot be read is among the extraction's errors."""
        return {
            path: Document(*value)
            for path, value in self.extraction.of(EXTRACTOR, self.files).items()
            if not isinstance(value, str)
        }


class Document:
    """What one context file says: claims, front matter with its header, blocks."""

    def __init__(self, claims: Any, front: Any, header: Any, blocks: Any) -> None:
        self.claims = tuple(_claim(claim) for claim in claims)
        self.front = None if front is None else Front(tuple(Entry(*entry) for entry in front[0]), *front[1:])
        self.header = tuple(Entry(*entry) for entry in header)
        self.blocks = tuple(Block(*block) for block in blocks)


def _claim(value: Any) -> Claim:
    kind, line, text, parts, hedge, listing = value
    return Claim(kind, line, text, tuple(parts), hedge, listing)
