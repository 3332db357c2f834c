"""What may not be read is named, and hides nothing else. The look is taken by a user who is not root."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from gates.errors import CheckoutError
from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.store import Store
from tests.checkout.repository import Repository

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs fork and setuid")

NOBODY = 65534
SCAN = "gates.facts.extractors.import_statements"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anybody may enter: pytest's own lie below one that only its user may."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def as_nobody(root: Path, look: Callable[[], Any]) -> Any:
    """What `look` gives (plain data), seen by a user without rights, to whom everything below `root` belongs."""
    for below, folders, names in os.walk(root):
        for name in (".", *folders, *names):
            os.chown(Path(below, name), NOBODY, NOBODY, follow_symlinks=False)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover  (another user cannot write the coverage data)
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.environ["HOME"] = str(root)
            os.write(writing, pickle.dumps(look()))
        except BaseException as error:  # noqa: BLE001  (it is handed over)
            os.write(writing, pickle.dumps(f"{type(error).__name__}: {error}"))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return pickle.loads(said)


only_root = pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can become another user")


@only_root
def test_an_unreadable_file_is_listed_as_such_and_hides_no_other(folder: Path) -> None:
    repository = Repository(folder / "repository")
    repository.write("open.py", "import b\n")
    for name in ("closed.py", "shut.py"):
        repository.write(name, "import a\n").chmod(0)

    def look() -> Any:
        checkout = repository.open()
        extraction = Extraction(checkout, Store(None), "1")
        found = extraction.of(SCAN, list(checkout.files.values()))
        return {path: file.blob for path, file in checkout.files.items()}, found, extraction.errors

    blobs, found, errors = as_nobody(folder, look)

    assert blobs == {"open.py": repository.blob("import b\n"), "closed.py": "unreadable", "shut.py": "unreadable"}
    assert found == {"open.py": ["b"]}
    assert errors == {"closed.py": "cannot be read", "shut.py": "cannot be read"}


@only_root
def test_of_two_files_with_one_content_the_readable_one_is_read(folder: Path) -> None:
    repository = Repository(folder / "repository")
    repository.commit(a="import x\n", b="import x\n", c="import x\n")
    for name in ("a.py", "b.py"):  # as a backup tool leaves them: git's index still vouches for their content
        (repository.root / name).chmod(0)
    repository.git("update-index", "--refresh")

    def look() -> Any:
        checkout = repository.open()
        extraction = Extraction(checkout, Store(None), "1")
        return extraction.of(SCAN, list(checkout.files.values())), sorted(extraction.errors)

    found, errors = as_nobody(folder, look)

    assert found["c.py"] == ["x"]
    assert errors == ["a.py", "b.py"]


@only_root
def test_a_file_in_a_closed_folder_is_not_taken_for_one_that_a_sparse_checkout_left_out(folder: Path) -> None:
    repository = Repository(folder / "repository")
    repository.write("closed/a.py", "import x\n")
    repository.commit(b="import y\n")
    (repository.root / "closed").chmod(0)

    def look() -> Any:
        checkout = repository.open()
        extraction = Extraction(checkout, Store(None), "1")
        return extraction.of(SCAN, list(checkout.files.values())), dict(extraction.errors)

    found, errors = as_nobody(folder, look)

    assert found == {"b.py": ["y"]}
    assert errors == {"closed/a.py": "cannot be read (Permission denied)"}


@only_root
def test_a_closed_folder_without_git_is_named(folder: Path) -> None:
    (folder / "tree" / "closed").mkdir(parents=True)
    (folder / "tree" / "closed" / "a.py").write_text("import x\n")
    (folder / "tree" / "b.py").write_text("import y\n")
    (folder / "tree" / "closed").chmod(0)

    def look() -> Any:
        checkout = Checkout.open(folder / "tree")
        return sorted(checkout.files), checkout.notes

    files, notes = as_nobody(folder, look)

    assert files == ["b.py"]
    assert "what lies in it was not judged" in notes[1]
    assert "closed" in notes[1]


@only_root
def test_reading_an_unreadable_file_says_why(folder: Path) -> None:
    repository = Repository(folder / "repository")
    repository.write("closed.py", "import a\n").chmod(0)

    def look() -> Any:
        try:
            return repository.open().read("closed.py")
        except CheckoutError as error:
            return str(error)

    assert as_nobody(folder, look) == "closed.py: cannot be read (Permission denied)"
