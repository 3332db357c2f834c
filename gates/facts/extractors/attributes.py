"""What an attribute of a value is worth, and what stands under a key of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.arguments import Argument, Arguments, Folder
from gates.facts.extractors.class_natures import nature_of
from gates.facts.extractors.contents import elements, item
from gates.facts.extractors.instances import Construction, member_called, members, members_of
from gates.facts.extractors.known_values import (
    TOO_INVOLVED,
    Bound,
    Class,
    Content,
    Function,
    Getter,
    Known,
    Layout,
    Made,
    Method,
    Named,
    Record,
    Several,
    Table,
    Unknown,
    Value,
    Values,
    as_text,
    why,
)
from gates.facts.extractors.loaders import HOSTS, OWN, canonical, names_a_loader
from gates.facts.extractors.paths import ATTRIBUTES as OF_A_PATH
from gates.facts.extractors.paths import METHODS as PATH_METHODS
from gates.facts.extractors.paths import attribute as path_attribute
from gates.facts.extractors.places import Scope
from gates.facts.extractors.short_text import Spelling, spelled_out
from gates.facts.extractors.text_folding import METHODS as TEXT_METHODS

# Where every function, frame and traceback leads to.
_BUILTINS = frozenset({"f_builtins", "__builtins__"})
_GLOBALS = frozenset({"f_globals", "__globals__"})
_FRAMES = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})
_OF_LISTS = frozenset("copy count index pop __getitem__ __iter__ __len__".split())
_OF_TABLES = frozenset("copy get items keys pop popitem setdefault values __getitem__ __iter__ __or__".split())
_OF_RECORDS = frozenset(
    "substitute safe_substitute sub split findall getvalue read _asdict _replace __getattribute__".split()
)
_OF_FILES = frozenset("read readlines read_text read_bytes decode __enter__ splitlines".split())
_ROOT = "builtins.object"
_UPWARD = frozenset({"__base__", "__bases__", "__mro__"})


def attribute_of(folding: Folder, base: Value, attribute: str, text: Spelling) -> Iterator[Value]:
    """What an attribute of a value may be worth."""
    if isinstance(base, Class):
        yield from _of_a_class(folding, base, attribute, text)
    elif isinstance(base, Function):
        yield from _of_a_function(folding, base, attribute, text)
    elif isinstance(base, Known) and isinstance(base.value, (str, bytes)):
        yield from _of_a_text(base, attribute, text)
    elif isinstance(base, Record):
        yield from _of_a_record(base, attribute, text)
    elif isinstance(base, (Several, Table)) and attribute in (_OF_LISTS if isinstance(base, Several) else _OF_TABLES):
        yield Method(base, attribute)
    elif isinstance(base, Made) or base == TOO_INVOLVED:
        yield base
    elif isinstance(base, Bound) and attribute in ("func", "__func__"):
        yield from base.functions
    elif isinstance(base, Layout) and attribute == "_fields":
        yield Several(tuple((Known(name),) for name in base.names))
    elif isinstance(base, Method) and attribute in ("__self__", "__call__"):
        yield base.base if attribute == "__self__" else base
    elif isinstance(base, Getter) and attribute == "__call__":
        yield base
    elif isinstance(base, Content):
        yield Method(base, attribute) if attribute in _OF_FILES else Unknown(why(base))
    elif attribute in _BUILTINS:
        yield Named("builtins")
    elif attribute in _GLOBALS:
        yield Named("sys._getframe().f_back.f_globals")
    elif attribute in _FRAMES:
        yield Named("sys._getframe().f_back")
    elif isinstance(base, Unknown) and attribute in TEXT_METHODS and base.prefix:
        yield Method(base, attribute)
    elif isinstance(base, Unknown) and base.reason.startswith(
        ("it comes from parameter", "it comes from another module")
    ):
        yield base
    elif isinstance(base, Known) and attribute == "__class__":
        yield Named(f"builtins.{type(base.value).__name__}")
    elif isinstance(base, (Several, Table)) and attribute == "__class__":
        yield Named("builtins.dict" if isinstance(base, Table) else "builtins.tuple")
    else:
        yield Unknown(f"it is read from {spelled_out(text)}")


def of_named(name: str, attribute: str) -> str:
    """The name of an attribute of something that goes by a name."""
    whole = canonical(f"{name}.{attribute}")
    if attribute in _BUILTINS:
        return "builtins"
    if attribute == "__self__" and name.count(".") == 1 and name.partition(".")[0] in HOSTS | {"sys"}:
        return name.partition(".")[0]  # len.__self__
    if name.startswith("sys._getframe()"):
        return (
            {"f_globals": "globals()", "f_locals": "locals()"}.get(attribute, whole) if name.endswith("()") else whole
        )
    if attribute in _GLOBALS:
        return f"{name.rpartition('.')[0]}.__dict__"
    if attribute in _UPWARD and name.startswith("builtins."):
        return _ROOT
    return whole


def _of_a_class(folding: Folder, base: Class, attribute: str, text: Spelling) -> Iterator[Value]:
    owner = base.scope.owner
    if attribute == "__class__":
        yield Class(base.scope, False) if base.instance else Named("builtins.type")
    elif attribute in ("__name__", "__qualname__") and not base.instance:
        name = getattr(owner, "name", "")
        yield Known(_qualified(base.scope.parent, name) if attribute == "__qualname__" else name)
    elif attribute == "__doc__" and "__doc__" not in base.scope.bindings:
        yield Known(_docstring(owner))
    elif attribute == "__module__" and "__module__" not in base.scope.bindings:
        yield Known(base.scope.module().module_name or OWN)
    elif attribute == "__dict__":
        yield members(folding, base)
    elif attribute == "__members__" and nature_of(folding, base.scope).is_enumeration:
        yield members_table(folding, base.scope)
    elif attribute in ("_asdict", "_replace", "__getattribute__") and base.instance:
        yield Method(base, attribute)
    elif attribute in TEXT_METHODS and isinstance(base.made, Construction) and base.made.text is not None:
        yield Method(base.made.text, attribute)
    else:
        yield from folding.of_class(base, attribute, text)


def members_table(folding: Folder, scope: Scope) -> Table:
    """An enumeration's members by their names."""
    names = [name for name in scope.bindings if member_called(folding, scope, name)]
    return Table(tuple(((Known(name),), member_called(folding, scope, name)) for name in names))


