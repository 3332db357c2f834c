"""The page shows what the figures say of change, budgets, bill and trend, and what could not be told."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.reporters.figure_sections import SHOWN, sections
from gates.reporters.html import page
from gates.reporters.timing_drawing import interval, trend
from tests.reporters.fixed_figures import FIGURES
from tests.reporters.fixed_report import CALM
from tests.reporters.test_html import Page


def said(figures: Any) -> str:
    return " ".join(Page(str(section)).said for section in sections(figures))


def test_it_says_how_much_of_the_change_is_reached_and_which_lines_are_not() -> None:
    text = said(FIGURES)

    assert "78 of 100 new statements are reached by a test: 78.0 %." in text
    assert "4, 7, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109 and 10 more" in text
    assert "1 changed module of which the report says nothing" in text


def test_the_module_of_which_most_is_missed_stands_first() -> None:
    text = said(FIGURES)

    assert text.index("shop/<guess>.py") < text.index("shop/till.py")


def test_a_budget_stands_beside_what_was_seen_and_between_what_it_lies() -> None:
    text = said(FIGURES)

    assert "61 ms seen, between 55 ms and 70 ms; the budget is 100 ms" in text
    assert "250 ms seen, between 200 ms and ?; the budget is 500 ms" in text
    assert "not measured" in text


def drawn(*of: Any) -> str:
    return str(interval(*of))


def test_a_budget_is_drawn_as_kept_only_where_the_upper_bound_keeps_it() -> None:
    assert 'class="kept"' in drawn(0.06, 0.05, 0.07, 0.1)
    for unproven in ((0.06, 0.05, 0.11, 0.1), (0.06, 0.05, None, 0.1), (0.2, 0.15, 0.3, 0.1)):
        assert 'class="over"' in drawn(*unproven)


def test_the_bill_says_what_the_change_did_to_the_lock() -> None:
    text = said(FIGURES)

    assert "136 components; requirements.txt since the base: 1 added, 1 removed, 1 upgraded." in text
    assert "useful" in text


def test_a_benchmark_is_drawn_over_time_with_its_budget() -> None:
    assert "p95 of test_ask: 22 measured, from 105 ms to 210 ms" in said(FIGURES)
    assert "test_new" not in said(FIGURES)  # nothing of it is kept


def test_one_measurement_can_be_drawn_as_well() -> None:
    assert str(trend([0.1], None, "it")).count("<circle") == 1


@pytest.mark.parametrize(("part", "recording"), [("change", "coverage"), ("budgets", "timings")])
def test_what_was_not_recorded_is_said_with_the_command_and_nothing_is_drawn(part: str, recording: str) -> None:
    figures = copy.deepcopy(FIGURES)
    figures["recordings"][recording]["lacking"] = {"r.json": "does not exist; run `make it`"}

    only = {"recordings": figures["recordings"], part: figures[part]}

    assert "could not be told: r.json: does not exist; run `make it`" in said(only)
    assert "<svg" not in " ".join(map(str, sections(only)))


def test_a_part_that_could_not_be_had_says_why() -> None:
    assert "could not be told: no tool" in said({"bill": {"lacking": "no tool"}})
    assert "there is no lock to compare" in said({"bill": {"components": 3}})


def test_what_no_gate_asks_for_has_no_section() -> None:
    assert list(sections({})) == []
    assert page(CALM, CALM, {}) == page(CALM, CALM)


def test_of_very_many_rows_the_rest_is_counted() -> None:
    change = {f"m{number}.py": {"statements": 1, "measured": True, "missed": []} for number in range(SHOWN + 5)}

    assert "and 5 more; figures.json holds them all" in said({"change": change})


@given(name=st.text(min_size=1, max_size=20))
def test_no_name_becomes_markup(name: str) -> None:
    figures = copy.deepcopy(FIGURES)
    figures["change"] = {name: {"statements": 1, "measured": True, "missed": [1]}}
    figures["budgets"][0]["name"] = name
    figures["trend"] = {name: FIGURES["trend"]["t.py::test_ask"]}

    found = Page(page(CALM, CALM, figures))

    assert found.open == []
    assert "script" not in {tag for tag, _ in found.elements}
