"""A plugin package that is really installed is found, built by the route that it asks for, and accounted for.

Nothing is replaced here: pip installs a wheel, and another process boots with LUKHAS_PLUGIN_DISCOVERY=auto.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.registry.booted import Booted, booted
from tests.registry.plugin_package import PluginPackage

NODES = """
from __future__ import annotations


class ByConstructor:
    lane = "production"

    def __init__(self, *, greeting):
        self.answer = greeting.text


class ByFactory:
    lane = "production"
    calls = 0

    def __init__(self, greeting, limit):
        type(self).calls += 1
        self.answer = [greeting.text, limit, self.calls]

    @classmethod
    def from_config(cls, config, greeting):
        return cls(greeting, config["limit"])


class AsksForMore:
    lane = "production"

    def __init__(self, greeting, model): ...


class Broken:
    lane = "production"

    def __init__(self):
        raise TypeError("__init__() missing 1 required positional argument: 'model'")


class DeclaresNoLane: ...


def adapter(greeting):
    return greeting


adapter.lane = "production"
"""
ACME = PluginPackage(
    "acme-nodes",
    "1.2.0",
    {
        "acme/__init__.py": "",
        "acme/nodes.py": NODES,
        "acme/lanes/production/__init__.py": "class Steady:\n    answer = 'steady'\n",
        "acme/lanes/candidate/__init__.py": "class Daring:\n    answer = 'daring'\n",
    },
    {
        "lukhas.cognitive_nodes": {
            "constructed": "acme.nodes:ByConstructor",
            "configured": "acme.nodes:ByFactory",
            "unfinished": "acme.nodes:AsksForMore",
            "broken": "acme.nodes:Broken",
            "undeclared": "acme.nodes:DeclaresNoLane",
            "steady": "acme.lanes.production:Steady",
            "daring": "acme.lanes.candidate:Daring",
        },
        "lukhas.agi_components": {"star": "acme.lanes.production:Steady"},
        "lukhas.adapters": {"greeting": "acme.nodes:adapter"},
    },
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip, without any index, installed the wheel."""
    folder = tmp_path_factory.mktemp("site")
    wheel = ACME.wheel(tmp_path_factory.mktemp("wheels"))
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--no-compile", "--target", str(folder), str(wheel)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="module")
def production(site: Path) -> Booted:
    return booted(site)


@pytest.mark.parametrize(
    ("name", "state", "route"),
    [
        ("node:constructed", "loaded", "constructor"),
        ("node:configured", "loaded", "factory from_config"),
        ("node:unfinished", "factory", "class as factory"),
        ("node:broken", "failed", None),
        ("node:undeclared", "skipped", None),
        ("node:steady", "loaded", "constructor"),
        ("node:daring", "skipped", None),
        ("constellation:star", "loaded", "constructor"),
        ("adapter:greeting", "loaded", "function"),
    ],
)
def test_the_route_of_each_is_in_the_status_and_in_the_log(
    production: Booted, name: str, state: str, route: str
) -> None:
    record, line = production.plugin(name), production.logged(name)

    assert (record["state"], record["route"]) == (state, route)
    assert (record["distribution"], record["version"]) == ("acme-nodes", "1.2.0")
    assert (line["state"], line.get("route")) == (state, route)
    assert line["distribution"] == "acme-nodes 1.2.0"
    assert line["lane"] == record["lane"] == ("candidate" if state == "skipped" else "production")
    assert {"import_seconds", "build_seconds"} <= set(line)


def test_what_was_built_works_and_was_built_once(production: Booted) -> None:
    assert production.answers["constructed"] == "hello"
    assert production.answers["configured"] == ["hello", 3, 1]


def test_the_missing_arguments_of_a_class_that_is_kept_as_a_factory_are_named(production: Booted) -> None:
    record = production.plugin("node:unfinished")

    assert record["missing"] == ["model"]
    assert record["reason"] == "no service is called 'model'"
    assert production.logged("node:unfinished")["error"] == "no service is called 'model'"


