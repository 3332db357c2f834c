"""The bench adds up what it measures, refuses what did no work, and leaves nothing behind. Nothing here is timed."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import plan, tables
from bench.bars import Verdict, verdicts
from bench.corpora import CORPORA, Corpus, commit, fetched, gates_toml, git, policies, unpacked, write
from bench.figures import Figures, Sample, ratio
from bench.gates import main, workplace
from bench.measure import BenchError, Command, environment, started, timed
from bench.memory import Peak, peak, sampled, session_of, sums_of
from bench.peers import IMPORT_LINTER, RUFF, Peers, crossing, importlinter_ini, outer_modules, ruff_toml, tach_toml
from bench.rounds import Measured
from bench.states import Tree
from gates.policy import Policy
from gates.policy_file import parse_toml

SMALL = Corpus("small", "1.0", "0" * 64, "small", "lab", edited="small/tool.py", added="import small.other")
SMALL_FILES = {
    "small/__init__.py": "",
    "small/tool.py": "import os\n",
    "small/other.py": "",
    "small/deep/__init__.py": "",
    "small/lab/__init__.py": "",
    "small/lab/first.py": "import small\n",
    "small/lab/second.py": "",
    "tests/test_small.py": "",
}


def python(code: str, folder: Path, says: str = "") -> Command:
    return Command((sys.executable, "-c", code), folder, says=says)


def figures(*walls: float) -> Figures:
    return Figures.of([Sample(wall, wall / 2) for wall in walls])


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    place = tmp_path / "tree"
    place.mkdir()
    write(place, {**SMALL_FILES, **policies(SMALL)})
    git(place, "init", "--quiet")
    git(place, "config", "user.name", "bench")
    git(place, "config", "user.email", "bench@invalid")
    commit(place, "All")
    return Tree(SMALL, tmp_path, place, Peers(SMALL, tmp_path / "peers"))


# figures


def test_the_figure_of_several_runs_is_their_median_and_not_their_mean() -> None:
    found = Figures.of([Sample(1.0, 4.0), Sample(9.0, 2.0), Sample(2.0, 3.0)])

    assert found == Figures(wall=2.0, least=1.0, most=9.0, cpu=3.0, runs=3)


def test_an_even_number_of_runs_gives_the_middle_of_the_middle_two() -> None:
    assert figures(1.0, 2.0, 4.0, 9.0).wall == 3.0


def test_no_runs_give_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Figures.of([])


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=9))
def test_the_order_of_the_runs_does_not_matter(walls: list[float]) -> None:
    shuffled = sorted(walls, reverse=True)

    assert figures(*walls) == figures(*shuffled)
    assert min(walls) <= figures(*walls).wall <= max(walls)


def test_a_ratio_is_of_medians() -> None:
    assert ratio(figures(1.0, 2.0, 90.0), figures(4.0, 4.0, 4.0)) == 0.5


def test_a_ratio_to_what_was_not_measured_is_unknown() -> None:
    assert ratio(figures(1.0), None) is None
    assert ratio(None, figures(1.0)) is None
    assert ratio(figures(1.0), figures(0.0)) is None


# bars


def test_a_bar_is_met_at_its_very_limit_and_not_above() -> None:
    assert Verdict("", 1.0, 1.0, "x").outcome == "met"
    assert Verdict("", 1.01, 1.0, "x").outcome == "NOT MET"


def test_a_bar_whose_tool_is_missing_is_not_met() -> None:
    assert Verdict("", None, 1.0, "x").outcome == "not measured here"


def test_every_bar_is_judged_on_the_row_it_is_about() -> None:
    ours = {
        plan.UNCHANGED: 1.0,
        plan.FRESH: 4.0,
        plan.IMPORT_ADDED: 0.25,
        plan.BODY_CHANGED: 0.5,
        plan.COLD_IMPORTS: 6.0,
        plan.COLD_ALL: 18.0,
        plan.PROVE: 7.0,
    }
    walls = {(state, plan.GATES): figures(wall) for state, wall in ours.items()}
    walls[plan.UNCHANGED, RUFF] = figures(2.0)
    walls[plan.WARM, RUFF] = figures(4.0)
    walls[plan.COLD, IMPORT_LINTER] = figures(3.0)
    peaks = {(plan.COLD_ALL, plan.GATES): Peak(pss=300 << 20), (plan.COLD, RUFF): Peak(pss=900 << 20)}

    found = [(bar.measured, bar.limit, bar.outcome) for bar in verdicts(walls, peaks, prove_bar=True)]

    assert found == [
        (0.5, 1.0, "met"),
        (0.5, 0.5, "met"),
        (1.0, 1.5, "met"),
        (0.25, 0.3, "met"),
        (0.5, 0.3, "NOT MET"),
        (2.0, 1.0, "NOT MET"),
        (6.0, 3.0, "NOT MET"),
        (300.0, 250.0, "NOT MET"),
        (7.0, 10.0, "met"),
    ]


def test_without_figures_no_bar_is_met() -> None:
    assert {bar.outcome for bar in verdicts({}, {}, prove_bar=True)} == {"not measured here"}


# memory


@pytest.mark.parametrize("name", ["git", "a b", "(sd-pam)", "odd) R 1 2 3 (", "new\nline"])
def test_the_session_of_a_process_is_found_whatever_it_is_called(name: str) -> None:
    assert session_of(f"123 ({name}) S 7 8 4711 0 -1 4194560 1 2 3") == 4711


def test_pss_and_rss_are_read_in_bytes_and_their_relatives_left_alone() -> None:
    rollup = "55d0-7ffe ---p 0 00:00 0 [rollup]\nRss:   2048 kB\nPss:   1024 kB\nPss_Dirty:  7 kB\nSwapPss:  9 kB\n"

    assert sums_of(rollup) == (1024 * 1024, 2048 * 1024)


def test_what_the_kernel_does_not_tell_is_nothing() -> None:
    assert sums_of("") == (0, 0)


def process(proc: Path, pid: int, session: int, pss: int) -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "stat").write_text(f"{pid} (x) S 1 {session} {session} 0 -1 0", "utf-8")
    (proc / str(pid) / "smaps_rollup").write_text(f"Rss: {2 * pss} kB\nPss: {pss} kB\n", "utf-8")


def test_all_processes_of_the_session_count_together_and_no_others(tmp_path: Path) -> None:
    process(tmp_path, 10, session=10, pss=100)
    process(tmp_path, 11, session=10, pss=20)
    process(tmp_path, 12, session=12, pss=4000)
    (tmp_path / "13").mkdir()  # ended while it was looked at
    (tmp_path / "self").mkdir()

    assert sampled(10, tmp_path) == Peak(120 * 1024, 240 * 1024, 2, 1)


def test_the_peak_is_the_highest_sum_and_not_the_last() -> None:
    assert Peak(5, 9, 2, 1).joined(Peak(7, 8, 1, 1)) == Peak(7, 9, 2, 2)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the kernel does not tell")
def test_the_peak_of_a_command_holds_what_its_children_held(tmp_path: Path) -> None:
    child = "held = b'x' * (64 << 20); import time; time.sleep(0.5)"
    seen = peak(
        python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])", tmp_path), tmp_path / "o"
    )

    assert seen is not None
    assert seen.pss > 64 << 20
    assert seen.processes >= 2


# commands


def test_the_cpu_time_of_processes_that_a_command_waited_for_counts(tmp_path: Path) -> None:
    burn = "import os\nwhile sum(os.times()[:2]) < 0.3: pass"

    sample = timed(
        python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])", tmp_path), tmp_path / "o"
    )

    assert sample.cpu >= 0.3


def test_a_command_that_fails_gives_no_figure(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="ended with 3, not 0:\nwhy"):
        timed(python("print('why'); raise SystemExit(3)", tmp_path), tmp_path / "o")


def test_a_command_that_does_not_say_that_it_worked_gives_no_figure(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="did it look at anything"):
        timed(python("print('no contracts found')", tmp_path, says="[1-9] kept"), tmp_path / "o")


def test_a_command_that_a_signal_ended_gives_no_figure(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="ended with -9"):
        timed(python("import os; os.kill(os.getpid(), 9)", tmp_path), tmp_path / "o")


def test_an_interrupted_bench_ends_what_it_had_started(tmp_path: Path) -> None:
    reached: list[int] = []

    def interrupted() -> None:
        with started(python("import time; time.sleep(600)", tmp_path), tmp_path / "o") as running:
            reached.append(running.pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(ProcessLookupError):
        os.kill(reached[0], 0)


def test_settings_of_the_person_do_not_reach_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATES_STORE", "memory://elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")

    assert not {"GATES_STORE", "PYTHONPATH"} & set(environment())


def test_the_workplace_is_gone_afterwards(tmp_path: Path) -> None:
    def interrupted() -> None:
        with workplace(tmp_path) as place:
            (place / "tree").mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


# corpora


def test_another_file_under_the_name_of_a_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / SMALL.archive).write_bytes(b"not what was released")

    with pytest.raises(BenchError, match=r"small-1\.0\.tar\.gz: its SHA-256 is [0-9a-f]{64}, not 0000"):
        fetched(SMALL, tmp_path)


def test_a_release_becomes_a_repository_of_one_commit_that_holds_every_file(tmp_path: Path) -> None:
    write(tmp_path / "small-1.0", {**SMALL_FILES, ".gitignore": "*.log\n", "kept.log": "ignored, and still released\n"})
    archive = tmp_path / SMALL.archive
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(tmp_path / "small-1.0", "small-1.0")

    place = unpacked(archive, tmp_path / "tree")

    assert git(place, "rev-list", "--count", "HEAD").strip() == "1"
    assert git(place, "ls-files").splitlines() == sorted([*SMALL_FILES, ".gitignore", "kept.log"])
    assert git(place, "status", "--porcelain") == ""
    assert archive.exists()


@pytest.mark.parametrize("corpus", [*CORPORA, SMALL], ids=lambda corpus: corpus.name)
def test_the_policy_of_each_corpus_is_one_that_gates_reads(corpus: Corpus, tmp_path: Path) -> None:
    write(tmp_path, policies(corpus))

    policy = Policy.load(tmp_path / "policies")

    assert [section.gate for section in policy.sections] == [
        "cross-lane-import", "dynamic-import", "unparsable-module", "swallowed-failure"
    ]  # fmt: skip
    assert [lane["name"] for lane in policy.tables["lanes.toml"]["lane"]] == [corpus.inner, "core", "tests"]


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.name)
def test_the_edited_file_of_each_corpus_lies_in_the_lane_that_may_not_import_the_other(corpus: Corpus) -> None:
    assert corpus.edited.startswith(f"{corpus.package}/")
    assert not corpus.edited.startswith(f"{corpus.package}/{corpus.inner}/")
    assert f"{corpus.package}.{corpus.inner}" not in corpus.added


# peers


def test_the_sources_of_the_contract_are_all_of_the_package_but_the_inner_one(tree: Tree) -> None:
    assert outer_modules(SMALL, tree.place) == ["small.deep", "small.other", "small.tool"]


def test_only_imports_that_cross_the_boundary_are_set_aside() -> None:
    said = """
    -   small.tool -> small.other (l.3)
        small.other -> small.lab.first (l.4, l.9)
        small.lab.first -> small.lab.second (l.1)
    & small.deep -> small.laboratory (l.2)
    """

    assert crossing(SMALL, said) == [("small.other", "small.lab.first")]


def test_the_configuration_of_import_linter_is_read_back() -> None:
    parser = configparser.ConfigParser()
    parser.read_string(importlinter_ini(SMALL, ["small.tool"], [("small.tool", "small.lab.first")]))

    contract = parser["importlinter:contract:boundary"]
    assert contract["forbidden_modules"].split() == ["small.lab"]
    assert contract["ignore_imports"].split("\n") == ["", "small.tool -> small.lab.first"]


def test_the_configurations_of_ruff_and_tach_are_toml_and_name_the_boundary() -> None:
    ruff = parse_toml(ruff_toml(SMALL, ['small/odd"name.py'], ["small/broken.py"]).encode(), "ruff.toml")
    tach = parse_toml(tach_toml(SMALL).encode(), "tach.toml")

    assert "small.lab" in ruff["lint"]["flake8-tidy-imports"]["banned-api"]
    assert set(ruff["lint"]["per-file-ignores"]) == {"small/lab/**", 'small/odd"name.py'}
    assert ruff["extend-exclude"] == ["small/broken.py"]
    assert tach["modules"][0] == {"path": "small", "depends_on": []}


# states


def changed(tree: Tree) -> list[str]:
    return git(tree.place, "diff", "--name-only").splitlines()


def test_an_edit_changes_one_file_and_each_time_otherwise(tree: Tree) -> None:
    seen = set()
    for edit in (tree.import_added, tree.body_changed, tree.import_added, tree.body_changed):
        edit()
        assert changed(tree) == ["small/tool.py"]
        seen.add((tree.place / "small/tool.py").read_text("utf-8"))

    assert len(seen) == 4
    assert all(text.startswith("import os\n") for text in seen)


def test_an_edited_policy_changes_one_section_and_each_time_otherwise(tree: Tree) -> None:
    seen = set()
    for _ in range(3):
        tree.policy_edited()
        assert changed(tree) == ["policies/gates.toml"]
        seen.add((tree.place / "policies/gates.toml").read_text("utf-8"))

    assert len(seen) == 3
    assert all(text.startswith(gates_toml().rstrip()) for text in seen)


def test_new_mtimes_are_new_for_every_file_and_leave_the_content(tree: Tree) -> None:
    before = {path: (tree.place / path).stat().st_mtime_ns for path in SMALL_FILES}

    tree.touched()

    assert all((tree.place / path).stat().st_mtime_ns > before[path] for path in SMALL_FILES)
    assert changed(tree) == []


# what is printed


def measured() -> Measured:
    group = [(plan.UNCHANGED, plan.GATES), (plan.UNCHANGED, RUFF)]
    samples = {group[0]: [Sample(0.5, 0.25)], group[1]: [Sample(1.0, 2.0)]}
    return Measured("small", "1.0", 8, 7, [group], samples, {group[0]: Peak(pss=10 << 20)})


def test_a_peer_s_line_says_how_many_times_its_time_ours_is() -> None:
    ours, theirs = tables.rows(measured())

    assert ours == ("unchanged", "gates", "0.500", "0.500-0.500", "0.250", "1", "10", "")
    assert theirs == ("unchanged", "ruff", "1.000", "1.000-1.000", "2.000", "1", "", "0.50 x")


def test_each_corpus_has_its_table_and_its_bars() -> None:
    shown = tables.text([measured(), measured()], {"machine": "small"})

    assert shown.count("small 1.0: 7 modules of 8 files") == 2
    assert shown.count("unchanged, beside warm ruff") == 2
    assert "not measured here" in shown


def test_every_line_of_a_markdown_table_has_as_many_cells_as_its_head() -> None:
    lines = tables.markdown([measured()], {"machine": "small"}).splitlines()

    for head in ("| state |", "| bar |"):
        (start,) = (number for number, line in enumerate(lines) if line.startswith(head))
        table = lines[start : lines.index("", start) if "" in lines[start:] else None]
        assert len(table) >= 4
        assert {line.count("|") for line in table} == {lines[start].count("|")}


def test_the_script_of_make_bench_starts_beside_a_package_of_its_own_name(tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "bench" / "gates.py"

    done = subprocess.run([sys.executable, str(script), "--help"], cwd=tmp_path, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"--markdown" in done.stdout


def test_only_what_stands_between_the_markers_is_written() -> None:
    document = f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n"

    written = tables.between_markers(document, "new\n")

    assert written == f"before\n{tables.BEGIN}\n\nnew\n\n{tables.END}\nafter\n"
    assert tables.between_markers(written, "new\n") == written


@pytest.mark.parametrize(
    "document", ["", tables.BEGIN, tables.END, tables.END + tables.BEGIN, (tables.BEGIN + tables.END) * 2]
)
def test_a_document_without_its_two_markers_is_left_alone(document: str) -> None:
    with pytest.raises(BenchError, match="once each"):
        tables.between_markers(document, "new")


def test_the_document_of_this_repository_has_its_markers() -> None:
    document = (Path(__file__).parents[1] / "docs" / "benchmarks.md").read_text("utf-8")

    assert "new" in tables.between_markers(document, "new")


def test_a_document_that_cannot_be_written_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.md").write_text("", "utf-8")

    code = main(["--markdown", str(tmp_path / "empty.md"), "--corpora", str(tmp_path), "--work", str(tmp_path)])

    assert code == 1
    assert "once each" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["empty.md"]


@pytest.mark.parametrize("word", ["0", "-1", "many", "²"])
def test_a_number_of_rounds_that_is_none_is_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--runs={word}"])
    assert "1 or more" in capsys.readouterr().err
