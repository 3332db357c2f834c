"""The page of a report: whole by itself, and nothing in it that is not ours."""

from __future__ import annotations

import base64
import hashlib
import shutil
import struct
import subprocess
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given

from gates.report import LaneMap, Report
from gates.reporters.html import page, render
from gates.reporters.lane_drawing import MOST, drawing, table
from gates.reporters.printable import printable
from tests.reporters.fixed_figures import FIGURES
from tests.reporters.fixed_report import CALM, REPORT
from tests.reporters.random_reports import FEW, reports

OURS = set(
    "html head meta title style body a header main section h1 h2 p dl dt dd div table tr th td ul li code pre span "
    "details summary svg g rect text path circle defs marker".split()
)
VOID = {"meta"}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page(HTMLParser):
    """The elements in their order, their attributes, and the text outside the style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Optional[str]]]] = []
        self.open: list[str] = []
        self.said = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Optional[str]]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data if self.open[-1:] != ["style"] else ""


@FEW
@given(report=reports())
def test_nothing_in_a_report_becomes_markup_or_leads_away(report: Report) -> None:
    found = Page(page(report, report))

    assert found.open == []
    assert {tag for tag, _ in found.elements} <= OURS
    for _, attributes in found.elements:
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")


def test_it_may_load_nothing_and_run_nothing_and_its_style_is_the_one_that_is_named() -> None:
    text = render(REPORT)
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [told for tag, told in Page(text).elements if told.get("http-equiv") == "Content-Security-Policy"]

    assert [policy["content"] for policy in policies] == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]


def test_every_gate_every_finding_and_its_source_line_is_said() -> None:
    said = Page(render(REPORT)).said

    for result in REPORT.results:
        assert result.gate in said
        for finding in result.findings:
            assert finding.message in said
    for line in REPORT.lines.values():
        assert printable(line.strip()) in said


def test_with_the_proof_it_says_what_was_planted_for_each_gate() -> None:
    assert "shown to fail" in Page(page(CALM, CALM)).said
    assert "shown to fail" not in Page(page(CALM)).said


def test_a_forbidden_import_is_drawn_apart_from_those_that_are_allowed() -> None:
    lanes = LaneMap(
        {"new": 2, "old": 1}, {"new": ("new", "old"), "old": ("old",)}, {("new", "old"): 5, ("old", "new"): 3}
    )

    assert drawing(lanes).count('class="allowed"') == drawing(lanes).count('class="forbidden"') == 1
    assert "forbids it" in table(lanes)


def test_more_lanes_than_anybody_would_see_are_in_the_table_alone() -> None:
    names = [f"lane{number}" for number in range(MOST + 1)]
    lanes = LaneMap({}, dict.fromkeys(names, ()), {(names[0], names[1]): 2})

    assert drawing(lanes) == "<p>There are too many lanes to be drawn.</p>"
    assert "lane1" in table(lanes)


def colours(png: bytes) -> int:
    """How many different bytes the rows of a picture have: an empty page has hardly any."""
    data, at = b"", 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += size + 12
    return len(set(zlib.decompress(data)))


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_light_and_dark_and_has_nothing_to_complain_of(tmp_path: Path, scheme: str) -> None:
    assert CHROMIUM is not None
    (tmp_path / "report.html").write_text(page(REPORT, REPORT, FIGURES), "utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--enable-logging=stderr", "--v=0", "--window-size=1000,1400"]
    command += [f"--blink-settings=preferredColorScheme={1 if scheme == 'light' else 0}"]
    picture = tmp_path / "page.png"

    done = subprocess.run(
        [*command, f"--screenshot={picture}", (tmp_path / "report.html").as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip

    assert "CONSOLE" not in done.stderr  # (what the page's policy refuses is said there)
    assert colours(picture.read_bytes()) > 100