def test_an_error_inside_a_constructor_is_the_reason_of_its_failure(production: Booted) -> None:
    said = "TypeError: __init__() missing 1 required positional argument: 'model'"

    assert production.plugin("node:broken")["reason"] == said
    assert production.logged("node:broken")["error"] == said


def test_a_plugin_of_a_lane_that_is_not_loaded_is_not_even_imported(production: Booted, site: Path) -> None:
    said = "the lane candidate is not loaded here (loaded: production)"
    everything = booted(site, lanes="production integration candidate")

    assert production.plugin("node:daring")["reason"] == said
    assert "acme.lanes.candidate" not in production.imported
    assert everything.plugin("node:daring")["state"] == "loaded"
    assert "acme.lanes.candidate" in everything.imported
    assert everything.plugin("node:undeclared")["note"] == "declares no lane: counts as candidate"


def test_a_former_group_is_read_with_a_deprecation(production: Booted) -> None:
    said = "found in 'lukhas.agi_components', the former name of 'lukhas.constellation_components'"

    assert production.plugin("constellation:star")["former_group"] == "lukhas.agi_components"
    assert production.plugin("constellation:star")["note"] == said
    assert [f"acme-nodes 1.2.0: constellation:star is {said}; announce it there"] == [
        each for each in production.warned if each.startswith("acme-nodes")
    ]


def test_the_status_lists_what_can_be_resolved(production: Booted) -> None:
    assert {"node:constructed", "node:configured", "adapter:greeting"} <= set(production.status["registered"])
    assert "node:broken" not in production.status["registered"]
    assert production.status["discovery"]["mode"] == "auto"
    assert production.status["kinds"]["node"] >= 3


def test_discovering_again_opens_no_file_and_builds_nothing_again(production: Booted) -> None:
    assert production.opened == []
    assert production.is_unchanged


def test_where_the_package_is_not_installed_nothing_of_it_is_there(tmp_path: Path) -> None:
    without = booted(tmp_path)

    assert [each["plugin"] for each in without.status["plugins"] if each["distribution"] == "acme-nodes"] == []
    assert "node:constructed" not in without.status["registered"]


def test_nothing_is_discovered_unless_it_is_asked_for(site: Path) -> None:
    off = booted(site, discovery="off")

    assert (off.status["registered"], off.status["plugins"], off.imported) == ([], [], [])
    assert off.status["discovery"]["mode"] == "off"


def test_a_plugin_that_is_required_and_failed_ends_the_boot_with_its_reason(site: Path) -> None:
    required = booted(site, required=["node:broken", "node:constructed"])

    assert required.fault == (
        "PluginFault: 'node:broken' is required: node:broken of acme-nodes 1.2.0 failed: "
        "TypeError: __init__() missing 1 required positional argument: 'model'"
    )
    assert booted(site, required=["node:constructed", "adapter"]).fault is None


def test_a_second_package_with_the_same_name_is_an_error_or_is_shadowed_and_seen(site: Path, tmp_path: Path) -> None:
    steady = {"lukhas.cognitive_nodes": {"steady": "other.lanes.production:Steady"}}
    source = {"other/lanes/production/__init__.py": "class Steady:\n    answer = 'other'\n"}
    PluginPackage("other-nodes", "3.0", source, steady).install(tmp_path)

    in_ci = booted(site, tmp_path, on_duplicate="error")
    in_production = booted(site, tmp_path, on_duplicate="shadow")

    assert in_ci.fault == (
        "PluginFault: node:steady of acme-nodes 1.2.0 has the name 'node:steady' already; "
        "node:steady of other-nodes 3.0 may not have it, too: rename or uninstall one of the two"
    )
    assert in_production.fault is None
    assert in_production.answers["steady"] == "steady"
    assert [each["state"] for each in in_production.status["plugins"] if each["name"] == "steady"] == [
        "loaded",
        "shadowed",
    ]
    assert "other.lanes.production" not in in_production.imported
