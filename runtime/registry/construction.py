"""A class into a plugin: by a factory of its own, else by its constructor, else kept as a factory for somebody else.

The arguments are matched before anything is called, and the call is made once: what it raises is a failure of the
plugin, and never read as a wrong signature. What was matched is kept per class in its Services.

Factories are class or static methods, tried in the order of FACTORIES; the first whose arguments can all be given is
called. They come before the constructor, because a class that has one says that its constructor is not for strangers.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional

from runtime.errors import PluginFault
from runtime.registry.asked import Argument, asked_by, asked_by_class
from runtime.registry.services import Services

FACTORIES = ("from_services", "from_config", "from_settings", "create", "build")
CONSTRUCTOR = "constructor"
INSTANCE = "instance"
CLASS_AS_FACTORY = "class as factory"
FUNCTION_AS_FACTORY = "function as factory"


class Construction(NamedTuple):
    """A plugin, and by which route it came about.

    Routes: "factory NAME", "async factory NAME", "constructor", "function", "async function", "partial", "instance";
    "class as factory" and "function as factory" where `plugin` is the class or function itself, because the arguments
    in `missing` could not be given (or, outside an event loop, because it is async). `note` says why, or which
    factories were passed over.
    """

    plugin: object
    route: str
    missing: tuple[str, ...] = ()
    note: Optional[str] = None

    @property
    def is_built(self) -> bool:
        """False where it still has to be called by somebody who has what is missing."""
        return self.route not in (CLASS_AS_FACTORY, FUNCTION_AS_FACTORY)


class _Plan(NamedTuple):
    """How a subject is built; `call` is None where it is kept as it is."""

    subject: object
    route: str
    call: Optional[Callable[..., object]] = None
    arguments: Sequence[object] = ()
    keywords: Mapping[str, object] = {}
    is_async: bool = False
    missing: tuple[str, ...] = ()
    note: Optional[str] = None


class _Matched(NamedTuple):
    """Arguments for a call, and those for which there is no service, each with the reason."""

    arguments: tuple[object, ...]
    keywords: Mapping[str, object]
    lacking: Mapping[str, str]


def construct(subject: object, services: Mapping[str, object]) -> Construction:
    """Build a plugin from what an entry point names. PluginFault for what can never be one; what it raises, as it is.

    What turns out to be async is not begun, or closed unawaited, and kept as a factory: see construct_async.
    """
    plan = _planned(subject, Services.of(services))
    if plan.call is None:
        return Construction(subject, plan.route, plan.missing, plan.note)
    if plan.is_async:
        return _as_factory(plan)
    plugin = plan.call(*plan.arguments, **plan.keywords)
    if inspect.iscoroutine(plugin):
        plugin.close()
        return _as_factory(plan)
    return _built(plan, plugin)


async def construct_async(subject: object, services: Mapping[str, object]) -> Construction:
    """The same where a factory may be async; it is awaited in the running loop."""
    plan = _planned(subject, Services.of(services))
    if plan.call is None:
        return Construction(subject, plan.route, plan.missing, plan.note)
    plugin = plan.call(*plan.arguments, **plan.keywords)
    if plan.is_async or inspect.iscoroutine(plugin):
        plugin = await typing.cast("typing.Awaitable[object]", plugin)
    return _built(plan, plugin)


def _built(plan: _Plan, plugin: object) -> Construction:
    if plugin is None:
        raise PluginFault(f"{_called(plan.subject)} gave None by its {plan.route}; it has to return the plugin")
    return Construction(plugin, plan.route, (), plan.note)


def _as_factory(plan: _Plan) -> Construction:
    note = f"its {plan.route} is async, and there was no event loop to await it in"
    return Construction(plan.subject, _unbuilt_route(plan.subject), (), note)


def _planned(subject: object, services: Services) -> _Plan:
    kept = services.plans.get(id(subject))
    if kept is not None:
        return typing.cast("_Plan", kept)
    plan = _plan(subject, services)
    if plan.route != INSTANCE and plan.subject is subject:  # a plan keeps its subject alive, and with it the id
        services.plans[id(subject)] = plan
    return plan


def _plan(subject: object, services: Services) -> _Plan:
    origin = typing.get_origin(subject)
    if isinstance(origin, type) and origin.__module__ not in ("builtins", "typing"):  # Echo[str] is built as Echo
        return _plan(origin, services)
    _refuse_what_is_no_plugin(subject)
    if isinstance(subject, type):
        return _plan_of_class(subject, services)
    if isinstance(subject, functools.partial):
        return _plan_of_function(subject, "partial", services)
    if inspect.isroutine(subject):
        return _plan_of_function(subject, "function", services)
    return _Plan(subject, INSTANCE)


def _plan_of_class(subject: type, services: Services) -> _Plan:
    passed_over: list[str] = []
    for name in FACTORIES:
        if not isinstance(inspect.getattr_static(subject, name, None), (classmethod, staticmethod)):
            continue
        factory: Callable[..., object] = getattr(subject, name)
        matched = _matched(asked_by(factory), services)
        if not matched.lacking:
            route = f"{'async ' if inspect.iscoroutinefunction(factory) else ''}factory {name}"
            return _call(subject, route, factory, matched, passed_over)
        passed_over.append(f"factory {name} passed over: {'; '.join(matched.lacking.values())}")
    _refuse_what_cannot_be_instantiated(subject)
    try:
        matched = _matched(asked_by_class(subject), services)
    except ValueError:
        return _Plan(
            subject, CLASS_AS_FACTORY, note="its constructor is written in C and does not say what it asks for"
        )
    if matched.lacking:
        reasons = "; ".join((*matched.lacking.values(), *passed_over))
        return _Plan(subject, CLASS_AS_FACTORY, missing=tuple(matched.lacking), note=reasons)
    return _call(subject, CONSTRUCTOR, subject, matched, passed_over)


def _plan_of_function(subject: Callable[..., object], route: str, services: Services) -> _Plan:
    matched = _matched(asked_by(subject), services)
    if matched.lacking:
        note = "; ".join(matched.lacking.values())
        return _Plan(subject, FUNCTION_AS_FACTORY, missing=tuple(matched.lacking), note=note)
    return _call(subject, f"{'async ' if inspect.iscoroutinefunction(subject) else ''}{route}", subject, matched, [])


def _call(subject: object, route: str, call: Callable[..., object], matched: _Matched, passed: Sequence[str]) -> _Plan:
    is_async = inspect.iscoroutinefunction(call)
    note = "; ".join(passed) or None
    return _Plan(subject, route, call, matched.arguments, matched.keywords, is_async, note=note)


def _matched(asked: Sequence[Argument], services: Services) -> _Matched:
    by_position: list[object] = []
    keywords: dict[str, object] = {}
    lacking: dict[str, str] = {}
    for argument in asked:
        given = services.find(argument.name, argument.kind)
        if given.lacking is not None and argument.required and not argument.kind.nullable:
            lacking[argument.name] = given.lacking
        elif argument.by_position:  # what follows is counted from it, so that even a default takes its place
            by_position.append(given.value if given.lacking is None or argument.required else argument.default)
        elif given.lacking is None or argument.required:
            keywords[argument.name] = given.value  # None, where None will do and there is nothing else
    return _Matched(tuple(by_position), keywords, lacking)


def _refuse_what_is_no_plugin(subject: object) -> None:
    if subject is None:
        raise PluginFault("is None; an entry point names a class, a function or an object")
    if typing.get_origin(subject) is not None:
        raise PluginFault(f"{subject} is a type to annotate with, not a plugin; name a class")
    if inspect.isbuiltin(subject) or (isinstance(subject, type) and subject.__module__ == "builtins"):
        raise PluginFault(f"{_called(subject)} is a part of Python, not a plugin; name a class of your own")
    if type(subject).__name__ == "_TypedDictMeta":
        raise PluginFault(f"{_called(subject)} is a TypedDict: the shape of a dictionary, not a plugin; name a class")


def _refuse_what_cannot_be_instantiated(subject: Any) -> None:
    if getattr(subject, "_is_protocol", False):
        raise PluginFault(f"{_called(subject)} is a Protocol; name a class that fits it")
    if inspect.isabstract(subject):
        lacks = ", ".join(sorted(subject.__abstractmethods__))
        raise PluginFault(f"{_called(subject)} is abstract: it lacks {lacks}; name a class that has them")


def _unbuilt_route(subject: object) -> str:
    return CLASS_AS_FACTORY if isinstance(subject, type) else FUNCTION_AS_FACTORY


def _called(subject: object) -> str:
    return str(getattr(subject, "__qualname__", None) or repr(subject))
