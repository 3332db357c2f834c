"""A job's summary: small enough to be kept, and with no markup that is not ours."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gates.finding import Finding
from gates.report import LaneMap, Level, Outcome, Report, Result
from gates.reporters.lane_violations import lanes_markdown
from gates.reporters.markdown import render
from gates.reporters.markdown_text import code, escaped
from gates.reporters.mermaid import diagram
from tests.reporters.fixed_report import CALM, REPORT
from tests.reporters.random_reports import FEW, reports, texts

PARSER = MarkdownIt("commonmark").enable("table")
OURS = {"heading", "paragraph", "table", "thead", "tbody", "tr", "th", "td", "bullet_list", "list_item", "fence"}
OURS_WITHIN = {"text", "strong", "em", "code_inline", "softbreak"}


def kinds(text: str) -> tuple[set[str], set[str]]:
    tokens = PARSER.parse(text)
    blocks = {re.sub("_(open|close)$", "", token.type) for token in tokens if token.type != "inline"}
    within = {re.sub("_(open|close)$", "", child.type) for token in tokens for child in token.children or ()}
    return blocks, within


def shown(text: str) -> str:
    return "".join(
        child.content for token in PARSER.parse(text) for child in token.children or () if child.type != "softbreak"
    )


@FEW
@given(report=reports())
def test_nothing_in_a_report_becomes_markup(report: Report) -> None:
    for text in (render(report), lanes_markdown(report)):
        blocks, within = kinds(text)

        assert blocks <= OURS
        assert within <= OURS_WITHIN | {"text_special"}


@FEW
@given(report=reports())
def test_every_gate_is_one_row_of_as_many_cells_as_the_head_has(report: Report) -> None:
    tokens = [token.type for token in PARSER.parse(render(report)) if not token.type.endswith("close")]

    if report.results:
        assert tokens.count("tr_open") == 1 + len(report.results)
        assert tokens.count("td_open") == 7 * len(report.results)
        assert tokens.count("table_open") == 1


def test_a_bar_in_a_name_ends_no_cell() -> None:
    result = Result("a|b", Level.BLOCK, Outcome.PASSED, examined={"c|d": 5})
    cells = [
        token.content for token in PARSER.parse(render(replace(CALM, results=(result,)))) if token.type == "inline"
    ]

    assert cells[-7:] == ["a&#124;b", "passed", "block", "0", "0", "0", "5 c&#124;d"]


@pytest.mark.parametrize("text", ["a|b", "`x`", "<b>", "&amp;", "# x", "- x", "1. x", "__init__.py", "[a](b)", "a_b_c"])
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    assert shown(escaped(text)) == text
    assert kinds(escaped(text)) == ({"paragraph"}, {"text"})


@FEW
@given(texts)
def test_a_code_span_is_one_code_span(text: str) -> None:
    (inline,) = (token for token in PARSER.parse(f"x {code(text)} y") if token.type == "inline")

    assert [child.type for child in inline.children or ()] == ["text", "code_inline", "text"]


def test_a_summary_of_very_many_long_findings_stays_below_a_mebibyte_and_says_that_it_is_cut() -> None:
    long = tuple(Finding(f"{'ä' * 3000}{number}.py", 1, "<" * 5000, subject="x") for number in range(150))
    results = tuple(Result(f"gate-{number}", Level.BLOCK, Outcome.FAILED, long) for number in range(5))
    text = render(replace(REPORT, results=results))

    assert len(text.encode()) < 2**20
    assert "_The rest does not fit here; `--report json=FILE` holds it all._" in text
    assert "```mermaid" in text


def test_a_gate_with_many_findings_says_how_many_are_not_shown() -> None:
    many = tuple(Finding(f"{number:03}.py", 1, "is wrong", subject="x") for number in range(130))
    text = render(replace(CALM, results=(Result("g", Level.BLOCK, Outcome.FAILED, many),)))

    assert text.count("is wrong") == 100
    assert "_and 30 more; `--report json=FILE` holds them all_" in text


def test_what_the_policy_forbids_is_red_and_what_it_allows_is_not() -> None:
    assert REPORT.lanes is not None
    lines = diagram(REPORT.lanes)
    arrows = [line for line in lines if "-->" in line]

    assert arrows[1] == '    lane1 -->|"2"| lane0'
    assert [line for line in lines if "linkStyle" in line] == [
        "    linkStyle 1 stroke:#d1242f,stroke-width:3px,color:#d1242f"
    ]


def test_a_lane_that_may_not_import_itself_and_does_is_drawn() -> None:
    lines = diagram(LaneMap({"a": 2}, {"a": ()}, {("a", "a"): 1}))

    assert '    lane0 -->|"1"| lane0' in lines


@FEW
@given(st.text())
def test_a_lane_called_anything_is_one_node(name: str) -> None:
    lines = diagram(LaneMap({name: 1}, {name: ()}, {}))

    assert len(lines) == 4
    assert re.fullmatch(r'    lane0\["[A-Za-z0-9 ._/#;-]*<br/>1 module"\]', lines[2])


def test_more_arrows_than_mermaid_draws_are_not_handed_to_it() -> None:
    names = [f"lane-{number}" for number in range(40)]
    every = LaneMap(dict.fromkeys(names, 1), dict.fromkeys(names, ()), {(a, b): 1 for a in names for b in names})

    assert diagram(every) == ["There are too many lanes and arrows between them to be drawn."]
