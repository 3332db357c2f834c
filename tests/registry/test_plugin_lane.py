"""A plugin's lane is where it lies, else what it declares, else the least mature."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from runtime.errors import ConfigurationFault, PluginFault
from runtime.registry.plugin_lane import PluginLane, checked, lane_of_class, lane_of_module


@pytest.mark.parametrize(
    ("module", "lane"),
    [
        ("runtime.lanes.production.recall", "production"),
        ("runtime.lanes.candidate", "candidate"),
        ("acme.plugins.lanes.integration.deep.er", "integration"),
        ("lanes.production.x", None),
        ("acme.lanes", None),
        ("acme.production.x", None),
        ("", None),
    ],
)
def test_the_path_tells_the_lane(module: str, lane: str) -> None:
    assert lane_of_module(module) == (PluginLane(lane) if lane else None)


def test_a_folder_that_is_no_lane_counts_as_candidate_and_says_so() -> None:
    lane = lane_of_module("acme.lanes.experimental.x")

    assert lane == PluginLane("candidate", "lies in 'acme.lanes.experimental', which is no lane: counts as candidate")


def test_a_class_declares_its_lane_where_its_path_does_not() -> None:
    assert lane_of_class(SimpleNamespace(lane="production"), None) == PluginLane("production")


@pytest.mark.parametrize("subject", [SimpleNamespace(), SimpleNamespace(lane=7), SimpleNamespace(lane=None)])
def test_what_declares_no_lane_counts_as_candidate(subject: object) -> None:
    assert lane_of_class(subject, None) == PluginLane("candidate", "declares no lane: counts as candidate")


def test_what_declares_an_unknown_lane_counts_as_candidate() -> None:
    assert lane_of_class(SimpleNamespace(lane="prod"), None).lane == "candidate"


def test_a_path_and_a_class_that_contradict_each_other_are_a_fault() -> None:
    assert lane_of_class(SimpleNamespace(lane="candidate"), PluginLane("candidate")).lane == "candidate"
    with pytest.raises(PluginFault, match="lies in the lane production and declares lane = 'candidate'"):
        lane_of_class(SimpleNamespace(lane="candidate"), PluginLane("production"))


def test_a_misspelt_lane_is_not_silently_empty() -> None:
    with pytest.raises(ConfigurationFault, match="no lane is called 'prodution'; did you mean 'production'"):
        checked(("prodution",))
