"""What somebody sees who uses the command for the first time."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest

from gates.policy_file import parse_toml
from gates.reporters.json import parse
from tests.checkout.repository import Repository
from tests.cli.command import gates_in

GATES = """
[gates.dynamic-import]
level = "block"
[gates.swallowed-failure]
level = "off"
[gates.unparsable-module]
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.write("policies/gates.toml", GATES)
    repository.write("a.py", "A = 1\n")
    repository.commit()
    return repository


@pytest.mark.parametrize("command", ["run", "prove"])
def test_a_gate_that_is_off_here_is_told_apart_from_one_that_does_not_exist(
    repository: Repository, command: str
) -> None:
    off = gates_in(repository.root, command, "--gate", "swallowed-failure")
    unasked = gates_in(repository.root, command, "--gate", "cross-lane-import")
    typo = gates_in(repository.root, command, "--gate", "dynamic-imports")
    reserved = gates_in(repository.root, command, "--gate", "waiver")

    assert [said.code for said in (off, unasked, typo, reserved)] == [2, 2, 2, 2]
    assert off.complaint == (
        "gates: policies/gates.toml: [gates.swallowed-failure] level is off; "
        "to have it asked, set it to block or warn\n"
    )
    assert unasked.complaint == (
        "gates: policies/gates.toml: does not ask 'cross-lane-import'; "
        "to have it asked, write [gates.cross-lane-import]\n"
    )
    assert typo.complaint == "gates: no gate is called 'dynamic-imports'; did you mean 'dynamic-import'?\n"
    assert "'waiver' is no gate that can be asked for" in reserved.complaint


@pytest.mark.parametrize(
    ("gate", "here"),
    [
        ("dynamic-import", "Here: level block."),
        ("swallowed-failure", "Here: level off."),
        ("cross-lane-import", "Here: not asked, for it has no section in gates.toml."),
    ],
)
def test_a_gate_is_explained_with_what_the_policy_makes_of_it(repository: Repository, gate: str, here: str) -> None:
    assert gates_in(repository.root, "explain", gate).out.endswith(f"{here}\n")


def test_a_gate_is_explained_where_there_is_no_policy_and_one_that_is_unknown_is_not(tmp_path: Path) -> None:
    known = gates_in(tmp_path, "explain", "dynamic-import")
    unknown = gates_in(tmp_path, "explain", "dynamic-imports")

    assert known.code == 0
    assert "Here: not known (there is no folder policies" in known.out
    assert (unknown.code, unknown.out) == (2, "")
    assert "did you mean 'dynamic-import'?" in unknown.complaint


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_table_of_a_real_run_fits_the_terminal(repository: Repository, width: int) -> None:
    screen = gates_in(repository.root, "run", COLUMNS=str(width), FORCE_COLOR="1").out

    table = re.sub(r"\x1b\[[0-9;]*m", "", screen).split("\n\n", 1)[0].splitlines()
    assert max(map(len, table)) <= width
    assert table[1].startswith("dynamic-import     passed   block         0       0     0")


def test_where_nobody_looks_a_gate_is_one_line_whatever_the_width(repository: Repository) -> None:
    out = gates_in(repository.root, "run", COLUMNS="60").out

    (row,) = [line for line in out.splitlines() if line.startswith("dynamic-import")]
    assert row.endswith("1 module (1 ruled out by a scan)")
    assert "note: 2 files: 1 module, 1 that is not Python\n" in out


