"""The arguments of one call: what each may be worth, and which parameter of a function gets it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Callable, NamedTuple, Optional, Protocol, Union

from gates.facts.extractors.bindings import Survey
from gates.facts.extractors.contents import alone, elements, item
from gates.facts.extractors.known_values import (
    MANY,
    Bound,
    Class,
    Function,
    Getter,
    Known,
    Layout,
    Several,
    Table,
    Unknown,
    Value,
    Values,
)
from gates.facts.extractors.places import Binding, Scope
from gates.facts.extractors.short_text import Spelling, shown, spelled_out

_UNPACKED = Unknown("its arguments are unpacked from something that is not constant")

AnyFunction = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda]
CallInProgress = tuple[ast.AST, int]
"""The function that is called, and how many names were being worked out when it was."""
By = tuple[int, str, int, int]
"""A name or attribute: the id of its scope, the name, the first of what binds it there, and of how many."""


class Kept:
    """What was worked out: `whole`, or `provisional`, until what is in progress at some depth is done."""

    __slots__ = ("provisional", "whole")

    def __init__(self) -> None:
        self.whole: dict[By, Values] = {}
        self.provisional: dict[By, tuple[int, Values]] = {}

    def keep(self, by: By, values: Values, depth: int) -> None:
        """Keep what is whole; what depended on its being in progress is worked out anew."""
        self.whole[by] = values
        for other in [one for one, (until, _) in self.provisional.items() if until >= depth]:
            del self.provisional[other]


class Argument:
    """What an argument may be worth, and how it is written: worked out when it is asked for.

    Most of what a call is given has no part in what it loads.
    """

    __slots__ = ("_spelling", "_values", "_work")

    def __init__(self, values: Union[Values, Callable[[], Values]], spelling: Spelling) -> None:
        self._work = None if isinstance(values, tuple) else values
        self._values = values if isinstance(values, tuple) else ()
        self._spelling = spelling

    @property
    def values(self) -> Values:
        """Everything that it may be worth."""
        if self._work is not None:
            self._values, self._work = self._work(), None
        return self._values

    @property
    def text(self) -> str:
        """How it is written."""
        return spelled_out(self._spelling)


Passed = dict[tuple[int, str], Argument]
"""What the parameters of a call in progress are worth: by the id of the function's scope, and their name."""


class Situation(NamedTuple):
    """The calls and rounds that are gone through: on that it depends what a name is worth."""

    passed: Passed
    pinned: dict[int, Values]
    """What the variables of the loops are worth in this round."""
    kept: Kept
    """What was worked out for both."""
    calls: tuple[CallInProgress, ...]
    is_away: bool
    """Whether this is in a call, or in another module."""


class Arguments(NamedTuple):
    """The arguments of one call, by position and by keyword; `open` where some are unpacked from the unknown."""

    positional: tuple[Argument, ...]
    words: dict[str, Argument]
    open: bool

    def get(self, position: int, word: str) -> Optional[Argument]:
        """The argument at this position or of this name; None where it is not given."""
        if 0 <= position < len(self.positional):
            return self.positional[position]
        found = self.words.get(word)
        return found if found or not self.open else Argument((_UNPACKED,), "...")

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self.positional or self.words or self.open)

    def after(self, first: Arguments) -> Arguments:
        """These arguments, behind those that a partial was given."""
        words = {**first.words, **self.words}
        return Arguments((*first.positional, *self.positional), words, self.open or first.open)


NO_ARGUMENTS = Arguments((), {}, False)


class Nature(NamedTuple):
    """What kind of class one is (class_natures.py).

    `fields` are those that its instances are given, in order; `is_closed`: nothing else gives them attributes.
    """

    is_enumeration: bool = False
    is_text: bool = False
    fields: Optional[tuple[str, ...]] = None
    layout: Optional[Layout] = None
    is_closed: bool = True


