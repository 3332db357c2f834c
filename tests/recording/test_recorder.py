"""What tests import is written down: at the line that did it, whichever way it went, and the same every time."""

from __future__ import annotations

import builtins
import json
import py_compile
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gates.recording.watching import Watch
from tests.recording.scratch import PLACE, ROOT, git, lines_of, promised, pytest_in, python, ran_in, repository, write
from tests.recording.trees import LIBRARY, TREE

RECORD = "--gates-record-imports"


def bridges(folder: Path) -> Path:
    """The repository with every way to load, and beside it the libraries that it uses."""
    root = repository(folder / "repository", TREE)
    write(folder / "library", LIBRARY)
    source = folder / "unsourced.py"
    source.write_text("VALUE = 2\n", "utf-8")
    py_compile.compile(str(source), str(root / "candidate" / "unsourced.pyc"))
    git(root, "add", "--force", "candidate/unsourced.pyc")
    git(root, "commit", "--quiet", "--message=Without its source")
    return root


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The repository after its tests were run and recorded once."""
    root = bridges(tmp_path_factory.mktemp("recorded"))
    done = pytest_in(root, RECORD, plugins=None)
    assert done.returncode == 0, done.stdout + done.stderr
    yield root
    shutil.rmtree(root)


def test_each_import_is_recorded_at_its_line_and_no_other(recorded: Path) -> None:
    ran, told = ran_in(recorded / PLACE), promised(TREE)

    assert (ran - told, told - ran) == (set(), set())


def test_a_recording_is_stamped_with_the_commit_and_the_content_of_each_file(recorded: Path) -> None:
    head, *files = lines_of(recorded / PLACE)

    assert head["commit"] == git(recorded, "rev-parse", "HEAD")
    assert head["tree"] == git(recorded, "rev-parse", "HEAD^{tree}")
    assert head["lacks"] == []
    assert head["files"] == len(files)
    for each in files:
        assert each["blob"] == git(recorded, "rev-parse", f"HEAD:{each['file']}")


def test_a_recording_holds_nothing_of_the_machine(recorded: Path) -> None:
    text = (recorded / PLACE).read_text("ascii")

    assert str(recorded) not in text
    assert str(recorded.parent) not in text


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="again"),
        pytest.param(["-n", "2"], id="two workers"),
        pytest.param(["-n", "2", "--dist", "worksteal", "--import-mode=importlib"], id="another import mode"),
        pytest.param(["-p", "no:assertion"], id="assertions left alone"),
        pytest.param(["--assert=plain", "--cov=app", "--cov-report="], id="with coverage"),
    ],
)
def test_however_the_tests_are_run_the_recording_is_the_same(words: list[str], recorded: Path) -> None:
    before = (recorded / PLACE).read_bytes()
    (recorded / PLACE).unlink()

    done = pytest_in(recorded, RECORD, *words, plugins=["xdist", "pytest_cov"])

    assert done.returncode == 0, done.stdout + done.stderr
    assert (recorded / PLACE).read_bytes() == before


def test_a_recording_keeps_itself_out_of_git(recorded: Path) -> None:
    assert git(recorded, "status", "--porcelain", "--", ".gates") == ""


SMALL = {
    ".gitignore": "__pycache__/\nignored.py\n",
    "app.py": "def load(name):\n    return __import__(name)\n",
    "idea.py": "",
    "tests/test_app.py": "import app\n\n\ndef test_load():\n    app.load('idea')\n",
    "pytest.ini": "[pytest]\npythonpath = .\n",
}
SEEN = {("app.py", 2, "idea.py", ""), ("tests/test_app.py", 1, "app.py", "import")}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return repository(tmp_path / "repository", SMALL)


def test_without_the_option_nothing_is_touched_and_nothing_imported(small: Path) -> None:
    write(
        small,
        {
            "tests/test_app.py": "import builtins, sys\n\n\ndef test_nothing():\n"
            "    assert repr(builtins.__import__) == '<built-in function __import__>'\n"
            "    assert [name for name in sys.modules if name.startswith('gates')] == ['gates', 'gates.recorder']\n"
        },
    )

    done = pytest_in(small)

    assert done.returncode == 0, done.stdout
    assert not (small / ".gates").exists()


def test_what_is_installed_announces_the_plugin_by_the_name_of_its_module() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")

    assert '[project.entry-points.pytest11]\n"gates.recorder" = "gates.recorder"\n' in text


def test_it_can_be_written_elsewhere_and_says_how_much_it_is(small: Path) -> None:
    done = pytest_in(small / "tests", f"{RECORD}=here.jsonl")

    assert ran_in(small / "tests" / "here.jsonl") == SEEN
    assert "gates: 2 imports of 2 files recorded in here.jsonl\n" in done.stdout


@pytest.mark.parametrize("words", [["tests/test_app.py"], ["tests", "-x"], ["tests/test_app.py::test_load", "-n", "1"]])
def test_the_tests_are_not_taken_for_the_name_of_the_recording(words: list[str], small: Path) -> None:
    write(small, {"tests/conftest.py": "import idea\n", "test_other.py": "def test_other():\n    assert False\n"})

    done = pytest_in(small, RECORD, *words, plugins=["xdist"])

    assert done.returncode == 0, done.stdout + done.stderr
    assert ran_in(small / PLACE) == {*SEEN, ("tests/conftest.py", 1, "idea.py", "import")}


def test_a_recording_has_a_name_of_its_own(small: Path) -> None:
    done = pytest_in(small, f"{RECORD}=tests/test_app.py")

    assert done.returncode == 4
    assert "'tests/test_app.py' is no name of a recording; write --gates-record-imports=FILE.jsonl" in done.stderr
    assert (small / "tests/test_app.py").read_text("utf-8") == SMALL["tests/test_app.py"]


def test_a_recording_that_cannot_be_written_fails_the_session(small: Path) -> None:
    write(small, {".gates": "no folder"})

    done = pytest_in(small, RECORD)

    assert done.returncode == 3
    assert "gates: no recording was written: " in done.stdout


def test_failing_tests_are_recorded_and_fail_as_they_would(small: Path) -> None:
    write(small, {"tests/test_more.py": "import idea\n\n\ndef test_failing():\n    assert False\n"})

    done = pytest_in(small, RECORD)

    assert done.returncode == 1
    assert ran_in(small / PLACE) == {*SEEN, ("tests/test_more.py", 1, "idea.py", "import")}
    assert lines_of(small / PLACE)[0]["lacks"] == []


def test_an_error_in_an_import_looks_as_it_would_without_the_recorder(small: Path) -> None:
    write(small, {"tests/test_more.py": "def test_failing():\n    import gone\n"})

    done = pytest_in(small, RECORD)

    assert "tests/test_more.py:2: ModuleNotFoundError" in done.stdout
    assert "watching.py" not in done.stdout
    assert "<frozen" not in done.stdout


def test_a_session_that_was_interrupted_says_that_it_is_not_whole(small: Path) -> None:
    write(small, {"tests/test_more.py": "def test_interrupted():\n    raise KeyboardInterrupt\n"})

    done = pytest_in(small, RECORD)

    assert done.returncode == 2
    assert lines_of(small / PLACE)[0]["lacks"] == ["the session ended before its time (exit 2)"]
    assert "gates: the recording is not whole: the session ended before its time (exit 2)\n" in done.stdout


def test_a_worker_that_died_is_missed(small: Path) -> None:
    write(small, {"tests/test_more.py": "import os\n\n\ndef test_dying():\n    os._exit(9)\n"})

    pytest_in(small, RECORD, "-n", "1", plugins=["xdist"])

    assert "a worker ended without its part" in lines_of(small / PLACE)[0]["lacks"]


def test_a_file_that_changed_while_it_ran_is_recorded_without_its_content(small: Path) -> None:
    write(small, {"tests/test_more.py": "def test_changing():\n    open('app.py', 'a').write('# changed')\n"})

    done = pytest_in(small, RECORD)

    assert {each["file"]: bool(each["blob"]) for each in lines_of(small / PLACE)[1:]} == {
        "app.py": False,
        "tests/test_app.py": True,
    }
    assert "gates: 1 file changed meanwhile: what they imported will not count\n" in done.stdout


def test_files_that_are_not_of_the_repository_are_left_out_and_counted(small: Path) -> None:
    write(
        small, {"ignored.py": "import idea\n", "tests/test_more.py": "import ignored\n\n\ndef test_it():\n    pass\n"}
    )

    done = pytest_in(small, RECORD)

    assert ran_in(small / PLACE) == {*SEEN, ("tests/test_more.py", 1, "ignored.py", "import")}
    assert "gates: 1 file left out: ignored by git, or gone\n" in done.stdout


def test_tests_of_what_is_installed_elsewhere_are_noticed(tmp_path: Path) -> None:
    write(tmp_path / "library", {"app.py": "import json\n"})
    root = repository(tmp_path / "repository", {"tests/test_app.py": "import app\n\n\ndef test_it():\n    pass\n"})

    done = pytest_in(root, RECORD)

    assert "nothing that ran lies in this repository; is what is tested installed from somewhere else?" in done.stdout


def test_an_environment_within_the_repository_is_no_part_of_it(tmp_path: Path) -> None:
    inside = ".venv/lib/python3/site-packages"
    files = {**SMALL, f"{inside}/installed.py": "import idea\n", ".gitignore": ".venv/\n__pycache__/\n"}
    files["tests/test_app.py"] += (
        f"\n\ndef test_it():\n    import sys; sys.path.append('{inside}')\n    import installed\n"
    )
    root = repository(tmp_path / "repository", files)

    pytest_in(root, RECORD)

    assert ran_in(root / PLACE) == {*SEEN, ("tests/test_app.py", 10, "idea.py", "installed")}


def test_a_linked_folder_is_the_folder_that_it_leads_to(tmp_path: Path) -> None:
    root = repository(tmp_path / "repository", SMALL)
    (root / "linked").symlink_to(root, target_is_directory=True)
    write(root, {"pytest.ini": "[pytest]\npythonpath = linked\n"})

    pytest_in(root, RECORD)

    assert ran_in(root / PLACE) == SEEN


def test_a_folder_without_git_can_be_recorded(tmp_path: Path) -> None:
    write(tmp_path / "folder", SMALL)

    pytest_in(tmp_path / "folder", RECORD, "--rootdir", ".")

    assert ran_in(tmp_path / "folder" / PLACE) == SEEN
    assert lines_of(tmp_path / "folder" / PLACE)[0]["commit"] is None


# Programs that are no tests


def test_a_script_runs_as_it_would_and_is_recorded(small: Path) -> None:
    write(small, {"run.py": "import sys\nimport app\napp.load('idea')\nprint(sys.argv, __name__)\nsys.exit(7)\n"})

    done = python(small, "-m", "gates.recorder", "--", "run.py", "--to", "x")

    assert (done.returncode, done.stdout) == (7, "['run.py', '--to', 'x'] __main__\n")
    assert ran_in(small / PLACE) == {("app.py", 2, "idea.py", ""), ("run.py", 2, "app.py", "import")}


def test_a_module_runs_as_it_would_and_is_recorded_where_it_is_told(small: Path) -> None:
    write(small, {"pack/__init__.py": "", "pack/__main__.py": "import app, sys\nsys.exit('said')\n"})

    done = python(small, "-m", "gates.recorder", "--to", "there.jsonl", "-m", "pack", "x")

    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "said")
    assert ran_in(small / "there.jsonl") == {("pack/__main__.py", 1, "app.py", "import")}


@pytest.mark.parametrize(
    "words", [[], ["-m"], ["--to", "run.py", "x.py"], ["--help"]], ids=lambda words: " ".join(words)
)
def test_a_command_line_that_makes_no_sense_is_told_how_it_should_be(words: list[str], small: Path) -> None:
    done = python(small, "-m", "gates.recorder", *words)

    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m gates.recorder ")


# The watch itself


class Faulty(Watch):
    """One that fails whenever it has something to note."""

    def _note(self, *_: object) -> None:
        raise LookupError("on purpose")


def test_a_fault_of_the_recorder_reaches_no_import_and_is_told(tmp_path: Path) -> None:
    watch = Faulty(str(tmp_path))
    watch.start()
    try:
        import json as again

        import_module("json.decoder")
    finally:
        watch.stop()

    assert again is json
    assert watch.faults == ["the recorder failed: LookupError: on purpose"]


def test_a_watch_leaves_the_import_functions_as_they_were(tmp_path: Path) -> None:
    before = builtins.__import__
    watch = Watch(str(tmp_path))

    watch.start()
    during = builtins.__import__
    watch.stop()

    assert during is not before
    assert builtins.__import__ is before


def test_a_function_that_was_wrapped_by_somebody_else_meanwhile_stays_wrapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtins, "__import__", builtins.__import__)  # so that it is put back
    watch = Watch(str(tmp_path))
    watch.start()
    inner = builtins.__import__

    def others(*arguments: Any, **more: Any) -> ModuleType:
        return inner(*arguments, **more)

    builtins.__import__ = others
    watch.stop()

    assert builtins.__import__ is others
    import json as again

    assert again is json
    assert watch.ran == set()
