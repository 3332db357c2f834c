"""A retired word is replaced: in prose and comments, in names of Python everywhere they stand, in keys, in files.

A name is renamed in all files or in none. What may be somebody else's, or a value that others read, is left, with the
reason. Where the policy says until when, the former names of modules and of what they hold are kept alive.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Optional, Union

import libcst as cst

from gates.checks.words.retired_word import RetiredWord
from gates.errors import GatesError
from gates.facts.aliases import PLACE as LEDGER
from gates.facts.aliases import Alias, Aliases, written
from gates.facts.checkout import Checkout
from gates.facts.extractors.words.hits import IDENTIFIER, KEY, PATH, STRING, Hit, decoded
from gates.facts.extractors.words.respelling import respelled
from gates.facts.modules import SUFFIXES, Modules
from gates.facts.vocabulary import Vocabulary
from gates.facts.words import Words
from gates.finding import Finding
from gates.fixes.edit import Edit, Found, Mended, Unmended
from gates.fixes.words.former_names import door_to, module_for, table_for, table_place
from gates.fixes.words.renames import Renames, keeps_former_names

_CONFIGURATION = re.compile(
    r"(?:.*/)?(?:pyproject\.toml|setup\.cfg|package(?:-lock)?\.json|\.github/.*|[^/]*\.lock|tox\.ini)"
)
_WORD_OF_PATH = re.compile(r"[\w./#?\-]*")
_QUOTED = re.compile(r"[\"']([^\"'\n]*)[\"']")
Step = Union[Edit, Unmended]


def mend(
    gate: RetiredWord,
    found: Found,
    checkout: Checkout,
    vocabulary: Vocabulary,
    words: Words,
    modules: Modules,
    aliases: Aliases,
) -> Iterator[Step]:
    """Every file with a finding, and every file that is renamed; then the aliases, and the ledger of them."""
    judged = frozenset(found.by_path())
    renames = Renames(checkout, modules, vocabulary, words, aliases, judged)
    mending = _Mending(renames, {path: [Hit(*hit) for _, hit in some] for path, some in _by_path(words, judged)})
    yield from mending.steps(found)


def _by_path(words: Words, judged: frozenset[str]) -> Iterator[tuple[str, list[tuple[str, Hit]]]]:
    several: dict[str, list[tuple[str, Hit]]] = {}
    for path, hit in words.hits():
        if path in judged:
            several.setdefault(path, []).append((path, hit))
    yield from several.items()


@dataclass
class _Mending:
    renames: Renames
    hits: dict[str, list[Hit]]

    def steps(self, found: Found) -> Iterator[Step]:
        by_path = found.by_path()
        done: dict[str, Edit] = {}
        for path in sorted({*self.hits, *self.renames.paths}):
            edit, left = self._file(path, by_path.get(path, ()))
            yield from left
            if edit is not None:
                done[path] = edit
        yield from self._left_names(by_path)
        kept = _Kept(self.renames, done)
        doors = kept.doors()
        for path, edit in done.items():
            yield doors.get(path, edit)
        yield from kept.modules()

    def _file(self, path: str, findings: Sequence[Finding]) -> tuple[Optional[Edit], list[Unmended]]:
        content = self.renames.checkout.read(path)
        text = decoded(content)
        places = {(finding.line, finding.column) for finding in findings}
        parts: list[str] = []
        left: list[Unmended] = []
        mended: list[Mended] = []
        at = 0
        for hit in self.hits.get(path, ()):
            if (hit.line, hit.column) not in places:
                continue
            why, new = self._decided(path, text, hit)
            if why is not None:
                left.append(Unmended(path, hit.line, f"`{hit.token}`: {why}"))
                continue
            parts += [text[at : hit.start], new]
            at = hit.end
            mended.append(Mended(hit.line, hit.token.replace(hit.spelled, new)))
        after = _encoded("".join([*parts, text[at:]]), content) if mended else content
        to = self.renames.paths.get(path)
        if after is None or (path.endswith(".py") and mended and not self._is_sound(content, after)):
            return None, [*left, Unmended(path, 0, "what would be written is not the same code with other names")]
        if not mended and to is None:
            return None, left
        moved = (Mended(0, to),) if to is not None else ()
        return Edit(path, content, after, (*moved, *mended), to), left

    def _decided(self, path: str, text: str, hit: Hit) -> tuple[Optional[str], str]:
        """Why a hit is left, or what stands there then."""
        term = self.renames.vocabulary.terms[hit.term]
        if term.replacement is None:
            return "nothing takes its place; say it in other words", ""
        new = respelled(hit.spelled, term.name, term.replacement, hit.token, hit.kind in (IDENTIFIER, PATH, KEY))
        if new is None:
            return f"is written over a line break or in other letters; write {term.replacement}", ""
        is_python = path.endswith(SUFFIXES)
        if hit.kind == IDENTIFIER and is_python:
            return self.renames.why_not(hit.token), new
        if hit.kind == PATH:
            return self._path(path, text, hit, is_python), new
        if hit.kind == STRING:
            return self._string(path, text, hit), new
        if hit.kind == KEY:
            return self._key(path, text, hit), new
        if hit.kind == IDENTIFIER or "_" in hit.token:  # code of documents, names in comments
            is_bound = hit.token in self._names
            return (self.renames.why_not(hit.token) if is_bound else None), new
        return None, new

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name for used in self.renames.uses.values() for name in (used.every | used.bound))

    def _path(self, path: str, text: str, hit: Hit, is_python: bool) -> Optional[str]:
        if is_python:
            return self.renames.why_not(hit.token)
        mention = _mention(text, hit)
        if self.renames.leads_to_renamed(path, mention):
            return None
        return "it leads to nothing that is renamed"

    def _string(self, path: str, text: str, hit: Hit) -> Optional[str]:
        whole = _whole_string(text, hit)
        if whole is None or re.search(r"\s", whole.strip()):
            return None  # a message
        if self.renames.is_dotted_name(whole):
            return None
        if whole.isidentifier() and whole in self.renames.looked_up:
            return self.renames.why_not(whole)
        if ("/" in whole or "." in whole) and self.renames.leads_to_renamed(path, whole):
            return None
        if whole in self._keys and not _CONFIGURATION.fullmatch(path):
            return None
        return "it may be a value that others read"

    @cached_property
    def _keys(self) -> frozenset[str]:
        """Keys of data that are renamed wherever they stand."""
        renamed: set[str] = set()
        kept: set[str] = set()
        for path, hits in self.hits.items():
            keys = [hit for hit in hits if hit.kind == KEY]
            text = decoded(self.renames.checkout.read(path)) if keys else ""
            for hit in keys:
                (renamed if self._key(path, text, hit) is None else kept).add(hit.token)
        return frozenset(renamed - kept)

    def _key(self, path: str, text: str, hit: Hit) -> Optional[str]:
        if _CONFIGURATION.fullmatch(path):
            return "it is a key of somebody else's configuration"
        if re.search(r"environ\s*\[\s*[\"']?$", text[max(0, hit.start - 40) : hit.start]):
            return "it is a variable of the environment, which is set elsewhere"
        return None

    def _is_sound(self, before: bytes, after: bytes) -> bool:
        """Whether the names are the same as before but for those that are renamed, one by one."""
        try:
            old, new = _names(before), _names(after)
        except (cst.ParserSyntaxError, SyntaxError, ValueError, RecursionError):
            return not _parses(before)
        return len(old) == len(new) and all(
            one == other or self.renames.written(one, IDENTIFIER) == other for one, other in zip(old, new)
        )

    def _left_names(self, by_path: object) -> Iterator[Unmended]:
        """Files and folders that stay called as they are."""
        for named in self.renames.words.named():
            if named.path in self.renames.judged and not any(
                path == named.path or path.startswith(f"{named.path}/") for path in self.renames.paths
            ):
                yield Unmended(named.path, 0, "what it would be called is not certain, or is taken")


def _mention(text: str, hit: Hit) -> str:
    before = re.search(r"[\w./\-]*\Z", text[max(0, hit.start - 200) : hit.start])
    after = _WORD_OF_PATH.match(text, hit.end)
    return (before[0] if before else "") + text[hit.start : hit.end] + (after[0] if after else "")


def _whole_string(text: str, hit: Hit) -> Optional[str]:
    """The string in quotes, on one line, that holds a hit; a value without quotes is the rest of its line."""
    first, last = text.rfind("\n", 0, hit.start) + 1, text.find("\n", hit.end)
    line = text[first : len(text) if last < 0 else last]
    for match in _QUOTED.finditer(line):
        if match.start() <= hit.start - first < match.end():
            return match[1]
    after = re.match(r"[^#\n]*", text[hit.end :])
    before = re.search(r"[^:\n=\-\[]*\Z", text[first : hit.start])
    return ((before[0] if before else "") + text[hit.start : hit.end] + (after[0] if after else "")).strip()


def _encoded(text: str, like: bytes) -> Optional[bytes]:
    """The text in the encoding that it was read in; None where that would change more than the words."""
    for encoding in ("utf-8", "latin-1"):
        try:
            if like.decode(encoding).encode(encoding) == like:
                return text.encode(encoding)
        except UnicodeError:
            continue
    return None


def _names(content: bytes) -> list[str]:
    found: list[str] = []

    class Names(cst.CSTVisitor):
        def visit_Name(self, node: cst.Name) -> None:
            found.append(node.value)

    cst.parse_module(content).visit(Names())
    return found


def _parses(content: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


@dataclass
class _Kept:
    """The former names that are kept alive, and the ledger of them."""

    renames: Renames
    done: dict[str, Edit]

    @cached_property
    def until(self) -> Optional[str]:
        """The release with which all aliases of this mend go: the last that the terms name; None: none is left."""
        said = {term.alias_until for term in self.renames.vocabulary.terms if term.alias_until is not None}
        if not said:
            return None
        return max(said, key=lambda release: [int(part) for part in release.split(".")])

    def doors(self) -> dict[str, Edit]:
        """The edits of modules whose own names changed, with the way to their former ones."""
        found: dict[str, Edit] = {}
        self._former: dict[str, dict[str, dict[str, str]]] = {}
        for path, edit in self.done.items() if self.until else ():
            names = self._former_names(path, edit)
            place = table_place(edit.to or path, self._packages)
            if not names or place is None or self.renames.uses[path].has_getattr:
                continue
            table, dotted = place
            self._former.setdefault(table, {})[self._now(edit.to or path)] = names
            after = edit.after.rstrip(b"\n") + b"\n" + door_to(dotted).encode()
            found[path] = Edit(path, edit.before, after, edit.mended, edit.to)
        return found

    def _former_names(self, path: str, edit: Edit) -> dict[str, str]:
        used = self.renames.uses.get(path)
        if used is None or not path.endswith(".py") or not keeps_former_names(path) or edit.after == edit.before:
            return {}
        new = ((name, self.renames.written(name, IDENTIFIER)) for name in used.public)
        return {name: to for name, to in new if to not in (None, name) and self.renames.why_not(name) is None}  # type: ignore[misc]

    def _now(self, path: str) -> str:
        return self.renames.modules.name_of(path)

    @cached_property
    def _packages(self) -> dict[str, str]:
        """Folder, as it will be called, to dotted name."""
        paths = (self.renames.paths.get(file.path, file.path) for file in self.renames.modules.files)
        ours = (path for path in paths if path.endswith("/__init__.py"))
        return {path.rpartition("/")[0]: self._now(path) for path in ours}

    def modules(self) -> Iterator[Edit]:
        """The modules that stand for former ones, the tables of former names, and the ledger."""
        new: list[tuple[str, bytes, str, str]] = []
        for path, to in sorted(self.renames.paths.items()) if self.until else ():
            if path.endswith(".py") and keeps_former_names(path) and path in self.done:
                now = self._now(to)
                former = self._former_names(path, self.done[path])
                new.append((path, module_for(now, former, self.until), self._now(path), now))
        for table, names in sorted(getattr(self, "_former", {}).items()):
            new.append((table, table_for(names, self.until), self._now(table), "the names of its package"))
        if not new:
            return
        for path, content, _, _ in new:
            yield Edit(path, None, content, (Mended(0, "an alias of what it was"),))
        yield self._ledger(new)

    def _ledger(self, new: list[tuple[str, bytes, str, str]]) -> Edit:
        checkout = self.renames.checkout
        before = checkout.read(LEDGER) if LEDGER in checkout.files else None
        if any(path in checkout.files and path.endswith("_former_names.py") for path, *_ in new):
            raise GatesError("a table of former names is there already; let its release pass before the next rename")
        fresh = [Alias(path, former, now, self.until) for path, _, former, now in new]
        return Edit(
            LEDGER, before, written((*self.renames.aliases.aliases, *fresh)), (Mended(0, "told in the ledger"),)
        )
