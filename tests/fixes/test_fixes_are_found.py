"""A fix is found by the name of its gate, and is given what it asks for by type."""

from __future__ import annotations

from pathlib import Path

import pytest

import gates.fixes
from gates import catalogue
from gates.errors import GatesError
from gates.facts.checkout import Checkout
from gates.facts.fact import parameters
from gates.fixes.edit import Found

FOLDER = Path(gates.fixes.__file__).parent
WITH_MEND = {file.stem.replace("_", "-") for file in FOLDER.glob("*.py") if "\ndef mend(" in file.read_text("utf-8")}


def test_every_module_that_mends_is_named_after_a_gate_and_the_others_are_not() -> None:
    assert WITH_MEND
    assert set(catalogue.mendable()) == WITH_MEND


@pytest.mark.parametrize("name", catalogue.mendable())
def test_a_fix_asks_for_its_gate_for_what_it_found_and_for_facts(name: str) -> None:
    wanted = set(parameters(catalogue.fix_of(name)).values())
    gate = catalogue.catalogue()[name].load()

    assert {gate, Found} <= wanted
    for kind in wanted - {gate, Found, Checkout}:
        assert hasattr(kind, "gather"), kind


def test_a_gate_without_a_fix_has_none() -> None:
    without = sorted(set(catalogue.catalogue()) - set(catalogue.mendable()))[0]

    with pytest.raises(GatesError, match=f"'{without}' has no fix; there are fixes for "):
        catalogue.fix_of(without)
