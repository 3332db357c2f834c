"""What installed distributions announce is read once, and alike on every Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runtime.registry import installed as module
from runtime.registry.installed import Candidate, Installed, read_installed
from tests.registry.plugin_package import PluginPackage

NODES, FORMER = "lukhas.cognitive_nodes", "lukhas.agi_nodes"


def package(name: str, version: str = "1.0", **groups: dict[str, str]) -> PluginPackage:
    announced = {group.replace("__", "."): entries for group, entries in groups.items()}
    return PluginPackage(name, version, {}, announced)


def read(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> Installed:
    monkeypatch.setattr(sys, "path", [str(folder) for folder in folders])
    return read_installed()


def test_every_group_is_read_by_both_names_and_others_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [NODES, FORMER, "lukhas.constellation_components", "lukhas.agi_components", "lukhas.adapters"]
    announced = {group: {f"n{place}": "m:C"} for place, group in enumerate([*groups, "lukhas.monitoring"])}
    announced["console_scripts"] = {"x": "m:main"}
    PluginPackage("acme-nodes", "1.0", {}, announced).install(tmp_path)

    found = read(monkeypatch, tmp_path)

    assert sorted(each.group for each in found.candidates) == sorted([*groups, "lukhas.monitoring"])
    assert sorted(each.former_group for each in found.candidates if each.former_group) == [
        "lukhas.agi_components",
        "lukhas.agi_nodes",
    ]
    assert found.distributions == 1
    assert {(each.distribution, each.version) for each in found.candidates} == {("acme-nodes", "1.0")}


def test_what_is_announced_in_a_group_and_in_its_former_name_is_one_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced = {FORMER: {"echo": "m:Echo", "old": "m:Old"}, NODES: {"echo": "m:Echo", "old": "m:New"}}
    PluginPackage("acme", "1", {}, announced).install(tmp_path)

    found = read(monkeypatch, tmp_path).candidates

    assert [(each.name, each.value, each.former_group) for each in found] == [
        ("echo", "m:Echo", None),
        ("old", "m:New", None),
        ("old", "m:Old", FORMER),
    ]


def test_the_order_is_of_the_path_and_then_of_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, folder in (("zeta", "b"), ("alpha", "b"), ("omega", "a"), ("Beta", "b")):
        PluginPackage(name, "1", {}, {NODES: {"echo": "m:C"}}).install(tmp_path / folder)

    forth = [each.distribution for each in read(monkeypatch, tmp_path / "a", tmp_path / "b").candidates]
    back = [each.distribution for each in read(monkeypatch, tmp_path / "b", tmp_path / "a").candidates]

    assert forth == ["omega", "alpha", "Beta", "zeta"]
    assert back == ["alpha", "Beta", "zeta", "omega"]


def test_a_distribution_that_another_hides_announces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PluginPackage("acme-nodes", "2.0", {}, {NODES: {"new": "m:C"}}).install(tmp_path / "first")
    PluginPackage("acme_nodes", "1.0", {}, {NODES: {"old": "m:C"}}).install(tmp_path / "second")
    PluginPackage("silent", "2.0", {}, {"console_scripts": {"x": "m:main"}}).install(tmp_path / "first")
    PluginPackage("silent", "1.0", {}, {NODES: {"silent": "m:C"}}).install(tmp_path / "second")

    found = read(monkeypatch, tmp_path / "first", tmp_path / "second").candidates

    assert [(each.name, each.version) for each in found] == [("new", "2.0")]


def test_a_path_that_is_there_twice_is_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PluginPackage("acme", "1", {}, {NODES: {"echo": "m:C"}}).install(tmp_path)

    assert len(read(monkeypatch, tmp_path, tmp_path).candidates) == 1


def test_a_broken_installation_is_told_and_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PluginPackage("acme", "1", {}, {NODES: {"echo": "m:C"}}).install(tmp_path)
    PluginPackage("broken", "1", {}, {}).install(tmp_path / "broken")
    (tmp_path / "broken" / "broken-1.dist-info" / "entry_points.txt").write_bytes(b"[lukhas.adapters]\nx = \xff\xfe")
    PluginPackage("bare", "1", {}, {NODES: {"bare": "m:C"}}).install(tmp_path / "bare")
    (tmp_path / "bare" / "bare-1.dist-info" / "METADATA").unlink()

    found = read(monkeypatch, tmp_path / "broken", tmp_path, tmp_path / "bare")

    assert [(each.name, each.distribution) for each in found.candidates] == [("echo", "acme"), ("bare", "unknown")]
    assert [unread.distribution for unread in found.unread] == [str(tmp_path / "broken")]
    assert "UnicodeDecodeError" in found.unread[0].reason


def test_the_file_is_read_with_its_comments_spaces_repetitions_and_nonsense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    PluginPackage("acme", "1", {}, {}).install(tmp_path)
    text = (
        "stray = x\n# [lukhas.adapters]\n[ lukhas.adapters ]\n; no\n\n a=m:A [extra]\n a = m:A\nA  =  m : A \nnothing\n"
    )
    (tmp_path / "acme-1.dist-info" / "entry_points.txt").write_text(text, encoding="utf-8")

    found = read(monkeypatch, tmp_path).candidates

    assert [(each.name, each.value, each.module) for each in found] == [
        ("A", "m : A", "m"),
        ("a", "m:A [extra]", "m"),
        ("a", "m:A", "m"),
        ("nothing", "", None),
    ]


@pytest.mark.parametrize("value", ["", "a b", "a:", ":b", "a.:b", "a-b:c", "a:b:c"])
def test_a_value_that_names_nothing_has_no_module(value: str) -> None:
    assert Candidate(NODES, "x", value, "acme", "1").module is None


def test_a_second_look_opens_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_known", None)
    first = module.installed()
    monkeypatch.setattr(sys, "path", ["/nowhere"])  # were it read again, nothing would be found

    assert module.installed() is first
    assert first.distributions > 0
