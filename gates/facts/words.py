"""Where retired words stand: in the text files of the checkout, and in the names of files and folders."""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, ClassVar, NamedTuple

from gates.baseline import PLACE as BASELINE_PLACE
from gates.facts.aliases import PLACE as ALIASES_PLACE
from gates.facts.aliases import Aliases
from gates.facts.checkout import Checkout, tree_digest
from gates.facts.extraction import Extraction
from gates.facts.extractors.words.hits import BINARY, Aside, Hit
from gates.facts.extractors.words.look_alikes import folded
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.scope import Scope
from gates.facts.vocabulary import Vocabulary
from gates.globs import any_of

_PACKAGE = "gates.facts.extractors.words"
_BY_SUFFIX = {
    **dict.fromkeys((".py", ".pyi", ".pyw"), "python_file"),
    **dict.fromkeys((".md", ".markdown", ".mdx", ".mdc"), "markdown_file"),
    **dict.fromkeys((".yml", ".yaml", ".cff"), "yaml_file"),
    **dict.fromkeys((".json", ".jsonc", ".json5", ".jsonl", ".ndjson", ".ipynb", ".sarif", ".geojson"), "json_file"),
    ".toml": "toml_file",
}
_OTHERS = "text_file"
POLICY = "vocabulary.toml"


class Named(NamedTuple):
    """A file or folder that is called by a retired word; `name` is the last part of its path."""

    path: str
    name: str
    term: int
    spelled: str
    first: str
    """The first file by it, of those that may not be called so."""


@dataclass(frozen=True)
class Words:
    """Every text file outside the exempt ones, by the language that its name tells."""

    files: tuple[File, ...]
    vocabulary: Vocabulary
    extraction: Extraction
    place: str = f"policies/{POLICY}"
    is_whole: bool = True
    exempt: int = 0
    unit: ClassVar[str] = "files"

    @classmethod
    def gather(
        cls, checkout: Checkout, extraction: Extraction, vocabulary: Vocabulary, aliases: Aliases, scope: Scope
    ) -> Words:
        """Nothing is read until it is asked for."""
        rules = _rule_folders(checkout)
        exempt = any_of(vocabulary.exempt_paths)
        own = {BASELINE_PLACE, ALIASES_PLACE, *(alias.path for alias in aliases.aliases)}
        known = (checkout.files[path] for path in sorted(checkout.files))
        is_asked = bool(vocabulary.terms)  # without a term there is nothing to look for in any file
        plain = [file for file in known if is_asked and not file.is_symlink and not file.is_submodule]
        files = tuple(
            file
            for file in plain
            if file.path not in own
            and posixpath.dirname(file.path) not in rules
            and not exempt.fullmatch(file.path)
            and (scope.paths is None or file.path in scope.paths)
        )
        place = f"{min(rules)}/{POLICY}".lstrip("/") if rules else cls.place
        return cls(files, vocabulary, extraction, place, scope.paths is None, len(plain) - len(files))

    @cached_property
    def digest(self) -> str:
        """Of every file that is looked at, and of what is looked for."""
        return digest_of(tree_digest(self.files), self.vocabulary.argument, str(self.is_whole))

    def __len__(self) -> int:
        return len(self.files)

    def needs(self) -> Mapping[str, Sequence[File]]:
        """Each extractor, and the files that it will be asked about."""
        by_language: dict[str, list[File]] = {}
        for file in self.files:
            by_language.setdefault(f"{language_of(file.path)}?{self.vocabulary.argument}", []).append(file)
        return by_language

    @cached_property
    def _answers(self) -> dict[str, Any]:
        needs = self.needs()
        self.extraction.prefetch(needs.items())
        found: dict[str, Any] = {}
        for extractor, files in needs.items():
            found.update(self.extraction.known(extractor, files))
        return found

    def account(self) -> dict[str, int]:
        """How each file was looked at, and how many occurrences are none of ours; the first four are all the files."""
        answers = self._answers
        binary = sum(1 for value in answers.values() if value == BINARY)
        by_scan = sum(1 for value in answers.values() if value is None)
        looked = {
            "ruled out by a scan": by_scan,
            "looked at closely": len(answers) - by_scan - binary,
            "binary": binary,
            "unreadable": len(self.files) - len(answers),
        }
        aside: Counter[str] = Counter()
        for _, one in self.aside():
            aside[f"occurrences set aside, {one.why}"] += one.many
        return {**looked, **{why: aside[why] for why in sorted(aside)}}

    def hits(self) -> Iterator[tuple[str, Hit]]:
        """Path and hit, by path."""
        for path in sorted(self._found):
            yield from ((path, Hit(*hit)) for hit in self._found[path][0])

    def aside(self) -> Iterator[tuple[str, Aside]]:
        """Path, and the occurrences that are none of ours."""
        for path in sorted(self._found):
            yield from ((path, Aside(*one)) for one in self._found[path][1])

    @cached_property
    def _found(self) -> dict[str, Any]:
        return {path: value for path, value in self._answers.items() if value and not isinstance(value, str)}

    def named(self) -> Iterator[Named]:
        """The files and folders that are called by a retired word, each once, by path."""
        paths = [file.path for file in self.files]
        text = folded("\0".join(paths))
        starts = [0, *accumulate(len(path) + 1 for path in paths)]
        seen: dict[tuple[str, int, str], Named] = {}
        for occurrence in self.vocabulary.patterns.occurrences(text) if self.vocabulary.terms else ():
            start, end = text.place(occurrence.start), text.place(occurrence.end)
            at = bisect_right(starts, start) - 1
            path, start, end = paths[at], start - starts[at], end - starts[at]
            if end > len(path) or "/" in path[start:end] or self.vocabulary.is_exempt(occurrence.term, path):
                continue
            stop = path.find("/", end)
            whole = path if stop < 0 else path[:stop]
            named = Named(whole, posixpath.basename(whole), occurrence.term, path[start:end], path)
            seen.setdefault((whole, occurrence.term, path[start:end]), named)
        yield from (seen[key] for key in sorted(seen))


def language_of(path: str) -> str:
    """The extractor for a file, by its name."""
    name = path.rpartition("/")[2].lower()
    return f"{_PACKAGE}.{_BY_SUFFIX.get(name[name.rfind('.') :], _OTHERS) if '.' in name else _OTHERS}"


def _rule_folders(checkout: Checkout) -> list[str]:
    """The folders that hold a policy with a vocabulary: they must name what they retire."""
    beside = (posixpath.dirname(path) for path in checkout.files if path.rpartition("/")[2] == POLICY)
    return [folder for folder in beside if posixpath.join(folder, "gates.toml") in checkout.files]
