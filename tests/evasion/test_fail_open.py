"""Nine ways in which tools of the field pass what they did not look at, and that none of them is ours.

Each was seen in a released linter or import checker: a file skipped with a warning, a cache that answers for another
content, a comment that silences without a reason. What is asked here is the whole command, with what it keeps between
runs, and its exit code: 0 is a pass, and nothing below may be one.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.checkout.repository import Repository
from tests.cli.command import gates_in

GATES = "[gates.cross-lane-import]\n\n[gates.dynamic-import]\n\n[gates.unparsable-module]\n"
LANES = """
[[lane]]
name = "candidate"
paths = ["candidate/**"]
may_import = ["candidate", "shop"]

[[lane]]
name = "shop"
paths = ["**"]
may_import = ["shop"]
"""
CROSSING = "import candidate.core\n"
# As long as CROSSING, byte for byte.
HARMLESS = "import shop.own_parts\n"
DOES_NOT_PARSE = "def start(:\n    pass\n"
TODAY = "2026-11-22"


class Judged(NamedTuple):
    """The exit code, and each finding as (gate, path, line, subject, verdict)."""

    code: int
    found: set[tuple[str, str, int, str, str]]

    def crosses(self, path: str, line: int) -> bool:
        """Whether the import of candidate.core is found there."""
        return ("cross-lane-import", path, line, "candidate.core", "violation") in self.found

    def at(self, path: str) -> set[str]:
        """The gates that find something in a file."""
        return {gate for gate, where, *_ in self.found if where == path}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.write("policies/gates.toml", GATES)
    repository.write("policies/lanes.toml", LANES)
    repository.write("candidate/__init__.py")
    repository.write("candidate/core.py", "SIZE = 4\n")
    repository.write("shop/__init__.py")
    repository.write("shop/own_parts.py")
    repository.commit()
    return repository


def judged(repository: Repository, *words: str) -> Judged:
    """The command, run as a person runs it: with the store of the runs before."""
    said = gates_in(repository.root, "run", "--today", TODAY, "--report", "json", *words)
    report = json.loads(said.out)
    found = {
        (result["gate"], one["path"], one["line"], one["subject"], one["verdict"])
        for result in report["results"]
        for one in result["findings"]
    }
    return Judged(said.code, found)


def test_what_is_asked_here_can_pass(repository: Repository) -> None:
    assert judged(repository) == Judged(0, set())


# 1. A file in another encoding than UTF-8, which its first line says: skipped with a warning.


def test_a_file_in_another_encoding_is_read_in_it(repository: Repository) -> None:
    letters = {"latin-1": "é", "cp1252": "€", "koi8-r": "я", "shift_jis": "カ", "utf-8-sig": "é"}
    for encoding, letter in letters.items():
        text = f"# -*- coding: {encoding} -*-\nNAME = '{letter}'\n{CROSSING}"
        repository.write(f"shop/in_{encoding}.py", text.encode(encoding))

    result = judged(repository)

    assert result.code == 1
    assert [encoding for encoding in letters if not result.crosses(f"shop/in_{encoding}.py", 3)] == []


# 2. A file that cannot be decoded: skipped with a warning.


def test_a_file_that_cannot_be_decoded_is_found_and_the_others_are_judged(repository: Repository) -> None:
    contents = {
        "no_utf_8": b"NAME = '\xff\xfe'\n",
        "a_nought": b"SIZE = 4\n\0",
        "no_such_codec": b"# coding: no-such-codec\nSIZE = 4\n",
        "utf_16": "# coding: utf-16-le\nSIZE = 4\n".encode("utf-16-le"),
    }
    for name, content in contents.items():
        repository.write(f"shop/{name}.py", content)
    repository.write("shop/readable.py", CROSSING)

    result = judged(repository)

    assert result.code == 1
    assert [name for name in contents if "unparsable-module" not in result.at(f"shop/{name}.py")] == []
    assert result.crosses("shop/readable.py", 1)


def test_a_file_that_cannot_be_decoded_and_names_the_lane_is_no_pass_of_the_lane_gate(repository: Repository) -> None:
    repository.write("shop/a.py", b"NAME = '\xff\xfe'\nimport candidate.core\n__import__('candidate.core')\n")

    found = {one for one in judged(repository).found if one[1] == "shop/a.py"}

    assert {(gate, verdict) for gate, _, _, _, verdict in found} >= {
        ("cross-lane-import", "opaque"),
        ("dynamic-import", "opaque"),
    }


# 3. A folder without __init__.py: left out in silence.


def test_a_folder_that_is_no_package_is_judged_and_can_be_entered(repository: Repository) -> None:
    repository.write("shop/plain/deeper/a.py", CROSSING)
    repository.write("scripts/start.py", CROSSING)
    repository.write("candidate/loose/b.py")
    repository.write("shop/c.py", "import candidate.loose.b\n")

    result = judged(repository)

    assert result.code == 1
    assert result.crosses("shop/plain/deeper/a.py", 1)
    assert result.crosses("scripts/start.py", 1)
    assert ("cross-lane-import", "shop/c.py", 1, "candidate.loose.b", "violation") in result.found


# 4. A cache whose entries are told apart by less than they depend on.


def test_a_run_with_other_options_never_answers_for_this_one(repository: Repository) -> None:
    direct_only = GATES.replace("[gates.cross-lane-import]", "[gates.cross-lane-import]\ntransitive = false")
    repository.write("shop/a.py", HARMLESS)
    for policy in (GATES, direct_only):
        repository.write("policies/gates.toml", policy)
        assert judged(repository).code == 0
    repository.write("shop/a.py", CROSSING)

    results = []
    for policy in (GATES, direct_only, GATES):
        repository.write("policies/gates.toml", policy)
        results.append(judged(repository))

    assert [(result.code, result.crosses("shop/a.py", 1)) for result in results] == [(1, True)] * 3


def test_a_lane_that_is_drawn_anew_is_judged_anew(repository: Repository) -> None:
    repository.write(
        "policies/lanes.toml", LANES.replace('may_import = ["shop"]', 'may_import = ["shop", "candidate"]')
    )
    repository.write("shop/a.py", CROSSING)
    assert judged(repository).code == 0

    repository.write("policies/lanes.toml", LANES)

    assert judged(repository).crosses("shop/a.py", 1)


def test_one_gate_asked_alone_leaves_nothing_behind_that_the_others_believe(repository: Repository) -> None:
    repository.write("shop/a.py", CROSSING + "__import__('candidate.core')\n")

    alone = judged(repository, "--gate", "unparsable-module")
    all_of_them = judged(repository)

    assert alone.code == 0
    assert all_of_them.at("shop/a.py") == {"cross-lane-import", "dynamic-import"}


# 5. A cache that believes the time of a file.

# Long before the index and the store were written: git looks at a file again that is as new as its index.
LONG_AGO = 1_500_000_000_000_000_000


def in_another_second(file: Path) -> None:
    """Git tells two changes of one file apart by the second in which they were made."""
    while int(time.time()) == int(file.stat().st_ctime):
        time.sleep(0.05)


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_file_whose_time_and_size_are_put_back_is_read_again(repository: Repository, is_committed: bool) -> None:
    assert len(HARMLESS) == len(CROSSING)
    file = repository.write("shop/a.py", HARMLESS)
    os.utime(file, ns=(LONG_AGO, LONG_AGO))
    if is_committed:
        repository.commit()
    assert judged(repository).code == 0

    in_another_second(file)
    file.write_text(CROSSING, "utf-8")
    os.utime(file, ns=(LONG_AGO, LONG_AGO))

    assert judged(repository).crosses("shop/a.py", 1)


def test_a_file_that_takes_the_place_of_an_older_one_is_read(repository: Repository) -> None:
    file = repository.write("shop/a.py", HARMLESS)
    os.utime(file, ns=(LONG_AGO, LONG_AGO))
    repository.commit()
    assert judged(repository).code == 0

    in_another_second(file)
    other = repository.write("shop/b.txt", CROSSING)
    os.utime(other, ns=(LONG_AGO, LONG_AGO))
    other.replace(file)

    assert judged(repository).crosses("shop/a.py", 1)


# 6. One file that does not parse ends the whole run.


def test_a_file_that_does_not_parse_ends_no_run_and_hides_no_finding(repository: Repository) -> None:
    repository.write("shop/a.py", DOES_NOT_PARSE)
    repository.write("candidate/broken.py", DOES_NOT_PARSE)
    repository.write("shop/b.py", CROSSING)
    repository.write("shop/c.py", "import shop.a\nimport candidate.broken\n")

    result = judged(repository)

    assert result.code == 1
    assert result.at("shop/a.py") == result.at("candidate/broken.py") == {"unparsable-module"}
    assert result.crosses("shop/b.py", 1)
    assert ("cross-lane-import", "shop/c.py", 2, "candidate.broken", "violation") in result.found


# 7. A file that does not parse passes in silence.


def test_a_file_that_does_not_parse_never_passes(repository: Repository) -> None:
    rests = ("import candidate.core\n", "__import__('candidate.core')\n", "from candidate import core\n", "SIZE = 4\n")
    for number, rest in enumerate(rests):
        repository.write(f"shop/broken_{number}.py", DOES_NOT_PARSE + rest)

    result = judged(repository)

    assert result.code == 1
    assert ["unparsable-module" in result.at(f"shop/broken_{number}.py") for number in range(4)] == [True] * 4


@pytest.mark.parametrize(
    ("gate", "rest"),
    [
        ("cross-lane-import", "import candidate.core\n"),
        ("cross-lane-import", "from candidate import core\n"),
        ("dynamic-import", "__import__('candidate.core')\n"),
    ],
)
def test_each_gate_says_by_itself_that_it_could_not_read_what_concerns_it(
    repository: Repository, gate: str, rest: str
) -> None:
    repository.write("shop/a.py", DOES_NOT_PARSE + rest)

    result = judged(repository, "--gate", gate)

    assert result.code == 1
    assert {(where, verdict) for _, where, _, _, verdict in result.found} == {("shop/a.py", "opaque")}


# 8. A spelling that the rule's own name does not cover, and a comment that silences it without a reason.


def test_a_rule_covers_every_spelling_of_what_it_is_about(repository: Repository) -> None:
    spellings = (
        "__import__('candidate.core')",
        "import builtins; builtins.__import__('candidate.core')",
        "__builtins__['__import__']('candidate.core')",
        "from builtins import __import__ as load; load('candidate.core')",
    )
    for number, spelling in enumerate(spellings):
        repository.write(f"shop/spelling_{number}.py", f"{spelling}\n")

    result = judged(repository)

    paths = [f"shop/spelling_{number}.py" for number in range(len(spellings))]
    assert [path for path in paths if not result.crosses(path, 1)] == []
    assert [path for path in paths if result.at(path) != {"cross-lane-import", "dynamic-import"}] == []


COMMENTS = (
    "noqa",
    "noqa: TID251",
    "type: ignore",
    "nosec",
    "nosemgrep",
    "lint-ignore",
    "lint-fixme: cross-lane-import",
    "pylint: disable=all",
    "tach-ignore",
    "import-linter: ignore",
    "gates: ignore",
    "gates: off",
    "pragma: no cover",
    "fmt: skip",
)


def test_no_comment_silences_anything(repository: Repository) -> None:
    for number, comment in enumerate(COMMENTS):
        text = f"import candidate.core  # {comment}\n__import__('candidate.core')  # {comment}\n"
        repository.write(f"shop/silent_{number}.py", f"# {comment}\n# ruff: noqa\n# flake8: noqa\n{text}")

    result = judged(repository)

    lines = [(comment, line) for comment in COMMENTS for line in (4, 5)]
    paths = {comment: f"shop/silent_{number}.py" for number, comment in enumerate(COMMENTS)}
    assert [place for place in lines if not result.crosses(paths[place[0]], place[1])] == []


def test_what_is_set_aside_has_a_person_a_reason_and_a_last_day(repository: Repository) -> None:
    repository.write("shop/a.py", CROSSING)
    waiver = (
        '[[waiver]]\ngate = "cross-lane-import"\npath = "shop/a.py"\nreason = "{}"\nowner = "@shop"\nticket = "S-1"\n'
    )
    last_day = "expires = {}\n"

    codes = []
    for text in (
        waiver.format("moves with the next release") + last_day.format("2026-12-31"),
        waiver.format("moves with the next release") + last_day.format("2026-11-01"),
        waiver.format("") + last_day.format("2026-12-31"),
        waiver.format("moves with the next release"),
    ):
        repository.write("policies/waivers.toml", text)
        codes.append(gates_in(repository.root, "run", "--today", TODAY).code)

    assert codes == [0, 1, 2, 2]


# 9. An import for type checkers: left out.


GUARDS = (
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:",
    "import typing\nif typing.TYPE_CHECKING:",
    "import typing as t\nif t.TYPE_CHECKING:",
    "TYPE_CHECKING = False\nif TYPE_CHECKING:",
    "MYPY = False\nif MYPY:",
    "if False:\n    pass\nif 0:",
    "import typing\nif not typing.TYPE_CHECKING:\n    pass\nelse:",
)


def test_an_import_that_only_type_checkers_see_is_an_import(repository: Repository) -> None:
    for number, guard in enumerate(GUARDS):
        repository.write(f"shop/guarded_{number}.py", f"{guard}\n    from candidate.core import SIZE\n")

    result = judged(repository)

    places = {guard: (f"shop/guarded_{number}.py", guard.count("\n") + 2) for number, guard in enumerate(GUARDS)}
    assert [guard for guard, (path, line) in places.items() if not result.crosses(path, line)] == []
