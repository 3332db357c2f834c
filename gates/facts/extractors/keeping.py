"""Calls that keep what they are handed, or ask something of it, so that what becomes of it is seen where it is used."""

from __future__ import annotations

from collections.abc import Iterator

from gates.facts.extractors.arguments import Arguments
from gates.facts.extractors.instances import Construction
from gates.facts.extractors.known_values import (
    Class,
    Getter,
    Layout,
    Method,
    Named,
    Record,
    Several,
    Table,
    Unknown,
    Value,
    Values,
    why,
)

# What they give holds what they were given.
_KEEPING = frozenset(
    "builtins.dict builtins.list builtins.tuple builtins.set builtins.frozenset builtins.iter builtins.reversed "
    "builtins.zip builtins.enumerate builtins.next collections.OrderedDict collections.deque collections.ChainMap "
    "collections.defaultdict types.SimpleNamespace types.MappingProxyType argparse.Namespace itertools.chain "
    "itertools.repeat itertools.cycle contextlib.nullcontext contextlib.closing copy.copy copy.deepcopy".split()
)
# What they give is what stands under a key of it.
ITEMS = frozenset("operator.getitem builtins.dict.get builtins.dict.__getitem__ builtins.dict.pop".split())
# What they give is a part of it.
_ASKING = ITEMS | frozenset(
    "inspect.getattr_static builtins.object.__getattribute__ types.ModuleType.__getattribute__ builtins.vars".split()
)
_DEEPEST = 4


def is_asked(function: Value, first: Values) -> bool:
    """Whether a function only reads something of what it is handed; `first` is its first argument."""
    if isinstance(function, Getter):
        return True
    if isinstance(function, Named) and function.name == "functools.reduce":
        return first == (Named("builtins.getattr"),)
    return isinstance(function, Named) and function.name in _ASKING


def keeps(function: Value) -> bool:
    """Whether what a function gives holds what it is handed."""
    if isinstance(function, Method):
        return isinstance(function.base, (Table, Several)) and function.name in ("get", "__getitem__", "__or__", "copy")
    if isinstance(function, Named):
        return function.name in _KEEPING
    return isinstance(function, (Layout, Class))


def names_within(values: Values, depth: int = 0) -> Iterator[str]:
    """The names of everything that these values are, or hold."""
    for value in values if depth < _DEEPEST else ():
        if isinstance(value, Named):
            yield value.name
        elif isinstance(value, Several):
            yield from names_within(tuple(one for held in value.items for one in held), depth + 1)
        elif isinstance(value, Table):
            yield from names_within(tuple(one for _, held in value.pairs for one in held), depth + 1)
        elif isinstance(value, Record):
            yield from names_within(tuple(one for _, held in value.fields for one in held), depth + 1)
        elif isinstance(value, Class) and isinstance(value.made, Construction):
            yield from names_within(_given(value.made.given), depth + 1)


def reasons_within(values: Values, depth: int = 0) -> Iterator[str]:
    """Why these values, or what they hold, are not known."""
    for value in values if depth < _DEEPEST else ():
        if isinstance(value, Several):
            yield from reasons_within(tuple(one for held in value.items for one in held), depth + 1)
        elif isinstance(value, Table):
            yield from reasons_within(tuple(one for _, held in value.pairs for one in held), depth + 1)
        elif isinstance(value, (Named, Unknown)):
            yield why(value)


def _given(given: Arguments) -> Values:
    return tuple(value for one in (*given.positional, *given.words.values()) for value in one.values)
