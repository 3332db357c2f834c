"""Plugins are registered once, resolved by name, and each is accounted for."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from runtime.errors import ConfigurationFault, PluginFault
from runtime.registry.plugin_record import FAILED, LOADED, PluginRecord, said
from runtime.registry.registry import Registry
from runtime.telemetry.events import Event, PluginBuilt


def record(name: str, state: str = LOADED, **fields: Any) -> PluginRecord:
    return PluginRecord("node", name, "production", state)._replace(**fields)


def test_what_is_registered_is_resolved() -> None:
    registry, plugin = Registry(), object()

    registry.register("node:memory", plugin)

    assert registry.resolve("node:memory") is plugin
    assert registry.of_kind("node") == {"memory": plugin}
    assert registry.of_kind("adapter") == {}


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    registry = Registry()
    registry.register("node:memory", object())

    with pytest.raises(PluginFault, match="no plugin is called 'node:memroy'; did you mean 'node:memory'"):
        registry.resolve("node:memroy")
    with pytest.raises(PluginFault, match=r"discovery is off: LUKHAS_PLUGIN_DISCOVERY=auto"):
        registry.resolve("node:memroy")


def test_a_name_without_a_kind_and_an_unknown_kind_are_answered() -> None:
    with pytest.raises(PluginFault, match="'memory' names no kind"):
        Registry().resolve("memory")
    with pytest.raises(PluginFault, match="did you mean 'node'"):
        Registry().of_kind("nodes")


def test_the_reason_of_a_failure_is_given_to_who_asks_for_it() -> None:
    registry = Registry()
    registry.keep(record("memory", FAILED, reason="ValueError: no", distribution="acme", version="1.0"))

    with pytest.raises(PluginFault, match=r"node:memory of acme 1\.0 failed: ValueError: no"):
        registry.resolve("node:memory")


def test_a_second_plugin_of_one_name_is_an_error() -> None:
    registry, first = Registry(on_duplicate="error"), object()
    registry.register("node:memory", first)

    with pytest.raises(PluginFault, match="node:memory, registered by hand has the name 'node:memory' already"):
        registry.register("node:memory", object())

    assert registry.resolve("node:memory") is first


def test_a_second_plugin_of_one_name_is_shadowed_and_seen() -> None:
    registry, first = Registry(on_duplicate="shadow"), object()
    registry.register("node:memory", first)

    registry.register("node:memory", object())

    assert registry.resolve("node:memory") is first
    assert [each.state for each in registry.records()] == ["loaded", "shadowed"]
    assert registry.records()[1].reason == "node:memory, registered by hand has the name 'node:memory' already"
    assert registry.record("node:memory").state == "loaded"


def test_an_unknown_policy_for_duplicates_is_refused() -> None:
    with pytest.raises(ConfigurationFault, match="use one of error, shadow"):
        Registry(on_duplicate="last")


def test_a_class_that_is_only_a_factory_is_resolved_and_not_listed_among_the_plugins() -> None:
    registry = Registry()
    registry.keep(record("memory", "factory", reason="no service is called 'store'", missing=("store",)), dict)

    assert registry.resolve("node:memory") is dict
    assert registry.of_kind("node") == {}
    assert registry.status()["failures"] == [
        {
            "plugin": "node:memory",
            "state": "factory",
            "reason": "no service is called 'store'",
            "distribution": None,
        }
    ]


def test_a_required_plugin_that_failed_is_named_with_its_reason() -> None:
    registry = Registry(required=["node:memory", "adapter"])
    registry.keep(record("memory", FAILED, reason="ValueError: no"))

    with pytest.raises(PluginFault) as raised:
        registry.check_required()

    assert "'node:memory' is required: node:memory, registered by hand failed: ValueError: no" in str(raised.value)
    assert "'adapter' is required: no plugin of the kind adapter is installed" in str(raised.value)


def test_a_required_kind_is_there_when_one_of_it_is() -> None:
    registry = Registry(required=["node"])
    registry.keep(record("broken", FAILED, reason="ValueError: no"))
    with pytest.raises(PluginFault, match=r"none is loaded \(node:broken failed: ValueError: no\)"):
        registry.check_required()

    registry.register("node:memory", object())

    registry.check_required()
    assert registry.status()["required"] == {"node": True}


def test_a_required_name_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(PluginFault, match="names no kind"):
        Registry(required=["memory"])


def test_an_override_lasts_as_long_as_its_block() -> None:
    registry, real, other = Registry(), object(), object()
    registry.register("node:memory", real)

    with registry.override("node:memory", other), registry.override("node:new", other):
        assert registry.resolve("node:memory") is registry.resolve("node:new") is other
        assert registry.of_kind("node") == {"memory": other, "new": other}
        assert registry.status()["overridden"] == ["node:memory", "node:new"]

    assert registry.resolve("node:memory") is real
    with pytest.raises(PluginFault, match="no plugin is called 'node:new'"):
        registry.resolve("node:new")


def test_overrides_may_end_in_any_order() -> None:
    registry, inner, outer = Registry(), [1], [1]
    first, second = registry.override("node:memory", outer), registry.override("node:memory", inner)
    first.__enter__()
    second.__enter__()

    first.__exit__(None, None, None)
    assert registry.resolve("node:memory") is inner

    second.__exit__(None, None, None)
    assert registry.status()["registered"] == []


def test_an_override_ends_with_the_error_of_its_block() -> None:
    registry = Registry()
    with pytest.raises(RuntimeError, match="in the block"), registry.override("node:memory", 1):
        raise RuntimeError("in the block")

    assert registry.status()["registered"] == []


def test_each_plugin_is_told_to_the_observer() -> None:
    told: list[Event] = []
    registry = Registry(observe=told.append)

    registry.register("node:memory", object(), lane="candidate")

    assert told == [PluginBuilt("node", "memory", "candidate", "loaded", "registered", None, 0.0, 0.0)]


def test_the_status_is_plain_data() -> None:
    registry = Registry(required=["node"])
    registry.register("node:memory", object())

    status = json.loads(json.dumps(registry.status()))

    assert status["registered"] == ["node:memory"]
    assert status["kinds"] == {"node": 1, "constellation": 0, "adapter": 0, "monitor": 0}
    assert status["plugins"][0]["plugin"] == "node:memory"
    assert status["discovery"]["mode"] == "none"


def test_threads_that_register_lose_nothing_and_one_of_each_name_wins() -> None:
    registry = Registry(on_duplicate="shadow")
    start = threading.Barrier(8)

    def register(thread: int) -> None:
        start.wait()
        for number in range(50):
            registry.register(f"node:n{number}", (thread, number))
            registry.resolve(f"node:n{number}")
            with registry.override(f"node:t{thread}", thread):
                assert registry.resolve(f"node:t{thread}") == thread

    threads = [threading.Thread(target=register, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    states = [each.state for each in registry.records()]
    assert (states.count("loaded"), states.count("shadowed")) == (50, 350)
    assert len(registry.of_kind("node")) == 50


def test_an_error_that_cannot_say_what_it_is_is_told_all_the_same() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert said(Mute()) == "Mute: (its text raised ValueError)"
    assert said(ValueError("two\n lines")) == "ValueError: two lines"
    assert said(ValueError()) == "ValueError"
    assert len(said(ValueError("x" * 9000))) == 500
