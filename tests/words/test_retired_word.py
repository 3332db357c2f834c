"""What the gate makes of hits: kinds, exempt files, allowances with a last day, evidence, names of files, aliases."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from gates.facts.aliases import PLACE as LEDGER
from gates.facts.checkout import Checkout
from gates.facts.store import Store
from gates.finding import Finding
from gates.policy import Policy
from gates.report import Outcome, Result
from gates.running import run

TODAY = dt.date(2026, 11, 22)
TERM = '[[term]]\nname = "Zephyr"\nreplacement = "Breeze"\nreason = "there is no other wind"\n'
ALLOW = '[[term.allow]]\npaths = ["docs/**"]\nreason = "until the book is printed"\nexpires = {}\n'


def judged(
    root: Path, vocabulary: str, files: dict[str, str], section: str = "", today: dt.date = TODAY, changed: bool = False
) -> Result:
    written = {
        "policies/gates.toml": f"[gates.retired-word]\n{section}",
        "policies/vocabulary.toml": vocabulary,
        **files,
    }
    for path, text in written.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    policy = Policy.load(root / "policies")
    return run(policy, Checkout.open(root), today=today, changed=changed).result("retired-word")


def places(result: Result) -> list[tuple[str, int, str]]:
    return [(found.path, found.line, found.subject) for found in result.findings]


def test_a_finding_names_the_word_what_it_is_what_to_write_and_why(tmp_path: Path) -> None:
    result = judged(tmp_path, TERM, {"a.py": "x = 1\nclass ZephyrNodes: ...\n"})

    message = "`ZephyrNodes` (identifier) says Zephyr; write `BreezeNodes`: there is no other wind"
    assert result.findings == (Finding("a.py", 2, message, "ZephyrNodes", 7, fix="BreezeNodes"),)
    assert result.examined["files"] == 1
    assert result.examined["retired terms"] == 1


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ('["prose"]', []),
        ('["identifier"]', ["zephyr"]),
        ('["comment", "string"]', ["Zephyr", "Zephyr"]),
    ],
)
def test_only_the_kinds_that_the_policy_names_are_found(kinds: str, expected: list[str], tmp_path: Path) -> None:
    result = judged(tmp_path, f"{TERM}kinds = {kinds}\n", {"a.py": "zephyr = 'Zephyr'  # Zephyr\n"})

    assert [found.subject for found in result.findings] == expected


def test_the_files_of_the_policy_name_what_they_retire(tmp_path: Path) -> None:
    waivers = '# Zephyr\n[[waiver]]\ngate = "retired-word"\nreason = "Zephyr"\n'
    waivers += 'owner = "o"\nticket = "t"\nexpires = 2027-01-01\npath = "a.py"\n'

    result = judged(tmp_path, TERM, {"policies/waivers.toml": waivers, "a.py": "zephyr = 1\n", "b.py": ""})

    assert (result.outcome, len(result.waived)) == (Outcome.PASSED, 1)


def test_exempt_files_are_not_looked_at_and_those_of_one_term_only_by_the_others(tmp_path: Path) -> None:
    other = '[[term]]\nname = "gale"\nreason = "too loud"\nexempt_paths = ["b.md"]\n'
    text = "A Zephyr, a gale.\n"

    result = judged(tmp_path, f'exempt_paths = ["a.md"]\n{TERM}{other}', {"a.md": text, "b.md": text, "c.md": text})

    assert places(result) == [("b.md", 1, "Zephyr"), ("c.md", 1, "Zephyr"), ("c.md", 1, "gale")]
    assert result.examined["files"] == 2


def test_what_is_allowed_is_no_finding_until_its_last_day_and_then_says_since_when(tmp_path: Path) -> None:
    files = {"docs/a.md": "The Zephyr.\n"}

    assert judged(tmp_path, TERM + ALLOW.format(TODAY), files).outcome is Outcome.PASSED
    (found,) = judged(tmp_path, TERM + ALLOW.format(TODAY - dt.timedelta(days=1)), files).findings
    assert "(allowed until 2026-11-21, which is over: until the book is printed)" in found.message


@pytest.mark.parametrize(("text", "many"), [("zephyr_*", 1), ("zephyr_core", 1), ("*", 0), ("zephyr", 2)])
def test_an_allowance_may_name_what_holds_the_word(text: str, many: int, tmp_path: Path) -> None:
    allow = f'[[term.allow]]\npaths = ["a.py"]\ntext = "{text}"\nreason = "r"\nexpires = 2027-01-01\n'

    result = judged(tmp_path, TERM + allow, {"a.py": "zephyr_core = my_zephyr\n"})

    assert len([found for found in result.findings if found.path == "a.py"]) == many


def test_an_allowance_that_covers_nothing_is_a_finding_of_the_policy(tmp_path: Path) -> None:
    files = {"docs/a.md": "A wind.\n"}
    result = judged(tmp_path, TERM + ALLOW.format("2027-01-01"), files)

    assert places(result) == [("policies/vocabulary.toml", 0, "Zephyr: allows anything in docs/**")]


def test_the_last_day_of_the_next_allowance_is_the_last_of_the_report(tmp_path: Path) -> None:
    judged(tmp_path, TERM + ALLOW.format("2027-03-01"), {"docs/a.md": "Zephyr\n"})

    policy = Policy.load(tmp_path / "policies")
    result = run(policy, Checkout.open(tmp_path), today=TODAY).result("retired-word")

    assert result.until == "2027-03-01"


def test_a_claim_may_stand_beside_its_evidence_and_nowhere_else(tmp_path: Path) -> None:
    term = '[[term]]\nname = "matchless"\nreason = "cite it"\nwith_evidence = true\n'
    text = "A matchless thing.\n\nA matchless one: [bench](bench.md).\n"

    result = judged(tmp_path, term, {"a.md": text})

    assert places(result) == [("a.md", 1, "matchless")]
    assert result.findings[0].message.endswith("Or cite the evidence in the same paragraph.")


def test_a_term_that_is_off_is_not_looked_for(tmp_path: Path) -> None:
    result = judged(tmp_path, f'{TERM}off = "not yet"\n', {"a.md": "Zephyr\n"})

    assert (result.outcome, result.reason) == (Outcome.VACUOUS, "there are no retired terms and no files to look at")


def test_files_and_folders_are_called_by_their_names_each_once(tmp_path: Path) -> None:
    files = {
        "zephyr/a.md": "",
        "zephyr/b.md": "",
        "zephyr/my_zephyr.md": "",
        "docs/ZephyrNode.md": "",
        "x/prezephyr": "",
    }

    result = judged(tmp_path, TERM, files)

    assert places(result) == [
        ("docs/ZephyrNode.md", 0, "ZephyrNode.md"),
        ("zephyr", 0, "zephyr"),
        ("zephyr/my_zephyr.md", 0, "my_zephyr.md"),
    ]
    assert result.findings[0].fix == "BreezeNode.md"


def test_keys_of_a_foreign_schema_are_theirs_and_the_values_ours(tmp_path: Path) -> None:
    files = {"a/x.json": '{"zephyr": "a Zephyr"}', "b/x.json": '{"zephyr": 1}'}

    result = judged(tmp_path, TERM, files, 'foreign_keys_in = ["a/**"]\n')

    assert places(result) == [("a/x.json", 1, "Zephyr"), ("b/x.json", 1, "zephyr")]


def test_only_changed_files_are_looked_at_where_that_is_asked_and_no_allowance_is_called_idle(tmp_path: Path) -> None:
    from tests.checkout.repository import Repository

    repository = Repository(tmp_path / "repository")
    repository.commit(a="zephyr = 1\n")

    result = judged(
        repository.root, TERM + ALLOW.format("2027-01-01"), {"docs/b.md": "A gale, a Zephyr.\n"}, changed=True
    )

    assert result.outcome is Outcome.PASSED
    result = judged(repository.root, TERM, {"docs/b.md": "Zephyr\n"}, changed=True)
    assert places(result) == [("docs/b.md", 1, "Zephyr")]


def test_what_was_kept_under_one_vocabulary_does_not_answer_for_another(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    found = []
    for name in ("Zephyr", "gale"):
        judged(root, TERM.replace("Zephyr", name), {"a.md": "A Zephyr, a gale.\n"})
        with Store(tmp_path / "facts.sqlite") as store:
            report = run(Policy.load(root / "policies"), Checkout.open(root), today=TODAY, store=store)
        found += [finding.subject for finding in report.result("retired-word").findings]

    assert found == ["Zephyr", "gale"]


# The ledger of aliases


def ledger(**more: object) -> str:
    alias = {"path": "old.py", "former": "old", "now": "new", "until": "2.0", **more}
    return json.dumps({"schema": 1, "aliases": [alias]})


def project(version: str) -> str:
    return f'[project]\nname = "x"\nversion = "{version}"\n'


@pytest.mark.parametrize(("version", "is_over"), [("1.9.3", False), ("2.0", True), ("2.0.0rc1", True), ("10.1", True)])
def test_an_alias_goes_with_the_release_that_the_ledger_names(version: str, is_over: bool, tmp_path: Path) -> None:
    files = {LEDGER: ledger(), "old.py": "# the former name of Zephyr\n", "pyproject.toml": project(version)}

    result = judged(tmp_path, TERM, files)

    assert places(result) == ([("old.py", 0, "alias: old")] if is_over else [])
    assert result.examined["aliases"] == 1


def test_an_entry_whose_alias_is_gone_is_a_finding(tmp_path: Path) -> None:
    result = judged(tmp_path, TERM, {LEDGER: ledger(), "pyproject.toml": project("1.0")})

    assert places(result) == [(LEDGER, 0, "missing: old.py")]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({LEDGER: "{"}, "is no ledger of aliases"),
        ({LEDGER: ledger(until=3)}, "is no ledger of aliases"),
        ({LEDGER: json.dumps({"schema": 2, "aliases": []})}, "has schema 2"),
        ({LEDGER: ledger()}, "which release this is cannot be told"),
        ({LEDGER: ledger(), "pyproject.toml": "["}, "pyproject.toml: is not TOML"),
    ],
)
def test_a_ledger_that_cannot_be_judged_is_no_pass(files: dict[str, str], why: str, tmp_path: Path) -> None:
    result = judged(tmp_path, TERM, {**files, "a.md": "x"})

    assert result.outcome is Outcome.BROKEN
    assert why in str(result.reason)


def test_the_release_may_stand_in_the_package(tmp_path: Path) -> None:
    files = {LEDGER: ledger(), "old.py": "", "package/__init__.py": '__version__ = "2.1"\n'}

    assert places(judged(tmp_path, TERM, files)) == [("old.py", 0, "alias: old")]
