"""`gates init`: what it proposes for repositories of every shape, and that nothing is overwritten, half or lost."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gates import catalogue
from gates.errors import GatesError, PolicyError
from gates.facts.checkout import Checkout
from gates.facts.lanes import Lanes
from gates.globs import any_of
from gates.policy import Policy, folder_of
from gates.policy_file import parse_toml, typed
from gates.proving import prove
from gates.report import Outcome, Report
from gates.running import run
from gates.scaffold import Proposal, propose, refuse_occupied, write
from gates.scaffold.layout import Layout
from gates.scaffold.policy_text import gates_toml
from gates.scaffold.proposed_lanes import proposed_lanes
from gates.waiver import Waiver

TODAY = dt.date(2026, 11, 22)
POLICY_FILES = {".ci/baseline.json", "policies/gates.toml", "policies/lanes.toml", "policies/waivers.toml"}

DYNAMIC = "import importlib\n\ndef load(name):\n    return importlib.import_module(name)\n"


@pytest.fixture(autouse=True)
def gates_of_source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are of files and lanes: only what `every_gate` marks starts the programs of the other gates, too."""
    if "every_gate" not in request.keywords:
        ours = tuple(entry for entry in catalogue.own() if entry.module.startswith("gates.checks.source."))
        monkeypatch.setattr(catalogue, "own", lambda: ours)


