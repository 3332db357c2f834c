"""Golden policy files: each valid one is read, each invalid one is refused in the words of its first line."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gates import schema
from gates.catalogue import own
from gates.errors import GatesError, PolicyError
from gates.facts.checkout import Checkout
from gates.policy import FILES, Policy
from gates.running import run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
VALID = sorted((HERE / "valid").glob("*.toml"))
INVALID = sorted((HERE / "invalid").glob("*.toml"))
BEYOND_THE_SCHEMA = "# beyond the schema"

# What the policies of these files are laid over.
TREE = (
    "loader.py",
    "runtime/bridge.py",
    "runtime/lanes/candidate/x.py",
    "runtime/lanes/integration/y.py",
    "runtime/legacy.py",
    "runtime/naïve.py",
    "src/package/__init__.py",
)
OTHERS = {
    "gates.toml": b"[gates.cross-lane-import]\n[gates.retired-word]\n",
    "quarantine.toml": b"",
    "vocabulary.toml": b"",
    "lanes.toml": b'[[lane]]\nname = "all"\npaths = ["**"]\nmay_import = ["all"]\n',
}


def policy_file_of(case: Path) -> str:
    """`lanes.no-name.toml` stands for policies/lanes.toml."""
    return f"{case.name.split('.', 1)[0]}.toml"


def lines_of(case: Path) -> list[str]:
    return case.read_bytes().decode("utf-8-sig", "replace").splitlines()


def judge(case: Path, root: Path) -> None:
    """Whatever a run says of a tree whose policy is this file (and plain others)."""
    for path in TREE:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    (root / "policies").mkdir()
    for name, content in {**OTHERS, policy_file_of(case): case.read_bytes()}.items():
        (root / "policies" / name).write_bytes(content)
    run(Policy.load(root / "policies"), Checkout.open(root), today=dt.date(2026, 12, 1))


def as_json(table: Any) -> Any:
    """As an editor hands TOML to a schema: dates are text."""
    if isinstance(table, dict):
        return {key: as_json(value) for key, value in table.items()}
    if isinstance(table, list):
        return [as_json(value) for value in table]
    return table.isoformat() if isinstance(table, (dt.date, dt.time)) else table


def refused_by_the_schema(case: Path) -> bool:
    table = as_json(tomllib.loads(case.read_text("utf-8")))
    known = schema.schemas(own())[f"{policy_file_of(case)[: -len('.toml')]}.schema.json"]
    return not jsonschema.Draft202012Validator(known).is_valid(table)


def is_toml(case: Path) -> bool:
    try:
        tomllib.loads(case.read_text("utf-8"))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("case", VALID, ids=lambda case: case.stem)
def test_a_valid_file_is_read_by_a_run_and_by_its_schema(case: Path, tmp_path: Path) -> None:
    judge(case, tmp_path)

    assert not refused_by_the_schema(case)


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case.stem)
def test_an_invalid_file_is_refused_in_the_words_of_its_first_line(case: Path, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as refusal:
        judge(case, tmp_path)

    said, expected = f"# {refusal.value}", lines_of(case)[0]
    # A list that grows with every gate ends in three dots.
    assert said == expected or (expected.endswith("...") and said.startswith(expected[:-3]))


@pytest.mark.parametrize("case", [case for case in INVALID if is_toml(case)], ids=lambda case: case.stem)
def test_the_schema_refuses_it_too_where_a_schema_can_know(case: Path) -> None:
    assert refused_by_the_schema(case) == (lines_of(case)[1] != BEYOND_THE_SCHEMA)


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case.stem)
def test_a_refusal_begins_with_the_file_and_stays_one_short_printable_line(case: Path) -> None:
    line = lines_of(case)[0]

    assert line.startswith(f"# policies/{policy_file_of(case)}: ")
    assert line.isprintable()
    assert len(line) < 240


def test_there_are_cases_of_every_file_and_of_what_no_schema_can_know() -> None:
    assert {policy_file_of(case) for case in VALID} == set(FILES)
    assert min(Counter(map(policy_file_of, INVALID)).values()) >= 20
    assert sum(lines_of(case)[1] == BEYOND_THE_SCHEMA for case in INVALID) >= 10


def test_the_schemas_of_the_package_are_what_the_types_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.main(["check"]) == 0
    assert capsys.readouterr().err == ""


def test_every_schema_is_itself_valid_and_says_what_each_key_is_for() -> None:
    for known in schema.schemas(own()).values():
        jsonschema.Draft202012Validator.check_schema(known)
    sections = schema.schemas(own())["gates.schema.json"]["properties"]["gates"]["properties"]
    for gate, section in sections.items():
        assert section["description"], gate
        assert all(key.get("description") for key in section["properties"].values()), gate
        assert not section["additionalProperties"]


def test_a_schema_that_drifted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    schema.write(tmp_path, own())
    lanes = tmp_path / "lanes.schema.json"
    lanes.write_text(lanes.read_text("utf-8").replace("may_import", "may_imports"), "utf-8")
    (tmp_path / "baseline.schema.json").unlink()
    monkeypatch.setattr(schema, "FOLDER", tmp_path)

    assert schema.main(["check"]) == 1
    assert sorted(line.split(":")[0] for line in capsys.readouterr().err.splitlines()) == [
        "gates/schemas/baseline.schema.json",
        "gates/schemas/lanes.schema.json",
    ]
    assert schema.main(["write"]) == 0
    assert schema.main(["check"]) == 0


def test_schemas_are_written_into_another_folder_for_a_repository_that_asks(tmp_path: Path) -> None:
    assert schema.main(["write", str(tmp_path / "schemas")]) == 0

    assert schema.drifted(tmp_path / "schemas") == []


@pytest.mark.parametrize("arguments", [[], ["wirte"], ["write", "here", "there"], ["check", "here"]])
def test_a_command_that_makes_no_sense_is_told_how(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.main(arguments) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("file", FILES)
def test_a_file_names_its_schema_in_its_first_line(file: str) -> None:
    line = schema.directive(file, "../gates/schemas")

    assert line == f"#:schema ../gates/schemas/{file[: -len('.toml')]}.schema.json"
    assert (HERE.parents[1] / "policies" / line.split()[1]).resolve().is_file()


def test_the_baseline_that_is_recorded_fits_its_schema() -> None:
    from gates.baseline import Baseline, Debt

    known = schema.schemas(own())["baseline.schema.json"]
    table = json.loads(Baseline((Debt("dynamic-import", "a.py", "importlib.import_module('x')", 2),)).render())

    jsonschema.Draft202012Validator(known).validate(table)
    for wrong in ({"schema": 2, "debt": {}}, {"schema": 1}, {"schema": 1, "debt": {"g": {"p": {"s": 0}}}}):
        assert not jsonschema.Draft202012Validator(known).is_valid(wrong)


def test_a_policy_error_is_an_error_that_a_person_can_mend() -> None:
    assert issubclass(PolicyError, GatesError)
