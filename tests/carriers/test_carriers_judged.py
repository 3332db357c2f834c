"""Carriers as facts: which there are, what they make of names, who answers for them, and what is kept of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Optional

import pytest

from gates.errors import PolicyError
from gates.facts.carrier_files import AddedCarriers, CarrierFiles, CarrierSettings, places_of
from gates.facts.extraction import Extraction
from gates.facts.extractors.carriers.use import FILE, GIVEN, RUNS, SHIPS, Use
from gates.facts.lanes import Lane, Lanes, LanesPolicy
from gates.facts.modules import Modules, ModuleSettings
from gates.facts.store import Store
from gates.finding import Finding
from gates.globs import Glob
from gates.policy import Policy
from gates.report import Outcome, Result
from gates.running import run
from tests.checkout.repository import Repository

LANES = """
[[lane]]
name = "candidate"
paths = ["candidate/**"]
may_import = ["candidate", "production"]

[[lane]]
name = "production"
paths = ["runtime/**"]
may_import = ["production"]
"""
AS_THEY_COME = CarrierSettings()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.write("policies/gates.toml", "[gates.cross-lane-import]\n")
    repository.write("policies/lanes.toml", LANES)
    repository.write("runtime/__init__.py")
    repository.write("candidate/__init__.py")
    repository.write("candidate/core.py")
    return repository


def judged(repository: Repository, store: Optional[Store] = None) -> Result:
    policy = Policy.load(repository.root / "policies", repository.root)
    report = run(policy, repository.open(), today=dt.date(2026, 11, 22), store=store or Store(None), workers=1)
    return report.result("cross-lane-import")


def findings(repository: Repository) -> list[Finding]:
    return list(judged(repository).findings)


def carriers(repository: Repository, settings: CarrierSettings = AS_THEY_COME) -> CarrierFiles:
    checkout, store = repository.open(), Store(None)
    return CarrierFiles.gather(checkout, Extraction(checkout, store, "1", workers=1), store, settings)


def modules(repository: Repository) -> Modules:
    checkout, store = repository.open(), Store(None)
    extraction = Extraction(checkout, store, "1", workers=1)
    return Modules.gather(checkout, extraction, ModuleSettings(), carriers(repository))


# Which there are


def test_a_repository_without_carriers_is_judged_all_the_same(repository: Repository) -> None:
    result = judged(repository)

    assert result.outcome is Outcome.PASSED
    assert result.examined["carrier files"] == 0  # what is said to the gates says nothing of the code


def test_a_result_says_how_many_of_each_kind_were_looked_at(repository: Repository) -> None:
    repository.write("Procfile", "web: python -m runtime\n")
    repository.write("ops/Procfile.dev", "web: python -m runtime\n")
    repository.write(".github/workflows/ci.yml", "{{ not yaml")

    examined = {what: many for what, many in judged(repository).examined.items() if what.startswith("carrier files")}

    assert examined == {
        "carrier files": 3,
        "carrier files: CI": 1,
        "carrier files: Procfile": 2,
        "carrier files: not parsable": 1,
    }


def test_a_link_or_a_submodule_of_such_a_name_is_none(repository: Repository) -> None:
    (repository.root / "Procfile").symlink_to("candidate/core.py")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},Makefile")

    assert carriers(repository).files == ()


def test_files_are_added_and_left_out_by_the_policy(repository: Repository) -> None:
    repository.write("runtime/pod.yaml", "command: python -m candidate.core\n")
    repository.write("runtime/start.sh", "python -m candidate.core\n")
    settings = CarrierSettings(add=(AddedCarriers((Glob("**/pod.yaml"),), "YAML"),), leave_out=(Glob("**/*.sh"),))

    found = carriers(repository, settings)

    assert found.kinds["runtime/pod.yaml"] == "YAML"
    assert "runtime/start.sh" not in found.kinds
    assert [use.text for use in found.uses["runtime/pod.yaml"]] == ["candidate.core"]


def test_a_glob_that_matches_nothing_makes_no_sense(repository: Repository) -> None:
    repository.write("policies/gates.toml", '[gates.cross-lane-import]\n[facts.carriers]\nleave_out = ["gone/**"]\n')

    with pytest.raises(PolicyError, match=r"leave_out: 'gone/\*\*' matches no file"):
        judged(repository)


def test_a_kind_that_does_not_exist_makes_no_sense(repository: Repository) -> None:
    section = '[[facts.carriers.add]]\nkind = "yml"\npaths = ["runtime/**"]\n'
    repository.write("policies/gates.toml", f"[gates.cross-lane-import]\n{section}")

    with pytest.raises(PolicyError, match="use one of TOML, INI, YAML"):
        judged(repository)


# What is kept


def test_what_they_say_is_kept_until_one_of_them_changes(repository: Repository, tmp_path: Path) -> None:
    repository.write("Procfile", "web: python -m runtime\n")
    repository.commit()
    with Store(tmp_path / "store") as store:
        assert judged(repository, store).outcome is Outcome.PASSED
        assert judged(repository, store).outcome is Outcome.PASSED
        repository.write("Procfile", "web: python -m candidate.core\n")
        assert judged(repository, store).outcome is Outcome.FAILED
        repository.write("Procfile", "web: python -m runtime\n")
        assert judged(repository, store).outcome is Outcome.PASSED


def test_the_digest_is_of_the_carriers_and_of_nothing_else(repository: Repository) -> None:
    before = carriers(repository).digest
    repository.write("notes.txt", "x")
    repository.write("runtime/more.py", "x = 1\n")
    assert carriers(repository).digest == before
    repository.write("tox.ini", "[tox]\n")
    assert carriers(repository).digest != before


# Names


def test_a_folder_on_the_path_gives_names_that_nothing_else_has(repository: Repository) -> None:
    repository.write("candidate/runtime.py")
    repository.write("candidate/json.py")
    repository.write("pytest.ini", "[pytest]\npythonpath = candidate gone\n")

    found = modules(repository)

    assert found.searched == ("candidate",)
    assert {name: found.files[at].path for name, at in found.beyond.items()} == {
        "core": "candidate/core.py",
        "runtime": "candidate/runtime.py",
    }
    assert found.files[found.index["runtime"]].path == "runtime/__init__.py"
    assert "core" not in found.index


def test_a_package_that_is_installed_under_another_name_has_both(repository: Repository) -> None:
    repository.write("pyproject.toml", '[tool.setuptools.package-dir]\n"runtime.extra" = "candidate"\n')

    found = modules(repository)

    names = {name for name, at in found.index.items() if found.files[at].path.startswith("candidate/")}
    assert names == {"candidate", "candidate.core", "runtime.extra", "runtime.extra.core"}
    assert found.name_of("candidate/core.py") == "candidate.core"


def test_what_a_name_means_is_part_of_what_is_kept(repository: Repository) -> None:
    before = modules(repository).names_digest
    repository.write("pytest.ini", "[pytest]\npythonpath = candidate\n")

    assert modules(repository).names_digest != before


@pytest.mark.parametrize(
    ("path", "kind", "text", "folder", "places"),
    [
        ("Procfile", FILE, "a/b.py", "", ["a/b.py"]),
        ("ops/Procfile", FILE, "a/b.py", "", ["a/b.py", "ops/a/b.py"]),
        ("ops/Procfile", FILE, "b.py", "a", ["a/b.py", "ops/a/b.py"]),
        ("ops/Procfile", FILE, "../b.py", "", ["b.py"]),
        ("Procfile", FILE, "/app/a/b.py", "", ["app/a/b.py", "a/b.py", "b.py"]),
        ("ops/pyproject.toml", GIVEN, "a", "x.y", ["ops/a"]),
        ("ops/pyproject.toml", SHIPS, ".", "", ["ops"]),
        ("pyproject.toml", SHIPS, ".", "", [""]),
    ],
)
def test_what_a_path_in_a_carrier_may_mean(path: str, kind: str, text: str, folder: str, places: list[str]) -> None:
    assert places_of(path, Use(1, 1, kind, text, RUNS, folder)) == places


# Who answers


def test_the_lane_that_has_the_file_is_named_first(repository: Repository) -> None:
    repository.write("runtime/start.sh", "\npython -m candidate.core\n")

    assert findings(repository) == [
        Finding(
            "runtime/start.sh",
            2,
            "production runs candidate.core, which is candidate",
            subject="candidate.core",
            column=11,
            trace=("runtime/start.sh", "candidate.core"),
        )
    ]


def test_where_no_lane_has_it_what_it_ships_is_named(repository: Repository) -> None:
    repository.write("Procfile", "web: python -m candidate.core\n")

    (found,) = findings(repository)

    assert found.message == "runs candidate.core, which is candidate; production, which it ships, may not"


def test_a_name_that_no_file_has_is_said_to_be_missing(repository: Repository) -> None:
    (repository.root / "candidate" / "__init__.py").unlink()
    repository.write("pyproject.toml", '[project.entry-points.plugins]\na = "candidate.gone:Job"\n')

    (found,) = findings(repository)

    assert found.subject == "candidate.gone"
    assert "; no file here has that name" in found.message


def test_a_carrier_that_cannot_be_parsed_is_opaque_where_its_text_names_a_lane(repository: Repository) -> None:
    repository.write("pyproject.toml", '[project.scripts\na = "candidate.core:main"\n')
    repository.write("policies/lanes.toml", LANES.replace('"runtime/**"', '"runtime/**", "*.toml"'))

    (found,) = findings(repository)

    assert (found.line, found.verdict, found.subject) == (2, "opaque", "candidate.core")
    assert found.message.startswith("cannot be parsed (")


def test_one_that_cannot_be_read_is_no_pass(repository: Repository) -> None:
    repository.commit()
    repository.git("update-index", "--add", "--cacheinfo", f"100644,{'1' * 40},Procfile")
    repository.git("update-index", "--skip-worktree", "Procfile")  # sparse, and the content was never fetched

    result = judged(repository)

    assert result.outcome is Outcome.BROKEN
    assert str(result.reason).startswith("1 of the files could not be judged; Procfile: ")


def lanes(*told: tuple[str, list[str], Optional[list[str]]]) -> Lanes:
    return Lanes.gather(
        LanesPolicy(
            tuple(
                Lane(name, (Glob(f"{name}/**"),), tuple(may), (), None if register is None else tuple(register))
                for name, may, register in told
            )
        )
    )


def test_what_a_lane_may_register_is_what_it_may_import_unless_it_says_otherwise() -> None:
    known = lanes(("a", ["a", "b"], None), ("b", ["b"], ["a"]), ("c", ["c"], []))

    assert known.may_register == {"a": {"a", "b"}, "b": {"a"}, "c": set()}
    assert known.says_what_it_registers == {"b", "c"}


def test_tools_are_the_lanes_that_may_import_all_of_several() -> None:
    assert lanes(("tools", ["tools", "a", "b"], None), ("a", ["a", "b"], None), ("b", ["b"], None)).above_all == {
        "tools"
    }
    assert lanes(("a", ["a", "b"], None), ("b", ["b"], None)).above_all == set()