def lay(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return root


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def committed(root: Path, files: Mapping[str, str]) -> Path:
    git(root, "init", "-q")
    lay(root, files)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


def proposed(root: Path) -> Proposal:
    return propose(Checkout.open(root), TODAY, workers=1)


def initialised(root: Path) -> Proposal:
    proposal = proposed(root)
    write(proposal, root)
    return proposal


def judged(root: Path) -> Report:
    checkout = Checkout.open(root)
    return run(Policy.load(folder_of(root), root), checkout, today=TODAY, workers=1)


def lanes_of(proposal: Proposal) -> dict[str, tuple[str, ...]]:
    return {lane.kind.value: (*lane.globs, *lane.unnamed) for lane in proposal.lanes}


def lane_globs(*modules: str, imports: Optional[Mapping[str, str]] = None) -> dict[str, tuple[str, ...]]:
    """The lanes of a layout of these files; `imports` says what a module imports."""
    seen = {path: frozenset(names.split()) for path, names in (imports or {}).items()}
    python = [path for path in modules if path.endswith((".py", ".pyi"))]
    lanes = proposed_lanes(Layout.of(modules, python, seen), {})
    return {lane.kind.value: (*lane.globs, *lane.unnamed) for lane in lanes}


def test_the_next_run_passes_and_the_first_new_violation_fails_and_is_named(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": "", "shop/till.py": "", "labs/__init__.py": "", "labs/idea.py": ""})
    initialised(tmp_path)

    assert judged(tmp_path).exit_code == 0

    lay(tmp_path, {"shop/till.py": "import labs.idea\n"})
    report = judged(tmp_path)

    assert report.exit_code == 1
    (finding,) = report.result("cross-lane-import").findings
    assert (finding.path, finding.line, finding.subject) == ("shop/till.py", 1, "labs.idea")


def test_what_is_found_today_is_owed_and_one_more_of_the_same_is_not(tmp_path: Path) -> None:
    files = {"shop/__init__.py": "", "shop/till.py": "import labs.idea\n" + DYNAMIC, "labs/idea.py": ""}
    committed(tmp_path, files)

    proposal = initialised(tmp_path)

    assert proposal.owed == {"cross-lane-import": 1, "dynamic-import": 1}
    assert judged(tmp_path).exit_code == 0
    lay(tmp_path, {"shop/till.py": files["shop/till.py"] + "again = importlib.import_module(load)\n"})
    assert judged(tmp_path).exit_code == 1


def test_the_proposal_knows_what_the_next_run_says(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/till.py": DYNAMIC, "tests/test_till.py": "import shop.till\n"})

    predicted = initialised(tmp_path).report
    said = judged(tmp_path)

    assert predicted.exit_code == said.exit_code == 0
    told = [(result.gate, result.outcome, result.owed) for result in predicted.results]
    assert told == [(result.gate, result.outcome, result.owed) for result in said.results]


def test_proposing_writes_nothing(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/till.py": ""})

    proposed(tmp_path)

    assert git(tmp_path, "status", "--porcelain", "--ignored") == ""


@pytest.mark.parametrize(
    "name", ["candidate", "labs", "experimental", "sandbox", "incubator", "prototypes", "research"]
)
def test_a_folder_at_the_top_or_in_src_with_an_immature_name_is_a_candidate(name: str) -> None:
    assert lane_globs(f"{name}/a.py", "shop/__init__.py")["candidate"] == (f"{name}/**",)
    assert lane_globs(f"src/{name}/a.py", "src/shop/__init__.py") == {
        "candidate": (f"src/{name}/**",),
        "production": ("src/**",),
    }


@pytest.mark.parametrize("name", ["integration", "staging", "beta", "canary"])
def test_a_folder_at_the_top_that_is_nearly_done_is_integration(name: str) -> None:
    assert lane_globs(f"{name}/a.py", "shop/__init__.py") == {
        "integration": (f"{name}/**",),
        "production": ("shop/**",),
    }


@pytest.mark.parametrize("name", ["production", "core", "lib", "src"])
def test_a_folder_at_the_top_that_says_product_is_production_though_nothing_imports_it(name: str) -> None:
    assert lane_globs(f"{name}/a.py", "labs/__init__.py")["production"] == (f"{name}/**",)


@pytest.mark.parametrize("name", ["tests", "docs", "examples", "scripts", "tools", "benchmarks", "ci", ".github"])
def test_what_helps_to_make_the_product_is_tools(name: str) -> None:
    assert lane_globs(f"{name}/a.py", "shop/__init__.py")["tools"] == (f"{name}/**",)


def test_tests_are_tools_wherever_they_lie_and_whatever_lies_below_them() -> None:
    lanes = lane_globs("shop/__init__.py", "shop/a/tests/labs/test_x.py", "shop/conftest.py", "tests/integration/a.py")

    assert lanes == {"tools": ("**/tests/**", "**/conftest.py"), "production": ("shop/**",)}


def test_tests_beside_what_they_test_are_tools() -> None:
    lanes = lane_globs("shop/__init__.py", "shop/till.py", "shop/test_till.py", "shop/till_test.py")

    assert lanes["tools"] == ("**/*_test.py", "**/test_*.py")


def test_a_folder_called_test_is_a_suite_only_where_its_modules_are_tests() -> None:
    shipped = lane_globs("shop/__init__.py", "shop/test/__init__.py", "shop/test/client.py", "shop/test/runner.py")
    suite = lane_globs("shop/__init__.py", "shop/test/__init__.py", "shop/test/test_a.py", "shop/test/test_b.py")

    assert shipped == {"production": ("shop/**",)}
    assert suite["tools"] == ("shop/test/**",)


def test_words_with_other_meanings_say_nothing_within_a_package() -> None:
    parts = "integration demo research sandbox lamp cover fan lock light".split()

    lanes = lane_globs("shop/__init__.py", "shop/scripts/a.py", *(f"shop/parts/{part}/a.py" for part in parts))

    assert lanes == {"production": ("shop/**",)}


def test_words_with_other_meanings_count_among_folders_sorted_by_maturity() -> None:
    lanes = lane_globs(
        "app/__init__.py", "app/lanes/production/a.py", "app/lanes/integration/a.py", "app/lanes/candidate/a.py"
    )

    assert lanes == {
        "candidate": ("app/lanes/candidate/**",),
        "integration": ("app/lanes/integration/**",),
        "production": ("app/**",),
    }


def test_a_clear_word_counts_one_below_the_package_and_experimental_at_any_depth() -> None:
    lanes = lane_globs("shop/__init__.py", "shop/sandbox/a.py", "shop/a/b/experimental/c.py")

    assert lanes["candidate"] == ("shop/a/b/experimental/**", "shop/sandbox/**")


def test_many_folders_of_one_name_are_one_glob() -> None:
    deep = [f"shop/part{number}/sub/experimental/a.py" for number in range(12)]

    assert lane_globs("shop/__init__.py", *deep)["candidate"] == ("**/experimental/**",)


def test_what_lies_in_a_candidate_is_no_more_mature_for_its_name() -> None:
    lanes = lane_globs("labs/core/a.py", "labs/production/a.py", "labs/tests/a.py", "shop/__init__.py")

    assert lanes == {"tools": ("**/tests/**",), "candidate": ("labs/**",), "production": ("shop/**",)}


def test_each_project_of_a_monorepo_is_read_like_a_repository() -> None:
    lanes = lane_globs(
        "packages/a/pyproject.toml", "packages/a/src/a/__init__.py", "packages/a/tests/test_a.py",
        "packages/a/scripts/x.py", "packages/tools/pyproject.toml", "packages/tools/src/tools/__init__.py",
    )  # fmt: skip

    assert lanes == {"tools": ("**/tests/**", "packages/a/scripts/**"), "production": ("packages/**",)}


def test_a_namespace_package_is_the_product_where_something_imports_it() -> None:
    files = ("shop/till.py", "deploy/push.py", "core/__init__.py")

    assert lane_globs(*files, imports={"core/__init__.py": "shop.till"}) == {
        "tools": ("deploy/**",),
        "production": ("core/**", "shop/**"),
    }


def test_a_folder_that_nothing_imports_is_no_mere_folder_of_scripts_where_names_in_it_tell_of_maturity() -> None:
    lanes = lane_globs("shop/a.py", "shop/labs/a.py", "core/__init__.py")

    assert lanes == {"candidate": ("shop/labs/**",), "production": ("core/**", "shop/**")}


def test_scripts_at_the_top_are_tools_beside_a_product_and_the_product_where_there_is_no_other() -> None:
    assert lane_globs("shop/__init__.py", "setup.py", "fetch.py") == {"tools": ("*.py",), "production": ("shop/**",)}
    assert lane_globs("setup.py", "fetch.py") == {"tools": ("setup.py",), "production": ("*.py",)}
    assert lane_globs("shop/__init__.py", "setup.py", "fetch.py", imports={"shop/__init__.py": "fetch"}) == {
        "tools": ("setup.py",),
        "production": ("shop/**", "*.py"),
    }


def test_no_lane_may_import_what_is_less_mature() -> None:
    files = ["tests/a.py", "labs/a.py", "staging/a.py", "core/a.py"]

    lanes = proposed_lanes(Layout.of(files, files, {}), {})

    assert {lane.kind.value: lane.may_import for lane in lanes} == {
        "tools": ("tools", "candidate", "integration", "production"),
        "candidate": ("candidate", "integration", "production"),
        "integration": ("integration", "production"),
        "production": ("production",),
    }


def test_imports_of_a_folder_that_is_gone_name_the_lane_that_it_became(tmp_path: Path) -> None:
    text = "import candidate.idea\nfrom sandbox import x\nfrom research import y\n'''\nimport prototypes.z\n'''\n"
    committed(tmp_path, {"shop/__init__.py": text, "labs/idea.py": ""})

    proposal = initialised(tmp_path)

    formerly = {lane.kind.value: lane.formerly for lane in proposal.lanes}
    assert formerly == {"candidate": ("candidate", "sandbox"), "production": ()}
    assert proposal.owed == {"cross-lane-import": 2}
    assert any("candidate, sandbox" in note for note in proposal.notes)
    assert judged(tmp_path).exit_code == 0


def test_roots_are_written_where_modules_are_imported_from_an_unusual_folder(tmp_path: Path) -> None:
    files = {
        "backend/app/__init__.py": "from app.models import Till\n",
        "backend/app/models.py": "",
        "packages/b/src/b/__init__.py": "",
        "packages/b/labs/idea.py": "import b\n",
    }
    committed(tmp_path, files)

    initialised(tmp_path)

    written = parse_toml((tmp_path / "policies/gates.toml").read_text("utf-8"), "gates.toml")
    assert written["facts"] == {"modules": {"roots": ["", "backend", "packages/b/src"]}}
    assert judged(tmp_path).exit_code == 0


def test_a_folder_that_would_hide_the_standard_library_is_no_root() -> None:
    files = ("odd/sys/__init__.py", "odd/app/__init__.py", "odd/app/a.py")
    layout = Layout.of(files, files, {"odd/app/a.py": frozenset({"app.a", "sys"})})

    assert layout.roots([""]) == ()
    assert Layout.of(files[1:], files[1:], layout.imports).roots([""]) == ("odd",)


def test_usual_roots_are_not_written(tmp_path: Path) -> None:
    committed(tmp_path, {"src/shop/__init__.py": "import shop.till\n", "src/shop/till.py": "", "tests/test_a.py": ""})

    proposal = initialised(tmp_path)

    assert "roots" not in (tmp_path / "policies/gates.toml").read_text("utf-8")
    assert lanes_of(proposal) == {"tools": ("tests/**",), "production": ("src/**",)}
    lay(tmp_path, {"src/shop/till.py": "import tests.test_a\n"})
    assert judged(tmp_path).exit_code == 1


def test_one_kind_of_code_is_said_to_forbid_nothing_and_prove_agrees(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": ""})

    proposal = initialised(tmp_path)

    assert lanes_of(proposal) == {"production": ("shop/**",)}
    assert any("nothing to forbid" in note for note in proposal.notes)
    assert "nothing to forbid" in (tmp_path / "policies/lanes.toml").read_text("utf-8").replace("\n# ", " ")
    assert judged(tmp_path).exit_code == 0
    policy = Policy.load(tmp_path / "policies")
    proof = prove(policy, Checkout.open(tmp_path), today=TODAY, only=["cross-lane-import"])
    assert proof.result("cross-lane-import").outcome is Outcome.BROKEN


@pytest.mark.every_gate
def test_what_every_gate_says_of_a_new_repository_excuses_the_next_run(tmp_path: Path) -> None:
    # What takes a line out of the measurement is found where nothing is measured: a gate may find, and lack, at once.
    committed(tmp_path, {"shop/__init__.py": "x = 1  # pragma: no cover\n", "tests/test_a.py": "import shop\n"})
    initialised(tmp_path)

    report = judged(tmp_path)

    proposed = {name for name, entry in catalogue.catalogue().items() if not getattr(entry.load(), "needs", ())}
    assert {result.gate for result in report.results} >= proposed > {"leaked-secret", "stale-context"}
    assert report.exit_code == 0


def test_where_lanes_forbid_something_prove_turns_every_gate_red(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": "", "tests/test_a.py": "import shop\n"})
    initialised(tmp_path)

    proof = prove(Policy.load(tmp_path / "policies"), Checkout.open(tmp_path), today=TODAY)

    assert {result.outcome for result in proof.results} == {Outcome.PASSED}


@pytest.mark.parametrize("files", [{}, {"README.md": "no Python here\n", "docs/a.txt": ""}])
def test_without_python_the_gates_may_look_at_nothing_until_there_is_some(
    tmp_path: Path, files: Mapping[str, str]
) -> None:
    git(tmp_path, "init", "-q")
    lay(tmp_path, files)

    proposal = initialised(tmp_path)

    assert proposal.lanes == ()
    report = judged(tmp_path)
    assert report.exit_code == 0
    of_code = [result for result in report.results[:-2] if result.gate != "leaked-secret"]  # any file may hold one
    assert all(result.reason and "declared empty" in result.reason for result in of_code)
    lay(tmp_path, {"first.py": ""})
    assert judged(tmp_path).exit_code == 1


def test_a_folder_without_git_is_read_and_the_notes_say_so(tmp_path: Path) -> None:
    lay(tmp_path, {"shop/__init__.py": "", "tests/test_a.py": ""})

    proposal = initialised(tmp_path)

    assert any("no git repository" in note for note in proposal.notes)
    assert judged(tmp_path).exit_code == 0


@pytest.mark.parametrize(
    "folder",
    [
        "with space",
        "señor-ñandú",
        "日本",
        "[a]",
        "a*b",
        "what?",
        "**",
        "a\nb",
        'quo"te',
        "back\\slash",
        "\x7f\x1b[31m",
        "a#b",
    ],
)
def test_folders_of_any_name_are_mapped(tmp_path: Path, folder: str) -> None:
    committed(tmp_path, {f"{folder}/__init__.py": "", "labs/__init__.py": "", f"{folder}/tests/test_a.py": ""})

    proposal = initialised(tmp_path)

    assert {lane.kind.value: lane.holds for lane in proposal.lanes} == {"tools": 1, "candidate": 1, "production": 1}
    assert judged(tmp_path).exit_code == 0
    assert "\x1b" not in (tmp_path / "policies/lanes.toml").read_text("utf-8") + "".join(proposal.notes)
    lay(tmp_path, {f"{folder}/till.py": "import labs\n"})
    assert judged(tmp_path).exit_code == 1


def test_a_name_that_is_not_utf_8_is_mapped(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    try:
        lay(folder, {"__init__.py": ""})
    except OSError:
        pytest.skip("this file system holds only names in UTF-8")
    committed(tmp_path, {"tests/test_a.py": ""})

    proposal = initialised(tmp_path)

    assert lanes_of(proposal)["production"] == ("caf?/**",)
    assert judged(tmp_path).exit_code == 0


def test_submodules_and_links_are_judged_as_what_they_are(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": "", "labs/idea.py": ""})
    (tmp_path / "shop/link.py").symlink_to("../labs/idea.py")
    git(tmp_path, "add", "-A")
    git(tmp_path, "update-index", "--add", "--cacheinfo", f"160000,{git(tmp_path, 'rev-parse', 'HEAD')},shop/vendored")
    (tmp_path / "shop/vendored").mkdir()

    proposal = initialised(tmp_path)

    assert proposal.owed == {"cross-lane-import": 2}
    assert judged(tmp_path).exit_code == 0


def test_a_file_that_does_not_parse_is_debt_and_hides_nothing(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": "", "shop/bad.py": "def (\n", "labs/idea.py": ""})

    assert initialised(tmp_path).owed == {"unparsable-module": 1}
    assert judged(tmp_path).exit_code == 0


def test_every_gate_has_a_section_below_its_own_first_line_and_can_be_built(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": "", "tests/test_a.py": ""})
    initialised(tmp_path)
    text = (tmp_path / "policies/gates.toml").read_text("utf-8")
    policy, checkout = Policy.load(tmp_path / "policies"), Checkout.open(tmp_path)

    assert [section.gate for section in catalogue.active(policy)] == list(catalogue.catalogue())
    for section in policy.sections:
        catalogue.build(section, checkout)
        first = catalogue.explain(section.gate).split("\n", 1)[0]
        assert f"# {first}\n[gates.{section.gate}]\n" in text


def test_a_gate_that_could_not_tell_says_so_above_its_section() -> None:
    text = gates_toml({}, {"dynamic-import": "a\x1b[31m tool\nis missing"}, (), "tests/**")

    assert "# It could not tell when this was proposed: a?[31m tool is missing\n[gates.dynamic-import]\n" in text


def test_the_waiver_in_the_comment_is_a_waiver_once_it_is_uncommented(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": ""})
    initialised(tmp_path)
    text = (tmp_path / "policies/waivers.toml").read_text("utf-8")

    example = text[text.index("# [[waiver]]") :].replace("# ", "")
    (waiver,) = parse_toml(example, "waivers.toml")["waiver"]

    assert typed(Waiver, waiver, "waivers.toml: [[waiver]] 1").expires > TODAY
    assert waiver["gate"] in catalogue.catalogue()


def test_two_clones_get_the_same_bytes(tmp_path: Path) -> None:
    files = {"shop/till.py": DYNAMIC, "labs/a.py": "", "tests/test_a.py": "import shop.till\n", "docs/conf.py": ""}
    one, two = tmp_path / "one", tmp_path / "other" / "place"
    for root in (one, two):
        root.mkdir(parents=True)
        committed(root, files)

    assert proposed(one).files == proposed(two).files


def test_the_policies_go_where_pyproject_says(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    lay(tmp_path, {"pyproject.toml": '[tool.gates]\npolicies = "ci/promises"\n', "policies/opa.toml": "a = 1\n"})
    committed(tmp_path, {"shop/__init__.py": ""})

    assert initialised(tmp_path).folder == "ci/promises"
    assert (tmp_path / "ci/promises/gates.toml").is_file()
    assert judged(tmp_path).exit_code == 0


@pytest.mark.parametrize("stranger", ["policies/opa.toml", "policies"])
def test_a_folder_of_policies_that_is_somebody_elses_is_left_alone(tmp_path: Path, stranger: str) -> None:
    committed(tmp_path, {"shop/__init__.py": "", stranger: "a = 1\n"})
    proposal = proposed(tmp_path)

    for force in (False, True):
        with pytest.raises(PolicyError, match=r"pyproject\.toml: \[tool\.gates\] policies"):
            write(proposal, tmp_path, force)
    assert not (tmp_path / ".ci").exists()


def test_policies_that_stand_are_not_overwritten(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": "", "policies/gates.toml": "# mine\n"})

    with pytest.raises(PolicyError, match=r"policies/gates\.toml: stands already; `gates init --force`"):
        refuse_occupied(tmp_path)
    with pytest.raises(PolicyError, match="stands already"):
        write(proposed(tmp_path), tmp_path)
    assert (tmp_path / "policies/gates.toml").read_text("utf-8") == "# mine\n"
    assert not (tmp_path / ".ci").exists()


@pytest.mark.parametrize("path", sorted(POLICY_FILES))
def test_no_single_file_that_stands_is_overwritten(tmp_path: Path, path: str) -> None:
    committed(tmp_path, {"shop/__init__.py": ""})
    proposal = proposed(tmp_path)
    lay(tmp_path, {path: "# mine\n"})

    with pytest.raises(PolicyError, match="stands already"):
        write(proposal, tmp_path)
    assert [file for file in POLICY_FILES if (tmp_path / file).exists()] == [path]


def test_force_keeps_every_former_policy_beside_the_new(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": "", **dict.fromkeys(POLICY_FILES, "# first\n")})
    proposal = proposed(tmp_path)

    write(proposal, tmp_path, force=True)
    lay(tmp_path, {"policies/lanes.toml": "# second\n"})
    written = write(proposal, tmp_path, force=True)

    assert written == ("policies/lanes.toml", "policies/lanes.toml.bak.2")
    assert {(tmp_path / f"{path}.bak").read_text("utf-8") for path in POLICY_FILES} == {"# first\n"}
    assert (tmp_path / "policies/lanes.toml.bak.2").read_text("utf-8") == "# second\n"
    assert judged(tmp_path).exit_code == 0


def test_writing_the_same_again_is_nothing_to_do(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": ""})
    proposal = initialised(tmp_path)

    assert write(proposal, tmp_path) == ()


class Killed(BaseException):
    """The process ends here."""


def kill_after(monkeypatch: pytest.MonkeyPatch, moves: int) -> None:
    """Let the writer move so many files, and no further."""
    left = [moves]
    for name in ("rename", "replace"):
        move = getattr(Path, name)

        def counted(source: Path, target: Path, move: object = move) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return move(source, target)  # type: ignore[operator]

        monkeypatch.setattr(Path, name, counted)


@pytest.mark.parametrize("moves", range(4))
def test_whoever_is_killed_on_the_way_has_no_policy_and_can_run_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    committed(tmp_path, {"shop/__init__.py": "", "tests/test_a.py": ""})
    proposal = proposed(tmp_path)

    with monkeypatch.context() as patch:
        kill_after(patch, moves)
        with pytest.raises(Killed):
            write(proposal, tmp_path)

    with pytest.raises(PolicyError, match="`gates init` proposes"):
        Policy.load(tmp_path / "policies")
    write(proposed(tmp_path), tmp_path)
    assert judged(tmp_path).exit_code == 0
    assert set(git(tmp_path, "ls-files", "--others").split()) == POLICY_FILES


@pytest.mark.parametrize("moves", range(8))
def test_whoever_is_killed_while_forcing_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    mine = {path: f"# my {path}\n" for path in POLICY_FILES}
    committed(tmp_path, {"shop/__init__.py": "", **mine})
    proposal = proposed(tmp_path)

    with monkeypatch.context() as patch:
        kill_after(patch, moves)
        with pytest.raises(Killed):
            write(proposal, tmp_path, force=True)
    decisive = tmp_path / "policies/gates.toml"
    assert not decisive.exists() or decisive.read_text("utf-8") == mine["policies/gates.toml"]
    write(proposal, tmp_path, force=True)

    kept = {file.read_text("utf-8") for file in tmp_path.rglob("*.bak*")}
    assert kept >= set(mine.values())
    assert judged(tmp_path).exit_code == 0


def test_a_disk_that_refuses_is_said_in_one_line(tmp_path: Path) -> None:
    committed(tmp_path, {"shop/__init__.py": "", ".ci": "a file\n"})
    proposal = proposed(tmp_path)

    with pytest.raises(GatesError, match=r"\.ci.*cannot be written \("):
        write(proposal, tmp_path)
    assert not (tmp_path / "policies/gates.toml").exists()


WORDS = (
    "shop core src lib labs candidate experimental sandbox integration staging beta production tests test docs scripts "
    "tools packages lanes a b Labs [x] über x*y q?"
).split()
NAMES = (
    "__init__.py",
    "a.py",
    "b.pyi",
    "test_a.py",
    "a_test.py",
    "conftest.py",
    "setup.py",
    "pyproject.toml",
    "README",
)
PATHS = st.builds(
    lambda folders, name: "/".join([*folders, name]),
    st.lists(st.sampled_from(WORDS), max_size=5),
    st.sampled_from(NAMES),
)
CONTENTS = st.sampled_from(["", "import labs.a\n", "from shop import a\nimport candidate.b\n", DYNAMIC, "def (\n"])
TREES = st.dictionaries(PATHS, CONTENTS, max_size=12)


def without_collisions(files: Mapping[str, str]) -> dict[str, str]:
    """A name is a file or a folder, never both; and what is called pyproject.toml is TOML."""
    apart = {path: text for path, text in files.items() if not any(other.startswith(f"{path}/") for other in files)}
    return {path: "" if path.endswith(".toml") else text for path, text in apart.items()}


@given(st.lists(PATHS.filter(lambda path: "*" not in path and "?" not in path), max_size=20, unique=True))
@settings(max_examples=300, deadline=None)
def test_every_module_is_in_the_lane_of_its_kind_and_every_glob_matches(files: list[str]) -> None:
    modules = [path for path in files if path.endswith((".py", ".pyi"))]
    layout = Layout.of(files, modules, {})

    proposal = proposed_lanes(layout, {})

    lanes = Lanes(tuple(lane.lane for lane in proposal))
    assert {module: lanes.of(module) for module in modules} == {
        module: layout.kind_of(module).value for module in modules
    }
    assert all(lane.holds for lane in proposal)
    for lane in lanes.lanes:
        assert all(any(any_of([glob]).fullmatch(module) for module in modules) for glob in lane.paths)


@given(TREES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_for_any_small_tree_the_next_run_passes(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = lay(Path(name), without_collisions(files))
        proposal = initialised(root)

        report = judged(root)

        assert report.exit_code == 0, [(result.gate, result.reason, result.findings) for result in report.results]
        assert proposal.report.exit_code == 0
        assert {path for path in POLICY_FILES if (root / path).is_file()} == POLICY_FILES
        assert json.loads((root / ".ci/baseline.json").read_text("utf-8"))["schema"] == 1
        for section in Policy.load(root / "policies").sections:
            catalogue.build(section, Checkout.open(root))
