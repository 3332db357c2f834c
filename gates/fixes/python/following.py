"""Where the value of a load goes: every use of a module that is loaded, and of what is taken from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Optional

import libcst as cst

from gates.fixes.python.names import Names, text_of
from gates.fixes.python.rewriting import holds_comment
from gates.fixes.python.source import CannotRewrite

Registered = Mapping[str, Sequence[str]]
"""Dotted name of an object, "candidate.x.Y", to the names that it is registered by."""


class Surroundings(NamedTuple):
    """What is known beyond the file: its own dotted name and package, and who else may use a name of its.

    `used_elsewhere` gives the path of a file that may use the module's name, or None.
    """

    name: str
    package: str
    modules: Callable[[str], bool]
    used_elsewhere: Callable[[str], Optional[str]]


class Swap(NamedTuple):
    """An expression that asks the registry instead, by this name."""

    node: cst.BaseExpression
    name: str


class Following:
    """Where one value goes: the `swaps` that it takes, and the statements that are `dropped` then."""

    def __init__(self, names: Names, registered: Registered, around: Surroundings, gives_class: bool) -> None:
        self._names = names
        self._registered = registered
        self._around = around
        self._gives_class = gives_class
        self.swaps: list[Swap] = []
        self.dropped: list[cst.BaseSmallStatement] = []

    def module(self, node: cst.BaseExpression, name: str) -> None:
        """An expression that is the module of this dotted name."""
        parent = self._names.parent(node)
        if isinstance(parent, cst.Attribute) and parent.value is node:
            self._attribute(parent, name, parent.attr.value)
        elif isinstance(parent, cst.Arg):
            self._looked_up(node, parent, name)
        elif _target(parent, node) is not None:
            if not self._bound(parent, lambda use: self.module(use, name)):
                raise self._no("nothing of the module is used in this file", node)
        elif isinstance(parent, cst.NamedExpr) and parent.value is node:
            self._named(parent, lambda use: self.module(use, name))
        elif isinstance(parent, cst.Expr):
            raise self._no("it is loaded for what its import does: nothing of it is used", node)
        else:
            raise self._no("the module goes where its use cannot be followed", node)

    def object(self, node: cst.BaseExpression, name: str, anyhow: bool = False) -> None:
        """An expression that is the registered object of this dotted name; `anyhow`: whatever is done with it."""
        known = self._registered.get(name, ())
        if not known:
            raise self._no(f"{name} is no registered plugin", node)
        if len(known) > 1:
            raise self._no(f"{name} is registered by several names: {', '.join(known)}", node)
        parent = self._names.parent(node)
        if self._gives_class:
            self._swap(node, known[0])
        elif isinstance(parent, cst.Call) and parent.func is node:
            if parent.args:
                raise self._no("it is built with arguments here, and a registry gives it built", node)
            self._swap(parent, known[0])
        elif anyhow:
            self._swap(node, known[0])
        elif _target(parent, node) is not None:
            if not self._bound(parent, lambda use: self.object(use, name)):
                self._kept_unused(node, parent, known[0])
        else:
            raise self._no(f"{name} is used as a class here, and a registry gives it built", node)

    def _kept_unused(self, node: cst.BaseExpression, statement: cst.CSTNode, name: str) -> None:
        if isinstance(statement, cst.AnnAssign):
            raise self._no("it is said to be of a type, and a registry gives it built", node)
        self._swap(node, name)

    def _attribute(self, whole: cst.BaseExpression, module: str, attribute: str) -> None:
        name = f"{module}.{attribute}"
        if name in self._registered:
            self.object(whole, name)
        elif any(known.startswith(f"{name}.") for known in self._registered):
            self.module(whole, name)
        else:
            raise self._no(f"{name} is no registered plugin", whole)

    def _looked_up(self, node: cst.BaseExpression, argument: cst.Arg, module: str) -> None:
        """`getattr(module, "Y")`."""
        call = self._names.parent(argument)
        assert isinstance(call, (cst.Call, cst.ClassDef))
        is_getattr = isinstance(call, cst.Call) and self._names.meaning(call.func) == "builtins.getattr"
        if not isinstance(call, cst.Call) or not is_getattr or call.args[0] is not argument:
            raise self._no("the module is handed on, and its use cannot be followed", node)
        attribute = text_of(call.args[1].value) if len(call.args) > 1 else None
        if attribute is None or any(each.star or each.keyword for each in call.args):
            raise self._no("what getattr takes from the module is not written out", node)
        if len(call.args) > 2:
            raise self._no("getattr has a default here, and a registry has none", node)
        self._attribute(call, module, attribute)

    def _bound(self, statement: cst.CSTNode, follow: Callable[[cst.BaseExpression], None]) -> bool:
        """`m = ...`: every use of the name is followed, and the statement goes. False where there is no use."""
        assert isinstance(statement, (cst.Assign, cst.AnnAssign))
        target = statement.targets[0].target if isinstance(statement, cst.Assign) else statement.target
        assert isinstance(target, cst.Name)
        binding = self._names.only_binding(target)
        if binding is None:
            raise self._no(f"`{target.value}` is bound elsewhere, too, or belongs to a class", target)
        if self._names.is_of_module(binding):
            self._refuse_shared(target)
        uses = self._names.uses(binding)
        for use in uses:
            if not isinstance(use, cst.Name):
                raise self._no(f"`{target.value}` is used in an annotation", use)
            follow(use)
        if uses:
            self.dropped.append(statement)
        return bool(uses)

    def _named(self, whole: cst.NamedExpr, follow: Callable[[cst.BaseExpression], None]) -> None:
        """`(m := ...)`: what is done with it there and then, and every use of the name."""
        target = whole.target
        binding = self._names.only_binding(target) if isinstance(target, cst.Name) else None
        if binding is None or not isinstance(target, cst.Name):
            raise self._no("the name that `:=` binds is bound elsewhere, too", whole)
        if self._names.is_of_module(binding):
            self._refuse_shared(target)
        follow(whole)
        for use in self._names.uses(binding):
            if not isinstance(use, cst.Name):
                raise self._no(f"`{target.value}` is used in an annotation", use)
            follow(use)

    def _refuse_shared(self, target: cst.Name) -> None:
        written = self._names.written_as_text(target.value)
        if written is not None:
            raise self._no(f"`{target.value}` is also written as a text in line {self._names.line(written)}", target)
        path = self._around.used_elsewhere(target.value)
        if path is not None:
            raise self._no(f"`{target.value}` may be used by {path}", target)

    def _swap(self, node: cst.BaseExpression, name: str) -> None:
        if holds_comment(node):
            raise self._no("a comment stands within it", node)
        self.swaps.append(Swap(node, name))

    def _no(self, reason: str, node: cst.CSTNode) -> CannotRewrite:
        return CannotRewrite(reason, self._names.line(node))


def _target(parent: cst.CSTNode, value: cst.CSTNode) -> Optional[cst.Name]:
    """The one plain name that an assignment gives this value to."""
    if isinstance(parent, cst.Assign) and parent.value is value and len(parent.targets) == 1:
        target = parent.targets[0].target
    elif isinstance(parent, cst.AnnAssign) and parent.value is value:
        target = parent.target
    else:
        return None
    return target if isinstance(target, cst.Name) else None
