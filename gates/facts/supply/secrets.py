"""The secrets that the repository lets out: in the work tree, in what is staged, and in what commits brought."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Union

import msgspec

from gates.errors import CheckoutError, FactUnavailable
from gates.facts.checkout import Checkout, tree_digest
from gates.facts.fact import digest_of
from gates.facts.files import UNREADABLE, File
from gates.facts.store import Store
from gates.facts.supply import gitleaks_configuration, older_contents, secret_engines
from gates.facts.supply.gitleaks_configuration import IGNORED, RULES, Configuration
from gates.facts.supply.leaks import Leak, fingerprint, leaks
from gates.facts.supply.older_contents import NOTHING, History, Older
from gates.facts.supply.searched_text import Content, as_plain_text, lay_out
from gates.facts.supply.secret_engines import Engine, Seen
from gates.facts.supply.tools import Tools
from gates.globs import Globs, any_of

_AT_ONCE = 256_000_000
_LARGEST = 64_000_000
_SCHEMA = 2
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[list[Leak], int]).decode


@dataclass(frozen=True)
class SecretSettings:
    """`[facts.secrets]`: who searches, and where.

    `engine`: gitleaks (8.x, under the repository's .gitleaks.toml), kingfisher, or both, whose disagreements are told.
    `history`: "range" searches what the commits since `--base` brought (and the first commit, where it is the base),
    "all" every commit of every branch, "none" no commit. `key` makes the fingerprints of this repository its own.
    `leave_out` are files that are not searched.
    """

    policy_section: ClassVar[str] = "secrets"
    engine: Literal["gitleaks", "kingfisher", "both"] = "kingfisher"
    history: Literal["none", "range", "all"] = "range"
    key: str = ""
    leave_out: Globs = ()


class LeakedAt(NamedTuple):
    """A leak and where it is: `where` is "" in the work tree, "staged", or the commit that brought it."""

    path: str
    leak: Leak
    where: str = ""


@dataclass
class Secrets:
    """Every secret that the engines see; none of them is ever kept, only its keyed fingerprint."""

    checkout: Checkout = field(repr=False)
    store: Store = field(repr=False)
    settings: SecretSettings
    engines: tuple[Engine, ...]
    files: tuple[File, ...]
    older: tuple[Older, ...] = ()
    commits: History = NOTHING
    why_not: str = ""
    unit: ClassVar[str] = "files searched for secrets"
    may_be_none: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("*",)

    @classmethod
    def gather(cls, checkout: Checkout, store: Store, tools: Tools, settings: SecretSettings) -> Secrets:
        """Engines are identified, commits listed; nothing is searched until it is asked for."""
        left_out = any_of(settings.leave_out)
        known = (checkout.files[path] for path in sorted(checkout.files) if not left_out.fullmatch(path))
        files = tuple(file for file in known if not file.is_symlink and not file.is_submodule)
        found = cls(checkout, store, settings, (), files)
        try:
            found.engines = secret_engines.engines(secret_engines.names(settings.engine), tools)
            older = (each for each in older_contents.staged(checkout) if not left_out.fullmatch(each.path))
            found.older = tuple(older)
            span = _span(checkout, settings)
            listed = older_contents.history(checkout, span) if span else NOTHING
            kept = tuple(each for each in listed.blobs if not left_out.fullmatch(each.path))
            found.commits = listed._replace(blobs=kept)
        except FactUnavailable as unavailable:
            found.why_not = str(unavailable)
        return found

    @cached_property
    def digest(self) -> str:
        """Of every file, what is staged, the commits, the settings, and the engines with their configuration."""
        commits = (self.commits.span, self.commits.commits, [each.blob for each in self.commits.blobs])
        return digest_of(tree_digest(self.files), repr(self.older), repr(commits), self._version, self.why_not)

    def __len__(self) -> int:
        return len(self.files)

    is_settled: ClassVar[bool] = False  # an engine that fails once may not fail again

    @property
    def lacking(self) -> Mapping[str, str]:
        """Why it is not certain that everything was searched."""
        if self.why_not:
            return {"secrets": self.why_not}
        return {} if not self._answer[2] else {"secrets": self._answer[2]}

    def account(self) -> dict[str, int]:
        """What was searched beside the files, and how far the engines agree."""
        found = self._answer[0].values()
        alone = {
            f"seen by {engine.name} alone": sum(
                1 for some, _ in found for leak in some if leak.engines == (engine.name,)
            )
            for engine in self.engines
            if len(self.engines) > 1
        }
        return {
            "staged": len(self.older),
            "commits": self.commits.commits,
            "contents of commits": len(self.commits.blobs),
            **alone,
            "look-alikes set aside": sum(aside for _, aside in found),
        }

    def fingerprint(self, secret: str) -> str:
        """How a secret of this repository is known."""
        return fingerprint(secret, self.settings.key)

    @cached_property
    def leaked(self) -> tuple[LeakedAt, ...]:
        """Each secret once: where the file has it still, and else where it was."""
        answer = self._answer[0]
        found = [LeakedAt(file.path, leak) for file in self.files for leak in _of(answer, file)]
        known = {(each.path, each.leak.rule, each.leak.fingerprint) for each in found}
        for older, where in (*((each, "staged") for each in self.older), *((each, "") for each in self.commits.blobs)):
            for leak in _of(answer, older):
                if (older.path, leak.rule, leak.fingerprint) not in known:
                    known.add((older.path, leak.rule, leak.fingerprint))
                    commit = where or older_contents.commit_of(self.checkout.root, older.blob, self.commits.span)
                    found.append(LeakedAt(older.path, leak, commit or "history"))
        return tuple(found)

    @cached_property
    def _version(self) -> str:
        identities = [engine.identity for engine in self.engines]
        return digest_of(_SCHEMA, repr(identities), repr(sorted(self._configuration.items())), self.settings.key)

    @cached_property
    def _configuration(self) -> Mapping[str, bytes]:
        """What gitleaks is told: by the tree under judgement, whatever stood there when a commit was made."""
        found = (self.checkout.files.get(path) for path in (RULES, IGNORED))
        return {file.path: self.checkout.read(file.path) for file in found if file and not file.is_symlink}

    @cached_property
    def _answer(self) -> tuple[dict[str, tuple[list[Leak], int]], str, str]:
        """By key the leaks and how many look-alikes were set aside; and why it is not all that there is."""
        if self.why_not:
            return {}, "", self.why_not
        kind = f"fact/secrets-{self._version[:16]}"
        wanted: dict[str, Older] = {}
        here = (Older(file.path, file.blob) for file in self.files)
        for each in (*here, *self.older, *self.commits.blobs):
            wanted.setdefault(_key(each.path, each.blob), each)
        kept = {key: _decode(value) for key, value in self.store.get(kind, sorted(wanted)).items()}
        missing = [each for key, each in wanted.items() if key not in kept]
        try:
            for some in _portions(self._contents(missing)):
                found = self._searched(some)
                kept.update(found)
                self.store.put(kind, {key: _encode(value) for key, value in found.items()})
        except FactUnavailable as unavailable:
            return kept, "", str(unavailable)
        return kept, "", ""

    def _contents(self, wanted: Sequence[Older]) -> Iterator[Content]:
        here = {(file.path, file.blob) for file in self.files}
        for each in wanted:
            if (each.path, each.blob) in here:
                if each.blob == UNREADABLE:
                    raise FactUnavailable(f"{each.path} cannot be read, so it cannot be searched")
                try:
                    yield Content(each.path, each.blob, self.checkout.read(each.path))
                except CheckoutError as error:
                    raise FactUnavailable(str(error)) from None
        old = [each for each in wanted if (each.path, each.blob) not in here]
        for each, source in older_contents.contents(self.checkout, old):
            yield Content(each.path, each.blob, source)

    def _searched(self, some: Sequence[Content]) -> dict[str, tuple[list[Leak], int]]:
        large = next((each for each in some if len(each.source) > _LARGEST), None)
        if large is not None:
            limit = f"{_LARGEST // 1_000_000} MB, more than is searched; name it in leave_out of [facts.secrets]"
            raise FactUnavailable(f"{large.path} is larger than {limit}")
        from concurrent.futures import ThreadPoolExecutor  # most runs search nothing

        with tempfile.TemporaryDirectory(prefix="gates-secrets-") as name:
            folder = Path(name) / "searched"
            folder.mkdir()
            configuration = gitleaks_configuration.read(self._configuration)
            gitleaks_configuration.lay_beside(folder, self._configuration)
            laid = lay_out(folder, some)
            distinct = len({as_plain_text(each.source) for each in some} - {b""})
            secret_engines.plant(folder)
            rules = secret_engines.compiled_rules(self.store.folder, os.environ)
            with ThreadPoolExecutor(len(self.engines)) as threads:
                each_saw = threads.map(lambda engine: engine.search(folder, rules, distinct), self.engines)
                seen = [_placed(each, laid) for saw in each_saw for each in saw]
        seen = [each for each in seen if not _is_left_out(each, laid[each.place].path, configuration)]
        lines = {
            place: as_plain_text(laid[place].source).decode("utf-8", "replace").splitlines()
            for place in {each.place for each in seen}
        }
        found, _ = leaks(seen, lines, self.settings.key)
        aside = _counted_aside(seen, found)
        return {
            _key(content.path, content.blob): (found.get(place, []), aside.get(place, 0))
            for place, content in laid.items()
        }


def _placed(seen: Seen, laid: Mapping[str, Content]) -> Seen:
    """The same at a place that was laid out: what lies in an archive (`a.zip!b/c!d`) is in the archive."""
    if seen.place in laid:
        return seen
    outer = (seen.place[: found.start()] for found in re.finditer("!", seen.place))
    place = next((each for each in outer if each in laid), None)
    if place is None:
        raise FactUnavailable(f"{seen.engine} found something in a file that it was not given")
    return seen._replace(place=place, line=0, column=0)


def _is_left_out(seen: Seen, path: str, configuration: Configuration) -> bool:
    """Whether gitleaks was told to say nothing of it, and did not know that this is the path."""
    return seen.engine == "gitleaks" and seen.place != path and configuration.leaves_out(path, seen.rule, seen.line)


def _counted_aside(seen: Iterable[Seen], found: Mapping[str, list[Leak]]) -> dict[str, int]:
    lines: dict[str, set[int]] = {}
    for each in seen:
        lines.setdefault(each.place, set()).add(each.line)
    return {place: len(numbers - {leak.line for leak in found.get(place, [])}) for place, numbers in lines.items()}


def _span(checkout: Checkout, settings: SecretSettings) -> tuple[str, ...]:
    if settings.history == "all":
        return ("--all",) if checkout.commit is not None else ()
    if settings.history == "range" and checkout.base is not None:
        # Before the first commit there is nothing: a range that begins with it is all that there is.
        is_first = older_contents.is_first(checkout.root, checkout.base)
        return ("HEAD",) if is_first else (f"{checkout.base}..HEAD",)
    return ()


def _of(answer: Mapping[str, tuple[list[Leak], int]], each: Union[File, Older]) -> list[Leak]:
    return answer.get(_key(each.path, each.blob), ([], 0))[0]


def _key(path: str, blob: str) -> str:
    return blob + hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _portions(contents: Iterable[Content]) -> Iterator[list[Content]]:
    """The contents in portions that memory and a disk hold."""
    held: list[Content] = []
    size = 0
    for content in contents:
        held.append(content)
        size += len(content.source)
        if size > _AT_ONCE:
            yield held
            held, size = [], 0
    if held:
        yield held
