"""The table of the service's figures: what a bar says, what is not measured, what is written. Nothing is timed here."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import pipeline_peers, runtime, tables
from bench.figure import HEADS, Bar, Figure, cells, installed, number
from bench.part import ROOT, Part, Ran, figures_of, ran

FIGURE = "from bench.figure import Bar, Figure\n\n\ndef figures(quick):\n"
GOOD = FIGURE + "    yield Figure('a hop', 2.0, 'ms', 5, 'a stroll', 0.5, Bar(3.0), samples=(1.5, 2.5))\n"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a bench of a test's own is written; each part finds it there."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "its_bench.py"


PART = Part("hops", "its_bench:figures")


# What a bar says


@pytest.mark.parametrize(
    ("measured", "bar", "outcome"),
    [
        (3.0, Bar(3.0), "met"),
        (3.01, Bar(3.0), "NOT met"),
        (3.0, Bar(3.0, at_least=True), "met"),
        (2.99, Bar(3.0, at_least=True), "NOT met"),
        (3.0, Bar(3.0, enough=11), "too few"),
        (3.0, Bar(3.0, enough=10), "met"),
        (3.01, Bar(3.0, enough=11), "NOT met"),
        (3.0, None, ""),
        (None, Bar(3.0), "not measured"),
        (None, None, "not measured"),
        (1.0, Bar(3.0, of_ratio=True), "not measured"),
    ],
)
def test_a_bar_is_met_at_its_limit_by_enough_that_were_measured(measured: float, bar: Bar, outcome: str) -> None:
    assert Figure("", measured, n=10, bar=bar).outcome == outcome


def test_a_bar_on_a_ratio_looks_at_nothing_else() -> None:
    assert Figure("", 900.0, ratio=1.9, bar=Bar(2.0, of_ratio=True)).outcome == "met"
    assert Figure("", 0.1, ratio=2.1, bar=Bar(2.0, of_ratio=True)).outcome == "NOT met"


def test_a_line_of_the_table_has_what_was_measured_and_what_it_is_held_against() -> None:
    figure = Figure("a hop", 1234.4, "µs of CPU", 7000, "a stroll", 0.5, Bar(2.0, of_ratio=True), "median 1,300")

    assert cells(figure) == (
        "a hop",
        "1,234 µs of CPU (median 1,300)",
        "0.5 x a stroll",
        "at most 2 x",
        "met",
        "7,000",
    )


def test_a_line_of_what_is_missing_says_why() -> None:
    assert cells(Figure("a hop", None, note="no hopper here")) == (
        "a hop",
        "no hopper here",
        "",
        "",
        "not measured",
        "",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.00819, "0.00819"),
        (0.31, "0.31"),
        (1.234, "1.23"),
        (99.96, "100.0"),
        (100, "100"),
        (19_712.4, "19,712"),
    ],
)
def test_a_number_has_as_many_digits_as_one_can_mean(value: float, shown: str) -> None:
    assert number(value) == shown


NUMBERS = st.floats(-1e9, 1e9)


@given(
    st.builds(
        Figure,
        st.text(),
        st.none() | NUMBERS,
        st.text(),
        st.integers(0, 10**9),
        ratio=st.none() | NUMBERS,
        bar=st.none() | st.builds(Bar, NUMBERS, st.booleans(), st.booleans(), st.integers(0, 10**6)),
        samples=st.lists(NUMBERS, max_size=3).map(tuple),
    )
)
def test_a_figure_is_the_same_after_its_way_out_of_another_process(figure: Figure) -> None:
    assert Figure.read(json.loads(json.dumps(dataclasses.asdict(figure)))) == figure


# A part, in a process of its own


def test_the_figures_of_a_part_come_out_of_its_process(bench: Path) -> None:
    bench.write_text(GOOD, "utf-8")
    told: list[Figure] = []

    found = ran(PART, quick=True, tell=told.append)

    assert (found.lacks, found.broke) == ("", "")
    assert found.figures == told == [Figure("a hop", 2.0, "ms", 5, "a stroll", 0.5, Bar(3.0), samples=(1.5, 2.5))]


def test_a_part_whose_extra_is_missing_is_named_as_not_measured(bench: Path) -> None:
    bench.write_text(f"import no_such_extra\n{GOOD}", "utf-8")

    found = ran(PART, quick=True)

    assert found.lacks == "not installed here: no_such_extra"
    assert [figure.outcome for figure in found.shown] == ["not measured"]


@pytest.mark.parametrize("said", ["ValueError('no\\nhops')", "SystemExit('no hops')"])
def test_a_part_that_breaks_keeps_what_it_had_and_says_why(bench: Path, said: str) -> None:
    bench.write_text(f"{GOOD}    raise {said}\n", "utf-8")

    found = ran(PART, quick=True)

    assert [figure.outcome for figure in found.shown] == ["met", "not measured"]
    assert found.broke == f"broke, exit code 1: {said.partition('(')[0]}: no hops"


def test_a_part_that_is_killed_is_not_taken_for_one_that_ended(bench: Path) -> None:
    bench.write_text(f"import os\n{GOOD}    os.kill(os.getpid(), 9)\n", "utf-8")

    assert ran(PART, quick=True).broke.startswith("broke, exit code -9")


def test_a_part_that_gives_nothing_is_not_measured(bench: Path) -> None:
    bench.write_text(f"{FIGURE}    print('all is well')\n    return []\n", "utf-8")

    assert [figure.note for figure in ran(PART, quick=True).shown] == ["gave no figures"]


def test_a_part_is_told_to_take_a_first_look_only(bench: Path) -> None:
    bench.write_text(f"{FIGURE}    yield Figure(str(quick), 1.0)\n", "utf-8")

    assert [ran(PART, quick=quick).figures[0].what for quick in (True, False)] == ["True", "False"]


@pytest.mark.parametrize("part", runtime.PARTS, ids=lambda part: part.name)
def test_every_part_is_there(part: Part) -> None:
    assert callable(figures_of(part.source))


# The whole table


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "runtime.md"
    path.write_text(f"before\n{runtime.BEGIN}\nold\n{runtime.END}\nafter\n", "utf-8")
    return path


def test_the_table_is_written_between_its_markers_with_a_line_for_every_part(
    bench: Path, document: Path, tmp_path: Path
) -> None:
    bench.write_text(GOOD, "utf-8")
    parts = [PART, Part("lost", "no_such_bench:figures"), Part("soak", "its_bench:figures", long=True)]

    code = runtime.main(["--markdown", str(document), "--json", str(tmp_path / "samples.json")], parts)

    written = document.read_text("utf-8")
    assert code == 0
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert "old" not in written
    assert "- bars: 1 met, 2 not measured" in written
    assert "| a hop | 2 ms | 0.5 x a stroll | at most 3 ms | met | 5 | hops |" in written
    assert "| bench.lost | not installed here: no_such_bench |  |  | not measured |  | lost |" in written
    assert "| bench.soak | takes long: --long measures it |  |  | not measured |  | soak |" in written
    kept = json.loads((tmp_path / "samples.json").read_text("utf-8"))["parts"]
    assert kept[0]["figures"][0]["samples"] == [1.5, 2.5]
    assert kept[0]["figures"][0]["outcome"] == "met"
    assert kept[1]["not measured"] == "not installed here: no_such_bench"


def test_what_takes_long_is_measured_when_it_is_asked_for(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench.write_text(GOOD, "utf-8")

    assert runtime.main(["--long"], [Part("soak", "its_bench:figures", long=True)]) == 0
    assert capsys.readouterr().out.endswith("\n1 met\n")


def test_a_part_that_breaks_fails_the_run_and_a_bar_that_is_missed_does_not(bench: Path) -> None:
    bench.write_text(GOOD.replace("Bar(3.0)", "Bar(1.0)"), "utf-8")
    assert runtime.main([], [PART]) == 0

    bench.write_text(f"{GOOD}    raise ValueError\n", "utf-8")
    assert runtime.main([], [PART]) == 1


def test_half_a_table_is_not_written_over_the_whole(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        runtime.main(["--only", "nats", "--markdown", str(document)])

    assert "leave out --only" in capsys.readouterr().err


def test_a_document_without_markers_is_refused_before_anything_is_measured(
    bench: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.write_text(f"raise SystemExit('measured')\n{GOOD}", "utf-8")
    (tmp_path / "empty.md").write_text("", "utf-8")

    assert runtime.main(["--markdown", str(tmp_path / "empty.md")], [PART]) == 1
    assert "once each" in capsys.readouterr().err


def test_what_would_end_a_cell_does_not() -> None:
    found = Ran(PART, [Figure("a | b", 1.0)])

    assert "| a \\| b |" in runtime.markdown([found], {})


def test_the_document_of_this_repository_has_its_markers_and_whole_lines() -> None:
    document = (ROOT / "docs" / "runtime.md").read_text("utf-8")
    _, _, rest = document.partition(runtime.BEGIN)
    written, _, _ = rest.partition(runtime.END)
    lines = [line.replace("\\|", "") for line in written.splitlines() if line.startswith("|")]

    assert "new" in tables.between_markers(document, "new", runtime.BEGIN, runtime.END)
    assert {line.count("|") for line in lines} <= {len(HEADS) + 3}


# The peers


def test_a_peer_that_is_not_installed_is_named_as_such() -> None:
    _, *peers = pipeline_peers.figures(quick=True)

    there = [installed(distribution) for _, distribution in pipeline_peers.PEERS.values()]
    assert [figure.measured is not None for figure in peers] == there
    assert all(figure.outcome == "not measured" for figure, is_there in zip(peers, there) if not is_there)
