"""The text of what stands between markers: lanes, counts, gates' own commands, the sections of other files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gates.errors import did_you_mean
from gates.facts.checkout import Checkout
from gates.facts.context.counting import Counting
from gates.facts.context.project import Project
from gates.facts.extractors.documents.blocks import Block, blocks, without_markers
from gates.facts.extractors.tree.makefile_helps import helps
from gates.facts.extractors.tree.sections import section
from gates.facts.lanes import Lanes

KINDS = ("lanes", "components", "targets", "python", "version", "mirror")


class Generated(NamedTuple):
    """A block with the text that belongs there; an error where no text does."""

    block: Block
    held: str
    right: str
    error: str = ""


class _Circle(ValueError):
    """A file mirrors one that mirrors it, by however many ways."""


@dataclass
class Blocks:
    """What the tree says between markers."""

    checkout: Checkout
    project: Project
    counting: Counting
    lanes: Lanes
    _mirroring: list[str] = field(default_factory=list)

    def of(self, path: str) -> list[Generated]:
        """Each block of a file, with what should stand there."""
        text = self.checkout.read(path).decode("utf-8", "surrogateescape")
        end = "\r\n" if "\r\n" in text else "\n"
        return [self._generated(path, block, text[block.start : block.end], end) for block in blocks(text)]

    def written(self, path: str) -> bytes:
        """The file with each block as it should be; one with an error stays as it is."""
        text = self.checkout.read(path).decode("utf-8", "surrogateescape")
        for found in reversed(self.of(path)):
            if not found.error:
                text = text[: found.block.start] + found.right + text[found.block.end :]
        return text.encode("utf-8", "surrogateescape")

    def _generated(self, path: str, block: Block, held: str, end: str) -> Generated:
        if block.error:
            return Generated(block, held, held, block.error)
        try:
            right = self._count(block.what) if block.kind == "count" else self._block(path, block.what)
        except ValueError as error:
            if isinstance(error, _Circle) and self._mirroring:
                raise
            return Generated(block, held, held, str(error))
        return Generated(block, held, right.replace("\n", end))

    def _count(self, noun: str) -> str:
        number = self.counting.one(noun.lower())
        if number is None:
            raise ValueError(f"'{noun}' is nothing that can be counted; [[facts.context.count]] can say what it is")
        return f"{number:,}"

    def _block(self, path: str, what: str) -> str:
        kind, _, rest = what.partition(" ")
        made: Mapping[str, Callable[[str, str], str]] = {
            "lanes": self._lanes,
            "components": self._components,
            "targets": self._targets,
            "python": lambda path, rest: f"Python {self.project.requires_python or 'of any version'}\n",
            "version": lambda path, rest: f"Version {self._version()}\n",
            "mirror": self._mirror,
        }
        if kind not in made:
            hint = did_you_mean(kind, KINDS) or f"; there are {', '.join(KINDS)}"
            raise ValueError(f"no block is called '{kind}'{hint}")
        return made[kind](path, rest.strip())

    def _version(self) -> str:
        if not self.project.version:
            raise ValueError("the version is written nowhere that can be read")
        return self.project.version

    def _lanes(self, path: str, rest: str) -> str:
        rows = [
            f"| {lane.name} | {_codes(lane.paths)} | {', '.join(lane.may_import) or 'nothing'} |"
            for lane in self.lanes.lanes
        ]
        if not rows:
            raise ValueError("policies/lanes.toml has no lanes")
        return "\n".join(["| Lane | Paths | May import |", "| --- | --- | --- |", *rows]) + "\n"

    def _components(self, path: str, rest: str) -> str:
        """Of front matter: `components:` with each noun below it."""
        nouns = [noun.strip() for noun in rest.split(",") if noun.strip()]
        if not nouns:
            raise ValueError("say which: gates:begin components modules, lanes")
        return "components:\n" + "".join(f"  {noun}: {self._plain(noun)}\n" for noun in nouns)

    def _plain(self, noun: str) -> str:
        return self._count(noun).replace(",", "")

    def _targets(self, path: str, rest: str) -> str:
        """The targets of the makefile that say what they do (`name:  ## what it does`), all or those that are named."""
        if "Makefile" not in self.checkout.files:
            raise ValueError("there is no Makefile")
        known = dict(helps(self.checkout.read("Makefile")))
        wanted = rest.replace(",", " ").split() or list(known)
        for name in wanted:
            if name not in known:
                raise ValueError(f"the Makefile does not say what '{name}' does{did_you_mean(name, known)}")
        return (
            "\n".join(
                [
                    "| Command | What it does |",
                    "| --- | --- |",
                    *(f"| `make {name}` | {known[name]} |" for name in wanted),
                ]
            )
            + "\n"
        )

    def _mirror(self, path: str, rest: str) -> str:
        """A section of another file: `mirror AGENTS.md#testing`, without its heading."""
        other, _, anchor = rest.partition("#")
        if other not in self.checkout.files or other == path:
            raise ValueError(f"{other} is no other file of the repository")
        if other in self._mirroring:
            raise _Circle(f"{other} mirrors a file that mirrors it")
        self._mirroring.append(path)
        try:
            text = self.written(other).decode("utf-8", "surrogateescape")
        finally:
            self._mirroring.pop()
        found = section(text, anchor)
        if found is None:
            raise ValueError(f"{other} has no heading #{anchor}")
        return without_markers(found).replace("\r\n", "\n")


def _codes(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)
