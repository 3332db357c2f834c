"""Nothing that is written holds what opens a door, wherever a fact took it from."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gates.cli.evidence import evidence as evidence_command
from gates.facts.checkout import Checkout
from gates.facts.store import Store
from gates.facts.supply.credentials import without_credentials
from gates.facts.supply.searched_text import made_up_token
from gates.policy import Policy
from gates.reporters import NAMES, reporter
from gates.running import run
from tests.checkout.repository import Repository

TOKEN = made_up_token("credentials")
WORD = "opensesame"
HASH = f"--hash=sha256:{'a' * 64}"
FILES = {
    "policies/gates.toml": "[gates.unlocked-dependency]\n[gates.known-vulnerability]\n",
    "policies/lanes.toml": '[[lane]]\nname = "all"\npaths = ["**"]\nmay_import = ["all"]\n',
    "requirements.in": f"--extra-index-url https://u:{TOKEN}@h/simple\nb @ https://u:{WORD}@h/b.whl\n{TOKEN} is odd\n",
    "requirements.txt": f"-i https://h/?token={WORD}\nb @ git+https://{TOKEN}@h/b.git {HASH}\n"
    f"c==1 # via https://u:{WORD}@h\n",
    "Makefile": f"a:\n\tpip install --extra-index-url https://u:{TOKEN}@h x\n\tpip install https://u:{WORD}@h/x.whl\n",
    "docs/uv.lock": f'[[package]]\nname = "b"\nversion = "1"\nsource = {{ git = "https://u:{TOKEN}@h/b?rev=main" }}\n'
    f'[[package]]\nname = "c"\nversion = "1"\nsource = {{ url = "https://u:{WORD}@h/c.whl" }}\n'
    f'wheels = [{{ url = "https://h/c.whl?token={WORD}" }}]\n',
    "docs/pyproject.toml": f'[project]\nname = "a"\ndependencies = ["b @ https://u:{TOKEN}@h/b.whl", "{TOKEN} odd"]\n',
    "docs/pylock.toml": 'lock-version = "1.0"\n[[packages]]\nname = "d"\n'
    f'sdist = {{ path = "https://u:{WORD}@h/d.zip" }}\n',
}  # fmt: skip


def test_no_report_no_cache_and_no_evidence_holds_a_word_that_opens_an_index(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    for path, text in FILES.items():
        repository.write(path, text)
    repository.commit()

    with Store(repository.root / ".gates" / "cache" / "facts.sqlite") as store:
        report = run(
            Policy.load(repository.root / "policies"),
            Checkout.open(repository.root),
            today=dt.date(2026, 11, 22),
            store=store,
        )
    evidence = CliRunner().invoke(evidence_command, ["build", "--root", str(repository.root)])
    written = [reporter(name)(report).encode() for name in NAMES]
    (bundle,) = (repository.root / ".gates" / "evidence").glob("*.zip")
    with zipfile.ZipFile(bundle) as archive:
        written += [archive.read(name) for name in archive.namelist()]
    kept = [file.read_bytes() for file in (repository.root / ".gates").rglob("*") if file.is_file()]

    assert {found.path for found in report.result("unlocked-dependency").findings} == FILES.keys() - {
        path for path in FILES if path.startswith("policies/")
    }
    assert any(b"unlocked-dependency" in each for each in kept)
    for word in (TOKEN, WORD):
        assert not [each[:200] for each in [*written, *kept, evidence.output.encode()] if word.encode() in each]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git+https://github.com/a/b@v1#egg=b", "git+https://github.com/a/b@v1#egg=b"),
        ("https://u:p@ss@h/simple", "https://h/simple"),
        ("--proxy u:p@h:1 x@1", "--proxy h:1 x@1"),
        ("https://h/a?x=1&access_token=abc#sha256=0", "https://h/a?x=1&access_token=***#sha256=0"),
        (f"pip install {TOKEN}", "pip install ***"),
    ],
)
def test_what_anybody_may_read_stays(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@given(st.text())
def test_the_lines_stay_what_they_are_and_twice_is_once(text: str) -> None:
    shown = without_credentials(text)

    assert len(shown.splitlines()) == len(text.splitlines())
    assert without_credentials(shown) == shown