def _qualified(scope: Optional[Scope], name: str) -> str:
    """The `__qualname__` of what is called so in a scope."""
    names = [name]
    while scope is not None and scope.parent is not None:
        if scope.kind == "function":
            names.append("<locals>")
        names.append(getattr(scope.owner, "name", "<lambda>"))
        scope = scope.parent
    return ".".join(reversed(names))


def _of_a_function(folding: Folder, base: Function, attribute: str, text: Spelling) -> Iterator[Value]:
    name = getattr(base.node, "name", "<lambda>")
    if attribute in ("__call__", "__func__", "__wrapped__", "__code__"):
        yield base
    elif attribute == "__get__":
        yield Method(base, attribute)
    elif attribute == "__name__":
        yield Known(name)
    elif attribute == "__qualname__":
        yield Known(_qualified(base.scope, name))
    elif attribute == "__doc__":
        yield Known(_docstring(base.node))
    elif attribute == "__module__":
        yield Known(base.scope.module().module_name or OWN)
    elif attribute in _GLOBALS:
        yield Named("globals()")
    elif attribute in _BUILTINS:
        yield Named("builtins")
    elif attribute == "__self__" and base.owner is not None:
        yield base.owner
    elif attribute == "__defaults__" and isinstance(base.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        yield Several(tuple(folding.fold(one, base.scope) for one in base.node.args.defaults))
    else:
        found = [
            value
            for target, binding in folding.survey.attributes.get(attribute, ())
            if any(_is_same(owner, base) for owner in folding.fold(target.value, binding.scope))
            for value in folding.bound(binding)
        ]
        yield from found or (Unknown(f"it is read from {spelled_out(text)}"),)


def _is_same(owner: Value, function: Function) -> bool:
    return isinstance(owner, Function) and owner.node is function.node


def _docstring(node: object) -> object:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)):
        return ast.get_docstring(node, clean=False)
    return None