def test_a_proof_without_modules_says_that_there_is_nothing_to_plant_into(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.write("README", "hello\n")
    repository.commit()
    assert gates_in(repository.root, "init").code == 0

    said = gates_in(repository.root, "prove")

    assert said.code == 3
    assert "allowed_in" not in said.out
    assert "forbids nothing" not in said.out
    assert (
        "dynamic-import broken: there are no modules to plant into; prove it when there are, "
        "or set level to off in policies/gates.toml: [gates.dynamic-import]\n"
    ) in said.out


def test_a_proof_whose_policy_allows_all_there_is_still_blames_the_policy(repository: Repository) -> None:
    repository.write("policies/gates.toml", '[gates.dynamic-import]\nallowed_in = ["**"]\n')

    said = gates_in(repository.root, "prove")

    assert "dynamic-import broken: allowed_in covers every module: the policy forbids nothing\n" in said.out


def test_findings_about_the_policy_point_at_the_line_of_the_entry(repository: Repository) -> None:
    waiver = '[[waiver]]\ngate = "{0}"\npath = "{1}"\nreason = "a"\nowner = "b"\nticket = "c"\nexpires = {2}\n'
    first = waiver.format("dynamic-import", "a.py", "2999-01-01")
    second = waiver.format("dynamic-import", "b.py", "2001-01-01")
    repository.write("policies/waivers.toml", f"# [[waiver]] is said here\n{first}\n{second}")
    repository.write("policies/gates.toml", f'{GATES}\nmay_be_empty = "nothing here"\n')
    repository.write(
        ".ci/baseline.json",
        '{\n "debt": {\n  "dynamic-imports": {\n   "a.py": {\n    "x": 1\n   }\n  }\n },\n "schema": 1\n}',
    )

    said = gates_in(repository.root, "run", "--report", "json")

    report = parse(said.out)
    places = {(result.gate, found.path, found.line) for result in report.results for found in result.findings}
    assert places == {
        ("waiver", "policies/waivers.toml", 2),
        ("waiver", "policies/waivers.toml", 10),
        ("unparsable-module", "policies/gates.toml", 8),
        ("baseline", ".ci/baseline.json", 3),
    }
    assert report.lines["policies/waivers.toml", 10] == "[[waiver]]"


@pytest.mark.parametrize("place", ["policies", "ci/promises"])
def test_the_policies_that_init_writes_name_a_schema_that_is_there_and_takes_them(tmp_path: Path, place: str) -> None:
    repository = Repository(tmp_path / "repository")
    repository.write("pyproject.toml", f'[tool.gates]\npolicies = "{place}"\n')
    repository.write("src/a.py", "A = 1\n")
    repository.commit()
    assert gates_in(repository.root, "init").code == 0

    files = sorted((repository.root / place).glob("*.toml"))
    assert [file.name for file in files] == ["gates.toml", "lanes.toml", "waivers.toml"]
    for file in files:
        directive, text = file.read_text("utf-8").split("\n", 1)
        assert directive.startswith("#:schema ")
        target = Path(os.path.normpath(file.parent / directive[len("#:schema ") :]))
        assert target.parent == repository.root / ".gates/schemas"
        schema = json.loads(target.read_text("utf-8"))
        assert not list(jsonschema.Draft202012Validator(schema).iter_errors(parse_toml(text, file.name)))
    assert ".gates" not in repository.git("status", "--porcelain")


def test_policies_that_lie_outside_the_repository_name_no_schema(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.write("pyproject.toml", f"[tool.gates]\npolicies = '{tmp_path / 'promises'}'\n")
    repository.commit(a="A = 1\n")

    assert gates_in(repository.root, "init").code == 0

    assert "#:schema" not in (tmp_path / "promises/gates.toml").read_text("utf-8")


def test_a_clone_gets_the_schemas_that_its_policies_name_by_a_command(repository: Repository) -> None:
    assert gates_in(repository.root, "schemas").out == "wrote .gates/schemas\n"

    names = sorted(file.name for file in (repository.root / ".gates/schemas").glob("*.json"))
    known = ("baseline", "budgets", "gates", "lanes", "objectives", "promotion", "quarantine", "vocabulary", "waivers")
    assert names == [f"{name}.schema.json" for name in known]
    assert repository.git("status", "--porcelain") == ""


def test_what_a_run_without_cache_writes_is_kept_out_of_git_too(repository: Repository) -> None:
    repository.write("policies/gates.toml", "[gates.cross-lane-import]\n")
    repository.write("policies/lanes.toml", '[[lane]]\nname = "all"\npaths = ["**"]\nmay_import = ["all"]\n')
    repository.commit()

    gates_in(repository.root, "run", "--no-cache")

    assert (repository.root / ".gates/lane-violations.json").is_file()
    assert repository.git("status", "--porcelain") == ""


def unpacked(tmp_path: Path, source: str) -> Path:
    root = tmp_path / "unpacked"
    (root / "policies").mkdir(parents=True)
    (root / "policies/gates.toml").write_text("[gates.dynamic-import]\n", "utf-8")
    (root / "a.py").write_text(source, "utf-8")
    return root


@pytest.mark.parametrize(("source", "code"), [("A = 1\n", 0), ("import importlib\nimportlib.import_module('b')\n", 1)])
def test_an_archive_without_git_gets_its_verdict_and_one_line_about_evidence(
    tmp_path: Path, source: str, code: int
) -> None:
    said = gates_in(unpacked(tmp_path, source), "run", "--evidence", ".gates/evidence", "--allow-dirty")

    assert said.code == code
    assert f"(exit {code})\n" in said.out
    assert said.complaint == (
        "gates: no evidence is written: evidence is of a git commit, and there is none: this is no git repository, or "
        "nothing is committed in it\n"
    )


def test_evidence_that_is_a_duty_and_cannot_be_made_is_an_error_after_the_verdict(tmp_path: Path) -> None:
    said = gates_in(unpacked(tmp_path, "A = 1\n"), "run", "--evidence", ".gates/evidence")

    assert "every promise held" in said.out
    assert (said.code, said.complaint.startswith("gates: evidence is of a git commit, and there is none")) == (2, True)


def test_a_report_with_durations_among_the_files_is_said_to_keep_runs_from_being_remembered(
    repository: Repository,
) -> None:
    among = gates_in(repository.root, "run", "--report", "json=out.json")
    below = gates_in(repository.root, "run", "--report", "json=.gates/out.json")
    elsewhere = gates_in(repository.root, "run", "--report", f"junit={repository.root.parent / 'out.xml'}")

    assert among.complaint == (
        "gates: out.json holds durations, so each run changes the tree and none is answered from what is kept; "
        "write it below .gates/\n"
    )
    assert (below.complaint, elsewhere.complaint) == ("", "")


def test_debt_that_only_another_python_sees_is_neither_lost_nor_made_in_silence(repository: Repository) -> None:
    # No Python that runs this can read it: what a recording by an older Python is like for a newer one, and vice versa.
    newer = 't = t"{x}"\n'
    repository.write("a.py", newer)
    by_a_newer = gates_in(repository.root, "run")
    gates_in(repository.root, "baseline", "--accept-new")
    by_the_same = gates_in(repository.root, "run")
    repository.write("a.py", "A = 1\n")  # as a newer Python sees it: there is nothing to complain of
    by_an_older = gates_in(repository.root, "run")
    taken_out = gates_in(repository.root, "baseline")

    assert by_a_newer.code == 1
    assert "needs Python 3.14 to be judged: a t-string; run gates with it" in by_a_newer.out
    assert by_the_same.code == 0
    assert by_an_older.code == 0
    assert "paid off: unparsable-module in a.py, newer grammar\n" in by_an_older.out
    assert "taken out: unparsable-module in a.py, newer grammar\n" in taken_out.out


def test_the_options_that_run_and_prove_share_are_told_in_the_same_words(tmp_path: Path) -> None:
    run, prove = (gates_in(tmp_path, command, "--help").out for command in ("run", "prove"))

    shared = ("--root DIR", "--policies DIR", "--gate NAME", "--today DATE", "--no-cache")
    for option in shared:
        (line,) = [line.split() for line in prove.splitlines() if option in line]
        assert line in [line.split() for line in run.splitlines()]
