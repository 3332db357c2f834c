"""What calls return, as far as one file tells: of its own classes and lambdas, of loaders, and of pure functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Optional, Protocol

from gates.facts.extractors.arguments import Arguments, arguments_of
from gates.facts.extractors.handing import SAME
from gates.facts.extractors.known_values import (
    Bound,
    Class,
    Function,
    Known,
    Made,
    Named,
    Several,
    Table,
    Unknown,
    Value,
    Values,
    as_text,
    elements,
    item,
)
from gates.facts.extractors.launchers import INSTANCES
from gates.facts.extractors.loaders import HOSTS, OWN, canonical, loader_of, names_a_loader
from gates.facts.extractors.paths import FUNCTIONS, METHODS, applied
from gates.facts.extractors.places import Scope
from gates.facts.extractors.short_text import shown
from gates.facts.extractors.text_folding import PURE, method

TOO_INVOLVED = Unknown("it is too involved to be followed")
NAMESPACES = ("globals()", "locals()", "vars()")
_ENVIRONMENT = frozenset({"os.environ.get", "os.getenv", "os.environ.setdefault", "os.environ.pop"})
_SAME_ELEMENTS = frozenset({"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"})
_LOADED = frozenset({"name", "object", "loaded"})


class Folder(Protocol):
    """What works out the expressions inside a call (constant_folding.py)."""

    def fold(self, node: Optional[ast.AST], scope: Scope) -> Values:
        """Everything that an expression may be worth."""

    def name(self, name: str, scope: Scope) -> Values:
        """What a name may stand for."""

    def attribute_of(self, base: Value, attribute: str, text: str = "") -> Iterator[Value]:
        """What an attribute of a value may be worth."""

    def returned(self, function: Function, given: Arguments, skip: int = 0) -> Values:
        """What a call of a function of this file may return."""


def result_of(folding: Folder, function: Value, node: ast.Call, scope: Scope) -> Iterator[Value]:
    """What a call of this function may return."""
    if isinstance(function, Class) and not function.instance:
        yield Class(function.scope, True)
    elif isinstance(function, Function):
        yield from folding.returned(function, arguments_of(node, folding, scope), given_by_itself(function, node))
    elif isinstance(function, Made) or function == TOO_INVOLVED:
        yield function
    elif isinstance(function, Named):
        yield from _named_result(folding, function.name, node, scope)


def given_by_itself(function: Value, node: ast.Call) -> int:
    """How many parameters a call need not give: 1 for a method that is called on something."""
    if not isinstance(function, Function):
        return 0
    inside = function.scope.kind == "class" and isinstance(node.func, ast.Attribute)
    decorators = getattr(function.node, "decorator_list", [])
    is_static = any(getattr(one, "id", "") == "staticmethod" for one in decorators)
    return int(inside and not is_static)


def _named_result(folding: Folder, name: str, node: ast.Call, scope: Scope) -> Iterator[Value]:
    arguments = [folding.fold(argument, scope) for argument in node.args[:3] if not isinstance(argument, ast.Starred)]
    first: Values = arguments[0] if arguments else ()
    short = name[len("builtins.") :] if name.startswith("builtins.") else name
    loader = loader_of(name)
    if short == "getattr" and len(arguments) > 1:
        for base in first:
            for attribute in arguments[1]:
                yield from _got(folding, base, attribute, arguments)
    elif short == "vars" and first:
        yield from (Named(f"{base.name}.__dict__") for base in first if isinstance(base, Named))
    elif short in ("globals", "locals", "vars"):
        yield Named(f"{short}()")
    elif short in _SAME_ELEMENTS:
        yield from (value if isinstance(value, Several) else Several((elements((value,)),)) for value in first)
    elif short == "enumerate":
        yield Several(((Several(((Unknown("it is a number"),), elements(first))),),))
    elif short == "zip":
        yield Several(((Several(tuple(elements(argument) for argument in arguments)),),))
    elif short == "next":
        yield from elements(first)
    elif name in _ENVIRONMENT:
        yield from arguments[1] if len(arguments) > 1 else ()
        yield Unknown(f"it comes from the environment ({shown(node.args[0]) if node.args else ''})")
    elif name in ("functools.partial", "functools.partialmethod"):
        yield Bound(first, node, scope)
    elif short == "type" and len(arguments) == 1:
        yield from (one for base in first if isinstance(base, Named) for one in folding.attribute_of(base, "__class__"))
    elif name == "importlib.util.resolve_name" and len(arguments) > 1:
        yield from _resolved(first, arguments[1])
    elif name == "pkgutil.extend_path":
        yield from first
    elif name in SAME:
        yield from first or (Named(name),)  # `lru_cache(maxsize=2)` is what takes the function
    elif short in PURE:
        yield from PURE[short](arguments)
    elif name in FUNCTIONS:
        yield from applied(FUNCTIONS[name], [folding.fold(argument, scope) for argument in node.args])
    elif name in INSTANCES:
        yield Named(name)
    elif loader is not None:
        yield from _loaded(folding, name, loader.kind, first, node, scope)
    elif name.endswith((".__dict__.get", ".__dict__.__getitem__")):
        for key in first:
            yield from under_named(name.rpartition(".")[0], key)


def _resolved(names: Values, packages: Values) -> Iterator[Value]:
    """A relative name, made absolute."""
    for name, package in ((as_text(one), as_text(other)) for one in names for other in packages):
        if isinstance(name, Unknown) or not name.startswith("."):
            yield name if isinstance(name, Unknown) else Known(name)
        elif isinstance(package, Unknown) or OWN in package:
            yield package if isinstance(package, Unknown) else Unknown("it is relative to this module's own package")
        else:
            rest = name.lstrip(".")
            above = package.split(".")[: len(package.split(".")) - (len(name) - len(rest) - 1)]
            yield Known(".".join([*above, rest] if rest else above))


def _got(folding: Folder, base: Value, attribute: Value, arguments: list[Values]) -> Iterator[Value]:
    if isinstance(attribute, Known) and isinstance(attribute.value, str):
        yield from folding.attribute_of(base, attribute.value, f"getattr(..., {attribute.value!r})")
        if len(arguments) > 2 and isinstance(base, (Class, Unknown)):
            yield from arguments[2]
    elif isinstance(base, Named):
        text = as_text(attribute)
        prefix = text.prefix if isinstance(text, Unknown) else ""
        if (base.name in HOSTS or base.name == "sys") and names_a_loader(base.name, prefix):
            yield Named(f"{base.name}.?")


def _loaded(folding: Folder, name: str, kind: str, first: Values, node: ast.Call, scope: Scope) -> Iterator[Value]:
    if kind == "import":
        bottom = len(node.args) > 3 or any(word.arg == "fromlist" for word in node.keywords)
        for text in map(as_text, first):
            if isinstance(text, str):
                yield Named(canonical(text if bottom else text.split(".")[0]))
    elif kind in _LOADED and "find" not in name:
        for text in map(as_text, first):
            if isinstance(text, str):
                yield Named(canonical(text.replace(":", ".")))
    elif name == "builtins.eval":
        for text in map(as_text, first):
            yield from _evaluated(folding, text, scope) if isinstance(text, str) else ()
    elif kind != "opaque" and name != "builtins.exec":
        yield Made(name)


def _evaluated(folding: Folder, text: str, scope: Scope) -> Values:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return folding.fold(tree.body, Scope("module", scope))


def method_of(folding: Folder, function: ast.Attribute, node: ast.Call, scope: Scope) -> Iterator[Value]:
    """What a call of a method on a constant text, a dict of this file or a namespace may return."""
    arguments = [folding.fold(argument, scope) for argument in node.args if not isinstance(argument, ast.Starred)]
    words = {word.arg: folding.fold(word.value, scope) for word in node.keywords if word.arg}
    if len(arguments) != len(node.args) or len(words) != len(node.keywords):
        return
    for base in folding.fold(function.value, scope):
        if isinstance(base, Table):
            yield from _of_table(base, function.attr, arguments)
        elif isinstance(base, Named) and base.name in (*NAMESPACES, "builtins"):
            if function.attr in ("get", "__getitem__") and arguments:
                for key in arguments[0]:
                    yield from of_namespace(folding, base.name, key, scope)
        elif function.attr in METHODS and isinstance(base, Known) and isinstance(base.value, str):
            yield from applied(METHODS[function.attr], [(base,), *arguments])
        else:
            yield from method(base, function.attr, arguments, words)


def of_namespace(folding: Folder, name: str, key: Value, scope: Scope) -> Iterator[Value]:
    """What a key of `globals()`, `locals()` or the builtins stands for."""
    if isinstance(key, Known) and isinstance(key.value, str):
        if name == "builtins":
            yield Named(canonical(f"builtins.{key.value}"))
        else:
            yield from folding.name(key.value, scope.module() if name == "globals()" else scope)


def under_named(name: str, key: Value) -> Iterator[Value]:
    """What a key gives of something with a name: of `sys.modules`, of a module's `__dict__`, of the environment."""
    text = as_text(key)
    if name == "sys.modules":
        if isinstance(text, str) and OWN not in text:
            yield Named(canonical(text))
    elif name.endswith(".__dict__") or name == "builtins":
        host = name[: -len(".__dict__")] if name.endswith(".__dict__") else name
        if isinstance(text, str):
            yield Named(canonical(f"{host}.{text}"))
        elif (host in HOSTS or host == "sys") and names_a_loader(host, text.prefix):
            yield Named(f"{host}.?")
    elif name.startswith("os.environ"):
        yield Unknown("it comes from the environment")
    else:
        reason = as_text(Named(name))
        yield reason if isinstance(reason, Unknown) else Unknown("")


def _of_table(table: Table, called: str, arguments: list[Values]) -> Iterator[Value]:
    if called in ("get", "pop", "setdefault", "__getitem__") and arguments:
        for key in arguments[0]:
            if isinstance(key, Known):
                found = item((table,), key.value)
                yield from (
                    value for value in found if not (isinstance(value, Unknown) and "not a key" in value.reason)
                )
            else:
                for _, held in table.pairs:
                    yield from held
        yield from arguments[1] if len(arguments) > 1 else ()
    elif called == "items":
        yield Several(tuple((Several(pair),) for pair in table.pairs))
    elif called == "values":
        yield Several(tuple(held for _, held in table.pairs))
    elif called == "keys":
        yield Several(tuple(keys for keys, _ in table.pairs))
    elif called == "copy":
        yield table
