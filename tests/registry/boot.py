"""Run by itself: boots a registry from what is installed on its path, and prints what became of it."""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable

from runtime.errors import RuntimeFault
from runtime.registry.discovery import auto_discover, discovery_mode
from runtime.registry.registry import Registry
from runtime.telemetry.events_log import EventsLog


class Greeting:
    """The service that the plugins of the tests ask for, found by its name."""

    text = "hello"


def boot(lanes: str, on_duplicate: str, required: list[str]) -> dict[str, object]:
    """Discover twice; the second time, count what is opened and what is run in vain."""
    services = {"greeting": Greeting(), "config": {"limit": 3}}
    registry = Registry(services, EventsLog(), on_duplicate, required)
    mode = discovery_mode(os.environ)
    fault = None
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            auto_discover(registry, mode, lanes.split())
        except RuntimeFault as error:
            fault = f"{type(error).__name__}: {error}"
    records = registry.records()
    opened = counted_opens(lambda: again(registry, mode, lanes, services))
    return {
        "status": registry.status(),
        "fault": fault,
        "warned": [str(warning.message) for warning in warned if warning.category is DeprecationWarning],
        "answers": {name: getattr(plugin, "answer", None) for name, plugin in registry.of_kind("node").items()},
        "imported": sorted(name for name in sys.modules if name.split(".")[0] in ("acme", "other", "broken")),
        "opened": opened,
        "is_unchanged": registry.records() == records,
    }


def again(registry: Registry, mode: str, lanes: str, services: dict[str, object]) -> None:
    """The same registry, and another one in the same process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in (registry, Registry(services, on_duplicate="shadow")):
            try:
                auto_discover(each, mode, lanes.split())
            except RuntimeFault as error:
                logging.getLogger(__name__).debug("%s", error)


def counted_opens(run: Callable[[], None]) -> list[str]:
    """Every module or description of a distribution that is opened meanwhile, and every folder that is listed.

    As the interpreter itself reports them; what else a plugin opens when it is built is its own affair.
    """
    opened: list[str] = []
    listening = [True]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if not listening or event not in ("open", "os.listdir", "os.scandir"):
            return
        path = str(arguments[0])
        if event != "open" or path.endswith((".py", ".pyc", ".txt", "METADATA", "PKG-INFO")):
            opened.append(path)

    sys.addaudithook(hook)
    run()
    listening.clear()
    return opened


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    json.dump(boot(sys.argv[1], sys.argv[2], sys.argv[3:]), sys.stdout)
