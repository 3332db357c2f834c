"""The arguments of one call: what each may be worth, and which parameter of a function gets it."""

from __future__ import annotations

import ast
from typing import NamedTuple, Optional, Protocol, Union

from gates.facts.extractors.known_values import Bound, Known, Several, Table, Unknown, Values
from gates.facts.extractors.places import Scope
from gates.facts.extractors.short_text import shown

_UNPACKED = Unknown("its arguments are unpacked from something that is not constant")

AnyFunction = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda]
Passed = dict[tuple[int, str], Values]
"""What the parameters of a call in progress are worth: by the id of the function's scope, and their name."""


class Folder(Protocol):
    """What works out expressions (constant_folding.py)."""

    def fold(self, node: Optional[ast.AST], scope: Scope) -> Values:
        """Everything that an expression may be worth."""


class Argument(NamedTuple):
    """What an argument may be worth, and how it is written."""

    values: Values
    text: str


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

    def after(self, first: Arguments) -> Arguments:
        """These arguments, behind those that a partial was given."""
        words = {**first.words, **self.words}
        return Arguments((*first.positional, *self.positional), words, self.open or first.open)


NO_ARGUMENTS = Arguments((), {}, False)


def arguments_of(call: ast.Call, folding: Folder, scope: Scope, skip: int = 0) -> Arguments:
    """The arguments of a call, folded."""
    positional: list[Argument] = []
    words: dict[str, Argument] = {}
    unpacked = False
    for node in call.args:
        if isinstance(node, ast.Starred):
            values = folding.fold(node.value, scope)
            exact = len(values) == 1 and isinstance(values[0], Several) and not unpacked
            if exact and isinstance(values[0], Several):
                positional.extend(Argument(held, shown(node)) for held in values[0].items)
            else:
                unpacked = True
        elif not unpacked:
            positional.append(Argument(folding.fold(node, scope), shown(node)))
    for word in call.keywords:
        if word.arg is None:
            unpacked = _take_words(folding.fold(word.value, scope), words) or unpacked
        else:
            words[word.arg] = Argument(folding.fold(word.value, scope), shown(word.value))
    return Arguments(tuple(positional[skip:]), words, unpacked)


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


def bound_arguments(bound: Bound, folding: Folder) -> Arguments:
    """What `partial(function, ...)` already gives to the function."""
    return arguments_of(bound.call, folding, bound.scope, skip=1)


def passed(function: AnyFunction, outer: Scope, given: Arguments, folding: Folder, skip: int = 0) -> Passed:
    """What each parameter of a function is worth in a call; `skip` are those that the call need not give (self)."""
    inner = id(outer.opened_by(function))
    signature = function.args
    positional = [*getattr(signature, "posonlyargs", []), *signature.args]
    defaults: dict[str, Optional[ast.expr]] = dict(
        zip((one.arg for one in reversed(positional)), reversed(signature.defaults))
    )
    defaults.update((one.arg, value) for one, value in zip(signature.kwonlyargs, signature.kw_defaults))
    taken: Passed = {}
    for index, one in enumerate([*positional[skip:], *signature.kwonlyargs]):
        found = given.get(index if index < len(positional) - skip else -1, one.arg)
        default = defaults.get(one.arg)
        if found is not None:
            taken[inner, one.arg] = found.values
        elif default is not None:
            taken[inner, one.arg] = folding.fold(default, outer)
    if signature.vararg is not None and not given.open:
        rest = given.positional[len(positional) - skip :]
        taken[inner, signature.vararg.arg] = (Several(tuple(one.values for one in rest)),)
    if signature.kwarg is not None and not given.open:
        named = {one.arg for one in (*positional, *signature.kwonlyargs)}
        others = ((word, one) for word, one in given.words.items() if word not in named)
        taken[inner, signature.kwarg.arg] = (Table(tuple(((Known(word),), one.values) for word, one in others)),)
    return taken
