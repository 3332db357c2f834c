"""What a class or a function asks for: its arguments, with what each accepts.

`inspect.signature` of a class answers for its metaclass, and for a Protocol says nothing; so `__init__` and `__new__`
are read themselves. Annotations are resolved one by one: one that does not resolve is matched by name, and hides none
of the others.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, Callable, NamedTuple

from runtime.registry.plugin_record import said
from runtime.registry.wanted import ANYTHING, Wanted, wanted

_NAMED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Argument(NamedTuple):
    """One argument that has a name; *args and **kwargs ask for nothing. `by_position`: it has to be given so."""

    name: str
    kind: Wanted
    required: bool
    by_position: bool
    default: object


def asked_by_class(subject: type) -> tuple[Argument, ...]:
    """What calling a class asks for. ValueError where it is written in C and does not say."""
    for called in _called_for(subject):
        parameters = _without_first(inspect.signature(called))
        if any(parameter.kind in _NAMED for parameter in parameters):
            return tuple(_arguments(parameters, _Scope(called, subject)))
    return ()


def asked_by(function: Callable[..., object]) -> tuple[Argument, ...]:
    """What calling a function, a bound method or a partial asks for. ValueError where it does not say."""
    called: object = function
    given: set[str] = set()  # what a partial was made with stays as it is
    while isinstance(called, functools.partial):
        given.update(called.keywords)
        called = called.func
    owner = called if isinstance(called, type) else getattr(function, "__self__", None)
    parameters = [each for each in inspect.signature(function).parameters.values() if each.name not in given]
    if isinstance(called, type):
        called = next(iter(_called_for(called)), called)
    return tuple(_arguments(parameters, _Scope(called, owner)))


def _called_for(subject: type) -> Iterator[Callable[..., object]]:
    """Who receives the arguments, in turn; the first that names any speaks for all."""
    metaclass_call = inspect.getattr_static(type(subject), "__call__", None)
    if inspect.isfunction(metaclass_call):
        yield metaclass_call
    # Looked up on the class, where a Protocol's stand-in and object's own are not of its making.
    for name in ("__init__", "__new__"):
        owner = next((parent for parent in subject.__mro__ if name in vars(parent)), object)
        if owner is not object and not getattr(owner, "_is_protocol", False):
            yield getattr(subject, name)


def _without_first(signature: inspect.Signature) -> list[inspect.Parameter]:
    parameters = list(signature.parameters.values())
    return parameters[1:] if parameters and parameters[0].kind in _NAMED else parameters


def _arguments(parameters: list[inspect.Parameter], scope: _Scope) -> Iterator[Argument]:
    for parameter in parameters:
        if parameter.kind in _NAMED:
            yield Argument(
                parameter.name,
                scope.wanted(parameter),
                parameter.default is inspect.Parameter.empty,
                parameter.kind is inspect.Parameter.POSITIONAL_ONLY,
                parameter.default,
            )


class _Scope:
    """Where annotations are resolved: in the module of the callable, else in those of its class and the parents."""

    def __init__(self, called: object, owner: object) -> None:
        unwrapped: Any = inspect.unwrap(called) if callable(called) else called
        self._globals: Mapping[str, object] = getattr(unwrapped, "__globals__", {})
        self._owner = owner if isinstance(owner, type) else type(owner)

    def wanted(self, parameter: inspect.Parameter) -> Wanted:
        if parameter.annotation is inspect.Parameter.empty:
            return ANYTHING
        holder = SimpleNamespace(__annotations__={"it": parameter.annotation})
        found = _read(lambda: typing.get_type_hints(holder, dict(self._globals))["it"])
        if not found.unresolved:
            return found
        # What a dataclass or a NamedTuple generates has the annotation of a field, and not always the field's module.
        of_field = _read(lambda: typing.get_type_hints(self._owner)[parameter.name])
        return found if of_field.unresolved else of_field


def _read(hint: Callable[[], object]) -> Wanted:
    try:
        return wanted(hint())
    except Exception as error:  # noqa: BLE001 - an annotation may be any expression; then the argument's name decides
        return Wanted(unresolved=said(error))
