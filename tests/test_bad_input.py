"""Bad input through the whole of a run: a clear message, nothing lost, no verdict that is wrong."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import symtable
import sys
import time
from pathlib import Path
from typing import Any, Optional

import pytest

import gates
from gates.errors import CheckoutError, PolicyError
from gates.facts import reading
from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.shared_store import open_store
from gates.facts.store import Store
from gates.policy import Policy
from gates.report import Outcome, Report
from gates.running import run
from tests.checkout.repository import Repository

OURS = str(Path(gates.__file__).parents[1])
ALL = "[gates.cross-lane-import]\n[gates.dynamic-import]\n[gates.unparsable-module]\n[gates.swallowed-failure]\n"
LANES = """
[[lane]]
name = "production"
paths = ["prod/**"]
may_import = ["production"]
[[lane]]
name = "rest"
paths = ["**"]
may_import = ["rest", "production"]
"""
SCAN = "gates.facts.extractors.import_statements"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.write("policies/gates.toml", ALL)
    repository.write("policies/lanes.toml", LANES)
    repository.write("prod/a.py", "A = 1\n")
    return repository


def judged(root: Path, store: Optional[Store] = None, workers: int = 1) -> Report:
    policy = Policy.load(root / "policies", root)
    return run(policy, Checkout.open(root), today=dt.date(2026, 1, 1), store=store, workers=workers)


def outcomes(report: Report) -> dict[str, Outcome]:
    return {result.gate: result.outcome for result in report.results if result.inputs}


def test_a_folder_that_is_no_repository_is_judged_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = tmp_path / "folder"
    (root / "policies").mkdir(parents=True)
    (root / "policies" / "gates.toml").write_text(ALL)
    (root / "policies" / "lanes.toml").write_text('[[lane]]\nname = "all"\npaths = ["**"]\nmay_import = ["all"]\n')
    (root / "a.py").write_text("import b\n")

    report = judged(root)

    assert report.exit_code == 0
    told = "no git repository: every file below the folder was judged, ignored ones too"
    assert report.notes == ("3 files: 1 module, 2 that are not Python", told)
    assert report.commit is None


def test_a_repository_without_policies_says_how_to_get_some(tmp_path: Path) -> None:
    empty = Repository(tmp_path / "empty")

    with pytest.raises(PolicyError, match="there is no folder policies; `gates init` proposes"):
        judged(empty.root)


def test_a_repository_without_python_files_is_vacuous_and_never_a_pass(repository: Repository) -> None:
    (repository.root / "prod" / "a.py").unlink()
    repository.write("prod/text.txt", "no code\n")
    repository.commit()

    report = judged(repository.root)

    assert set(outcomes(report).values()) == {Outcome.VACUOUS}
    assert report.exit_code == 3


def test_before_the_first_commit_the_files_are_judged(repository: Repository) -> None:
    report = judged(repository.root)

    assert report.commit is None
    assert report.result("unparsable-module").examined == {"modules": 1, "modules: parsed": 1}
    assert report.exit_code == 0


def test_a_corrupt_cache_is_made_anew_with_a_word_in_the_report(repository: Repository, tmp_path: Path) -> None:
    repository.write("prod/b.py", "import loose\n")
    repository.write("loose.py", "L = 1\n")
    cold = judged(repository.root)
    with Store(tmp_path / "facts.sqlite") as store:
        judged(repository.root, store)
    content = (tmp_path / "facts.sqlite").read_bytes()
    for damaged in (b"garbage" * 1000, content[: len(content) // 2], content.replace(b"loose", b"tight")):
        (tmp_path / "facts.sqlite").write_bytes(damaged)
        with Store(tmp_path / "facts.sqlite") as store:
            report = judged(repository.root, store)
        assert report.result("cross-lane-import").findings == cold.result("cross-lane-import").findings
        assert all(note.startswith("the cache was made anew") for note in report.notes[1:])
        assert report.exit_code == cold.exit_code == 1


CHILD = """
import datetime, sys
from pathlib import Path
from gates.facts.checkout import Checkout
from gates.facts.shared_store import open_store
from gates.policy import Policy
from gates.running import run
root = Path(sys.argv[1])
policy = Policy.load(root / "policies", root)
with open_store(root / ".gates" / "cache", {}) as store:
    print("begun", flush=True)
    report = run(policy, Checkout.open(root), today=datetime.date(2026, 1, 1), store=store, workers=2)
