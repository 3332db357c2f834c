"""What an annotation accepts, and by which of its types a service can be told from the others."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Optional, TypeVar, Union

_ABSENT = object()

# What every service might be, or many are: such a type tells none from another, so the name has to.
_COMMON_MODULES = frozenset(
    "builtins collections collections.abc abc types typing typing_extensions "
    "datetime decimal fractions numbers pathlib uuid".split()
)
_UNIONS: tuple[object, ...] = (Union, getattr(types, "UnionType", Union))
_CALLED = frozenset({"__call__", "__len__", "__iter__", "__getitem__", "__contains__", "__enter__", "__aenter__"})


class Wanted(NamedTuple):
    """`classes`: one of them it has to be, empty for anything. `telling`: those that find a service without its name.

    `nullable`: None will do. `unresolved`: why the annotation could not be read.
    """

    classes: tuple[type, ...] = ()
    telling: tuple[type, ...] = ()
    nullable: bool = False
    unresolved: Optional[str] = None

    def accepts(self, value: object) -> bool:
        """May this value be given?"""
        if value is None:
            return self.nullable or not self.classes
        return not self.classes or any(is_a(value, kind) for kind in self.classes)

    def __str__(self) -> str:
        return " or ".join(kind.__qualname__ for kind in self.classes) or "anything"


ANYTHING = Wanted()


def wanted(hint: Any) -> Wanted:
    """What a resolved annotation accepts. What this does not understand accepts anything, and is found by name."""
    if hint is None or hint is type(None):
        return Wanted((), (), nullable=True)
    if isinstance(hint, dataclasses.InitVar):
        return wanted(hint.type)
    if isinstance(hint, TypeVar):
        return ANYTHING if hint.__bound__ is None else wanted(hint.__bound__)
    supertype = getattr(hint, "__supertype__", None)
    if supertype is not None:  # a NewType: two of one type are told apart by name alone
        return wanted(supertype)._replace(telling=())
    origin = typing.get_origin(hint)
    if origin in _UNIONS:
        return _any_of(typing.get_args(hint))
    kind = hint if origin is None else origin
    if not isinstance(kind, type) or kind in (object, Any):  # Any is a class since 3.11
        return ANYTHING
    if _is_typed_dict(kind):
        return Wanted((dict,))
    return Wanted((kind,), (kind,) if _tells(kind) else ())


def is_a(value: object, kind: type) -> bool:
    """Is it one, by class or, for a Protocol, by its members?"""
    if getattr(kind, "_is_protocol", False):
        return all(inspect.getattr_static(value, member, _ABSENT) is not _ABSENT for member in protocol_members(kind))
    if kind is float and isinstance(value, int):
        return True
    return isinstance(value, kind)


def protocol_members(kind: type) -> frozenset[str]:
    """The names that an object needs to fit a Protocol, its own and the inherited ones."""
    return frozenset(member for parent in kind.__mro__ for member in _members_said_by(parent))


def _members_said_by(parent: type) -> Iterator[str]:
    if parent.__module__ == "typing" or not getattr(parent, "_is_protocol", False):
        return
    said: Mapping[str, object] = vars(parent)
    for member in (*said, *said.get("__annotations__", ())):  # type: ignore[misc]
        if not member.startswith("_") or member in _CALLED:
            yield member


def _any_of(hints: tuple[Any, ...]) -> Wanted:
    nullable = type(None) in hints
    members = [wanted(hint) for hint in hints if hint is not type(None)]
    if any(not member.classes for member in members):
        return Wanted((), (), nullable)
    return Wanted(
        tuple(kind for member in members for kind in member.classes),
        tuple(kind for member in members for kind in member.telling),
        nullable or any(member.nullable for member in members),
    )


def _tells(kind: type) -> bool:
    if kind.__module__.partition("._")[0] in _COMMON_MODULES:  # pathlib._local, since 3.13
        return False
    return not getattr(kind, "_is_protocol", False) or bool(protocol_members(kind))


def _is_typed_dict(kind: type) -> bool:
    return type(kind).__name__ == "_TypedDictMeta"