class Folder(Protocol):
    """What works out expressions (constant_folding.py), as its parts see it.

    `read` are the names that were looked up, by the id of their scope; `natures` those of the classes, by theirs.
    """

    survey: Survey
    read: set[tuple[int, str]]
    natures: dict[int, Nature]

    def fold(self, node: Optional[ast.AST], scope: Scope) -> Values:
        """Everything that an expression may be worth."""

    def name(self, name: str, scope: Scope, at: Optional[ast.AST] = None) -> Values:
        """What a name may stand for."""

    def bound(self, binding: Binding) -> Values:
        """What one binding gives to its name."""

    def attribute_of(self, base: Value, attribute: str, text: Spelling = "") -> Iterator[Value]:
        """What an attribute of a value may be worth."""

    def of_class(self, base: Class, attribute: str, text: Spelling) -> Iterator[Value]:
        """What an attribute of a class of this file, or of an instance of it, may be worth."""

    def under(self, base: Value, key: Value, text: Spelling) -> Iterator[Value]:
        """What stands under a key of a value."""

    def variable(self, key: Value) -> Iterator[Value]:
        """What this file itself gives a variable of the environment."""

    def namespace(self, outer: Scope, names: Table) -> Scope:
        """A module of its own, in which these names are bound."""

    def opened(self, values: Values) -> Values:
        """What is looped over, where it is an enumeration or something else of this file's own."""

    def called(self, function: Value, given: Arguments, scope: Scope) -> Values:
        """What a call of a value with these arguments may return."""

    def returned(self, function: Function, given: Arguments) -> Values:
        """What a call of a function of this file may return."""

    def calling(self, function: Function, given: Optional[Arguments]) -> AbstractContextManager[bool]:
        """Inside, the parameters of a function are worth what a call gives them; of no call (None) only `self` is."""

    def rounds(self, loops: Sequence[tuple[ast.expr, Scope]]) -> Iterator[bool]:
        """Go through loops round by round."""

    def situation(self) -> Situation:
        """The calls and rounds that are gone through now."""

    def again(self, situation: Situation) -> AbstractContextManager[None]:
        """Inside, what was gone through then is gone through."""


class Call:
    """One call: where it stands, and its arguments, which are folded when they are asked for.

    One that some function makes of another (`map`) has no node, and its arguments are given.
    """

    __slots__ = ("_folding", "_given", "_situation", "node", "scope")

    def __init__(
        self, node: Optional[ast.Call], scope: Scope, folding: Folder, given: Optional[Arguments] = None
    ) -> None:
        self.node = node
        self.scope = scope
        self._folding = folding
        self._given = given
        self._situation = folding.situation() if given is None else None

    @property
    def given(self) -> Arguments:
        """The arguments, as they were when the call was made."""
        if self._given is None:
            self._given = NO_ARGUMENTS
            if self.node is not None and self._situation is not None:
                with self._folding.again(self._situation):
                    self._given = arguments_of(self.node, self._folding, self.scope)
        return self._given

    def value(self, position: int, word: str = "") -> Values:
        """What one argument may be worth; nothing where it is not given."""
        found = self.given.get(position, word)
        return found.values if found is not None else ()


def arguments_of(call: ast.Call, folding: Folder, scope: Scope, skip: int = 0) -> Arguments:
    """The arguments of a call, folded."""
    positional: list[Argument] = []
    words: dict[str, Argument] = {}
    unpacked = False
    for node in call.args:
        if isinstance(node, ast.Starred):
            if not unpacked:
                values = folding.opened(folding.fold(node.value, scope))
                unpacked = alone(values) is None
                positional.extend(_unpacked(values, shown(node)))
        elif not unpacked:
            positional.append(_later(node, scope, folding))
    for word in call.keywords:
        if word.arg is None:
            unpacked = _take_words(folding.fold(word.value, scope), words) or unpacked
        else:
            words[word.arg] = _later(word.value, scope, folding)
    return Arguments(tuple(positional[skip:]), words, unpacked)


