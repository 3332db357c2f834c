"""What an expression may be worth: constants, things with a name, and what is unknown, with the reason."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple, Optional, Protocol, Union

from gates.facts.extractors.commands import HOLE
from gates.facts.extractors.places import Scope

# More possibilities than this are not told apart.
MANY = 256


class Known(NamedTuple):
    """A constant: text, bytes, a number, a truth value or None."""

    value: object


class Named(NamedTuple):
    """Something defined outside this file (or by Python itself), by its dotted name."""

    name: str


class Unknown(NamedTuple):
    """What cannot be known here, why, and how its text begins where that is known.

    `text` is all of it, with a HOLE for each part that is not known.
    """

    reason: str
    prefix: str = ""
    text: str = HOLE


class Several(NamedTuple):
    """A tuple, list or set: the possible values at each position.

    Where it is not `exact`, any number of them may stand there, or they may stand in another order. A tuple `is_fixed`.
    """

    items: tuple[tuple[Value, ...], ...]
    exact: bool = True
    is_fixed: bool = False


class Table(NamedTuple):
    """A dict: the possible values of each key and of what stands under it."""

    pairs: tuple[tuple[tuple[Value, ...], tuple[Value, ...]], ...]


class Record(NamedTuple):
    """Something whose attributes are known: a SimpleNamespace, what `type` made, or (`is_tuple`) a named tuple."""

    fields: tuple[tuple[str, tuple[Value, ...]], ...]
    is_tuple: bool = False


class Layout(NamedTuple):
    """What `namedtuple(...)` gives: a class of records, by the names of its fields; the last of them have defaults."""

    names: tuple[str, ...]
    defaults: tuple[tuple[Value, ...], ...] = ()


class Making(Protocol):
    """How an instance was made (instances.py); `text` is the instance itself where its class is one of texts."""

    @property
    def text(self) -> Optional[Value]:
        """The text that it is."""


class Class(NamedTuple):
    """A class of this file, or an instance of it, and how that was made, where it was made here."""

    scope: Scope
    instance: bool
    made: Optional[Making] = None


class Function(NamedTuple):
    """A function of this file; of a method, what it is bound to (and gets as its first argument)."""

    node: ast.AST
    scope: Scope
    owner: Optional[Class] = None


class Bound(NamedTuple):
    """`partial(function, ...)`: a call with some of its arguments given beforehand."""

    functions: tuple[Value, ...]
    call: ast.Call
    scope: Scope


class Method(NamedTuple):
    """A method of something that is constant, by its name: `"{}.core".format`."""

    base: Value
    name: str


class Getter(NamedTuple):
    """`attrgetter("a.b")`, `itemgetter(1)`, `methodcaller("load", ...)`: what it asks of its one argument."""

    kind: str
    call: ast.Call
    scope: Scope


class Content(NamedTuple):
    """What stands in a file, by the file's path."""

    path: str


class Tree(NamedTuple):
    """What `ast.parse` gives of a text, as long as nothing was done to it."""

    source: Value


class Made(NamedTuple):
    """What a loader gave (a spec, a code object): its making is a site already, its use is not another."""

    loader: str


Value = Union[
    Known,
    Named,
    Unknown,
    Several,
    Table,
    Record,
    Layout,
    Class,
    Function,
    Bound,
    Method,
    Getter,
    Content,
    Tree,
    Made,
]
Values = tuple[Value, ...]

TOO_INVOLVED = Unknown("it is too involved to be followed")


def distinct(values: Iterable[Value]) -> tuple[Value, ...]:
    """Each once, in order, and no more than can be told apart (True and 1 are different values here)."""
    if type(values) is tuple and len(values) < 2:
        return values
    found: dict[object, Value] = {}
    for value in values:
        key: object = (type(value), type(value.value), value.value) if isinstance(value, Known) else _key(value)
        if key not in found:
            if len(found) >= MANY:
                found["more"] = Unknown(f"there are more than {MANY} possibilities")
                break
            found[key] = value
    return tuple(found.values())


def _key(value: Value) -> object:
    if isinstance(value, (Several, Table, Record, Layout, Bound, Method, Tree)):
        return id(value)
    return (type(value), value)


def as_text(value: Value) -> Union[str, Unknown]:
    """The text that a value is, or why it is not known."""
    if isinstance(value, Known):
        return value.value if isinstance(value.value, str) else Unknown("it is not a text")
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Named):
        if value.name.startswith("builtins."):
            return Unknown(f"{value.name[len('builtins.') :]!r} is not assigned in this file")
        return Unknown(f"it comes from another module ({value.name.replace(':', '.')})")
    if isinstance(value, Class) and value.made is not None and value.made.text is not None:
        return as_text(value.made.text)
    if isinstance(value, Content):
        return Unknown("it is read from a file")
    return Unknown("it is not a text")


def why(value: Value) -> str:
    """Why the text that a value should be is not known."""
    text = as_text(value)
    return text.reason if isinstance(text, Unknown) else ""


def truth(value: Value) -> Optional[bool]:
    """Whether a value counts as true, where that is known."""
    if isinstance(value, Known):
        return bool(value.value)
    if isinstance(value, (Class, Function, Bound, Made, Layout, Method, Getter)):
        return True
    return None
