"""Cases of cross-lane-import: small trees, each laid out as a real git repository, with what is found on the line.

A case is a folder with lanes.toml (and gates.toml where it needs one) and the files of its tree. `NAME.symlink` holds
the target of a link, `NAME.submodule` the commit of a submodule. `# finds: SUBJECT` at the end of a line, several with
`;` between: just that is found there; `[a > b > c]` behind it is the chain. What has no line to stand on is said at the
head of lanes.toml, as `# finds: PATH: SUBJECT` or `# finds: PATH:LINE: SUBJECT`. `opaque` before a subject: it cannot
be known.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gates.facts.checkout import Checkout
from gates.finding import Finding
from gates.policy import Policy
from gates.report import Outcome
from gates.running import run

GATE = "cross-lane-import"
CASES = Path(__file__).parent / GATE
FOLDERS = sorted(folder for folder in CASES.iterdir() if folder.is_dir())
POLICIES = ("lanes.toml", "gates.toml")
GIT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
_ON_A_LINE = re.compile(r"# finds: (.*)$")
_AT_THE_HEAD = re.compile(r"# finds: ([^:]+):(?:(\d+):)? (.*)$")
_EXPECTED = re.compile(r"(?P<opaque>opaque )?(?P<subject>[^\[]*[^\[ ])(?: \[(?P<trace>.*)\])?")


class Expected(NamedTuple):
    """What a case promises at one place; an empty trace is not compared."""

    path: str
    line: int
    subject: str
    verdict: str
    trace: tuple[str, ...]


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, env=GIT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def repository(case: Path, root: Path) -> Path:
    """The case as a repository with one commit."""
    shutil.copytree(case, root)
    (root / "policies").mkdir()
    (root / "policies" / "gates.toml").write_text(f"[gates.{GATE}]\n", "utf-8")
    for name in POLICIES:
        if (root / name).is_file():
            (root / name).replace(root / "policies" / name)
    git(root, "init", "--quiet", "--initial-branch=main")
    for file in sorted(root.rglob("*.symlink")):
        file.with_suffix("").symlink_to(file.read_text("utf-8"))
        file.unlink()
    for file in sorted(root.rglob("*.submodule")):
        commit = file.read_text("utf-8")
        file.unlink()
        path = file.with_suffix("").relative_to(root).as_posix()
        git(root, "update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
        file.with_suffix("").mkdir()  # as `git clone` leaves it
    git(root, "-c", "core.autocrlf=false", "add", "--all")
    git(root, "commit", "--quiet", "--message=A case")
    return root


def lines_of(file: Path) -> list[str]:
    """Its lines as Python counts them; a letter that is not UTF-8 matters only to what is judged."""
    content = file.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content.decode("utf-8", "replace").split("\n")


def expected(case: Path) -> Iterator[Expected]:
    for line in lines_of(case / "lanes.toml"):
        match = _AT_THE_HEAD.match(line)
        if match is not None:
            yield from promises(match[1], int(match[2] or 0), match[3])
    for file in sorted(case.rglob("*")):
        if file.is_file() and file.parent / file.name not in [case / name for name in POLICIES]:
            for number, line in enumerate(lines_of(file), 1):
                match = _ON_A_LINE.search(line)
                if match is not None:
                    yield from promises(file.relative_to(case).as_posix(), number, match[1])


def promises(path: str, line: int, text: str) -> Iterator[Expected]:
    for promise in text.split("; "):
        match = _EXPECTED.fullmatch(promise)
        assert match is not None, f"{path}:{line}: {promise}"
        trace = tuple(match["trace"].split(" > ")) if match["trace"] else ()
        yield Expected(path, line, match["subject"], "opaque" if match["opaque"] else "violation", trace)


def found_in(root: Path) -> tuple[Outcome, tuple[Finding, ...]]:
    result = run(Policy.load(root / "policies"), Checkout.open(root), today=dt.date(2026, 11, 22)).result(GATE)
    return result.outcome, result.findings


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: case.name)
def test_a_case_finds_what_its_lines_say_and_no_more(case: Path, tmp_path: Path) -> None:
    promised = sorted(expected(case))

    outcome, findings = found_in(repository(case, tmp_path / "repository"))

    told = {(one.path, one.line, one.subject): one for one in promised if one.trace}
    found = sorted(
        Expected(
            finding.path,
            finding.line,
            finding.subject,
            finding.verdict,
            finding.trace if (finding.path, finding.line, finding.subject) in told else (),
        )
        for finding in findings
    )
    assert found == promised
    assert outcome is (Outcome.FAILED if promised else Outcome.PASSED)


def test_a_name_that_no_file_has_is_said_to_be_missing(tmp_path: Path) -> None:
    root = repository(CASES / "direct", tmp_path / "repository")
    (root / "candidate" / "spread").mkdir()
    (root / "candidate" / "spread" / "held.py").write_text("", "utf-8")
    text = "import candidate.core\nimport candidate.gone\nimport candidate.spread\n"
    (root / "runtime" / "more.py").write_text(text, "utf-8")
    git(root, "add", "--all")

    _, findings = found_in(root)

    said = {finding.line: finding.message for finding in findings if finding.path == "runtime/more.py"}
    assert {line: "; no file here has that name" in message for line, message in said.items()} == {
        1: False,
        2: True,
        3: False,
    }


def test_there_are_cases_that_find_and_cases_that_do_not() -> None:
    many = {case.name: len(list(expected(case))) for case in FOLDERS}

    assert len(many) >= 40
    assert {name for name, count in many.items() if not count} >= {"clean", "look-alikes", "sibling-prefix"}
    assert sum(many.values()) >= 100


def test_every_case_says_what_it_is_about() -> None:
    for case in FOLDERS:
        assert re.match(r"# [A-Z`\[].*[.]$", lines_of(case / "lanes.toml")[0]), case.name
