"""A plugin's name is read, or it is said what is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import PluginFault
from runtime.registry.plugin_name import FORMER_GROUPS, GROUPS, KINDS, PluginName, group_kind

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", fullmatch=True)


@given(st.sampled_from(KINDS), NAMES)
def test_what_is_written_is_read_back(kind: str, name: str) -> None:
    assert PluginName.parse(f"{kind}:{name}") == PluginName(kind, name)
    assert str(PluginName(kind, name)) == f"{kind}:{name}"


@given(st.text())
def test_any_text_is_a_name_or_a_fault(text: str) -> None:
    try:
        parsed = PluginName.parse(text)
    except PluginFault as fault:
        assert str(fault).isprintable()  # noqa: PT017
        assert len(str(fault)) < 250  # noqa: PT017
    else:
        assert str(parsed) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("memory", "'memory' names no kind; write kind:name, such as node:memory"),
        ("", "'' names no kind; write kind:name, such as node:memory"),
        (
            "nod:memory",
            "no kind is called 'nod'; did you mean 'node'?; use one of node, constellation, adapter, monitor",
        ),
        ("x:memory", "no kind is called 'x'; use one of node, constellation, adapter, monitor"),
        ("node:", "'' is no name of a node: use letters, digits, '_', '-' and '.'"),
        ("node:a b", "'a b' is no name of a node: use letters, digits, '_', '-' and '.'"),
        ("node:a:b", "'a:b' is no name of a node: use letters, digits, '_', '-' and '.'"),
        ("node:memory\n", "'memory\\n' is no name of a node: use letters, digits, '_', '-' and '.'"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(PluginFault) as raised:
        PluginName.parse(text)

    assert str(raised.value) == said


def test_each_group_has_its_kind_by_its_current_and_its_former_name() -> None:
    assert [group_kind(group) for group in GROUPS] == ["node", "constellation", "adapter", "monitor"]
    assert {former: group_kind(former) for former in FORMER_GROUPS} == {
        "lukhas.agi_nodes": "node",
        "lukhas.agi_components": "constellation",
    }
