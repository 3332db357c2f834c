"""Which reporters there are, and that each costs only itself."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given

from gates.errors import GatesError
from gates.report import Report
from gates.reporters import NAMES, reporter
from gates.reporters.lane_violations import lanes_json, lanes_markdown
from tests.reporters.random_reports import FEW, reports

RENDERS = [*map(reporter, NAMES), lanes_json, lanes_markdown]


def test_a_misspelt_reporter_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(GatesError, match="no reporter is called 'serif'; did you mean 'sarif'"):
        reporter("serif")


def test_a_name_like_no_other_is_answered_with_all_of_them() -> None:
    with pytest.raises(GatesError, match="use one of text, json, sarif, github, junit, markdown, html"):
        reporter("pdf")


@pytest.mark.parametrize("name", NAMES)
def test_asking_for_one_reporter_imports_no_other_and_no_rich(name: str) -> None:
    program = f"import sys, gates.reporters as r; r.reporter({name!r}); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, encoding="utf-8")
    loaded = done.stdout.split()

    assert [other for other in NAMES if f"gates.reporters.{other}" in loaded] == [name]
    assert "rich" not in loaded


# Drawing a report takes longer than all renderings of it.


@FEW
@given(report=reports())
def test_no_control_but_a_newline_and_no_lone_surrogate_leaves_a_reporter(report: Report) -> None:
    for render in RENDERS:
        text = render(report)

        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", text), render
        assert not [character for character in text if unicodedata.bidirectional(character) in BIDI], render


BIDI = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


@FEW
@given(report=reports())
def test_one_report_has_one_text(report: Report) -> None:
    for render in RENDERS:
        assert render(report) == render(report)
