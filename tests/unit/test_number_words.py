"""Numbers agree with their nouns."""

from __future__ import annotations

import pytest

from gates.number_words import counted, many


@pytest.mark.parametrize(
    ("unit", "one"),
    [
        ("modules", "1 module"),
        ("lanes", "1 lane"),
        ("debts", "1 debt"),
        ("workflow steps", "1 workflow step"),
        ("modules with loaders", "1 module with loaders"),
        ("locked dependencies", "1 locked dependency"),
        ("branches", "1 branch"),
        ("classes", "1 class"),
        ("coverage", "1 coverage"),
    ],
)
def test_one_of_a_unit_is_told_as_one_and_any_other_number_as_many(unit: str, one: str) -> None:
    assert counted(1, unit) == one
    assert counted(0, unit) == f"0 {unit}"
    assert counted(1204, unit) == f"1,204 {unit}"


def test_a_noun_that_is_given_as_one_gets_its_plural() -> None:
    assert [many(number, "finding") for number in (0, 1, 2)] == ["0 findings", "1 finding", "2 findings"]
