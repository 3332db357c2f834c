"""Every shape that an entry point may name is classified, built once, or said why not."""

from __future__ import annotations

import asyncio
import collections
import gc
from typing import Any, NamedTuple

import pytest

from runtime.errors import PluginFault
from runtime.registry.construction import FACTORIES, Construction, construct, construct_async
from runtime.registry.services import Services
from tests.registry import shapes

STORE = shapes.Store()
CLOCK = shapes.WallClock()
SERVICES = {"store": STORE, "clock": CLOCK}


class Shape(NamedTuple):
    name: str
    subject: object
    route: str
    missing: tuple[str, ...] = ()


SHAPES = [
    Shape("metaclass with a __call__ of its own", shapes.MadeByMetaclass, "constructor"),
    Shape("metaclass whose __call__ has arguments", shapes.AskedByMetaclass, "constructor"),
    Shape("class below a Protocol", shapes.FitsAProtocol, "constructor"),
    Shape("abstract class with a factory", shapes.AbstractWithFactory, "factory create"),
    Shape("positional-only", shapes.PositionalOnly, "constructor"),
    Shape("keyword-only", shapes.KeywordOnly, "constructor"),
    Shape("**kwargs", shapes.AnyKeywords, "constructor"),
    Shape("*args", shapes.AnyArguments, "constructor"),
    Shape("NamedTuple", shapes.ATuple, "constructor"),
    Shape("dataclass", shapes.ADataclass, "constructor"),
    Shape("partial", shapes.partial, "partial"),
    Shape("function", shapes.function, "function"),
    Shape("function that asks for more", shapes.function_that_asks_for_more, "function as factory", ("model",)),
    Shape("async function", shapes.async_function, "async function"),
    Shape("async factory", shapes.AsyncFactory, "async factory create"),
    Shape("factory that turns out async", shapes.FactoryThatTurnsOutAsync, "factory create"),
    Shape("Optional and Union", shapes.EitherOf, "constructor"),
    Shape("annotation that does not resolve", shapes.Unresolvable, "constructor"),
    Shape("only __new__", shapes.OnlyNew, "constructor"),
    Shape("instance", shapes.instance, "instance"),
    Shape("bound classmethod", shapes.AsyncFactory.create, "async function"),
    Shape("generic alias", shapes.Echo[str], "constructor"),
    Shape("from_services", shapes.FromServices, "factory from_services"),
    Shape("first factory lacks something", shapes.FromConfig, "factory create"),
    Shape("a method called build", shapes.BuildIsAMethod, "constructor"),
    Shape("asks for what is not there", shapes.AsksForWhatIsNotThere, "class as factory", ("model", "budget")),
    Shape("class written in C", collections.deque, "constructor"),
    Shape("constructor that does not say", shapes.Unsaid, "class as factory"),
]
REFUSED = [
    ("Protocol", shapes.AProtocol, "is a Protocol; name a class that fits it"),
    ("abstract class", shapes.Abstract, "it lacks close, handle"),
    ("built-in class", dict, "is a part of Python"),
    ("built-in function", len, "is a part of Python"),
    ("TypedDict", shapes.ShapeOfADictionary, "is a TypedDict"),
    ("None", None, "is None"),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_shape_has_its_route(shape: Shape) -> None:
    built = asyncio.run(construct_async(shape.subject, SERVICES))

    assert (built.route, built.missing) == (shape.route, shape.missing)
    assert built.is_built == (not shape.route.endswith("as factory"))
    if not built.is_built:
        assert built.plugin is shape.subject
        assert built.note
    elif hasattr(built.plugin, "store"):
        assert built.plugin.store is STORE or shape.name == "positional-only"


@pytest.mark.parametrize(("name", "subject", "said"), REFUSED)
def test_what_can_never_be_a_plugin_is_refused_with_what_would_be_right(name: str, subject: object, said: str) -> None:
    with pytest.raises(PluginFault, match=said):
        construct(subject, SERVICES)


def test_a_type_to_annotate_with_is_no_plugin() -> None:
    with pytest.raises(PluginFault, match="to annotate with"):
        construct(list[str], SERVICES)


def test_keyword_only_arguments_are_not_fed_every_service() -> None:
    built: Any = construct(shapes.AnyKeywords, SERVICES).plugin

    assert built.options == {}


def test_a_positional_argument_behind_one_with_a_default_reaches_its_own_place() -> None:
    built: Any = construct(shapes.PositionalOnly, SERVICES).plugin

    assert (built.limit, built.store) == (7, STORE)


def test_a_partial_keeps_what_it_was_made_with() -> None:
    built: Any = construct(shapes.partial, SERVICES).plugin
    own: Any = construct(shapes.partial_with_its_own_store, SERVICES).plugin

    assert built.limit == 9
    assert type(own.store) is shapes.SmallStore


def test_none_is_given_where_none_will_do_and_there_is_nothing_else() -> None:
    built: Any = construct(shapes.EitherOf, SERVICES).plugin
    nothing: Any = construct(shapes.EitherOf, {}).plugin

    assert (built.store, built.other) == (STORE, None)
    assert nothing.store is None


def test_what_has_no_telling_type_is_found_by_name() -> None:
    services = {"store": STORE, "folder": "/here", "other": "/there", "on_event": print}

    built: Any = construct(shapes.ByName, services).plugin

    assert (built.store, built.folder, built.on_event) == (STORE, "/here", print)


def test_the_name_decides_between_two_of_one_type() -> None:
    services = {"cold": shapes.Store(), "store": STORE}

    built: Any = construct(shapes.KeywordOnly, services).plugin

    assert built.store is STORE


def test_a_type_finds_its_service_under_any_name() -> None:
    built: Any = construct(shapes.KeywordOnly, {"memory": STORE, "limit": "not a number"}).plugin

    assert (built.store, built.limit) == (STORE, 7)


def test_the_service_of_just_the_type_comes_before_those_of_types_below_it() -> None:
    built: Any = construct(shapes.KeywordOnly, {"a": shapes.SmallStore(), "b": STORE}).plugin

    assert built.store is STORE


def test_two_services_that_nothing_tells_apart_are_named() -> None:
    built = construct(shapes.KeywordOnly, {"a": shapes.Store(), "b": shapes.Store()})

    assert built.missing == ("store",)
    assert built.note == "'store' may be any of the services 'a', 'b'; name the argument after one"


def test_a_service_of_the_right_name_and_a_wrong_type_is_not_given() -> None:
    built = construct(shapes.KeywordOnly, {"store": "sqlite:///here"})

    assert built.missing == ("store",)
    assert built.note == "'store' has to be a Store, and the service is a str"


def test_a_protocol_is_met_by_members_and_not_by_name() -> None:
    fits: Any = construct(shapes.ByClock, {"time": CLOCK}).plugin
    misfit = construct(shapes.ByClock, {"clock": STORE})

    assert fits.clock is CLOCK
    assert misfit.missing == ("clock",)


def test_the_reason_names_the_annotation_that_does_not_resolve() -> None:
    built = construct(shapes.Unresolvable, {"clock": CLOCK})

    assert built.missing == ("store",)
    assert built.note
    assert "NameError: name 'Unimportable' is not defined" in built.note


def test_factories_that_were_passed_over_are_told() -> None:
    built = construct(shapes.FromConfig, SERVICES)

    assert built.route == "factory create"
    assert built.note == "factory from_config passed over: no service is called 'config'"


def test_the_first_factory_that_can_be_called_is_the_one() -> None:
    built: Any = construct(shapes.FromConfig, {**SERVICES, "config": {"limit": 12}})

    assert (built.route, built.plugin.limit) == ("factory from_config", 12)


def test_from_services_is_given_all_of_them() -> None:
    built: Any = construct(shapes.FromServices, SERVICES).plugin

    assert built.names == ["clock", "store"]


@pytest.mark.parametrize("name", FACTORIES)
def test_each_of_the_factories_is_called(name: str) -> None:
    plugin = object()
    made = type("Made", (), {name: classmethod(lambda cls: plugin)})

    assert construct(made, {}) == Construction(plugin, f"factory {name}")


def test_outside_an_event_loop_an_async_factory_is_kept_and_not_begun() -> None:
    built = construct(shapes.AsyncFactory, SERVICES)
    late = construct(shapes.FactoryThatTurnsOutAsync, SERVICES)
    gc.collect()  # a coroutine that was dropped unawaited would be an error here

    for construction in (built, late):
        assert construction.route == "class as factory"
        kind = "async factory" if construction is built else "factory"
        assert construction.note == f"its {kind} create is async, and there was no event loop to await it in"


def test_a_factory_that_gives_nothing_back_is_a_fault() -> None:
    with pytest.raises(PluginFault, match="gives_nothing gave None by its function"):
        construct(shapes.gives_nothing, SERVICES)


@pytest.mark.parametrize("where", ["__init__", "__new__", "from_config", "create"])
def test_a_type_error_inside_is_the_plugins_failure_and_the_call_is_made_once(where: str) -> None:
    calls = []

    def fails(*_: object, store: object) -> None:
        calls.append(where)
        raise TypeError("__init__() missing 1 required positional argument: 'store'")

    fallbacks = {"build": classmethod(lambda cls: calls.append("build"))}
    failing: object = fails if where.startswith("__") else classmethod(fails)
    subject = type("Fails", (), {where: failing, **({} if where.startswith("__") else fallbacks)})

    for attempt in (1, 2):  # as much with the plan that was kept
        with pytest.raises(TypeError, match="missing 1 required"):
            construct(subject, Services({"store": STORE}))
        assert calls == [where] * attempt


def test_what_was_matched_is_kept_and_the_plugin_is_not() -> None:
    services = Services(SERVICES)

    first, second = construct(shapes.KeywordOnly, services), construct(shapes.KeywordOnly, services)

    assert first.plugin is not second.plugin
    assert len(services.plans) == 1


def test_a_service_that_is_read_is_not_run() -> None:
    class Loud(shapes.WallClock):
        @property
        def other(self) -> float:
            raise AssertionError("a property was run to see whether it is there")

    built = construct(shapes.ByClock, {"loud": Loud()})

    assert built.is_built