print(report.exit_code, len(report.result("cross-lane-import").findings), *store.notes)
"""


def start(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": OURS},
        start_new_session=True,
    )


def planted(repository: Repository, many: int, lines: int = 1) -> None:
    """Many modules of production, every tenth of which imports one that it must not."""
    for number in range(many):
        text = "import loose\n" if number % 10 == 0 else f"import prod.m{number - 1}\n"
        body = "".join(f"def f{i}():\n    return {number * i}\n" for i in range(lines))
        repository.write(f"prod/m{number}.py", text + body)
    repository.write("loose.py", "L = 1\n")


def test_two_runs_at_once_on_one_cache_both_tell_the_truth(repository: Repository) -> None:
    planted(repository, 400)
    running = [start(repository.root) for _ in range(3)]

    said = [process.communicate() for process in running]

    # 40 import it directly, and nine behind each in a chain of ten.
    findings = {out.split()[2] for out, _ in said}
    assert len(findings) == 1
    assert int(findings.pop()) >= 40
    assert [out.split()[3:] for out, _ in said] == [[], [], []]
    assert [error for _, error in said] == ["", "", ""]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc for what is left")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_no_process_and_a_sound_store(repository: Repository, how: signal.Signals) -> None:
    planted(repository, 1500, lines=60)
    cold = start(repository.root)
    assert cold.stdout is not None
    assert cold.stdout.readline() == "begun\n"
    while len(of_session(cold.pid)) < 3 and cold.poll() is None:  # until its workers are there
        time.sleep(0.005)
    assert cold.poll() is None

    if how is signal.SIGINT:
        os.killpg(cold.pid, how)  # as a terminal does: the workers get it, too
    else:
        cold.send_signal(how)
    _, error = cold.communicate()

    assert cold.returncode == -how or (how is signal.SIGINT and error.rstrip().endswith("KeyboardInterrupt"))
    assert error.count("Traceback") <= (how is signal.SIGINT)  # the command line turns it into a line
    for _ in range(1000):
        if not of_session(cold.pid):
            break
        time.sleep(0.01)
    assert of_session(cold.pid) == []
    again = start(repository.root)
    out, error = again.communicate()
    assert (again.returncode, error) == (0, "")
    assert out.split()[1:] == [str(x) for x in (1, len(judged(repository.root).result("cross-lane-import").findings))]


def of_session(session: int) -> list[int]:
    """The live processes of a session; those that are dead and not yet buried are not counted."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            if fields[3] == str(session) and fields[0] not in "ZX":
                found.append(int(entry.name))
    return found


def test_hostile_names_and_contents_are_judged_like_others(repository: Repository) -> None:
    names = ["prod/\x1b[31mred\x07.py", "prod/line\nbreak.py", 'prod/"q" \'.py', "prod/-rf.py", "prod/ü/ß.py"]
    for name in names:
        repository.write(name, "import loose\n")
    repository.write("loose.py", "L = 1\n")
    repository.commit()

    report = judged(repository.root)

    assert [finding.path for finding in report.result("cross-lane-import").findings] == sorted(names)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_utf_8_is_judged_like_others(repository: Repository) -> None:
    name = os.fsdecode(b"prod/\xff\xfe.py")
    repository.write(name, "import loose\nfrom . import nowhere\n")
    repository.write("loose.py", "L = 1\n")

    report = judged(repository.root)

    assert [finding.path for finding in report.result("cross-lane-import").findings] == [name]


def test_half_a_surrogate_pair_in_a_source_is_no_stumbling_block(repository: Repository) -> None:
    repository.write("prod/b.py", 'import importlib, loose\nimportlib.import_module("\\udcff.x")\n')
    repository.write("loose.py", "L = 1\n")

    report = judged(repository.root)

    assert [finding.path for finding in report.result("cross-lane-import").findings] == ["prod/b.py"]
    assert [finding.path for finding in report.result("dynamic-import").findings] == ["prod/b.py"]


