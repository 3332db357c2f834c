"""What git makes of line ends and filters: the id is git's, and what is kept under it does not depend on either."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.errors import CheckoutError
from gates.facts.extraction import Extraction
from gates.facts.store import Store
from tests.checkout.repository import Repository

SCAN = "gates.facts.extractors.import_statements"


def scanned(repository: Repository, store: Store) -> tuple[dict[str, object], int]:
    checkout = repository.open()
    extraction = Extraction(checkout, store, "1")
    found = extraction.of(SCAN, list(checkout.files.values()))
    return found, extraction.extracted


def checked_out_anew(repository: Repository, *settings: str) -> None:
    for setting in settings:
        repository.git("config", *setting.split("=", 1))
    for path in repository.git("ls-files").splitlines():
        (repository.root / path).unlink()
    repository.git("checkout", "-q", "--", ".")


@pytest.mark.parametrize("attributes", ["", "*.py text eol=crlf\n"])
def test_crlf_in_the_work_tree_is_the_same_content(repository: Repository, attributes: str) -> None:
    repository.write(".gitattributes", attributes)
    repository.commit(a="import x\nimport y\n")
    before = repository.open()
    checked_out_anew(repository, "core.autocrlf=true")
    assert (repository.root / "a.py").read_bytes() == b"import x\r\nimport y\r\n"

    checkout = repository.open()

    assert checkout.digest == before.digest
    assert checkout.dirty == ()


def test_what_was_kept_from_lf_serves_crlf_and_the_other_way_round(repository: Repository, tmp_path: Path) -> None:
    repository.commit(a="import x\n")
    with Store(tmp_path / "one") as store:
        assert scanned(repository, store) == ({"a.py": ["x"]}, 1)
        checked_out_anew(repository, "core.autocrlf=true")
        assert scanned(repository, store) == ({"a.py": ["x"]}, 0)
    with Store(tmp_path / "two") as store:
        assert scanned(repository, store) == ({"a.py": ["x"]}, 1)
        assert scanned(repository, store) == ({"a.py": ["x"]}, 0)
        checked_out_anew(repository, "core.autocrlf=false")
        assert scanned(repository, store) == ({"a.py": ["x"]}, 0)


def test_an_edited_crlf_file_has_the_id_that_git_would_give_it(repository: Repository, tmp_path: Path) -> None:
    repository.commit(a="import x\n")
    checked_out_anew(repository, "core.autocrlf=true")
    repository.write("a.py", "import x\r\nimport z\r\n")
    repository.write("new.py", "import n\r\n")

    checkout = repository.open()

    assert checkout.files["a.py"].blob == repository.blob("import x\nimport z\n")
    assert checkout.files["new.py"].blob == repository.blob("import n\n")
    with Store(tmp_path / "store") as store:
        assert scanned(repository, store)[0] == {"a.py": ["x", "z"], "new.py": ["n"]}


def test_crlf_that_is_committed_as_such_is_left_alone(repository: Repository) -> None:
    repository.write("a.py", b"import x\r\n")
    repository.commit()

    assert repository.open().files["a.py"].blob == repository.blob(b"import x\r\n")


def with_filter(repository: Repository) -> None:
    """Like git-crypt: what is committed has its letters turned, what stands in the work tree has not."""
    turn = "tr a-zA-Z n-za-mN-ZA-M"
    repository.git("config", "filter.turned.clean", turn)
    repository.git("config", "filter.turned.smudge", turn)
    repository.write(".gitattributes", "secret*.py filter=turned\n")


def test_a_filtered_file_is_known_by_the_bytes_that_stand_there(repository: Repository, tmp_path: Path) -> None:
    with_filter(repository)
    repository.commit(secret="import x\n", plain="import y\n")
    assert repository.git("cat-file", "blob", "HEAD:secret.py") == "vzcbeg k"

    checkout = repository.open()

    assert checkout.dirty == ()
    assert checkout.files["secret.py"].blob == repository.blob("import x\n")
    with Store(tmp_path / "store") as store:
        assert scanned(repository, store) == ({"secret.py": ["x"], "plain.py": ["y"]}, 3)
        assert scanned(repository, store)[1] == 0


def test_locked_and_unlocked_are_two_contents_though_git_gives_both_one_id(
    repository: Repository, tmp_path: Path
) -> None:
    with_filter(repository)
    repository.commit(secret="import x\n")
    with Store(tmp_path / "store") as store:
        assert scanned(repository, store)[0] == {"secret.py": ["x"]}
        repository.git("config", "--unset", "filter.turned.clean")
        repository.git("config", "--unset", "filter.turned.smudge")
        checked_out_anew(repository)
        assert (repository.root / "secret.py").read_bytes() == b"vzcbeg k\n"
        assert scanned(repository, store)[0] == {}
        with_filter(repository)
        checked_out_anew(repository)
        assert scanned(repository, store)[0] == {"secret.py": ["x"]}


def test_an_edited_filtered_file_is_dirty(repository: Repository) -> None:
    with_filter(repository)
    repository.commit(secret="import x\n")
    repository.write("secret.py", "import z\n")

    checkout = repository.open()

    assert checkout.dirty == ("secret.py",)
    assert checkout.files["secret.py"].blob == repository.blob("import z\n")


def test_what_git_expands_within_a_file_is_not_kept_as_if_it_were_the_blob(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write(".gitattributes", "*.py ident\n")
    repository.commit(a="import x  # $Id$\n")
    checked_out_anew(repository)
    assert b"$Id: " in (repository.root / "a.py").read_bytes()

    with Store(tmp_path / "store") as store:
        assert scanned(repository, store)[0] == {"a.py": ["x"]}
        assert store.get(f"fact/{SCAN}/1", [repository.git("rev-parse", "HEAD:a.py")]) == {}


@pytest.mark.parametrize("edit", [b"import y\n", b"import x\r\nimport y\r\n", b""])
def test_a_file_that_changes_between_listing_and_reading_stops_the_run(repository: Repository, edit: bytes) -> None:
    repository.commit(a="import x\n")
    checkout = repository.open()
    repository.write("a.py", edit)

    with pytest.raises(CheckoutError, match=r"a\.py: is not what git takes it for.* run again"):
        Extraction(checkout, Store(None), "1").of(SCAN, list(checkout.files.values()))


def test_a_file_taken_away_between_listing_and_reading_is_judged_as_it_was(repository: Repository) -> None:
    repository.commit(a="import x\n")
    checkout = repository.open()
    (repository.root / "a.py").unlink()

    assert Extraction(checkout, Store(None), "1").of(SCAN, list(checkout.files.values())) == {"a.py": ["x"]}


def test_an_edited_file_taken_away_between_listing_and_reading_is_an_error_that_names_it(
    repository: Repository,
) -> None:
    repository.commit(a="import x\n", b="import z\n")
    repository.write("a.py", "import y\n")
    checkout = repository.open()
    (repository.root / "a.py").unlink()
    extraction = Extraction(checkout, Store(None), "1")

    assert extraction.of(SCAN, list(checkout.files.values())) == {"b.py": ["z"]}
    assert extraction.errors == {"a.py": "cannot be read (does not stand in the work tree)"}
