"""A recording as a file: what is written is read again; what is cut off, hostile or something else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.facts.imported import Imported
from gates.facts.recording import Importer, Recording, parse, render
from gates.facts.recording_file import RecordingError

ONE = Recording(
    (
        Importer("app/b.py", "1f" * 20, (Imported(7, "json", None), Imported(7, "idea", "idea.py", "django"))),
        Importer("app/a.py", "2e" * 20, (Imported(1, "spread", "", "import"),)),
    ),
    commit="3d" * 20,
    tree="4c" * 20,
    python="3.11",
)
# No path of a repository has an empty part, or one of dots alone; any other character may be in it, on some system.
PARTS: st.SearchStrategy[str] = st.text(min_size=1).filter(
    lambda part: part not in (".", "..") and not {"/", "\0"} & set(part)
)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)
RAN = st.builds(
    Imported,
    line=st.integers(min_value=0, max_value=10**6),
    name=st.text(),
    path=st.none() | st.just("") | PATHS,
    through=st.text(),
)
RECORDINGS = st.builds(
    Recording,
    importers=st.lists(
        st.builds(Importer, file=PATHS, blob=st.text(), ran=st.lists(RAN, max_size=3).map(tuple)),
        max_size=3,
        unique_by=lambda importer: importer.file,
    ).map(tuple),
    commit=st.none() | st.text(),
    tree=st.none() | st.text(),
    python=st.text(),
    lacks=st.lists(st.text(), max_size=2).map(tuple),
)


@given(RECORDINGS)
def test_what_is_written_is_read_again(recording: Recording) -> None:
    (read,) = parse(render(recording))

    assert {(each.file, each.blob, frozenset(each.ran)) for each in read.importers} == {
        (each.file, each.blob, frozenset(each.ran)) for each in recording.importers
    }
    assert (read.commit, read.tree, read.python) == (recording.commit, recording.tree, recording.python)
    assert sorted(read.lacks) == sorted(recording.lacks)
    assert render(read) == render(recording)


def test_the_order_in_which_things_were_seen_does_not_show() -> None:
    turned = Recording(
        tuple(Importer(each.file, each.blob, tuple(reversed(each.ran))) for each in reversed(ONE.importers)),
        ONE.commit,
        ONE.tree,
        ONE.python,
    )

    assert render(turned) == render(ONE)


def test_paths_that_are_no_text_come_through() -> None:
    odd = Recording((Importer("app/\udcff.py", "", (Imported(1, "x", "\udce9.py"),)),))

    assert parse(render(odd)) == (odd,)


def test_recordings_may_stand_one_behind_the_other() -> None:
    other = Recording((Importer("c.py", "5b" * 20, ()),), lacks=("something",))

    first, second = parse(render(ONE) + render(other))

    assert [importer.file for importer in first.importers] == ["app/a.py", "app/b.py"]
    assert second == other


@given(st.integers(min_value=0, max_value=len(render(ONE)) - 2))
def test_wherever_it_is_cut_off_it_is_refused(length: int) -> None:
    with pytest.raises(RecordingError):
        parse(render(ONE)[:length])


@given(st.binary())
def test_whatever_it_holds_it_is_read_or_refused(content: bytes) -> None:
    with pytest.raises(RecordingError, match=r"^line \d+: "):
        parse(content)


ODD = "line 2: is not as it should be: "
HEAD = json.loads(render(ONE).splitlines()[0])


def spoiled(head: dict[str, Any], *files: Any) -> bytes:
    lines = [{**HEAD, "files": len(files), **head}, *files]
    return "\n".join(json.dumps(line) for line in lines).encode()


def of(ran: Any, file: Any = "a.py") -> dict[str, Any]:
    return {"file": file, "blob": "", "ran": ran}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: is empty"),
        (b"<xml/>", "line 1: is no JSON, or cut off"),
        (b"[" * 100_000, "line 1: is no JSON, or cut off"),
        (b"[1]", "line 1: is not the head of a recording of imports"),
        (spoiled({"recording": "coverage"}), "line 1: is not the head of a recording of imports"),
        (spoiled({"schema": 2}), "line 1: its schema is 2, and this version reads 1"),
        (spoiled({"schema": "x" * 90}), "line 1: its schema is 'xxxxxxxxxxxxxxxxxxx, and this version reads 1"),
        (spoiled({"files": -1}), "line 1: files is below 0"),
        (spoiled({"files": 10**30}), f"line 1: is cut off: {10**30} files were to follow line 1"),
        (spoiled({"more": 1}), "line 1: is not as it should be: Object contains unknown field `more`"),
        (spoiled({"lacks": "all"}), "line 1: is not as it should be: Expected `array`, got `str` - at `$.lacks`"),
        (spoiled({}, of([["1", "x", None, ""]])), ODD + "Expected `int`, got `str` - at `$.ran[0][0]`"),
        (spoiled({}, of([[True, "x", None, ""]])), ODD + "Expected `int`, got `bool` - at `$.ran[0][0]`"),
        (spoiled({}, of([[1, "x", None]])), ODD + "Expected `array` of length 4, got 3 - at `$.ran[0]`"),
        (spoiled({}, of([[-1, "x", None, ""]])), "line 2: holds a line number below 0"),
        (spoiled({}, of([[1, "x", "../x.py", ""]])), "line 2: '../x.py' is no path of a repository"),
        (spoiled({}, of([[1, "x", "a/../../x.py", ""]])), "line 2: 'a/../../x.py' is no path of a repository"),
        (spoiled({}, of([], "/etc/passwd")), "line 2: '/etc/passwd' is no path of a repository"),
        (spoiled({}, of([], "a\0b")), "line 2: 'a\\x00b' is no path of a repository"),
        (spoiled({}, of([], "")), "line 2: '' is no path of a repository"),
        (spoiled({}, of([], "./a.py")), "line 2: './a.py' is no path of a repository"),
        (spoiled({}, of([], "\x1b[31m..\n/../x")), "line 2: '\\x1b[31m..\\n/../x' is no path of a repository"),
        (spoiled({}, of([]), 5)[:-2], "line 2: is cut off: 2 files were to follow line 1"),
        (spoiled({}, of([])) + b"\nmore", "line 3: is no JSON, or cut off"),
    ],
)  # fmt: skip
def test_what_is_no_recording_is_refused_with_its_line(content: bytes, said: str) -> None:
    with pytest.raises(RecordingError) as refused:
        parse(content)

    assert str(refused.value) == said
