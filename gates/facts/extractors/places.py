"""The scopes of one file, what binds a name in them, and the places where expressions stand."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional, Union

# What becomes of the value of an expression that stands in a place:
CALLED = "called"  # it is called there and then
PART = "part"  # only an attribute or an item of it is used
FOLLOWED = "followed"  # it is bound to a name, or looped over: its uses are seen elsewhere in the file
STORED = "stored"  # it is bound to an attribute of something
DROPPED = "dropped"  # it is a statement by itself, or only tested for truth: nothing is read from it
HARMLESS = "harmless"  # it is compared, tested, printed or named in an annotation
ARGUMENT = "argument"  # it is handed to a call
AWAY = "away"  # returned, yielded, stored: nobody here knows what becomes of it
TARGET = "target"  # it is assigned to


class Unpacked(NamedTuple):
    """The step from a sequence into one of its positions, where it is unpacked into `of` targets."""

    position: int
    of: int


class Under(NamedTuple):
    """The step to what stands under a key."""

    key: object


class Of(NamedTuple):
    """The step to an attribute."""

    attribute: str


Step = Union[int, str, Unpacked, Under, Of]
"""From a value to the part of it that a target takes; a text is a slice, "1:-2"."""


class Scope:
    """A module, function, class or comprehension: its own names, and the scope around it."""

    def __init__(self, kind: str, parent: Optional[Scope] = None, owner: Optional[ast.AST] = None) -> None:
        self.kind = kind
        self.parent = parent
        self.owner = owner
        self.bindings: dict[str, list[Binding]] = {}
        self.elsewhere: dict[str, Scope] = {}  # names that `global` or `nonlocal` put into another scope
        self.stars: list[str] = []
        self.module_name = ""  # of a module that is read along with another
        self.package = ""
        self.path = ""  # and of such a one, from the top of the repository
        self._opened: dict[int, Scope] = {}
        if parent is not None:
            parent._opened[id(owner)] = self

    def opened_by(self, owner: ast.AST) -> Scope:
        """The scope that this function, class or comprehension opens."""
        return self._opened.get(id(owner), self)

    def inner(self) -> Iterable[Scope]:
        """The scopes directly inside this one."""
        return self._opened.values()

    def holder(self) -> Scope:
        """The scope that an assignment inside this one binds in: comprehensions bind in the scope around them."""
        return self.parent.holder() if self.kind == "comprehension" and self.parent else self

    def is_around(self, other: Scope) -> bool:
        """Whether another scope is this one, or stands in it."""
        scope: Optional[Scope] = other
        while scope is not None and scope is not self:
            scope = scope.parent
        return scope is self

    def module(self) -> Scope:
        """The outermost scope."""
        return self.parent.module() if self.parent else self


class Binding(NamedTuple):
    """One way in which a name gets its value.

    `how` is value, element, entered (by a with statement), import, parameter, function, class or unknown.
    """

    how: str
    node: ast.AST
    scope: Scope
    path: tuple[Step, ...] = ()
    text: str = ""
    conditional: bool = False


class Place(NamedTuple):
    """An expression, what becomes of its value, and the call or the target that decides it."""

    node: ast.expr
    scope: Scope
    becomes: str
    decided_by: Optional[ast.expr]
    anchor: ast.expr
    within: Link


class Link:
    """A place, a binding or a loop, and the one that it stands in.

    `leads_to` are the names that get their value from it, which (where there is one) only `scope` sees; `loop` is what
    the loop goes over, seen from `scope`.
    """

    __slots__ = ("concerned", "leads_to", "loop", "outer", "scope")

    def __init__(
        self,
        outer: Optional[Link],
        leads_to: Sequence[str] = (),
        loop: Optional[ast.expr] = None,
        scope: Optional[Scope] = None,
    ) -> None:
        self.outer = outer
        self.leads_to = leads_to
        self.loop = loop
        self.scope = scope
        self.concerned = False

    def loops(self) -> list[tuple[ast.expr, Scope]]:
        """What the loops around this place go over, the outermost first, and from where that is seen."""
        found: list[tuple[ast.expr, Scope]] = []
        link: Optional[Link] = self
        while link is not None:
            if link.loop is not None and link.scope is not None:
                found.append((link.loop, link.scope))
            link = link.outer
        return found[::-1]