def _later(node: ast.expr, scope: Scope, folding: Folder) -> Argument:
    return Argument(partial(_as_of, folding.situation(), node, scope, folding), node)


def _as_of(situation: Situation, node: ast.expr, scope: Scope, folding: Folder) -> Values:
    with folding.again(situation):
        return folding.fold(node, scope)


def _unpacked(values: Values, text: str) -> Iterator[Argument]:
    """What `*values` gives, position by position."""
    only = values[0] if len(values) == 1 else None
    held = alone(values)
    if held is None and isinstance(only, Several):
        held = tuple(item(values, position) for position in range(len(only.items)))
    yield from (Argument(values, text) for values in held or ())


def _take_words(values: Values, words: dict[str, Argument]) -> bool:
    """Add what `**values` gives by constant keys; whether there may be more."""
    table = values[0] if len(values) == 1 else None
    more = not isinstance(table, Table)
    for keys, held in table.pairs if isinstance(table, Table) else ():
        if len(keys) == 1 and isinstance(keys[0], Known) and isinstance(keys[0].value, str):
            words[keys[0].value] = Argument(held, "...")
        else:
            more = True
    return more


def bound_arguments(bound: Union[Bound, Getter], folding: Folder) -> Arguments:
    """What `partial(function, ...)` already gives to the function, or `methodcaller(name, ...)` to the method."""
    return arguments_of(bound.call, folding, bound.scope, skip=1)


def passed(
    function: AnyFunction, outer: Scope, given: Optional[Arguments], folding: Folder, owner: Optional[Class] = None
) -> Passed:
    """What each parameter of a function is worth in a call (None: in any call); a method gets its `owner` first."""
    inner = id(outer.opened_by(function))
    signature = function.args
    positional = [*getattr(signature, "posonlyargs", []), *signature.args]
    defaults: dict[str, Optional[ast.expr]] = dict(
        zip((one.arg for one in reversed(positional)), reversed(signature.defaults))
    )
    defaults.update((one.arg, value) for one, value in zip(signature.kwonlyargs, signature.kw_defaults))
    taken: Passed = {}
    skip = 0
    if owner is not None:
        skip = 1
        if positional:
            taken[inner, positional[0].arg] = Argument((owner,), positional[0].arg)
    if given is None:
        return taken
    for index, one in enumerate([*positional[skip:], *signature.kwonlyargs]):
        found = given.get(index if index < len(positional) - skip else -1, one.arg)
        default = defaults.get(one.arg)
        if found is not None:
            taken[inner, one.arg] = found
        elif default is not None:
            taken[inner, one.arg] = _later(default, outer, folding)
    if signature.vararg is not None and not given.open:
        rest = given.positional[len(positional) - skip :]
        taken[inner, signature.vararg.arg] = Argument(partial(_listed, rest), signature.vararg.arg)
    if signature.kwarg is not None and not given.open:
        named = {one.arg for one in (*positional, *signature.kwonlyargs)}
        others = {word: one for word, one in given.words.items() if word not in named}
        taken[inner, signature.kwarg.arg] = Argument(partial(_tabled, others), signature.kwarg.arg)
    return taken


def _listed(arguments: Sequence[Argument]) -> Values:
    return (Several(tuple(one.values for one in arguments)),)


def _tabled(words: Mapping[str, Argument]) -> Values:
    return (Table(tuple(((Known(word),), one.values) for word, one in words.items())),)


def rows_for(lists: Sequence[Values]) -> tuple[list[Arguments], bool]:
    """The arguments of each call that `map` makes; whether these are all of its calls, in their order."""
    columns = [held for held in map(alone, lists) if held is not None]
    exact = len(columns) == len(lists) and all(len(column) <= MANY for column in columns)
    rows = list(zip(*columns)) if exact else [tuple(map(elements, lists))]
    return [Arguments(tuple(Argument(one, "...") for one in row), {}, False) for row in rows], exact
