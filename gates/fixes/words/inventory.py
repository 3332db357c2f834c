"""Where the names and the texts of a repository stand that hold a retired word, or the word that is said now."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gates.facts.checkout import Checkout
from gates.facts.extractors.words.hits import COMMENT, IDENTIFIER, KEY, PATH, PROSE, STRING, Hit, decoded, is_binary
from gates.facts.extractors.words.look_alikes import folded
from gates.facts.modules import Modules
from gates.facts.vocabulary import Vocabulary
from gates.facts.words import Words
from gates.fixes.edit import Found
from gates.fixes.words.around import is_configuration, is_data, is_document, is_python, mention, value_around
from gates.fixes.words.python_names import BARE, CODE, ENVIRONMENT, FORMATTED, PART, READ, WRITTEN, Uses, uses
from gates.globs import any_of

_READ_BY_OTHERS = (BARE, FORMATTED, PART, CODE)
# What stands beside a hole in a text: `run_{`, `run_%s`, `"run_" +`; `}_run`, `%s_run`, `+ "_run"`.
_HEAD = re.compile(rb"(\w+)(?:\{|%[s(]|[\"'][ \t\r\n]*[+%])")
_TAIL = re.compile(rb"(?:\}|%s|\+[ \t\r\n]*[rbfu]?[\"'])(\w+)")


@dataclass
class Inventory:
    """Read once, whatever is then decided."""

    checkout: Checkout
    modules: Modules
    vocabulary: Vocabulary
    words: Words
    found: Found
    aliases: frozenset[str]
    """The files that are there for a former name, and are left alone."""
    asked: set[str] = field(default_factory=set)
    """The names by which something would be called."""

    @cached_property
    def judged(self) -> frozenset[str]:
        """The files and folders with a finding that may be mended."""
        return frozenset(self.found.by_path()) - self.found.untouchable

    @cached_property
    def hits(self) -> Mapping[str, list[Hit]]:
        """The hits of each file that are to be mended."""
        kept: dict[str, list[Hit]] = {}
        places = {path: {(one.line, one.column) for one in some} for path, some in self.found.by_path().items()}
        for path, hit in self.words.hits():
            if (hit.line, hit.column) in places.get(path, ()) and path in self.judged:
                kept.setdefault(path, []).append(hit)
        return kept

    @cached_property
    def stays(self) -> Mapping[str, str]:
        """Names that stand where they may, or where nothing may be changed: each with one such file."""
        kept: dict[str, str] = {}
        mended = {(path, hit.start) for path, hits in self.hits.items() for hit in hits}
        for path, hit in self.words.hits():
            if hit.kind in (IDENTIFIER, PATH, KEY, STRING) and (path, hit.start) not in mended:
                kept.setdefault(hit.token, path)
        for path in self._not_looked_at:
            content = self.checkout.read(path)
            if not is_binary(content) and self.vocabulary.patterns.may_occur(content):
                for token in set(re.findall(r"\w+", decoded(content))):
                    kept.setdefault(token, path)
        return kept

    @cached_property
    def _not_looked_at(self) -> list[str]:
        """Files that may say everything, but for the rules, the ledger and the aliases: Python or data."""
        looked = {file.path for file in self.words.files} | self.aliases
        exempt = any_of(self.vocabulary.exempt_paths)
        others = (path for path in self.checkout.files if path not in looked and exempt.fullmatch(path))
        plain = (path for path in others if is_python(path) or is_data(path))
        return [path for path in plain if not self.checkout.files[path].is_symlink]

    @cached_property
    def _text_of(self) -> dict[str, str]:
        return {}

    def text(self, path: str) -> str:
        """A file as text."""
        if path not in self._text_of:
            self._text_of[path] = decoded(self.checkout.read(path))
        return self._text_of[path]

    # Python

    @cached_property
    def _tops(self) -> frozenset[str]:
        return frozenset(name.split(".", 1)[0] for name in self.modules.index)

    @cached_property
    def unread(self) -> dict[str, str]:
        """Files with a retired word that this Python cannot read, as text."""
        self.uses  # noqa: B018  # finds them on its way
        return self._unread

    @cached_property
    def uses(self) -> Mapping[str, Uses]:
        """The names of every Python file in which a retired word may stand."""
        self._unread: dict[str, str] = {}
        found: dict[str, Uses] = {}
        for path, content in self._python():
            if self.vocabulary.patterns.may_occur(content):
                try:
                    found[path] = uses(content, self._tops.__contains__)
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    self._unread[path] = decoded(content)
        return found

    @cached_property
    def others(self) -> Mapping[str, Uses]:
        """The names of the other Python files in which a name stands by which something would be called."""
        said = {word.lower().encode() for term in self.vocabulary.terms for word in (term.replacement or "").split()}
        new = re.compile(rb"\w*(?:" + b"|".join(map(re.escape, sorted(said))) + rb")\w*", re.IGNORECASE)
        asked = {name.encode() for name in self.asked}
        found: dict[str, Uses] = {}
        for path, content in self._python():
            known = path in self.uses or path in self.unread
            if not known and not asked.isdisjoint(new.findall(content)):
                try:
                    found[path] = uses(content, self._tops.__contains__)
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    continue
        return found

    def _python(self) -> Iterator[tuple[str, bytes]]:
        for file in self.modules.files:
            if file.path not in self.aliases:
                yield file.path, self.checkout.read(file.path)

    @cached_property
    def every_use(self) -> Mapping[str, Uses]:
        """Both."""
        return {**self.others, **self.uses}

    @cached_property
    def members(self) -> frozenset[str]:
        """Names that others can reach: by an attribute, a keyword, an import."""
        return frozenset(name for used in self.uses.values() for name in used.members)

    @cached_property
    def bound(self) -> frozenset[str]:
        """Names that are bound here at all."""
        return frozenset(name for used in self.uses.values() for name in used.bound)

    @cached_property
    def known(self) -> frozenset[str]:
        """Every name of Python here."""
        return frozenset(name for used in self.uses.values() for name in used.every)

    def may_be_built(self, name: str) -> bool:
        """Whether a name, of Python or of a file, may be put together at run time."""
        return self._built.fullmatch(name) is not None or name in self._filled

    @cached_property
    def _built(self) -> re.Pattern[str]:
        """What texts with a retired word come to that have holes in them: `f"zephyr_{kind}"`."""
        every = {part for used in self.uses.values() for one in used.built for part in (one, one.rpartition("/")[2])}
        told = (one for one in every if self.vocabulary.patterns.occurrences(folded(one)))
        return re.compile("|".join(sorted(told)) or r"(?!)")

    @cached_property
    def _filled(self) -> frozenset[str]:
        """Names that a value completes where some file has the rest of them: `f"run_{kind}"`, and "zephyr"."""
        sought = self.vocabulary.patterns
        values = [value for value in self.values if re.fullmatch(r"\w+", value) and sought.occurrences(folded(value))]
        names = {posixpath.basename(named.path) for named in self.words.named()} | self.members
        rests: dict[tuple[bytes, bytes], set[str]] = {}
        for name in names:
            for value in values:
                before, found, after = name.partition(value)
                if found and before + after:
                    rests.setdefault((before.encode(), after.encode()), set()).add(name)
        return frozenset(name for rest in self._written_out(rests) for name in rests[rest])

    def _written_out(self, rests: Iterable[tuple[bytes, bytes]]) -> set[tuple[bytes, bytes]]:
        """Those that a Python file has beside a hole."""
        heads: dict[bytes, set[tuple[bytes, bytes]]] = {}
        tails: dict[bytes, set[tuple[bytes, bytes]]] = {}
        for rest in rests:
            side = heads if rest[0] else tails
            side.setdefault(rest[0] or rest[1], set()).add(rest)
        found: set[tuple[bytes, bytes]] = set()
        for _, content in self._python() if heads or tails else ():
            for said in set(_HEAD.findall(content)) & heads.keys():
                found |= heads[said]
            for said in set(_TAIL.findall(content)) & tails.keys():
                found |= tails[said]
        return found

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """Names that are fields of texts, each with a file."""
        return {name: path for path, used in self.uses.items() for name in used.fields}

    # Keys and values

    @cached_property
    def read_here(self) -> frozenset[str]:
        """Keys that Python here reads."""
        return frozenset(text for used in self.uses.values() for text, use in used.values if use == READ)

    @cached_property
    def written_here(self) -> frozenset[str]:
        """Keys that Python or a data file here writes."""
        by_python = {text for used in self.uses.values() for text, use in used.values if use == WRITTEN}
        return frozenset(by_python | {key for path, key in self._data_keys if not is_configuration(path)})

    @cached_property
    def foreign_keys(self) -> Mapping[str, str]:
        """Keys of somebody else's configuration, and variables of the environment: each with a file."""
        found = {key: path for path, key in self._data_keys if is_configuration(path)}
        for path, used in self.uses.items():
            found.update((text, path) for text, use in used.values if use == ENVIRONMENT)
        return found

    @cached_property
    def _data_keys(self) -> frozenset[tuple[str, str]]:
        return frozenset(
            (path, value_around(self.text(path), hit))
            for path, hits in self.hits.items()
            if is_data(path)
            for hit in hits
            if hit.kind == KEY
        )

    @cached_property
    def values(self) -> Mapping[str, str]:
        """Texts that may be values which others read: each with a file."""
        found: dict[str, str] = {}
        for path, hits in self.hits.items():
            if is_data(path):
                strings = (hit for hit in hits if hit.kind == STRING)
                found.update((value_around(self.text(path), hit), path) for hit in strings)
        for path, used in self.uses.items():
            found.update((text, path) for text, use in used.values if use in _READ_BY_OTHERS)
        return found

    @cached_property
    def python_texts(self) -> frozenset[str]:
        """Keys and values in Python; a name that is looked up is none."""
        by = (BARE, READ, WRITTEN, FORMATTED)
        return frozenset(text for used in self.uses.values() for text, use in used.values if use in by)

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """Parts of paths that are put together at run time: each with a file."""
        found: dict[str, str] = {}
        for path, used in self.uses.items():
            for text, use in used.values:
                if use == PART:
                    found.update((part, path) for part in text.split("/"))
        return found

    @cached_property
    def elsewhere(self) -> Mapping[str, str]:
        """Names in files of languages that are not read here: each with a file."""
        found: dict[str, str] = {}
        for path, hits in self.hits.items():
            if not (is_python(path) or is_document(path) or is_data(path)):
                found.update((hit.token, path) for hit in hits)
        return found

    @cached_property
    def mentions(self) -> tuple[tuple[str, str], ...]:
        """(file, mention) of what could be a path, in code and in data; what documents say runs nothing."""
        said: set[tuple[str, str]] = set()
        for path, hits in self.hits.items():
            if not is_document(path):
                text = self.text(path)
                runs = (hit for hit in hits if not (is_python(path) and hit.kind in (COMMENT, PROSE)))
                said.update((path, mention(text, hit)) for hit in runs)
        return tuple(sorted(said))
