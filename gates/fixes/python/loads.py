"""Which calls load a registered object by name, and what becomes of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional, Union

import libcst as cst

from gates.fixes.python.following import Following, Registered, Surroundings, Swap
from gates.fixes.python.names import Alias, Names, text_of
from gates.fixes.python.source import CannotRewrite

MODULE_LOADERS = frozenset({"importlib.import_module"})
IMPORTS = frozenset({"builtins.__import__", "importlib.__import__"})
OBJECT_LOADERS = frozenset({"pkgutil.resolve_name", "pydoc.locate"})
_FAILED_IMPORTS = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError"})


class Mendable(NamedTuple):
    """All that changes for one load: expressions, and the statements that nobody needs then.

    `aliases` are the names that the loader has in this file, the one that is called first.
    """

    swaps: tuple[Swap, ...]
    dropped: tuple[cst.BaseSmallStatement, ...]
    aliases: tuple[Alias, ...] = ()


class Loads:
    """The loads of one file. `gives_class` says whether the registry gives the class, or a plugin that it has built."""

    def __init__(self, names: Names, registered: Registered, around: Surroundings, gives_class: bool) -> None:
        self._names = names
        self._registered = registered
        self._around = around
        self._gives_class = gives_class

    def is_load(self, node: cst.Call) -> bool:
        """Whether this is a call of a loader whose value can be followed."""
        return self._names.aliased(node.func)[0] in MODULE_LOADERS | IMPORTS | OBJECT_LOADERS

    def mendable(self, load: cst.Call) -> Mendable:
        """What changes for a call that `is_load`. CannotRewrite with the reason where that is not certain."""
        loader, aliases = self._names.aliased(load.func)
        following = self._following()
        if loader in IMPORTS:
            following.module(load, _imported(load))
        elif loader in OBJECT_LOADERS:
            following.object(load, self._argument(load, {"name", "path"}).replace(":", "."))
        else:
            name = self._argument(load, {"name", "package"})
            if name not in self._registered or self._around.modules(name):
                following.module(load, name)
            else:
                following = self._of_no_module(load, name)
        for node in (load, *(swap.node for swap in following.swaps)):
            self._refuse_expected_failure(node)
            self._refuse_odd_place(node)
        return Mendable(tuple(following.swaps), tuple(following.dropped), aliases)

    def _following(self) -> Following:
        return Following(self._names, self._registered, self._around, self._gives_class)

    def _of_no_module(self, load: cst.Call, name: str) -> Following:
        """`import_module("candidate.x.Y")` of a class: it can only have failed, so what follows was never done."""
        try:
            following = self._following()
            following.object(load, name)
        except CannotRewrite:
            following = self._following()
            following.object(load, name, anyhow=True)
        return following

    def _argument(self, load: cst.Call, words: set[str]) -> str:
        """The name that a loader is given, made absolute."""
        given = _arguments(load, words, ("name", "package"))
        name = self._text(given.get("name") or given.get("path"))
        if not name.startswith("."):
            return name
        rest = name.lstrip(".")
        package = self._package(given.get("package")).split(".")
        above = package[: len(package) - (len(name) - len(rest)) + 1]
        if not rest or not above:
            raise CannotRewrite("the name is relative to a package that is not known here")
        return ".".join([*above, rest])

    def _package(self, node: Optional[cst.BaseExpression]) -> str:
        if isinstance(node, cst.Name) and node.value in ("__package__", "__name__"):
            return self._around.package if node.value == "__package__" else self._around.name
        return self._text(node)

    def _text(self, node: Optional[cst.BaseExpression]) -> str:
        """A text that is written out, here or in the one assignment of a name, or put together of such texts."""
        if isinstance(node, cst.Name):
            node = self._names.constant(node)
        text = text_of(node)
        if text is None:
            return "".join(map(self._text, _parts(node)))
        return text

    def _refuse_expected_failure(self, node: cst.CSTNode) -> None:
        for error in sorted(_FAILED_IMPORTS & self._names.caught_around(node)):
            raise CannotRewrite(f"it may fail with {error} here, and a registry fails otherwise")

    def _refuse_odd_place(self, node: cst.CSTNode) -> None:
        if any(isinstance(parent, cst.FormattedString) for _, parent in self._names.around(node)):
            raise CannotRewrite("it stands within a formatted string")


def _parts(node: Optional[cst.BaseExpression]) -> Iterator[Optional[cst.BaseExpression]]:
    """What a text is put together of. CannotRewrite where that is more than one text behind the other."""
    if isinstance(node, cst.FormattedString):
        yield from map(_part, node.parts)
    elif isinstance(node, (cst.BinaryOperation, cst.ConcatenatedString)) and _is_joined(node):
        yield from (node.left, node.right)
    else:
        raise CannotRewrite("the name of what it loads is not written out")


def _is_joined(node: Union[cst.BinaryOperation, cst.ConcatenatedString]) -> bool:
    return isinstance(node, cst.ConcatenatedString) or isinstance(node.operator, cst.Add)


def _part(part: cst.BaseFormattedStringContent) -> Optional[cst.BaseExpression]:
    """A part of a formatted string: a text, or an expression that is put in as it is."""
    if isinstance(part, cst.FormattedStringText) and not set("\\{}") & set(part.value):
        return cst.SimpleString(repr(part.value))
    if not isinstance(part, cst.FormattedStringExpression) or part.conversion or part.format_spec or part.equal:
        return None
    return part.expression


def _imported(load: cst.Call) -> str:
    """The module that `__import__` gives: the one that is named where something is taken from it, else its top."""
    given = _arguments(load, {"name", "fromlist", "globals", "locals"}, ("name", "globals", "locals", "fromlist"))
    name = text_of(given.get("name"))
    if not name:
        raise CannotRewrite("the name of what it loads is not written out")
    taken = given.get("fromlist")
    if taken is None:
        return name.split(".", 1)[0]
    if not isinstance(taken, (cst.List, cst.Tuple)):
        raise CannotRewrite("what __import__ takes from the module is not written out")
    return name if taken.elements else name.split(".", 1)[0]


def _arguments(call: cst.Call, words: set[str], order: Sequence[str]) -> dict[str, cst.BaseExpression]:
    """The arguments by name. CannotRewrite where some are unpacked, or are none that is known."""
    given: dict[str, cst.BaseExpression] = {}
    for position, argument in enumerate(call.args):
        word = argument.keyword.value if argument.keyword else order[position] if position < len(order) else ""
        if argument.star or word not in words:
            raise CannotRewrite("its arguments are not all written out")
        given[word] = argument.value
    return given
