"""What kind of class one of this file is: an enumeration, one with fields, one of texts, or an open one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Optional

from gates.facts.extractors.arguments import Folder, Nature
from gates.facts.extractors.known_values import Class, Layout, Named, Value
from gates.facts.extractors.places import Scope

_ENUMERATIONS = frozenset("enum.Enum enum.StrEnum enum.IntEnum enum.Flag enum.IntFlag enum.ReprEnum".split())
_TEXTS = frozenset({"builtins.str", "enum.StrEnum", "collections.UserString"})
_WITH_FIELDS = frozenset(
    "typing.NamedTuple typing_extensions.NamedTuple pydantic.BaseModel pydantic_settings.BaseSettings "
    "msgspec.Struct".split()
)
_HARMLESS_BASES = frozenset(
    "builtins.object abc.ABC typing.Protocol typing_extensions.Protocol typing.Generic builtins.int builtins.Exception "
    "builtins.ValueError".split()
)
_GIVING_FIELDS = frozenset(
    "dataclasses.dataclass pydantic.dataclasses.dataclass attr.s attr.attrs attr.dataclass attr.define attr.frozen "
    "attr.mutable attrs.define attrs.frozen attrs.mutable".split()
)
_HARMLESS_DECORATORS = frozenset(
    "enum.unique typing.final typing.runtime_checkable functools.total_ordering typing_extensions.final".split()
)
_TAKE_OVER = frozenset("__new__ __getattr__ __getattribute__ __setattr__ __init_subclass__ __class_getitem__".split())
_MOST_ANCESTORS = 30


UNCERTAIN = Nature(is_closed=False)


def nature_of(folding: Folder, scope: Scope) -> Nature:
    """The nature of a class, worked out once."""
    if id(scope) not in folding.natures:
        folding.natures[id(scope)] = UNCERTAIN  # (a class that is worked out from itself)
        folding.natures[id(scope)] = _nature(folding, scope)
    return folding.natures[id(scope)]


def ancestry(folding: Folder, scope: Scope) -> list[Scope]:
    """A class and the classes of this file that it inherits from."""
    found = [scope]
    for current in found:
        for _, value in _bases(folding, current):
            if isinstance(value, Class) and value.scope not in found and len(found) < _MOST_ANCESTORS:
                found.append(value.scope)
    return found


def bases_elsewhere(folding: Folder, scope: Scope) -> list[str]:
    """The names of a class's bases that are defined outside this file."""
    return [value.name for _, value in _bases(folding, scope) if isinstance(value, Named)]


def _bases(folding: Folder, scope: Scope) -> Iterator[tuple[ast.expr, Value]]:
    owner = scope.owner
    for base in owner.bases if isinstance(owner, ast.ClassDef) and scope.parent else ():
        whole = base.value if isinstance(base, ast.Subscript) else base  # Generic[T]
        for value in folding.fold(whole, scope.parent or scope):
            yield base, value


def _nature(folding: Folder, scope: Scope) -> Nature:
    lineage = ancestry(folding, scope)
    names: set[str] = set()
    layout: Optional[Layout] = None
    is_closed = True
    for current in lineage:
        for _, value in _bases(folding, current):
            if isinstance(value, Named):
                names.add(value.name)
            elif isinstance(value, Layout):
                layout = layout or value
            elif not isinstance(value, Class):
                is_closed = False
        owner = current.owner
        is_closed = is_closed and isinstance(owner, ast.ClassDef) and not owner.keywords
        is_closed = is_closed and _TAKE_OVER.isdisjoint(current.bindings)
    decorators = {name for current in lineage for name in _decorators(folding, current)}
    has_fields = not names.isdisjoint(_WITH_FIELDS) or not decorators.isdisjoint(_GIVING_FIELDS)
    known_bases = _ENUMERATIONS | _TEXTS | _WITH_FIELDS | _HARMLESS_BASES
    return Nature(
        not names.isdisjoint(_ENUMERATIONS),
        not names.isdisjoint(_TEXTS),
        tuple(_fields(folding, lineage)) if has_fields else layout.names if layout else None,
        layout,
        is_closed and names <= known_bases and decorators <= _GIVING_FIELDS | _HARMLESS_DECORATORS,
    )


def _decorators(folding: Folder, scope: Scope) -> Iterator[str]:
    owner = scope.owner
    for decorator in owner.decorator_list if isinstance(owner, ast.ClassDef) else ():
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        for value in folding.fold(function, scope.parent or scope):
            yield value.name if isinstance(value, Named) else "?"


def _fields(folding: Folder, lineage: list[Scope]) -> Iterator[str]:
    """The annotated names, those of the farthest ancestor first."""
    seen: set[str] = set()
    for scope in reversed(lineage):
        for statement in scope.owner.body if isinstance(scope.owner, ast.ClassDef) else ():
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
                if name not in seen and not _is_of_the_class(statement.annotation):
                    seen.add(name)
                    yield name


def _is_of_the_class(annotation: ast.expr) -> bool:
    whole = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return getattr(whole, "id", getattr(whole, "attr", "")) in ("ClassVar", "KW_ONLY")
