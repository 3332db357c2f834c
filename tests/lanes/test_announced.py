"""What pyproject.toml announces is what the tests stand on, and names what is there."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from tests.lanes.announced import ANNOUNCED

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_this_distribution_announces_every_plugin_of_its_lanes() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]

    assert {group: project["entry-points"].get(group) for group in ANNOUNCED} == ANNOUNCED


@pytest.mark.parametrize("value", [value for plugins in ANNOUNCED.values() for value in plugins.values()])
def test_what_is_announced_is_there_in_its_lane_and_under_its_name(value: str) -> None:
    module, _, attribute = value.partition(":")
    plugin = getattr(importlib.import_module(module), attribute)

    assert plugin.lane == module.split(".")[2]
    assert value in [announced.get(plugin.name) for announced in ANNOUNCED.values()]
