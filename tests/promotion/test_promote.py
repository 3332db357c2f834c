"""gates promote reads verified evidence of this commit and nothing else; without it nobody is ready."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gates.attestation import archive
from gates.attestation.verify import verify_bytes
from gates.cli.promoting import promote
from gates.errors import GatesError
from gates.promotion.told import usual_place
from tests.promotion.conftest import Key, Shop, run_git, write


def asked(shop: Shop, *words: str) -> Result:
    return CliRunner().invoke(promote, ["-C", str(shop.root), *words], standalone_mode=False)


@pytest.fixture
def clone(risen: Shop, tmp_path: Path) -> Shop:
    """The repository with its evidence, free to be changed."""
    run_git(tmp_path, "clone", "--quiet", str(risen.root), "clone")
    shutil.copytree(risen.root / ".gates", tmp_path / "clone" / ".gates", ignore=shutil.ignore_patterns("cache"))
    return Shop(tmp_path / "clone")


def test_without_evidence_it_says_the_command_that_would_make_it(shop: Shop) -> None:
    done = asked(shop, "guess", "--to", "production")

    assert done.return_value == 3
    assert "guess: not ready for production: there is no evidence of commit " in done.output
    assert done.output.endswith("; run `make acceptance`\n")


def test_a_ready_module_is_decided_with_a_key_and_only_then(clone: Shop, key: Key) -> None:
    done = asked(clone, "guess", "--to", "production")
    assert done.return_value == 0
    assert "nothing is decided" in done.output
    assert not (clone.root / ".ci").joinpath("promotions").exists()

    done = asked(clone, "guess", "--to", "production", "--key", str(key.private))

    assert done.return_value == 0
    assert (clone.root / ".ci/promotions/guess.json").is_file()


def test_one_that_is_not_ready_is_not_decided(clone: Shop, key: Key) -> None:
    done = asked(clone, "till", "--to", "production", "--key", str(key.private))

    assert done.return_value == 1
    assert not (clone.root / ".ci/promotions").exists()


def test_a_key_that_the_policy_does_not_name_decides_nothing(clone: Shop, other_key: Key) -> None:
    done = asked(clone, "guess", "--to", "production", "--key", str(other_key.private))

    assert isinstance(done.exception, GatesError)
    assert "decisions of this key do not count" in str(done.exception)


def test_evidence_of_another_commit_is_none(clone: Shop) -> None:
    bundle = next((clone.root / ".gates/evidence").glob("*.zip"))
    clone.commit("something else")

    done = asked(clone, "guess", "--to", "production", "--evidence", str(bundle))

    assert done.return_value == 3
    assert "it is evidence of another commit" in done.output


def forged(bundle: Path) -> bytes:
    """The bundle in which the figures say more than was measured, and everything else stands."""
    files = dict(archive.read(bundle.read_bytes()).members)
    figures: Any = json.loads(files["figures.json"])
    figures["modules"]["by_name"]["till"]["coverage"]["reached"] = 9999
    return archive.packed({**files, "figures.json": json.dumps(figures).encode()})


def test_figures_that_were_edited_are_no_evidence(clone: Shop) -> None:
    bundle = next((clone.root / ".gates/evidence").glob("*.zip"))
    bundle.write_bytes(forged(bundle))

    assert verify_bytes(bundle.read_bytes()).exit_code == 1
    done = asked(clone, "till", "--to", "production")
    assert done.return_value == 3
    assert "figures.json: " in done.output


def test_evidence_that_nobody_signed_is_none_where_the_policy_names_keys(clone: Shop) -> None:
    bundle = next((clone.root / ".gates/evidence").glob("*.zip"))
    members = archive.read(bundle.read_bytes()).members
    bundle.write_bytes(archive.packed({name: raw for name, raw in members if not name.startswith("signatures/")}))

    done = asked(clone, "guess", "--to", "production")

    assert done.return_value == 3
    assert "it is not signed" in done.output
    assert "sign it with `gates evidence sign`" in done.output


def test_evidence_signed_by_another_is_none(clone: Shop, other_key: Key) -> None:
    clone.record()
    clone.bundle(other_key.private)

    done = asked(clone, "guess", "--to", "production")

    assert done.return_value == 3
    assert "is not signed by the key" in done.output


def test_a_recording_of_other_content_is_stale_in_the_evidence_too(clone: Shop, key: Key) -> None:
    write(clone.root, {"shop/guess.py": "import shop.till\n\n\nclass Guess:\n    pass\n"})
    clone.commit("changed, and nothing recorded anew")
    clone.bundle(key.private)

    done = asked(clone, "guess", "--to", "production")

    assert done.return_value == 1  # for its interface is another
    for said in (
        "drill      could not tell  .gates/recordings/drills.json: was made before shop/guess.py became what it is",
        "budget     could not tell  .gates/recordings/timings.json: is older than shop/guess.py; run `gates measure`",
        "interface  not met         1 public name not as recorded: guess.py: Guess.price",
    ):
        assert said in done.output


def test_all_modules_stand_in_one_table(clone: Shop) -> None:
    done = asked(clone, "--all")

    rows = [line.split() for line in done.output.splitlines()]
    assert rows[0][:1] == ["module"]
    assert rows[2] == ["guess", "production", "production", "candidate", "production", "ready", *["yes"] * 8]
    assert done.return_value == 0  # `till` is covered, which is all that it must be


def test_a_gated_module_that_breaks_what_it_must_meet_fails_the_table(clone: Shop, key: Key) -> None:
    recording = clone.root / ".gates/recordings/coverage.json"
    report = json.loads(recording.read_text("utf-8"))
    report["files"]["shop/till.py"] = {"executed_lines": [1], "missing_lines": [2], "missing_branches": []}
    recording.write_text(json.dumps(report), "utf-8")
    clone.bundle(key.private)

    done = asked(clone, "--all")

    assert done.return_value == 1
    assert "till: not ready to stay in production; and it must have coverage to stay where it is" in done.output


def test_the_table_is_markdown_and_a_page_as_well(clone: Shop, tmp_path: Path) -> None:
    page, text = tmp_path / "ready.html", tmp_path / "ready.md"

    asked(clone, "--all", "--report", f"html={page}", "--report", f"markdown={text}")

    assert "| guess | production | production | candidate | production | ready | yes |" in text.read_text("utf-8")
    html = page.read_text("utf-8")
    assert "default-src &#x27;none&#x27;" in html or "default-src 'none'" in html
    assert '<a href="#guess">guess</a>' in html
    assert "<script" not in html


def test_signatures_are_recorded_for_one_module_and_the_others_stay(clone: Shop) -> None:
    asked(clone, "till", "--record")

    modules = json.loads((clone.root / ".ci/interfaces.json").read_text("utf-8"))["modules"]
    assert modules["till"] == {"till.py": {"total": "(prices: list[int], tax: int=0) -> int"}}
    assert modules["guess"] == {"guess.py": {"Guess": "class()", "Guess.price": "(self) -> int"}}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name a MODULE and --to LANE, or say --all"),
        (["guess"], "guess: to which lane? say --to LANE"),
        (["guess", "--all"], "name a MODULE and --to LANE, or say --all"),
        (["gess", "--to", "production"], "promotion.toml: has no [[module]] 'gess'; did you mean 'guess'?"),
        (["guess", "--to", "prod"], "promotion.toml: 'prod' is none of lanes, which are candidate, production"),
        (["--all", "--to", "production"], "--all judges and decides nothing"),
        (["guess", "--to", "production", "--report", "html"], "--report goes with --all"),
        (["--all", "--report", "pdf"], "--report is 'pdf'; the formats are text, markdown, html"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(shop: Shop, words: list[str], says: str) -> None:
    done = asked(shop, *words)

    assert isinstance(done.exception, GatesError)
    assert says in str(done.exception)


def test_the_bundle_is_looked_for_where_evidence_is_written(shop: Shop) -> None:
    assert usual_place(shop.root, "a" * 40) == shop.root / ".gates/evidence/evidence-aaaaaaaaaaaa.zip"
