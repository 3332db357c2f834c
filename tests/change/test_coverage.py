"""What reports of coverage tell, in every format, joined, and when they are too old to tell it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.errors import PolicyError
from gates.facts.coverage import Coverage, CoverageSettings
from gates.facts.coverage_reports import json_report, lcov_report, xml_report
from gates.facts.coverage_reports.lines import EXIT, FileLines, ReportError, joined
from tests.change.asking import gatherer
from tests.checkout.repository import Repository

RECALL = """\
def recall(cue, kept):
    if cue in kept:
        return kept[cue]
    for record in kept:
        print(
            record,
        )
    return None


def fold(kept):
    return dict(kept)
"""
RUN = """\
import sys
from coverage import Coverage
measured = Coverage(data_file=sys.argv[1], branch=True, config_file=False)
measured.start()
import memory
memory.recall(1, {2: 3})
measured.stop()
measured.save()
measured.json_report(outfile="coverage.json")
measured.xml_report(outfile="coverage.xml")
measured.lcov_report(outfile="coverage.lcov")
"""
FORMATS = (".coverage", "coverage.json", "coverage.xml", "coverage.lcov")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("measured"))
    made.commit(memory=RECALL, never="x = 1\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    subprocess.run(
        [sys.executable, "-c", RUN, ".coverage"], cwd=made.root, check=True, stdout=subprocess.DEVNULL, env=environ
    )
    return made


def coverage(repository: Repository, *reports: str, **more: Any) -> Coverage:
    return gatherer(repository.open(), CoverageSettings=CoverageSettings(reports, **more)).get(Coverage)


@pytest.mark.parametrize("report", FORMATS)
def test_every_format_tells_the_same_of_one_run(measured: Repository, report: str) -> None:
    fact = coverage(measured, report)

    lines = fact.of(["memory.py", "never.py"])["memory.py"]

    assert sorted(lines.executed) == [1, 2, 4, 5, 8, 11]
    assert sorted(lines.missing) == [3, 12]
    assert sorted(lines.missing_branches) == [(2, "3")]
    assert lines.has_branches
    assert fact.lacking == {}
    assert fact.account() == {"measured": 1}


def test_a_module_that_no_report_mentions_is_left_out(measured: Repository) -> None:
    assert set(coverage(measured, *FORMATS).of(["memory.py", "never.py"])) == {"memory.py"}


def test_several_reports_are_joined(measured: Repository) -> None:
    other = {"executed_lines": [1, 2, 3, 11, 12], "missing_lines": [4, 5, 8], "missing_branches": [[2, 4]]}
    measured.write(
        "other.json", json.dumps({"meta": {"branch_coverage": True}, "files": {"/ci/work/x/memory.py": other}})
    )

    lines = coverage(measured, ".coverage", "other.json").of(["memory.py"])["memory.py"]

    assert lines.missing == frozenset()
    assert lines.missing_branches == frozenset()


def write(repository: Repository, **file: Any) -> None:
    tree = {"meta": {"branch_coverage": True, **file.pop("meta", {})}, "files": {file.pop("path", "memory.py"): file}}
    repository.write("coverage.json", json.dumps(tree))


PLAIN: dict[str, Any] = {"executed_lines": [1], "missing_lines": [2], "missing_branches": []}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit(memory=RECALL)
    return made


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("memory.py", True),
        ("./memory.py", True),
        ("/somewhere/else/memory.py", True),
        ("app/memory.py", False),
        ("/usr/lib/python3/site-packages/memory.py", False),
    ],
)
def test_a_path_of_another_machine_is_known_by_its_end(repository: Repository, name: str, is_ours: bool) -> None:
    write(repository, path=name, **PLAIN)

    assert set(coverage(repository, "coverage.json").of(["memory.py"])) == ({"memory.py"} if is_ours else set())


def test_a_report_that_is_missing_is_told_with_the_command_that_makes_it(repository: Repository) -> None:
    fact = coverage(repository, "coverage.json", made_by="make it so")

    assert fact.lacking == {"coverage.json": "does not exist; run `make it so`"}
    assert not fact.is_told


@pytest.mark.parametrize("content", ["{", "<x/>", "<coverage", "nonsense", "SQLite format 3\0 and no more", ""])
def test_a_damaged_report_is_told_and_never_taken_for_an_empty_one(repository: Repository, content: str) -> None:
    repository.write("coverage.json", content)

    fact = coverage(repository, "coverage.json")
    fact.of(["memory.py"])

    assert list(fact.lacking) == ["coverage.json"]


def test_a_report_of_another_project_is_told(repository: Repository) -> None:
    write(repository, path="theirs.py", **PLAIN)

    assert "speaks of no module" in coverage(repository, "coverage.json").lacking["coverage.json"]


def test_one_report_of_other_code_beside_ours_is_told(repository: Repository) -> None:
    write(repository, **PLAIN)
    theirs = {"meta": {"branch_coverage": True}, "files": {"theirs.py": PLAIN}}
    repository.write("theirs.json", json.dumps(theirs))

    fact = coverage(repository, "coverage.json", "theirs.json")

    assert list(fact.lacking) == ["theirs.json"]
    assert not fact.is_told


@pytest.mark.parametrize("content", ['{"meta": {}, "files": {}}', '{"meta": {}, "files": {"/x/a.py": PLAIN}}', "{"])
def test_what_cannot_be_used_is_nothing_to_go_by(repository: Repository, content: str) -> None:
    repository.write("coverage.json", content.replace("PLAIN", json.dumps(PLAIN)))

    assert not coverage(repository, "coverage.json").is_told


def test_of_data_that_was_cut_nothing_is_told(measured: Repository, repository: Repository) -> None:
    whole = (measured.root / ".coverage").read_bytes()
    for size in (100, 4096, 9000, 20_000, len(whole) - 4096):
        (repository.root / ".coverage").write_bytes(whole[:size])

        fact = coverage(repository, ".coverage")
        fact.of(["memory.py"])

        assert (size, fact.is_told, list(fact.lacking)) == (size, False, [".coverage"])
        assert "speaks of no module" not in fact.lacking[".coverage"]


@pytest.mark.parametrize("is_left", [False, True])
def test_data_that_was_measured_where_the_repository_lay_before_is_mapped(
    measured: Repository, tmp_path: Path, is_left: bool
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    shutil.copytree(measured.root, before)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-c", RUN, ".coverage"]
    subprocess.run(command, cwd=before, check=True, stdout=subprocess.DEVNULL, env=environ)
    shutil.copytree(before, after, symlinks=True)
    if is_left:
        (before / "memory.py").write_text("x = 1\n")
    else:
        shutil.rmtree(before)

    fact = coverage(Repository(after), ".coverage")

    assert fact.of(["memory.py", "never.py"]) == coverage(measured, ".coverage").of(["memory.py"])
    assert fact.lacking == {}


def test_data_with_relative_names_is_read_whatever_is_configured(repository: Repository) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    repository.write(".coveragerc", "[run]\nrelative_files = true\n")
    script = RUN.replace("config_file=False", "config_file='.coveragerc'")
    subprocess.run([sys.executable, "-c", script, ".coverage"], cwd=repository.root, check=True, env=environ)
    related = coverage(repository, ".coverage").of(["memory.py"])
    repository.write(".coveragerc", "")

    assert sorted(related["memory.py"].missing) == [3, 12]
    assert coverage(repository, ".coverage").of(["memory.py"]) == related


def test_data_on_a_module_that_is_not_on_disk_is_told(measured: Repository, repository: Repository) -> None:
    (repository.root / ".coverage").write_bytes((measured.root / ".coverage").read_bytes())
    checkout = repository.open()
    (repository.root / "memory.py").unlink()

    fact = gatherer(checkout, CoverageSettings=CoverageSettings((".coverage",))).get(Coverage)

    assert fact.of(["memory.py"]) == {}
    assert "memory.py, which is not on disk" in fact.lacking[".coverage"]
    assert not fact.is_told


LINE = '<line number="1" hits="{}" branch="true" condition-coverage="100% (2/2)"/>'
CLASS = f'<class filename="{{}}"><lines>{LINE}</lines></class>'


def cobertura(repository: Repository, sources: list[str], **classes: int) -> Coverage:
    """What an XML report tells; `classes` are the names of its files, each with how often its line ran."""
    folders = "".join(f"<source>{source}</source>" for source in sources)
    files = "".join(CLASS.format(f"{name}.py", hits) for name, hits in classes.items())
    repository.write("coverage.xml", f"<coverage><sources>{folders}</sources>{files}</coverage>")
    return coverage(repository, "coverage.xml")


@pytest.fixture
def two(repository: Repository) -> Repository:
    for path in ("shop/__init__.py", "lib/__init__.py"):
        repository.write(path, "")
    for path in ("shop/core.py", "lib/core.py", "lib/core2.py", "core2.py"):
        repository.write(path, "x = 1\n")
    repository.commit()
    return repository


@pytest.mark.parametrize("where", ["{root}/", "/ci/work/", ""])
def test_the_sources_of_xml_say_in_which_folder_its_files_lie(two: Repository, where: str) -> None:
    sources = [where.format(root=two.root) + name for name in ("shop", "lib")]

    fact = cobertura(two, sources, core2=1)

    assert set(fact.of(two.open().files)) == {"lib/core2.py"}
    assert fact.lacking == {}


def test_a_file_that_may_lie_in_either_source_of_xml_is_told(two: Repository) -> None:
    fact = cobertura(two, ["/ci/shop", "/ci/lib"], core=1, core2=1, __init__=0)
    assert set(fact.of(["lib/core2.py", "lib/__init__.py"])) == {"lib/core2.py"}
    assert fact.lacking == {}

    assert fact.of(["lib/core.py"]) == {}

    assert "core.py, which may be lib/core.py or shop/core.py" in fact.lacking["coverage.xml"]
    assert not fact.is_told


@pytest.mark.parametrize(
    ("sources", "named"),
    [
        (["/ci/work", "/ci/work/lib"], {"shop/core.py"}),
        (["/ci/work/shop", "/ci/work/made"], set()),
        ([".", "lib"], {"shop/core.py"}),
    ],
)
def test_a_source_of_xml_that_is_no_folder_is_the_root_or_unknown(
    two: Repository, sources: list[str], named: set[str]
) -> None:
    assert set(cobertura(two, sources, **{"shop/core": 1}).of(["shop/core.py", "core2.py"])) == named


def test_coveragepy_names_the_files_of_two_sources_so(tmp_path: Path) -> None:
    made = Repository(tmp_path / "made")
    for path in ("shop/cart.py", "lib/core2.py", "core2.py"):
        made.write(path, "def x(a):\n    if a:\n        return 1\n")
    made.commit()
    script = (
        "from coverage import Coverage\n"
        "measured = Coverage(data_file=None, branch=True, config_file=False, source=['shop', 'lib'])\n"
        "measured.start()\nimport lib.core2\nlib.core2.x(1)\nmeasured.stop()\n"
        "measured.xml_report(outfile='coverage.xml')\n"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    subprocess.run([sys.executable, "-c", script], cwd=made.root, check=True, env=environ)

    told = coverage(made, "coverage.xml").of(made.open().files)

    assert {path: sorted(lines.missing) for path, lines in told.items()} == {
        "lib/core2.py": [],
        "shop/cart.py": [1, 2, 3],
    }


def test_lcov_tells_of_branches_though_one_of_its_files_has_none(repository: Repository) -> None:
    repository.write("other.py", "x = 1\n")
    records = "SF:memory.py\nDA:1,1\nBRDA:1,0,0,1\nend_of_record\nSF:other.py\nDA:1,1\nend_of_record\n"
    repository.write("coverage.lcov", records)

    fact = coverage(repository, "coverage.lcov")

    assert fact.of(["other.py"])["other.py"].has_branches
    assert fact.lacking == {}


def test_a_report_that_is_older_than_a_module_is_told(repository: Repository) -> None:
    write(repository, meta={"timestamp": "2020-01-01T00:00:00"}, **PLAIN)

    assert "is older than memory.py" in coverage(repository, "coverage.json").lacking["coverage.json"]


def test_a_report_that_does_not_say_when_it_was_made_is_as_old_as_its_file(repository: Repository) -> None:
    write(repository, **PLAIN)
    assert coverage(repository, "coverage.json").lacking == {}

    os.utime(repository.root / "coverage.json", (0, 0))

    assert "is older than memory.py" in coverage(repository, "coverage.json").lacking["coverage.json"]


def test_with_the_sources_written_down_content_decides_and_not_time(repository: Repository) -> None:
    write(repository, meta={"timestamp": "2020-01-01T00:00:00"}, **PLAIN)
    stamp = {"recording": "sources", "schema": 1, "files": {"memory.py": repository.blob(RECALL)}}
    repository.write("sources.json", json.dumps(stamp))
    assert coverage(repository, "coverage.json", sources="sources.json").lacking == {}

    repository.write("memory.py", RECALL + "\n")

    lacking = coverage(repository, "coverage.json", sources="sources.json", made_by="make it").lacking
    assert lacking == {"sources.json": "the reports are older than memory.py; run `make it`"}


@pytest.mark.parametrize("content", [None, "{", "[]", '{"recording": "sources", "schema": 2}'])
def test_sources_that_cannot_be_read_are_told(repository: Repository, content: str) -> None:
    write(repository, **PLAIN)
    if content is not None:
        repository.write("sources.json", content)

    assert list(coverage(repository, "coverage.json", sources="sources.json").lacking) == ["sources.json"]


def test_a_report_without_branches_is_told_unless_the_policy_does_without(repository: Repository) -> None:
    write(repository, meta={"branch_coverage": False}, executed_lines=[1], missing_lines=[2])

    asked = coverage(repository, "coverage.json")
    asked.of(["memory.py"])
    spared = coverage(repository, "coverage.json", branches=False)
    spared.of(["memory.py"])

    assert "without branches" in asked.lacking["coverage.json"]
    assert spared.lacking == {}


def test_a_report_outside_the_repository_is_refused() -> None:
    with pytest.raises(PolicyError, match="must be a path below the repository's root"):
        CoverageSettings(reports=("../coverage.json",))
    with pytest.raises(PolicyError, match="reports is empty"):
        CoverageSettings(reports=())


def test_what_others_write_as_cobertura_and_lcov_is_read() -> None:
    xml = (
        b'<?xml version="1.0"?><coverage timestamp="1700000000"><sources><source>/ci/app</source></sources><packages>'
        b'<package><classes><class filename="a.py"><lines>'
        b'<line number="1" hits="3" branch="true" condition-coverage="50% (1/2)"/><line number="2" hits="0"/>'
        b"</lines></class></classes></package></packages></coverage>"
    )
    lcov = b"TN:\nSF:/ci/app/a.py\nDA:1,3\nDA:2,0\nBRDA:1,0,0,1\nBRDA:1,0,1,-\nend_of_record\n"

    from_xml, from_lcov = xml_report.read(xml), lcov_report.read(lcov)

    assert (from_xml.measured, from_lcov.measured) == (1_700_000_000, None)
    for report in (from_xml, from_lcov):
        lines = report.files["/ci/app/a.py"]
        assert (set(lines.executed), set(lines.missing), len(lines.missing_branches)) == ({1}, {2}, 1)


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (json_report.read, b"[]"),
        (xml_report.read, b'<!DOCTYPE x [<!ENTITY a "b">]><coverage/>'),
        (xml_report.read, b'<coverage><class filename="a.py"><line number="one"/></class></coverage>'),
        (lcov_report.read, b"SF:a.py\nDA:one\n"),
    ],
)
def test_what_is_no_report_says_so(read: Any, content: bytes) -> None:
    with pytest.raises(ReportError):
        read(content)


numbers = st.frozensets(st.integers(1, 9))
ways = st.frozensets(st.tuples(st.integers(1, 9), st.sampled_from(["2", EXIT])))


@st.composite
def file_lines(draw: st.DrawFn) -> FileLines:
    executed = draw(numbers)
    return FileLines(executed, draw(numbers) - executed, draw(numbers) - executed, draw(ways), True)


@given(st.lists(file_lines(), min_size=1, max_size=4))
def test_joining_never_loses_what_one_run_reached(parts: list[FileLines]) -> None:
    whole = joined(parts)

    assert whole.executed == frozenset().union(*(part.executed for part in parts))
    assert not whole.missing & whole.executed
    assert whole.statements == frozenset().union(*(part.statements for part in parts))
    assert joined([whole, *parts]) == whole or len(parts) == 1
    assert joined(parts[::-1]) == whole