def docstring_of(scope: Scope) -> Value:
    """What `__doc__` is worth in a module."""
    return Known(_docstring(scope.owner))


def _of_a_text(base: Known, attribute: str, text: Spelling) -> Iterator[Value]:
    if isinstance(base.value, str) and attribute in OF_A_PATH:
        yield from path_attribute(base.value, attribute)
    elif attribute in TEXT_METHODS or attribute in PATH_METHODS or attribute in ("open", "read_text", "read_bytes"):
        yield Method(base, attribute)
    elif attribute == "__class__":
        yield Named("builtins.str" if isinstance(base.value, str) else "builtins.bytes")
    else:
        yield Unknown(f"it is what {spelled_out(text)} returns")


def _of_a_record(base: Record, attribute: str, text: Spelling) -> Iterator[Value]:
    found = dict(base.fields).get(attribute)
    if found is not None:
        yield from found
    elif attribute == "__dict__":
        yield Table(tuple(((Known(name),), held) for name, held in base.fields))
    elif attribute in _OF_RECORDS or (base.is_tuple and attribute in _OF_LISTS):
        yield Method(base, attribute)
    else:
        yield Unknown(f"it is read from {spelled_out(text)}")


def under(folding: Folder, base: Value, key: Value, text: Spelling) -> Iterator[Value]:
    """What stands under a key of a value."""
    if isinstance(base, Named):
        yield from folding.variable(key) if base.name in ("os.environ", "os.environb") else ()
        yield from under_named(base.name, key)
    elif isinstance(base, Class):
        yield from _under_class(folding, base, key, text)
    elif isinstance(key, Known):
        yield from item((base,), key.value)
    elif isinstance(base, Several):
        yield from elements((base,))
    elif isinstance(base, Table):
        for _, held in base.pairs:
            yield from held
    else:
        yield Unknown(why(base) or f"it is read from {spelled_out(text)}")


def _under_class(folding: Folder, base: Class, key: Value, text: Spelling) -> Iterator[Value]:
    nature = nature_of(folding, base.scope)
    name = as_text(key)
    position = key.value if isinstance(key, Known) else None
    if nature.is_enumeration and not base.instance:
        every = members_of(folding, base.scope)
        yield from member_called(folding, base.scope, name) if isinstance(name, str) else elements((every,))
    elif base.instance and nature.fields and isinstance(position, int) and position < len(nature.fields):
        yield from folding.attribute_of(base, nature.fields[position], text)
    elif base.instance:
        for function in folding.attribute_of(base, "__getitem__", text):
            yield from folding.called(function, Arguments((Argument((key,), "..."),), {}, False), base.scope)
    else:
        yield Class(base.scope, False)  # Registry[int]


def under_named(name: str, key: Value) -> Iterator[Value]:
    """What a key gives of something with a name: of `sys.modules`, of a module's `__dict__`, of the environment."""
    text = as_text(key)
    if name == "sys.modules":
        if isinstance(text, str) and OWN not in text:
            yield Named(canonical(text))
    elif name.startswith("sys._getframe()"):
        if text == "__builtins__":
            yield Named("builtins")
    elif name.endswith(".__dict__") or name == "builtins":
        host = name[: -len(".__dict__")] if name.endswith(".__dict__") else name
        if isinstance(text, str):
            yield Named("builtins" if text == "__builtins__" else canonical(f"{host}.{text}"))
        elif (host in HOSTS or host == "sys") and names_a_loader(host, text.prefix):
            yield Named(f"{host}.?")
    elif name.startswith("os.environ"):
        yield Unknown("it comes from the environment")
    else:
        yield Unknown(why(Named(name)))


def values_of_named(name: str) -> Values:
    """Everything that a module full of loaders holds, as one: any of it."""
    host = name[: -len(".__dict__")] if name.endswith(".__dict__") else name
    return (Named(f"{host}.?"),) if host in HOSTS or host == "sys" else ()
