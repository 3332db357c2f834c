"""Every claim of every context file, held against the tree, against the policy, and against the other files."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Optional

from gates.facts.checkout import Checkout
from gates.facts.context.counting import Counting
from gates.facts.context.figures import Figures, agrees
from gates.facts.context.files import ContextFiles
from gates.facts.context.generated import Blocks
from gates.facts.context.held import CONTRADICTED, UNKNOWN, UNVERIFIABLE, UPHELD, YES, Answer, Held, no
from gates.facts.context.lane_words import LaneWords
from gates.facts.context.names import DEFINITIONS, WORDS, Names
from gates.facts.context.places import ANCHORS, Places
from gates.facts.context.project import Project
from gates.facts.context.symbols import Symbols
from gates.facts.context.tasks import Tasks
from gates.facts.context.tree import TreePaths, undotted
from gates.facts.extraction import Extraction
from gates.facts.extractors.documents import claim as kinds
from gates.facts.extractors.documents.claim import Claim
from gates.facts.extractors.tree.sections import sections
from gates.facts.fact import digest_of
from gates.facts.lanes import Lanes
from gates.globs import any_of

_MANY = 30


@dataclass
class Claims:
    """The claims, and the answer to each. `blocks` are what is generated."""

    files: ContextFiles
    tree: TreePaths
    project: Project
    names: Names
    lanes: Lanes
    extraction: Extraction
    checkout: Checkout
    unit: ClassVar[str] = "claims"

    @classmethod
    def gather(
        cls,
        files: ContextFiles,
        tree: TreePaths,
        project: Project,
        names: Names,
        lanes: Lanes,
        extraction: Extraction,
        checkout: Checkout,
    ) -> Claims:
        """Nothing is held against anything before it is asked for."""
        return cls(files, tree, project, names, lanes, extraction, checkout)

    @cached_property
    def digest(self) -> str:
        """Of the files, of the tree's paths, and of whatever the claims name."""
        if not len(self.files):
            return self.files.digest
        looked_at = [f"{path} {self.checkout.files[path].blob}" for path in self._named]
        parts = (self.files, self.tree, self.project, self.names, self.lanes)
        return digest_of(*(part.digest for part in parts), *looked_at)

    @cached_property
    def _named(self) -> list[str]:
        """The files that claims name: of those the content may be looked at."""
        found = {
            there
            for path, claim in self._all
            if claim.kind in (kinds.PATH, kinds.LINK, kinds.TEST, kinds.SYMBOL)
            for part in claim.parts[:2]
            for there in self._places_of(path, part)
        }
        mirrored = {path for mirror in self.files.settings.mirror for path in (mirror.file, mirror.of)}
        return sorted(found | {path for path in (*mirrored, "Makefile") if path in self.checkout.files})

    def _places_of(self, path: str, text: str) -> list[str]:
        bare = text.partition("#")[0].strip("/")
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), bare))
        ends = self.tree.ending_in(undotted(bare)) if bare else []
        return [there for there in (beside, *ends) if there in self.checkout.files]

    @property
    def reads(self) -> tuple[str, ...]:
        """Git pathspecs of the files that claims name; of their top folders where those are many."""
        if len(self._named) <= _MANY:
            return tuple(f":(literal){path}" for path in self._named)
        return tuple(sorted({f":(literal){path.partition('/')[0]}" for path in self._named}))

    def __len__(self) -> int:
        return len(self._all) + len(self._others)

    def account(self) -> dict[str, int]:
        """How many of each verdict."""
        counted = Counter(held.answer.verdict for held in self.held)
        return {verdict: counted[verdict] for verdict in (UPHELD, CONTRADICTED, UNVERIFIABLE)}

    @cached_property
    def _all(self) -> list[tuple[str, Claim]]:
        return [(path, claim) for path, document in sorted(self.files.documents.items()) for claim in document.claims]

    @cached_property
    def blocks(self) -> Blocks:
        """What is generated, and what should stand there."""
        return Blocks(self.checkout, self.project, self._counting, self.lanes)

    @cached_property
    def _counting(self) -> Counting:
        return Counting(self.tree, self.lanes, self.files.settings.count)

    @cached_property
    def held(self) -> tuple[Held, ...]:
        """Every claim with its answer, in order."""
        places = Places(self.tree, self.names, self.checkout, self.extraction, project_name=self.project.name)
        places.prepare(self._all)
        self._read_ahead()
        answers = _answers(places, self, self._words)
        found = [Held(path, claim, answers[claim.kind](path, claim)) for path, claim in self._all]
        held = self._at_odds([*found, *self._others])
        return tuple(sorted(held, key=lambda one: (one.path, one.claim.line)))

    @cached_property
    def _words(self) -> LaneWords:
        return LaneWords(self.lanes, self.names, self._counting, self.tree)

    @cached_property
    def _others(self) -> list[Held]:
        """What is no sentence: front matter, what is generated, what mirrors another file."""
        return [*self._fronts(self._words), *self._generated(), *self._mirrored()]

    def _read_ahead(self) -> None:
        """Let the files whose content will be asked for be read together: one by one each costs a process."""
        wanted: dict[str, set[str]] = {WORDS: set(), ANCHORS: set(), DEFINITIONS: set()}
        for path, claim in self._all:
            names_line = claim.kind == kinds.PATH and claim.parts[1].isdigit()
            if claim.kind in (kinds.TEST, kinds.SYMBOL) or names_line:
                wanted[WORDS].update(there for part in claim.parts[:2] for there in self._places_of(path, part))
            elif claim.kind == kinds.LINK and "#" in claim.parts[0]:
                wanted[ANCHORS].update(self._places_of(path, claim.parts[0]) or [path])
            if claim.kind in (kinds.IMPORT, kinds.SYMBOL):
                module = self.names.module(claim.parts[0])[0]
                wanted[WORDS].update([module] if module else ())
                wanted[DEFINITIONS].update([module] if module else ())
        files = self.checkout.files
        self.extraction.prefetch((what, [files[path] for path in sorted(paths)]) for what, paths in wanted.items())

    def _fronts(self, words: LaneWords) -> Iterator[Held]:
        due = any_of(self.files.settings.template)
        for path, document in self.files.documents.items():
            yield from words.front(path, document.front, document.header, bool(due.fullmatch(path)))

    def _generated(self) -> Iterator[Held]:
        for path, document in self.files.documents.items():
            for found in self.blocks.of(path) if document.blocks else ():
                name = f"gates:{'begin' if found.block.kind == 'block' else 'count'} {found.block.what}".strip()
                wrong = (
                    no("is not what the tree says; run `gates context --write`") if found.held != found.right else YES
                )
                answer = no(found.error) if found.error else wrong
                yield Held(path, Claim("block", found.block.line, name, ()), answer)

    def _mirrored(self) -> Iterator[Held]:
        for mirror in self.files.settings.mirror:
            texts = [self._text(path) for path in (mirror.file, mirror.of)]
            if None in texts:
                gone = mirror.file if texts[0] is None else mirror.of
                yield Held(mirror.file, Claim("mirror", 0, f"of {mirror.of}", ()), no(f"{gone} does not exist"))
                continue
            here, there = (sections(str(text)) for text in texts)
            for title in dict.fromkeys([*there, *here]):
                if title not in mirror.differ:
                    line, said = here.get(title, (0, None))
                    same = said == there.get(title, (0, None))[1]
                    claim = Claim("mirror", line, f"{title} (as in {mirror.of})", ())
                    yield Held(
                        mirror.file, claim, YES if same else no(f"{mirror.of} says otherwise, or has no such section")
                    )

    def _text(self, path: str) -> Optional[str]:
        return self.checkout.read(path).decode("utf-8", "replace") if path in self.checkout.files else None

    def _at_odds(self, found: list[Held]) -> Iterator[Held]:
        """Of two files of one folder that state different values, where the tree knows neither, the later one."""
        said: dict[tuple[str, str], Held] = {}
        for held in found:
            about = _about(held.claim)
            if about and held.answer.verdict == UNVERIFIABLE and not held.claim.hedge:
                first = said.setdefault((posixpath.dirname(held.path), about), held)
                if first.path != held.path and not _may_both_be_true(first.claim, held.claim):
                    evidence = f"{first.path}, line {first.claim.line}, says {first.claim.text}"
                    yield Held(held.path, held.claim._replace(kind="contradiction"), no(evidence))
                    continue
            yield held