CONTENTS = {
    "null.py": b"import loose\nx = '\0'\n",
    "latin.py": b"import loose\nx = '\xe9'\n",
    "bom16.py": "import loose\n".encode("utf-16"),
    "escape.py": b"\x1b]0;owned\x07\nimport loose (\n",
    "cookie.py": b"# coding: no-such-codec\nimport loose\n",
    "minus.py": b"import loose\nx = " + b"-" * 100_000 + b"1\n",
    "chain.py": b"import loose\nx = a" + b".b" * 300_000 + b"\n",
    "plus.py": b"import loose\nx = 1" + b"+1" * 300_000 + b"\n",
    "brackets.py": b"import loose\nx = " + b"[" * 5_000 + b"\n",
    "indents.py": b"import loose\n" + b"".join(b" " * depth + b"if x:\n" for depth in range(200)),
}


@pytest.mark.parametrize("workers", [1, 2])
def test_contents_that_break_parsers_are_named_and_hide_no_other(repository: Repository, workers: int) -> None:
    for name, content in CONTENTS.items():
        repository.write(f"prod/{name}", content)
    repository.write("prod/good.py", "import loose\n")
    repository.write("loose.py", "L = 1\n")
    if workers > 1:
        planted(repository, 250)

    report = judged(repository.root, workers=workers)

    named = {finding.path for finding in report.result("unparsable-module").findings}
    assert {f"prod/{name}" for name in ("null.py", "latin.py", "bom16.py", "cookie.py", "brackets.py")} <= named
    imports = {finding.path for finding in report.result("cross-lane-import").findings}
    assert "prod/good.py" in imports
    # Whatever could not be parsed is not passed over: its text names what it must not import.
    assert {f"prod/{name}" for name in CONTENTS if name not in ("bom16.py", "escape.py")} <= imports
    assert report.exit_code == 1


def test_a_line_of_fifty_megabytes_is_named_and_hides_no_other(repository: Repository, tmp_path: Path) -> None:
    repository.write("prod/line.py", b"x = [" + b"1," * 25_000_000 + b"]\n")
    repository.write("prod/good.py", "import loose\n")
    repository.write("loose.py", "L = 1\n")

    with Store(tmp_path / "facts.sqlite") as store:
        report = judged(repository.root, store)

    assert [finding.path for finding in report.result("cross-lane-import").findings] == ["prod/good.py"]
    (unparsed,) = report.result("unparsable-module").findings
    assert unparsed.path == "prod/line.py"
    assert "too large: 50,000,007 bytes" in unparsed.message


