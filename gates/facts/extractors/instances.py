"""Instances of the classes of this file: what they were made with, and what their attributes are worth."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Optional

from gates.facts.extractors.arguments import NO_ARGUMENTS, Argument, Arguments, Call, Folder, Nature, arguments_of
from gates.facts.extractors.class_natures import ancestry, bases_elsewhere, nature_of
from gates.facts.extractors.contents import positions, unsure
from gates.facts.extractors.known_values import (
    MANY,
    Class,
    Function,
    Known,
    Named,
    Several,
    Table,
    Unknown,
    Value,
    Values,
    as_text,
    distinct,
)
from gates.facts.extractors.launchers import launchers_of
from gates.facts.extractors.loaders import loader_of
from gates.facts.extractors.places import Binding, Scope
from gates.facts.extractors.short_text import Spelling, spelled_out

GIVING_DEFAULTS = frozenset(
    "dataclasses.field attr.ib attr.attrib attr.field attrs.field pydantic.Field pydantic.fields.Field "
    "msgspec.field".split()
)
_PROPERTIES = frozenset({"property", "cached_property", "classproperty"})
_OF_A_MEMBER = frozenset({"value", "_value_", "name", "_name_"})
_DEEPEST_PARENT = 4


class Construction:
    """How an instance was made: by a call of its class, or as a member of an enumeration with what it `holds`."""

    __slots__ = ("_call", "_given", "holds", "text")

    def __init__(
        self,
        call: Optional[Call] = None,
        given: Arguments = NO_ARGUMENTS,
        holds: Optional[Mapping[str, Values]] = None,
        text: Optional[Value] = None,
    ) -> None:
        self._call = call
        self._given = given
        self.holds = holds
        self.text = text

    @property
    def given(self) -> Arguments:
        """What its constructor was given."""
        return self._call.given if self._call is not None else self._given


def made(folding: Folder, called: Class, call: Call) -> Iterator[Value]:
    """What a call of a class of this file gives."""
    nature = nature_of(folding, called.scope)
    if nature.is_enumeration:
        wanted = call.value(0, "value")
        every = [one for position in members_of(folding, called.scope).items for one in position]
        chosen = [one for one in every if _is_wanted(one, wanted)]
        yield from chosen or every
    else:
        first = call.value(0) if nature.is_text else ()
        yield Class(called.scope, True, Construction(call, text=first[0] if len(first) == 1 else None))


def _is_wanted(member: Value, wanted: Values) -> bool:
    values = _construction(member).get("value", ())
    return any(one in values for one in wanted)


def _construction(member: Value) -> Mapping[str, Values]:
    how = member.made if isinstance(member, Class) else None
    return (how.holds or {}) if isinstance(how, Construction) else {}


def members_of(folding: Folder, scope: Scope) -> Several:
    """The members of an enumeration, in order."""
    found: list[Values] = []
    for name, bindings in scope.bindings.items():
        if not name.startswith("_") and bindings[-1].how == "value":
            found.append(tuple(_member(folding, scope, name)))
    return Several(tuple(found))


def member_called(folding: Folder, scope: Scope, name: str) -> Values:
    """The member of this name; nothing where there is none."""
    bindings = scope.bindings.get(name, [])
    is_member = bindings and not name.startswith("_") and bindings[-1].how == "value"
    return tuple(_member(folding, scope, name)) if is_member else ()


def _member(folding: Folder, scope: Scope, name: str) -> Iterator[Value]:
    is_text = nature_of(folding, scope).is_text
    for value in folding.name(name, scope):
        if value == Named("enum.auto()"):
            value = Known(name.lower()) if is_text else Unknown("it is a number")
        holds = {"value": (value,), "_value_": (value,), "name": (Known(name),), "_name_": (Known(name),)}
        spread = positions(value) if isinstance(value, Several) else None
        given = tuple(Argument(one, "...") for one in (spread if spread is not None else ((value,),)))
        text = value if is_text and isinstance(as_text(value), str) else None
        yield Class(scope, True, Construction(None, Arguments(given, {}, False), holds, text))


def attribute_of_class(folding: Folder, base: Class, attribute: str, text: Spelling) -> Iterator[Value]:
    """What an attribute of a class of this file, or of an instance of it, may be worth."""
    nature = nature_of(folding, base.scope)
    how = base.made if isinstance(base.made, Construction) else None
    if nature.is_enumeration:
        member = member_called(folding, base.scope, attribute)
        if how is not None and how.holds is not None and attribute in _OF_A_MEMBER:
            yield from how.holds[attribute]
            return
        if member:
            yield from member
            return
    if nature.fields is not None and attribute in nature.fields and how is not None and base.instance:
        given = how.given.get(nature.fields.index(attribute), attribute)
        if given is not None:
            yield from given.values
            return
    yield from _bound_or_set(folding, base, attribute, text, nature)


def _bound_or_set(folding: Folder, base: Class, attribute: str, text: Spelling, nature: Nature) -> Iterator[Value]:
    found = False
    lineage = ancestry(folding, base.scope)
    for scope in lineage:
        bindings = scope.bindings.get(attribute, [])
        folding.read.add((id(scope), attribute))
        for binding in bindings:
            found = True
            yield from _as_changed(folding, attribute, _of_the_class(folding, base, binding))
        if bindings and not all(binding.conditional for binding in bindings):
            break
    is_sure = base.made is not None and nature.is_closed
    for owner, binding in _set_on(folding, lineage, attribute):
        if owner is None:
            is_sure = False
            continue
        found = True
        yield from _as_changed(folding, attribute, _of_the_instance(folding, base, lineage, owner, binding))
    if not found and nature.layout is not None and attribute in nature.layout.names:
        yield from layout_default(nature, attribute) or (Unknown(f"{attribute!r} is not given"),)
    elif not found:
        yield from _inherited(folding, lineage, attribute) or (Unknown(f"it is read from {spelled_out(text)}"),)
    elif base.instance and not is_sure:
        yield Unknown(f"a subclass or an instance may set {spelled_out(text)} to something else")


def _inherited(folding: Folder, lineage: Sequence[Scope], attribute: str) -> Values:
    """What loads, of what a class has from a class that is defined elsewhere."""
    names = dict.fromkeys(name for scope in lineage for name in bases_elsewhere(folding, scope))
    wholes = (f"{name}.{attribute}" for name in names)
    return tuple(Named(whole) for whole in wholes if loader_of(whole) is not None or launchers_of(whole))


def layout_default(nature: Nature, name: str) -> Values:
    """What a field of a named tuple is worth that was not given."""
    layout = nature.layout
    if layout is None:
        return ()
    last = layout.names.index(name) - len(layout.names)
    return layout.defaults[last] if -last <= len(layout.defaults) else ()


def _as_changed(folding: Folder, name: str, values: Values) -> Values:
    if name not in folding.survey.changed:
        return values
    unknown: Values = (Unknown(f"{name!r} is changed after it is made"),)
    return tuple(unsure(value, unknown) for value in values)


def _of_the_class(folding: Folder, base: Class, binding: Binding) -> Values:
    """What is bound in the class itself: a function becomes a method."""
    node = binding.node
    if binding.how == "function":
        function = Function(node, binding.scope)
        if is_property(node):
            owner = base if base.instance else base._replace(instance=True)
            return folding.returned(function._replace(owner=owner), NO_ARGUMENTS)
        return (_owned(function, base),)
    if binding.how == "value" and isinstance(node, ast.Call):
        default = _default(folding, node, binding.scope)
        if default is not None:
            return default
    values = folding.bound(binding)
    is_static = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "staticmethod"
    if is_static or not base.instance:
        return values
    return tuple(_owned(value, base) if isinstance(value, Function) else value for value in values)


def _owned(function: Function, base: Class) -> Function:
    """A function as a method of what it is read from."""
    decorators = {getattr(one, "id", "") for one in getattr(function.node, "decorator_list", [])}
    if "staticmethod" in decorators:
        return function
    if "classmethod" in decorators:
        return function._replace(owner=Class(base.scope, False))
    return function._replace(owner=base) if base.instance else function


def as_method(function: Function) -> Function:
    """A function that stands in a class as a method of some instance of it."""
    return function._replace(owner=Class(function.scope, True)) if function.scope.kind == "class" else function


def is_property(node: ast.AST) -> bool:
    """Whether a function is called by reading it."""
    decorators = node.decorator_list if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    return any(getattr(one, "id", getattr(one, "attr", "")) in _PROPERTIES for one in decorators)


def _default(folding: Folder, node: ast.Call, scope: Scope) -> Optional[Values]:
    """`field(default=...)`: what the field is worth where it is not given."""
    if not any(isinstance(one, Named) and one.name in GIVING_DEFAULTS for one in folding.fold(node.func, scope)):
        return None
    given = arguments_of(node, folding, scope)
    default = given.get(0, "default")
    if default is not None:
        return default.values
    factory = given.get(-1, "default_factory") or given.get(-1, "factory")
    if factory is None:
        return (Unknown("it is a field without a default"),)
    return distinct(one for value in factory.values for one in folding.called(value, NO_ARGUMENTS, scope))


def _set_on(folding: Folder, lineage: Sequence[Scope], attribute: str) -> Iterator[tuple[Optional[Scope], Binding]]:
    """Each assignment to an attribute of this name, with the class whose it is; None where that is not known."""
    for target, binding in folding.survey.attributes.get(attribute, ()):
        for owner in folding.fold(target.value, binding.scope):
            if isinstance(owner, Class) and owner.scope in lineage:
                yield owner.scope, binding
            elif isinstance(owner, Unknown):
                yield None, binding


def _of_the_instance(folding: Folder, base: Class, lineage: Sequence[Scope], owner: Scope, binding: Binding) -> Values:
    """What is assigned to an attribute, in the light of what its instance was made with."""
    method: Optional[Scope] = binding.scope
    while method is not None and not (method.kind == "function" and method.parent in lineage):
        method = method.parent
    if method is None or method.parent is None or base.made is None or method.owner is None:
        return folding.bound(binding)
    if getattr(method.owner, "name", "") == "__init__" and isinstance(base.made, Construction):
        found = _initialised(folding, base, lineage, base.made.given, binding, method)
        if found is not None:
            return found
    with folding.calling(Function(method.owner, method.parent, base), None) as goes:
        return folding.bound(binding) if goes else (Unknown("it is set by a method that is called too deep"),)


def _initialised(
    folding: Folder,
    base: Class,
    lineage: Sequence[Scope],
    given: Arguments,
    binding: Binding,
    method: Scope,
    depth: int = 0,
) -> Optional[Values]:
    """What a constructor assigns, called with these arguments; None where it is not the one that is run."""
    for position, scope in enumerate(lineage):
        inits = [one for one in scope.bindings.get("__init__", []) if one.how == "function"]
        if not inits:
            continue
        init = inits[-1].node
        with folding.calling(Function(init, scope, base), given) as goes:
            if not goes or depth > _DEEPEST_PARENT:
                return None
            if init is method.owner:
                return folding.bound(binding)
            above = lineage[position + 1 :]
            for call, skip in _calls_of_the_parent(init):
                passed_on = arguments_of(call, folding, scope.opened_by(init), skip)
                found = _initialised(folding, base, above, passed_on, binding, method, depth + 1)
                if found is not None:
                    return found
        return None
    return None


def _calls_of_the_parent(init: ast.AST) -> Iterator[tuple[ast.Call, int]]:
    """`super().__init__(...)` and `Parent.__init__(self, ...)`, with the number of arguments to leave out."""
    for node in ast.walk(init):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            yield node, 0 if isinstance(node.func.value, ast.Call) else 1


def members(folding: Folder, value: Class) -> Table:
    """The attributes of a class or an instance, as a dict."""
    names: dict[str, None] = {}
    if value.instance:
        names.update(dict.fromkeys(nature_of(folding, value.scope).fields or ()))
    for scope in ancestry(folding, value.scope) if not value.instance else ():
        names.update(dict.fromkeys(scope.bindings))
    for name, found in folding.survey.attributes.items():
        if any(isinstance(target.value, ast.Name) for target, _ in found):
            names[name] = None
    pairs: list[tuple[Values, Values]] = []
    for name in [one for one in names if not one.startswith("__")][:MANY]:
        held = distinct(folding.attribute_of(value, name, name))
        if not all(isinstance(one, Unknown) and one.reason == f"it is read from {name}" for one in held):
            pairs.append(((Known(name),), held))
    return Table(tuple(pairs))
