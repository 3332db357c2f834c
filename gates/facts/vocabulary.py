"""What things are called here: policies/vocabulary.toml, the words that are retired and what is said instead."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from re import Pattern
from typing import ClassVar, Literal, Optional

from gates.errors import PolicyError
from gates.facts.extractors.words.look_alikes import folded
from gates.facts.extractors.words.terms import Patterns, Sought, argument
from gates.facts.fact import digest_of
from gates.facts.today import Today
from gates.globs import Globs, any_of

Kind = Literal["identifier", "path", "string", "comment", "prose", "key"]
_EVERY_KIND: tuple[Kind, ...] = ("identifier", "path", "string", "comment", "prose", "key")
_RELEASE = re.compile(r"\d+(\.\d+)*")


@dataclass(frozen=True)
class Allowed:
    """One `[[term.allow]]`: where the term may stand until a date. `paths`, `text` or both."""

    reason: str
    """Why it may stand there."""
    expires: dt.date
    """The last day on which it may."""
    paths: Globs = ()
    """Globs over paths; without one, any file."""
    text: Optional[str] = None
    """The name, or the words, that hold the term, `*` standing for anything; without one, any."""

    @cached_property
    def _path(self) -> Pattern[str]:
        return any_of(self.paths or ("**",))

    @cached_property
    def _token(self) -> Pattern[str]:
        return re.compile(".*".join(map(re.escape, (self.text or "*").split("*"))), re.DOTALL)

    def covers(self, path: str, token: str) -> bool:
        """Whether it speaks of this place, whatever the day."""
        return bool(self._path.fullmatch(path) and self._token.fullmatch(token))

    @property
    def where(self) -> str:
        """`old_name in docs/**`."""
        return f"{self.text or 'anything'} in {', '.join(self.paths) or 'any file'}"


@dataclass(frozen=True)
class Term:
    """One `[[term]]`: a word or a phrase that is retired."""

    name: str
    """The word or the phrase. `old_`, with its underscore, is only the first part of longer names."""
    reason: str
    """Why it is retired."""
    replacement: Optional[str] = None
    """What is said now; without one, nothing takes its place."""
    kinds: tuple[Kind, ...] = _EVERY_KIND
    """What it may not be: a name in code, a module or path, a string, a comment, prose, a key of data."""
    case: Literal["any", "exact"] = "any"
    """Whether capitals make a difference."""
    inflected: bool = True
    """Whether its plural counts, too."""
    exempt_paths: Globs = ()
    """Files in which it may stand for good."""
    with_evidence: bool = False
    """Whether it may stand in a paragraph that cites something: a link, a reference, a footnote."""
    alias_until: Optional[str] = None
    """The release by which the aliases for it go."""
    off: Optional[str] = None
    """Why it is not looked for, though it stands here."""
    allow: tuple[Allowed, ...] = ()
    """Places where it may stand until a date."""

    @property
    def sought(self) -> Sought:
        """How it is looked for."""
        return Sought(self.name, self.case == "exact", self.inflected, self.with_evidence)


@dataclass(frozen=True)
class VocabularyPolicy:
    """policies/vocabulary.toml: the retired terms, and the files that may use all of them."""

    policy_file: ClassVar[str] = "vocabulary.toml"
    exempt_paths: Globs = ()
    """Files that may use every term: rules about words, archives, cases. The folder of the policies always may."""
    term: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        for term in self.term:
            _refuse_odd(term)
        names = [(term.name.lower(), term.name)[term.case == "exact"] for term in self.term]
        for term, name in zip(self.term, names):
            if names.count(name) > 1:
                raise PolicyError(f"[[term]] '{term.name}' is there twice; a term has one section")
        active = [term for term in self.term if term.off is None]
        for term in active:
            _refuse_retired_replacement(term, active)


def _refuse_odd(term: Term) -> None:
    place = f"[[term]] '{term.name}'"
    if not any(letter.isalnum() for letter in term.name) or term.name != term.name.strip():
        raise PolicyError(f"{place} name must be a word or a phrase, with no space at its ends")
    for key in ("reason", "off", "replacement"):
        said = getattr(term, key)
        if said is not None and not said.strip():
            raise PolicyError(f"{place} {key} is empty; {'say why' if key != 'replacement' else 'leave it out'}")
    if not term.kinds:
        raise PolicyError(f"{place} kinds is empty; name at least one, or leave it out for all of them")
    if term.alias_until is not None and not _RELEASE.fullmatch(term.alias_until):
        raise PolicyError(f"{place} alias_until is '{term.alias_until}'; it must be a release, like 1.4")
    for number, allowed in enumerate(term.allow, 1):
        if not allowed.reason.strip():
            raise PolicyError(f"{place} [[allow]] {number} reason is empty; say why it may stand there")
        if not allowed.paths and not (allowed.text or "").strip("* "):
            raise PolicyError(f"{place} [[allow]] {number} has neither 'paths' nor 'text'; say what it covers")
    if term.replacement is not None and (term.replacement == term.name or _says(term.replacement, term)):
        what = "itself" if term.replacement == term.name else f"'{term.replacement}', which says it again"
        raise PolicyError(f"{place} is replaced by {what}; name what is said now")


def _refuse_retired_replacement(term: Term, terms: Iterable[Term]) -> None:
    """A replacement that holds a retired word would only be found again."""
    for other in terms:
        if term.replacement is not None and other is not term and _says(term.replacement, other):
            instead = f"write '{other.replacement}'" if other.replacement else "find another word"
            if other.replacement is not None and _says(other.replacement, term):
                instead = "they run in a circle"
            raise PolicyError(
                f"[[term]] '{term.name}' replacement is '{term.replacement}', which holds the retired "
                f"'{other.name}'; {instead}"
            )


def _says(text: str, term: Term) -> bool:
    return bool(Patterns((term.sought,)).occurrences(folded(text)))


@dataclass(frozen=True)
class Vocabulary:
    """The terms that are looked for, as of a day."""

    terms: tuple[Term, ...] = ()
    exempt_paths: Globs = ()
    today: dt.date = dt.date.max
    unit: ClassVar[str] = "retired terms"
    reads: ClassVar[tuple[str, ...]] = ()
    _exempt: dict[int, Pattern[str]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def gather(cls, policy: VocabularyPolicy, today: Today) -> Vocabulary:
        """Those that are not off."""
        terms = tuple(term for term in policy.term if term.off is None)
        return cls(terms, policy.exempt_paths, today.date)

    @cached_property
    def digest(self) -> str:
        """Of the terms, and of what is allowed no more."""
        return digest_of(repr(self.terms), repr(self.exempt_paths), repr([allowed for _, allowed in self.over]))

    def __len__(self) -> int:
        return len(self.terms)

    @property
    def holds_until(self) -> Optional[dt.date]:
        """The last day on which it says just this."""
        coming = (allowed.expires for _, allowed in self.allowances if allowed.expires >= self.today)
        return min(coming, default=None)

    @cached_property
    def allowances(self) -> tuple[tuple[Term, Allowed], ...]:
        """All of them, in the order of the policy."""
        return tuple((term, allowed) for term in self.terms for allowed in term.allow)

    @cached_property
    def over(self) -> tuple[tuple[Term, Allowed], ...]:
        """The allowances whose last day has been."""
        return tuple((term, allowed) for term, allowed in self.allowances if allowed.expires < self.today)

    @cached_property
    def argument(self) -> str:
        """The terms as the extractors are told them."""
        return argument(term.sought for term in self.terms)

    @cached_property
    def patterns(self) -> Patterns:
        """The terms, ready to be looked for."""
        return Patterns(tuple(term.sought for term in self.terms))

    def is_exempt(self, number: int, path: str) -> bool:
        """Whether a term may stand in a file for good."""
        if number not in self._exempt:
            self._exempt[number] = any_of(self.terms[number].exempt_paths)
        return self._exempt[number].fullmatch(path) is not None

    def allowances_of(self, number: int, path: str, token: str) -> Iterator[Allowed]:
        """Those that speak of a place, in force or over."""
        return (allowed for allowed in self.terms[number].allow if allowed.covers(path, token))