def test_a_file_that_takes_more_memory_than_there_is_for_it_is_named_and_hides_no_other(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST_MEMORY", 1 << 30)
    repository.write("prod/dense.py", b"import loose\nx = [" + b"1," * 2_000_000 + b"]\n")
    repository.write("prod/good.py", "import loose\n")
    repository.write("loose.py", "L = 1\n")

    with Store(tmp_path / "facts.sqlite") as store:
        report = judged(repository.root, store)

    found = {finding.path: finding for finding in report.result("cross-lane-import").findings}
    assert found.keys() == {"prod/dense.py", "prod/good.py"}
    (unparsed,) = report.result("unparsable-module").findings
    assert (unparsed.path, "than its memory holds" in unparsed.message) == ("prod/dense.py", True)


def test_a_file_that_ends_its_reader_still_crosses_its_lane(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = symtable.symtable

    def ending(source: Any, *more: Any) -> symtable.SymbolTable:
        if b"die" in source:
            os._exit(9)
        return table(source, *more)

    monkeypatch.setattr(symtable, "symtable", ending)
    repository.write("prod/deadly.py", "import loose  # die\n")
    repository.write("prod/good.py", "import loose\n")
    repository.write("loose.py", "L = 1\n")

    with Store(tmp_path / "facts.sqlite") as store:
        report = judged(repository.root, store)

    found = [finding.path for finding in report.result("cross-lane-import").findings]
    assert found == ["prod/deadly.py", "prod/good.py"]
    (unparsed,) = report.result("unparsable-module").findings
    assert (unparsed.path, "ends the process" in unparsed.message) == ("prod/deadly.py", True)


@pytest.fixture
def deadly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An extractor that ends its process, or breaks, on contents that ask for it."""
    (tmp_path / "extractors").mkdir()
    (tmp_path / "extractors" / "deadly_extractor.py").write_text(
        "import os\n"
        "def extract(source):\n"
        "    if b'die' in source:\n"
        "        os._exit(9)\n"
        "    if b'break' in source:\n"
        "        raise KeyError('broken')\n"
        "    return len(source)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "extractors"))
    return "deadly_extractor"


def test_a_file_that_ends_its_reader_is_named_and_the_others_are_read(
    repository: Repository, deadly: str, tmp_path: Path
) -> None:
    planted(repository, 500)
    for name in ("prod/m7.py", "prod/m301.py", "prod/twin.py"):
        repository.write(name, "die\n" if name != "prod/m301.py" else "die, too\n")
    checkout = repository.open()
    files = [file for file in checkout.files.values() if file.path.startswith("prod/m")]
    with Store(tmp_path / "facts.sqlite") as store:
        extraction = Extraction(checkout, store, "1", workers=3)

        found = extraction.of(deadly, files)
        again = Extraction(checkout, store, "1", workers=3)
        assert again.of(deadly, files) == found
        assert again.extracted == 2  # only those that gave nothing are tried again

    assert len(found) == 498
    assert sorted(extraction.errors) == sorted(again.errors) == ["prod/m301.py", "prod/m7.py"]
    assert "ends the process that parses it" in extraction.errors["prod/m7.py"]


def test_two_files_of_one_deadly_content_are_both_named(repository: Repository, deadly: str) -> None:
    planted(repository, 300)
    for name in ("prod/x.py", "prod/y.py"):
        repository.write(name, "die\n")
    checkout = repository.open()
    extraction = Extraction(checkout, Store(None), "1", workers=2)

    extraction.of(deadly, list(checkout.files.values()))

    assert sorted(extraction.errors) == ["prod/x.py", "prod/y.py"]


@pytest.mark.parametrize("many", [3, 300])
def test_a_file_on_which_an_extractor_breaks_is_named_and_the_others_are_read(
    repository: Repository, deadly: str, many: int
) -> None:
    planted(repository, many)
    repository.write("prod/bad.py", "break\n")
    checkout = repository.open()
    extraction = Extraction(checkout, Store(None), "1", workers=2)

    found = extraction.of(deadly, list(checkout.files.values()))

    assert extraction.errors == {"prod/bad.py": "deadly_extractor failed on it (KeyError: 'broken')"}
    assert len(found) == len(checkout.files) - 1


def test_a_file_that_changes_meanwhile_stops_the_run_with_its_name(repository: Repository) -> None:
    repository.commit()
    policy = Policy.load(repository.root / "policies", repository.root)
    checkout = repository.open()
    repository.write("prod/a.py", "import loose\n")

    with pytest.raises(CheckoutError, match=r"prod/a\.py: is not what git takes it for"):
        run(policy, checkout, today=dt.date(2026, 1, 1))


def fast_import(repository: Repository, many: int) -> None:
    """A commit of many small files, made by git itself."""
    stream = [b"commit refs/heads/main\ncommitter T <t@example.org> 0 +0000\ndata 1\nx\n"]
    for number in range(many):
        content = b"import loose\n" if number == 77 else b"N = %d\n" % (number // 4)
        stream.append(b"M 100644 inline prod/d%d/m%d.py\ndata %d\n%s\n" % (number % 500, number, len(content), content))
    for path, text in (("policies/gates.toml", ALL), ("policies/lanes.toml", LANES), ("loose.py", "L = 1\n")):
        stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text.encode()))
    repository.git("fast-import", "--quiet", feed=b"".join(stream))
    repository.git("reset", "-q", "--hard")


def test_a_repository_of_a_hundred_thousand_small_files_is_judged(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    fast_import(repository, 100_000)

    with open_store(tmp_path / "cache", {}) as store:
        first = judged(repository.root, store, workers=2)
    with open_store(tmp_path / "cache", {}) as store:
        second = judged(repository.root, store, workers=2)

    assert first.result("unparsable-module").examined == {"modules": 100_001, "modules: parsed": 100_001}
    assert [finding.path for finding in first.result("cross-lane-import").findings] == ["prod/d77/m77.py"]
    assert second.without_durations() == first.without_durations()