def _answers(places: Places, claims: Claims, words: LaneWords) -> Mapping[str, Callable[[str, Claim], Answer]]:
    """Who answers to which kind of claim."""
    tasks = Tasks(claims.project, claims.names)
    symbols = Symbols(claims.names, places)
    figures = Figures(claims.project, claims._counting)
    return {
        kinds.PATH: places.path,
        kinds.GLOB: places.glob,
        kinds.TREE: places.entry,
        kinds.INCLUDE: places.include,
        kinds.LINK: places.link,
        kinds.COMMAND: tasks.command,
        kinds.EXTRA: tasks.extra,
        kinds.TEST: symbols.test,
        kinds.SYMBOL: symbols.symbol,
        kinds.IMPORT: symbols.imported,
        kinds.COUNT: figures.count,
        kinds.VERSION: figures.version,
        kinds.PYTHON: figures.python,
        kinds.MATRIX: figures.matrix,
        kinds.SETTING: figures.setting,
        kinds.LANE: words.row,
        kinds.HOME: lambda path, claim: UNKNOWN if claim.hedge else no("it is the home of one person on one machine"),
    }


def _about(claim: Claim) -> str:
    """What a claim states a value of, "" where it states none."""
    if claim.kind == kinds.SETTING and not claim.parts[0].startswith("key "):
        return claim.parts[0]
    if claim.kind == kinds.VERSION and not claim.parts[1]:
        return "version"
    if claim.kind == kinds.PYTHON and claim.parts[0] in ("low", "one"):
        return "Python"
    if (
        claim.kind == kinds.COUNT
        and claim.parts[4] in ("whole", "noun")
        and not claim.parts[2]
        and claim.parts[1] not in ("files", "modules", "tests")
    ):
        return f"count of {claim.parts[1]}"
    return ""


def _may_both_be_true(first: Claim, second: Claim) -> bool:
    """Whether two claims about the same thing may both hold: 40+ and 57 may, 2.0 and 2.0.0 are one version."""
    if first.kind == second.kind == kinds.COUNT:
        ours, theirs = int(first.parts[0]), int(second.parts[0])
        return agrees(ours, first.parts[3], theirs) or agrees(theirs, second.parts[3], ours)
    return _value(first) == _value(second)


def _value(claim: Claim) -> str:
    if claim.kind == kinds.VERSION:
        return re.sub(r"(?:\.0)+$", "", claim.parts[0])  # 2.0 is 2.0.0 (PEP 440)
    return claim.parts[1]
