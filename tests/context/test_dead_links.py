"""Each way in which a link can be dead: by lychee, and by what lychee cannot see; and what is alive stays so."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

import pytest

from gates.errors import FactUnavailable
from gates.facts.checkout import Checkout
from gates.facts.link_check import reconciled
from gates.facts.renames import Renames
from gates.facts.supply.tools import Done
from gates.finding import Finding
from gates.fixing import Mending, carry_out, mend
from gates.policy import Policy
from gates.report import Outcome, Result
from gates.running import run

PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
needs_lychee = pytest.mark.skipif(shutil.which("lychee", path=PLACES) is None, reason="lychee is not installed")
TREE = {
    "docs/guide.md": "# The guide\n\n## First steps\n\n## First steps\n\n## Ünïcode & more\n\n<a id='own'></a>\n\n"
    "## ⚖️ Law\n",
    "docs/picture.png": "",
    "src/app.py": "one = 1\ntwo = 2\n",
}

# How a link of docs/page.md is written, and what must be said of it; None where it is alive.
LINKS: Mapping[str, Optional[str]] = {
    "[a](guide.md)": None,
    "[a](./guide.md#first-steps)": None,
    "[a](guide.md#first-steps-1)": None,
    "[a](guide.md#ünïcode--more)": None,
    "[a](guide.md#own)": None,
    "[a](guide.md#️-law)": None,
    "<a href='{{where}}'>a</a>": None,
    "![a](picture.png)": None,
    "[a](../src/app.py)": None,
    "[a](../src/app.py#L2)": None,
    "[a](../src/)": None,
    "[a](/src/app.py)": None,
    "[a](https://example.org/gone)": None,
    "[a](mailto:a@example.org)": None,
    "`[a](gone.md)`": None,
    "[a][one]\n\n[one]: guide.md": None,
    "the matrix [1][2] and rows[i][j]": None,
    "a note[^1]\n\n[^1]: Said.": None,
    "- [ ] to do": None,
    "[a](gone.md)": "docs/gone.md does not exist",
    "![a](gone.png)": "docs/gone.png does not exist",
    "[a](../src/gone.py)": "src/gone.py does not exist",
    "[a](/gone.md)": "gone.md does not exist",
    "<img src='gone.png'>": "docs/gone.png does not exist",
    "[a][one]\n\n[one]: gone.md": "docs/gone.md does not exist",
    "[a](guide.md#second-steps)": "docs/guide.md has no heading or anchor #second-steps",
    "[a](guide.md#law)": "docs/guide.md has no heading or anchor #law",
    "[a](#nowhere)": "docs/page.md has no heading or anchor #nowhere",
    "[a](../src/app.py#L3)": "src/app.py has 2 lines",
    "[a](../src/app.py#L1-L90)": "src/app.py has 2 lines",
    "[a](Guide.md)": "docs/Guide.md is docs/guide.md, in other letters",
    "[a](../../other/README.md)": "leads out of the repository",
    "[a][undefined]": "the reference [undefined] is defined nowhere in the file",
    "a note[^lost]": "the reference [^lost] is defined nowhere in the file",
}


def git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *words], cwd=root, check=True, stdout=subprocess.DEVNULL)


def laid(root: Path, files: Mapping[str, str]) -> Path:
    policy = {"policies/gates.toml": "[gates.dead-link]\n"}
    for path, text in {**TREE, **policy, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=First")
    return root


def judged(root: Path) -> Result:
    return run(Policy.load(root / "policies"), Checkout.open(root), today=dt.date(2026, 11, 22)).result("dead-link")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Finding]]:
    """What is found for each link; all are judged in one run, each in a document of its own."""
    root = tmp_path_factory.mktemp("links") / "app"
    pages = {f"docs/{number:02}.md": f"# Page\n\nSee {link}\n" for number, link in enumerate(LINKS)}
    result = judged(laid(root, pages))
    assert result.examined["documents by lychee"] == len(LINKS) + 1
    findings = result.findings
    return {
        link: [finding for finding in findings if finding.path == f"docs/{number:02}.md"]
        for number, link in enumerate(LINKS)
    }


@needs_lychee
@pytest.mark.parametrize("link", LINKS)
def test_a_link_is_dead_or_alive(link: str, found: Mapping[str, list[Finding]]) -> None:
    said = LINKS[link]
    page = f"docs/{list(LINKS).index(link):02}.md"

    messages = [finding.message for finding in found[link]]

    if said is None:
        assert messages == []
    else:
        assert len(messages) == 1
        assert messages[0].endswith(said.replace("docs/page.md", page))


@needs_lychee
def test_a_link_to_a_file_that_nobody_else_has_is_found(tmp_path: Path) -> None:
    root = laid(tmp_path / "app", {"README.md": "[a](notes.md)\n"})
    (root / "notes.md").write_text("# Mine\n", "utf-8")

    assert [finding.message for finding in judged(root).findings] == [
        "`notes.md` is not tracked by git: nobody else has it"
    ]


@needs_lychee
def test_what_it_rests_on_is_named_the_same_by_every_process(tmp_path: Path) -> None:
    """A digest that follows the order of a set is another one wherever strings are hashed with another seed."""
    links = {f"docs/part-{number}.md": "# A part\n" for number in range(8)}
    index = "".join(f"[{number}](part-{number}.md)\n" for number in range(8))
    root = laid(tmp_path / "app", {**links, "docs/index.md": index})
    inputs = set()
    for seed in ("1", "2", "3"):
        words = [sys.executable, "-m", "gates", "run", "--gate", "dead-link", "--no-cache", "--report", "json"]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PATH": PLACES}
        done = subprocess.run(words, cwd=root, env=environment, check=False, capture_output=True, text=True)
        (told,) = (each for each in json.loads(done.stdout)["results"] if each["gate"] == "dead-link")
        inputs.add(json.dumps(told["inputs"], sort_keys=True))

    assert len(inputs) == 1


@needs_lychee
def test_docstrings_and_comments_of_workflows_are_held_to_the_tree(tmp_path: Path) -> None:
    files = {
        "src/other.py": '"""See [the guide](../docs/gone.md), `[a](b.md)` and [more](../docs/guide.md)."""\n',
        ".github/workflows/ci.yml": "# See [why](../../docs/why.md) and [the guide](../../docs/guide.md).\non: push\n",
    }

    findings = judged(laid(tmp_path / "app", files)).findings

    assert [(finding.path, finding.line) for finding in findings] == [
        (".github/workflows/ci.yml", 1),
        ("src/other.py", 1),
    ]


@needs_lychee
@pytest.mark.parametrize("committed", [False, True], ids=["staged", "committed"])
def test_after_a_move_the_mend_is_proposed(committed: bool, tmp_path: Path) -> None:
    root = laid(tmp_path / "app", {"README.md": "See [a](docs/guide.md#first-steps).\n"})
    (root / "manual").mkdir()
    git(root, "mv", "docs/guide.md", "manual/guide.md")
    if committed:
        git(root, "commit", "--quiet", "--message=Moved")

    (finding,) = judged(root).findings

    assert finding.message == "`docs/guide.md#first-steps`: docs/guide.md moved to manual/guide.md"
    assert finding.fix == "manual/guide.md#first-steps"


def test_a_move_is_known_by_its_identity_where_a_content_is_lacking_and_what_is_not_known_is_told(
    tmp_path: Path,
) -> None:
    root = laid(tmp_path / "app", {"docs/old.txt": "One.\n" * 9})
    lacking = subprocess.check_output(["git", "rev-parse", "HEAD:docs/old.txt"], cwd=root, text=True).strip()
    (root / "manual").mkdir()
    git(root, "mv", "docs/guide.md", "manual/guide.md")
    git(root, "rm", "--quiet", "docs/old.txt")
    (root / "docs/new.txt").write_text("Two.\n" * 9, "utf-8")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=Moved")
    (root / ".git/objects" / lacking[:2] / lacking[2:]).unlink()  # as in a partial clone

    moved = Renames(Checkout.open(root))
    assert (moved.now("docs/guide.md"), moved.before("manual/guide.md"), moved.why_not) == (
        "manual/guide.md",
        "docs/guide.md",
        "",
    )

    before = subprocess.check_output(["git", "rev-parse", "HEAD~:docs"], cwd=root, text=True).strip()
    (root / ".git/objects" / before[:2] / before[2:]).unlink()
    unknown = Renames(Checkout.open(root))
    assert unknown.now("docs/guide.md") == ""
    assert before in unknown.why_not


def test_without_lychee_it_cannot_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gates.facts.supply.tools.Tools.places", lambda self, name: [])

    result = judged(laid(tmp_path / "app", {}))

    assert result.outcome is Outcome.BROKEN
    assert "pip install 'lukhas-gates[links]'" in str(result.reason)


MAPS = ("success_map", "error_map", "excluded_map", "redirect_map", "timeout_map")
COUNTS = ("total", "successful", "errors", "excludes", "unsupported", "timeouts", "unknown")


def answer(**counts: int) -> bytes:
    return json.dumps({**dict.fromkeys(COUNTS, 0), **{name: {} for name in MAPS}, **counts}).encode()


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (Done(1, b"", "bad flag"), "ended with 1: bad flag"),
        (Done(0, b"no json", ""), "is not what its format says"),
        (Done(0, b"{}", ""), "is not what its format says"),
        (Done(0, answer(total=4, successful=3), ""), "counts 4 links and answers for 3"),
        (Done(0, answer(), ""), "says nothing of 1 documents that have links, such as docs/page.md"),
    ],
)
def test_an_answer_that_cannot_be_reconciled_is_no_answer(done: Done, said: str) -> None:
    with pytest.raises(FactUnavailable, match=said):
        reconciled(done, {"docs/page.md"}, "/nowhere")


def test_an_answer_that_misses_what_was_planted_is_no_answer() -> None:
    with pytest.raises(FactUnavailable, match="does not find what was planted"):
        reconciled(Done(0, answer(), ""), set(), "/nowhere")


@needs_lychee
def test_what_a_moved_document_linked_to_is_found_where_it_stayed(tmp_path: Path) -> None:
    root = laid(tmp_path / "app", {"docs/page.md": "# Page\n\n[a](guide.md) and [b](../src/app.py#L2)\n"})
    (root / "manual" / "deep").mkdir(parents=True)
    git(root, "mv", "docs/page.md", "manual/deep/page.md")

    findings = judged(root).findings

    assert {finding.message: finding.fix for finding in findings} == {
        "`guide.md`: manual/deep/guide.md is docs/guide.md since this moved": "../../docs/guide.md",
        "`../src/app.py#L2`: manual/src/app.py is src/app.py since this moved": "../../src/app.py#L2",
    }


@needs_lychee
def test_the_fix_makes_links_lead_where_their_targets_lie_now_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    text = (
        "# Read me\n\nSee [a](docs/guide.md#first-steps), [b][guide], [c](docs/guide.md) and [c](docs/guide.md).\n"
        '<img src="docs/Picture.png">, [gone](docs/gone.md), `docs/guide.md`\n\n[guide]: docs/guide.md "The guide"\n'
    )
    root = laid(tmp_path / "app", {"README.md": text, "src/other.py": '"""See [a](../docs/guide.md)."""\n'})
    (root / "a manual").mkdir()
    git(root, "mv", "docs/guide.md", "a manual/guide.md")

    mending = mended(root)
    again = mended(root)

    assert [(edit.path, len(edit.mended)) for edit in mending.edits] == [("README.md", 3), ("src/other.py", 1)]
    assert [(left.line, left.reason) for left in mending.unmended] == [(4, "nothing says where it lies now")]
    assert (root / "README.md").read_text("utf-8") == (
        "# Read me\n\nSee [a](a%20manual/guide.md#first-steps), [b][guide], [c](a%20manual/guide.md) and"
        " [c](a%20manual/guide.md).\n"
        '<img src="docs/picture.png">, [gone](docs/gone.md), `docs/guide.md`\n\n'
        '[guide]: a%20manual/guide.md "The guide"\n'
    )
    assert (root / "src" / "other.py").read_text("utf-8") == '"""See [a](../a%20manual/guide.md)."""\n'
    assert not again.edits
    assert [finding.subject for finding in judged(root).findings] == ["docs/gone.md"]


def mended(root: Path) -> Mending:
    policy = Policy.load(root / "policies")
    checkout = Checkout.open(root)
    return carry_out(mend(policy, checkout, "dead-link", allow_dirty=True), checkout)
