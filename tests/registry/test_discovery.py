"""Whatever a plugin does while it is imported or built, it is accounted for, and the next one has its turn."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

import pytest

from runtime.errors import ConfigurationFault, PluginFault
from runtime.registry.discovery import auto_discover, auto_discover_async, discovery_mode
from runtime.registry.installed import Candidate, Installed
from runtime.registry.plugin_record import Unread
from runtime.registry.registry import Registry

NODES = "lukhas.cognitive_nodes"
SOURCE = """
import asyncio, time

class Good:
    lane = "production"
    built = 0

    def __init__(self):
        type(self).built += 1
        time.sleep(0.01)

class Async:
    lane = "production"

    @classmethod
    async def create(cls):
        await asyncio.sleep(0)
        return cls()

class Slow:
    lane = "production"

    @classmethod
    async def create(cls):
        await asyncio.sleep(600)

class Stubborn:
    lane = "production"

    @classmethod
    async def create(cls):
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            raise ValueError("not now")

class Leaves:
    lane = "production"

    def __init__(self):
        raise SystemExit(3)

class Contradicts:
    lane = "candidate"

class Interrupts:
    lane = "production"

    def __init__(self):
        raise KeyboardInterrupt
"""
MODULES = {
    "planted": SOURCE,
    "planted_exit": "import sys\nsys.exit('this is a script')\n",
    "planted_missing": "import nowhere_at_all\n",
    "planted_syntax": "def (:\n",
}


@pytest.fixture(autouse=True)
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, source in MODULES.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in MODULES:
        sys.modules.pop(name, None)


def announced(*values: str, group: str = NODES) -> Installed:
    """Each value under the name of its last part, in small letters."""
    candidates = [
        Candidate(group, value.rpartition(":")[2].rpartition(".")[2].lower(), value, "acme", "1") for value in values
    ]
    return Installed(tuple(candidates), (), 1, 0.0)


def discovered(*values: str, required: Sequence[str] = ()) -> Registry:
    registry = Registry(required=required)
    auto_discover(registry, "auto", found=announced(*values))
    return registry


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("planted_exit:X", "SystemExit: this is a script"),
        ("planted_missing:X", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("planted_syntax:X", "SyntaxError: "),
        ("planted:Nothing", "AttributeError: module 'planted' has no attribute 'Nothing'"),
        ("nowhere_at_all:X", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("not a module:X", "'not a module:X' names nothing to import; write module:attribute"),
        ("planted:Leaves", "SystemExit: 3"),
        ("builtins:dict", "dict is a part of Python, not a plugin; name a class of your own"),
    ],
)
def test_a_plugin_that_fails_says_why_and_stops_no_other(value: str, said: str) -> None:
    registry = Registry()

    auto_discover(registry, "auto", ("production", "candidate"), announced(value, "planted:Good"))

    failed, good = registry.records()
    assert (failed.state, good.state) == ("failed", "loaded")
    assert failed.reason
    assert failed.reason.startswith(said)
    assert [each["reason"] for each in registry.status()["failures"]] == [failed.reason]  # type: ignore[attr-defined]


def test_a_required_plugin_that_fails_stops_the_boot() -> None:
    with pytest.raises(PluginFault, match="'node:leaves' is required: node:leaves of acme 1 failed: SystemExit: 3"):
        discovered("planted:Leaves", "planted:Good", required=["node:leaves"])


def test_a_person_who_interrupts_is_obeyed() -> None:
    with pytest.raises(KeyboardInterrupt):
        discovered("planted:Interrupts")


def test_a_name_that_cannot_be_asked_for_is_a_failure_and_nothing_is_imported() -> None:
    registry = Registry()

    auto_discover(
        registry, "auto", found=Installed((Candidate(NODES, "a b", "planted:Good", "acme", "1"),), (), 1, 0.0)
    )

    assert registry.records()[0].reason == "'a b' is no name of a node: use letters, digits, '_', '-' and '.'"
    assert "planted" not in sys.modules


def test_times_are_measured_with_the_clock_that_was_given() -> None:
    ticks = iter([0.0, 2.0, 10.0, 13.0])
    registry = Registry(clock=lambda: next(ticks))

    auto_discover(registry, "auto", found=announced("planted:Good"))

    record = registry.record("node:good")
    assert (record.import_seconds, record.build_seconds) == (2.0, 3.0)


def test_an_async_factory_is_awaited_in_a_loop_and_kept_as_a_factory_outside() -> None:
    registry = Registry()

    asyncio.run(auto_discover_async(registry, "auto", found=announced("planted:Async", "planted:Good")))
    outside = discovered("planted:Async").record("node:async")

    assert [(each.state, each.route) for each in registry.records()] == [
        ("loaded", "async factory create"),
        ("loaded", "constructor"),
    ]
    assert (outside.state, outside.route) == ("factory", "class as factory")
    assert outside.reason == "its async factory create is async, and there was no event loop to await it in"


@pytest.mark.parametrize("value", ["planted:Slow", "planted:Stubborn"])
def test_a_factory_that_never_ends_is_given_up(value: str, caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry()

    asyncio.run(auto_discover_async(registry, "auto", found=announced(value, "planted:Good"), patience=0.01))

    gc.collect()
    assert caplog.text == ""  # asyncio would log an error that nobody took
    slow, good = registry.records()
    assert (slow.state, slow.reason, good.state) == ("failed", "its factory took more than 0.01 s", "loaded")


def test_a_boot_that_is_cancelled_ends_and_takes_the_factory_with_it() -> None:
    async def cancelled_boot() -> int:
        boot = asyncio.ensure_future(auto_discover_async(Registry(), "auto", found=announced("planted:Slow")))
        await asyncio.sleep(0)
        boot.cancel()
        with pytest.raises(asyncio.CancelledError):
            await boot
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(cancelled_boot()) == 1


def test_a_second_discovery_loads_nothing_again_and_threads_load_nothing_twice() -> None:
    registry, found = Registry(), announced("planted:Good")
    threads = [threading.Thread(target=auto_discover, args=(registry, "auto", ("production",), found)) for _ in "1234"]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    auto_discover(registry, "auto", found=found)

    assert [each.state for each in registry.records()] == ["loaded"]
    assert getattr(registry.resolve("node:good"), "built", 0) == 1


def test_a_plugin_registered_by_hand_has_its_name_before_one_that_is_installed() -> None:
    registry, mine = Registry(on_duplicate="shadow"), object()
    registry.register("node:good", mine)

    auto_discover(registry, "auto", found=announced("planted:Good"))

    assert registry.resolve("node:good") is mine
    assert registry.records()[1].reason == "node:good, registered by hand has the name 'node:good' already"
    assert "planted" not in sys.modules


def test_a_plugin_of_another_lane_leaves_its_name_to_the_next() -> None:
    registry = Registry()
    found = announced("planted:Contradicts", "planted:Good")
    same_name = found._replace(candidates=tuple(each._replace(name="one") for each in found.candidates))

    auto_discover(registry, "auto", found=same_name)

    assert [(each.state, each.lane) for each in registry.records()] == [
        ("skipped", "candidate"),
        ("loaded", "production"),
    ]


@pytest.mark.parametrize(("group", "warns"), [(NODES, False), ("lukhas.agi_nodes", True)])
def test_only_a_former_group_is_deprecated(group: str, warns: bool) -> None:
    registry = Registry()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        auto_discover(registry, "auto", found=announced("planted:Good", group=group))

    record = registry.record("node:good")
    assert [each.category for each in warned] == ([DeprecationWarning] if warns else [])
    assert (record.state, record.former_group) == ("loaded", group if warns else None)


def test_a_distribution_that_could_not_be_read_is_among_the_failures() -> None:
    registry = Registry()

    auto_discover(registry, "auto", found=Installed((), (Unread("there", "unreadable"),), 1, 0.0))

    assert registry.status()["failures"] == [
        {"plugin": None, "state": "failed", "reason": "unreadable", "distribution": "there"}
    ]


@pytest.mark.parametrize(("said", "mode"), [(None, "off"), ("", "off"), ("off", "off"), ("auto", "auto")])
def test_the_variable_says_whether_to_discover(said: Optional[str], mode: str) -> None:
    assert discovery_mode({} if said is None else {"LUKHAS_PLUGIN_DISCOVERY": said}) == mode


def test_a_mode_or_a_lane_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationFault, match="LUKHAS_PLUGIN_DISCOVERY is 'on'; use one of auto, off"):
        discovery_mode({"LUKHAS_PLUGIN_DISCOVERY": "on"})
    with pytest.raises(ConfigurationFault, match="use one of auto, off"):
        auto_discover(Registry(), "on")
    with pytest.raises(ConfigurationFault, match="no lane is called 'prod'"):
        auto_discover(Registry(), "off", ["prod"])
