"""The documents of a checkout with their local links, and those of docstrings and workflows."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from gates.facts.checkout import Checkout, tree_digest
from gates.facts.context.tree import TreePaths
from gates.facts.extraction import Extraction
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.globs import Globs, any_of

_EXTRACTORS = "gates.facts.extractors.documents"
_ANCHORS = "gates.facts.extractors.tree.anchors"
_MARKDOWN = (".md", ".markdown", ".me")
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_MANY = 30


class Link(NamedTuple):
    """A link of the file at `path`, as it is written, to another place of the repository or to the network."""

    path: str
    line: int
    target: str

    @property
    def place(self) -> str:
        """Where it leads, as a path of the repository; one that begins with `../` leads out of it."""
        bare = self.target.partition("#")[0].partition("?")[0]
        if not bare:
            return self.path
        if bare.startswith("/"):
            return posixpath.normpath(bare.lstrip("/") or ".")
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.path), bare))

    @property
    def anchor(self) -> str:
        """What follows the `#`."""
        return self.target.partition("#")[2]


@dataclass(frozen=True)
class DocumentSettings:
    """`[facts.documents]`: `leave_out` are documents that nobody is meant to follow, such as cases of tests."""

    policy_section: ClassVar[str] = "documents"
    leave_out: Globs = ()


@dataclass
class Documents:
    """The Markdown files, sorted by path; `modules` and `workflows` are files that may hold links besides."""

    checkout: Checkout
    tree: TreePaths
    extraction: Extraction
    files: tuple[File, ...]
    modules: tuple[File, ...]
    workflows: tuple[File, ...]
    unit: ClassVar[str] = "documents"

    @classmethod
    def gather(
        cls, checkout: Checkout, tree: TreePaths, extraction: Extraction, settings: DocumentSettings
    ) -> Documents:
        """By their names."""
        left_out = any_of(settings.leave_out)
        found: dict[str, list[File]] = {"md": [], "py": [], "yml": []}
        for path in checkout.files:
            kind = "md" if path.endswith(_MARKDOWN) else "py" if path.endswith(".py") else ""
            kind = kind or ("yml" if _WORKFLOW.fullmatch(path) else "")
            if kind and not left_out.fullmatch(path):
                file = checkout.files[path]
                if not file.is_symlink and not file.is_submodule:
                    found[kind].append(file)
        return cls(checkout, tree, extraction, *(tuple(sorted(found[kind])) for kind in ("md", "py", "yml")))

    @cached_property
    def digest(self) -> str:
        """Of every file that may hold links, of the tree's paths, and of files whose lines are linked to."""
        linked = [self.checkout.files[path] for path in sorted(self._linked) if path in self.checkout.files]
        files = (self.files, self.modules, self.workflows, linked)
        return digest_of(*map(tree_digest, files), self.tree.digest, *sorted(self.untracked))

    def __len__(self) -> int:
        return len(self.files)

    @property
    def reads(self) -> tuple[str, ...]:
        """Git pathspecs: of what may hold links by suffix, of what is linked to one by one, or by top folder."""
        linked = self._linked if len(self._linked) <= _MANY else {path.partition("/")[0] for path in self._linked}
        kinds = (*(f"*{suffix}" for suffix in _MARKDOWN), "*.py", ":(literal).github/workflows")
        return (*kinds, *(f":(literal){path}" for path in sorted(linked)))

    def account(self) -> dict[str, int]:
        """How many local links there are."""
        return {"local links": len(self.links)}

    @cached_property
    def _answers(self) -> Mapping[str, Any]:
        found = self.extraction.of(f"{_EXTRACTORS}.links", self.files)
        return {path: value for path, value in found.items() if not isinstance(value, str)}

    @cached_property
    def links(self) -> Sequence[Link]:
        """Of documents, then of docstrings and of comments in workflows."""
        return [*self.of_documents, *self.of_others]

    @cached_property
    def of_documents(self) -> Sequence[Link]:
        """Those of Markdown files."""
        return [Link(path, *link) for path, value in self._answers.items() for link in value[0]]

    @cached_property
    def by_place(self) -> Mapping[tuple[str, str, str], Sequence[Link]]:
        """Those of Markdown files by the file, the place that they lead to, and the anchor."""
        found: dict[tuple[str, str, str], list[Link]] = {}
        for link in self.of_documents:
            found.setdefault((link.path, link.place, link.anchor), []).append(link)
        return found

    @property
    def to_the_network(self) -> Iterator[Link]:
        """Those of Markdown files that lead to a server."""
        return (Link(path, *link) for path, value in self._answers.items() for link in value[2])

    @cached_property
    def of_others(self) -> Sequence[Link]:
        """Those of docstrings and of workflows' comments."""
        kinds = (("docstring_links", self.modules), ("comment_links", self.workflows))
        self.extraction.prefetch((f"{_EXTRACTORS}.{name}", files) for name, files in kinds)
        return [
            Link(path, *link)
            for name, files in kinds
            for path, value in self.extraction.of(f"{_EXTRACTORS}.{name}", files).items()
            for link in value
        ]

    def has_anchor(self, path: str, anchor: str) -> bool:
        """Whether a document has it as GitHub makes anchors."""
        file = self.checkout.files.get(path)
        value = self.extraction.of(_ANCHORS, [file]).get(path) if file is not None else None
        return value is not None and not isinstance(value, str) and anchor in value[0]

    @property
    def undefined(self) -> Iterator[tuple[str, int, str]]:
        """Path, line and label of each reference that nothing defines."""
        return ((path, line, label) for path, value in self._answers.items() for line, label in value[1])

    @cached_property
    def untracked(self) -> frozenset[str]:
        """The files that git does not keep yet."""
        return frozenset(self.checkout.listed.untracked if self.checkout.listed is not None else ())

    @cached_property
    def _linked(self) -> frozenset[str]:
        return frozenset(link.place for link in self.links if self.tree.holds(link.place) and link.place != ".")
