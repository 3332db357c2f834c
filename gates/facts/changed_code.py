"""What a change says that was not said before: statements and exclusions; not what only moved, or looks different."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Callable, ClassVar, NamedTuple, Optional, TypeVar, Union

from gates.facts.checkout import Checkout
from gates.facts.diff import Change, Diff
from gates.facts.extraction import Extraction
from gates.facts.extractors.statements import Code, Plain, Pragma, Statement

_EXTRACTOR = "gates.facts.extractors.statements"
_NOTHING = Code((), (), ())
T = TypeVar("T")


class ChangedModule(NamedTuple):
    """A module that differs: the statements and the pragmas that are new in it, and all of its code."""

    path: str
    statements: tuple[Statement, ...]
    pragmas: tuple[Pragma, ...]
    code: Code
    fault: str = ""
    """Why it could not be parsed; then there is no code."""


@dataclass
class ChangedCode:
    """The changed modules, with what in them is new.

    A statement on changed lines is new unless one that says the same, in a function of the same name, is there no more:
    in the same file, or else in another that was changed. So what was moved, what came along with a renamed
    file, and what was only formatted anew is not. A pragma is new unless the same one stood at the same statement; it
    moves from one function or file to another only together with its statement.
    """

    diff: Diff
    checkout: Checkout = field(repr=False)
    extraction: Extraction = field(repr=False)
    unit: ClassVar[str] = "files compared"
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, diff: Diff, checkout: Checkout, extraction: Extraction) -> ChangedCode:
        """Nothing is read until it is asked for."""
        return cls(diff, checkout, extraction)

    @property
    def digest(self) -> str:
        """Of what was compared."""
        return self.diff.digest

    def __len__(self) -> int:
        return len(self.diff)

    def account(self) -> dict[str, int]:
        """How many of them differ."""
        return self.diff.account()

    @cached_property
    def modules(self) -> tuple[ChangedModule, ...]:
        """Those that stand in the tree and were touched, by path."""
        now = [(change, self._code(change)) for change in self._differing]
        before = self._before
        statements = _new(
            [(change, code.statements, _touched(code, change)) for change, code in now],
            {change: code.statements for change, code in before.items()},
            lambda statement: statement.key,
        )
        pragmas = _new_pragmas(now, before)
        return tuple(
            ChangedModule(change.path or "", tuple(said), tuple(marked), code, self._faults.get(change.path or "", ""))
            for (change, code), said, marked in zip(now, statements, pragmas)
        )

    def _code(self, change: Change) -> Code:
        value = self._extracted.get(change.path or "")
        return _NOTHING if value is None or isinstance(value, str) else Code.of(value)

    @cached_property
    def _differing(self) -> Sequence[Change]:
        return [change for change in self.diff.changes if change.path is not None and (change.added or change.cuts)]

    @cached_property
    def _extracted(self) -> Mapping[str, Union[Plain, str]]:
        return self.extraction.of(_EXTRACTOR, [self.checkout.files[change.path or ""] for change in self._differing])

    @cached_property
    def _faults(self) -> Mapping[str, str]:
        return {path: value for path, value in self._extracted.items() if isinstance(value, str)}

    @cached_property
    def _before(self) -> Mapping[Change, Code]:
        """The modules that differ, as they were; what was not Python said nothing."""
        known = [change for change in self.diff.changes if change.blob_before and (change.added or change.removed)]
        values = self.extraction.of_blobs(_EXTRACTOR, sorted({change.blob_before or "" for change in known}))
        said = ((change, values.get(change.blob_before or "")) for change in known)
        return {change: Code.of(value) for change, value in said if value is not None and not isinstance(value, str)}


def _touched(code: Code, change: Change) -> list[Statement]:
    """The statements on lines that were added, or around a place where lines were only taken out."""
    return [
        each
        for each in code.statements
        if not change.added.isdisjoint(range(each.first, each.last + 1))
        or not change.cuts.isdisjoint(range(each.first, each.last))
    ]


class _Standing(NamedTuple):
    """A pragma with the statement that it stands at, or before; None behind the last one."""

    pragma: Pragma
    at: Optional[Statement]

    @property
    def key(self) -> tuple[str, ...]:
        """What it says and at which statement, wherever that lies."""
        scope = self.pragma.scope.rpartition(".")[2]
        return (self.pragma.hides, self.pragma.words, scope, self.at.key if self.at else "")

    @property
    def place(self) -> tuple[str, ...]:
        """The same, and where in its module."""
        return (*self.key, self.pragma.scope)


def _standing(code: Code) -> list[_Standing]:
    found = []
    for pragma in code.pragmas:
        own = [each for each in code.statements if each.first <= pragma.line <= each.last]
        below = (each for each in code.statements if each.first > pragma.line)
        found.append(_Standing(pragma, own[0] if own else next(below, None)))
    return found


def _new_pragmas(now: Sequence[tuple[Change, Code]], before: Mapping[Change, Code]) -> list[list[Pragma]]:
    """Of each changed module what takes more out of what is measured; what moved with its statement does not."""
    standing = [(change, _standing(code)) for change, code in now]
    stood = {change: _standing(code) for change, code in before.items() if code.pragmas}
    left, gone = _unsaid_here(
        [(change, all_, [each for each in all_ if each.pragma.line in change.added]) for change, all_ in standing],
        stood,
        lambda each: each.place,
    )
    codes = dict(now)
    moved: Counter[Hashable] = Counter()
    for change, several in stood.items():
        lost = _counted(before[change]) - _counted(codes.get(change, _NOTHING))
        went = _taken(several, gone[change], lambda each: each.place)
        moved.update(each.key for each in went if lost[_at(each)] > 0)
    found = []
    for (change, code), items in zip(now, left):
        came = _counted(code) - _counted(before.get(change, _NOTHING)) if items else Counter()
        old = _taken([each for each in items if came[_at(each)] > 0], moved, lambda each: each.key)
        found.append([each.pragma for each in items if all(each is not other for other in old)])
    return found


def _counted(code: Code) -> Counter[Hashable]:
    return Counter((each.scope, each.key) for each in code.statements)


def _at(standing: _Standing) -> Hashable:
    return (standing.at.scope, standing.at.key) if standing.at is not None else None


def _new(
    now: Sequence[tuple[Change, Sequence[T], Sequence[T]]],
    before: Mapping[Change, Sequence[T]],
    key: Callable[[T], Hashable],
) -> list[list[T]]:
    """Of each changed module (all that it says, and what of that was touched) what was not said as often before.

    What it said itself is looked at first, then what the other changed modules say no more.
    """
    left, gone = _unsaid_here(now, before, key)
    elsewhere: Counter[Hashable] = Counter()
    for counted in gone.values():
        elsewhere.update(counted)  # (a sum makes each of them anew: minutes, where thousands of modules are gone)
    return [_unsaid(items, elsewhere, key) for items in left]


def _unsaid_here(
    now: Sequence[tuple[Change, Sequence[T], Sequence[T]]],
    before: Mapping[Change, Sequence[T]],
    key: Callable[[T], Hashable],
) -> tuple[list[list[T]], Mapping[Change, Counter[Hashable]]]:
    """What each module did not say itself as often; and what each said that it says no more."""
    gone: dict[Change, Counter[Hashable]] = {change: Counter(map(key, said)) for change, said in before.items()}
    for change, said, touched in now:
        if change in gone:
            gone[change] = gone[change] - (Counter(map(key, said)) - Counter(map(key, touched)))
    left = [_unsaid(touched, gone.get(change, Counter()), key) for change, _, touched in now]
    return left, gone


def _taken(items: Sequence[T], said: Counter[Hashable], key: Callable[[T], Hashable]) -> list[T]:
    """The items that are among what was said; what is used is taken out."""
    left = {id(item) for item in _unsaid(items, said, key)}
    return [item for item in items if id(item) not in left]


def _unsaid(items: Sequence[T], said: Counter[Hashable], key: Callable[[T], Hashable]) -> list[T]:
    """The items for which nothing is left of what was said; what is used is taken out."""
    found = []
    for item in items:
        if said[key(item)] > 0:
            said[key(item)] -= 1
        else:
            found.append(item)
    return found
