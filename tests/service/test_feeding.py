"""A document that is fed again takes the place of what it said before; nothing of what it said is lost."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import ConfigurationFault, RecordRefused, StoreFault
from runtime.feeding import SOURCE, Fed, feed, tag_name
from runtime.memory.embedding import HashedNgrams
from runtime.memory.grouping import FoldPolicy
from runtime.memory.memory import Memory
from runtime.memory.record import DOCUMENT, WITHDRAWN, Filter, Record
from runtime.memory.store import Store
from runtime.memory.stores.in_memory import InMemoryStore
from runtime.memory.stores.sqlite import SqliteStore
from runtime.reading import documents, name_of, text_of
from tests.stores.invariants import violations

ALL = Filter(with_cold=True)
LATER = dt.datetime(2100, 1, 1, tzinfo=dt.timezone.utc)
# So that what a test has just fed may be folded at once.
EAGER = FoldPolicy(most_ratio=1.0, fewest=2, alike=-1.0, floor=0.0)


class Piece(NamedTuple):
    text: str
    line: int = 1


def memory_over(store: Store) -> Memory:
    return Memory(store, HashedNgrams(), fold_every=0, fold_above=None, fold_policy=EAGER)


@pytest.fixture(params=["in-memory", "sqlite"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Memory]:
    store: Store = InMemoryStore() if request.param == "in-memory" else SqliteStore(tmp_path / "memory.db")
    made = memory_over(store)
    yield made
    made.close()


def said(memory: Memory, which: Filter = ALL) -> list[str]:
    return sorted(record.text for record in memory.store.oldest(1000, which))


def live(memory: Memory) -> list[str]:
    return said(memory, Filter())


def pieces(*texts: str) -> list[Piece]:
    return [Piece(text, line) for line, text in enumerate(texts, start=1)]


def test_a_document_that_is_fed_twice_is_remembered_once(memory: Memory) -> None:
    assert feed(memory, "a.md", pieces("one", "two")) == Fed(2, new=2)
    assert feed(memory, "a.md", pieces("one", "two")) == Fed(2)

    assert live(memory) == ["one", "two"]
    assert memory.store.counts().cold == 0


def test_what_it_says_no_more_is_withdrawn_and_kept(memory: Memory) -> None:
    feed(memory, "a.md", pieces("one", "two", "three"))

    assert feed(memory, "a.md", pieces("one", "zwei")) == Fed(2, new=1, gone=2)

    assert live(memory) == ["one", "zwei"]
    assert said(memory) == ["one", "three", "two", "zwei"]
    assert [one.record.text for one in memory.recall("two three")] != []
    assert {one.record.text for one in memory.recall("two three")} <= {"one", "zwei"}
    assert violations(memory.store) == []


def test_what_it_says_again_is_brought_back(memory: Memory) -> None:
    feed(memory, "a.md", pieces("one", "two"))
    feed(memory, "a.md", pieces("one"))

    assert feed(memory, "a.md", pieces("one", "two")) == Fed(2, back=1)

    assert live(memory) == ["one", "two"]
    assert memory.store.counts().cold == 0


def test_a_passage_that_has_moved_is_named_by_its_new_line(memory: Memory) -> None:
    feed(memory, "a.md", [Piece("one", 1)])

    assert feed(memory, "a.md", [Piece("zero", 1), Piece("one", 9)]) == Fed(2, new=2, gone=1)

    tags = {tag for record in memory.store.oldest(9) for tag in record.tags if tag.startswith(SOURCE)}
    assert tags == {f"{SOURCE}a.md:1", f"{SOURCE}a.md:9"}


def test_the_same_words_in_two_places_are_two_passages_and_in_one_place_one(memory: Memory) -> None:
    assert feed(memory, "a.md", [Piece("one", 1), Piece("one", 1), Piece("one", 5)]) == Fed(2, new=2)


def test_one_document_does_not_touch_another_nor_what_was_said_besides(memory: Memory) -> None:
    memory.remember(["said besides"])
    feed(memory, "a.md", pieces("one"))
    feed(memory, "a.md.old", pieces("one"))
    feed(memory, "docs/a.md", pieces("one"))

    assert feed(memory, "a.md", ()) == Fed(0, gone=1)

    assert live(memory) == ["one", "one", "said besides"]


def test_a_document_that_nobody_fed_has_nothing_to_withdraw(memory: Memory) -> None:
    assert feed(memory, "a.md", ()) == Fed(0)


def test_passages_stay_word_for_word_however_much_else_is_folded(memory: Memory) -> None:
    texts = [f"owl number {number}" for number in range(4)]
    # Even those of one line, as of a long one that was cut: nothing but their text is between them.
    feed(memory, "a.md", [Piece(text, 7) for text in texts])
    memory.remember([f"{text} was seen" for text in texts])

    run = memory.fold_all(LATER)

    assert [len(fold.sources) for fold in run.folds] == [4]
    assert [text for text in live(memory) if text in texts] == texts
    assert memory.store.counts().live == 5


def test_what_was_folded_is_unfolded_before_it_is_withdrawn(memory: Memory) -> None:
    names = {f"{DOCUMENT}a.md"}
    texts = [f"owl number {number}" for number in range(4)]
    feed(memory, "a.md", pieces(*texts))
    before = {record.text: record for record in memory.store.oldest(9)}
    # As a policy folds them that keeps nothing verbatim, or a caller of the store.
    below = fold(memory, [before[text] for text in texts[:3]])
    fold(memory, [below, before[texts[3]]])
    assert all(record.depth == 2 for record in memory.store.oldest(9))

    assert feed(memory, "a.md", pieces("another owl", *texts[1:])) == Fed(4, new=1, gone=1)

    assert live(memory) == ["another owl", *texts[1:]]
    assert memory.store.get([before[texts[0]].id])[0].folded_into == WITHDRAWN
    assert memory.store.folds() == []
    assert violations(memory.store, [record.id for record in before.values()]) == []
    assert all(names <= record.tags for record in memory.store.oldest(9))


def fold(memory: Memory, sources: Sequence[Record]) -> Record:
    from runtime.memory.folding import summary_of
    from runtime.memory.grouping import planned
    from runtime.memory.ids import new_id

    summary = summary_of(sources, " and ".join(source.text for source in sources), new_id())
    assert memory.store.fold(planned(sources), summary, LATER) is not None
    return memory.store.get([summary.id])[0]


def test_what_is_folded_between_two_looks_is_unfolded_again(memory: Memory) -> None:
    feed(memory, "a.md", pieces("one owl", "two owls", "three owls"))
    withdraw = memory.store.withdraw
    looks = []

    def fold_first(ids: Sequence[str]) -> list[str]:
        looks.append(ids)
        if len(looks) < 3:
            fold(memory, memory.store.oldest(2))
        return withdraw(ids)

    memory.store.withdraw = fold_first  # type: ignore[method-assign]
    fed = feed(memory, "a.md", ())

    assert fed == Fed(0, gone=3)
    assert live(memory) == []
    assert violations(memory.store) == []


def test_what_is_folded_again_and_again_is_said_and_not_looped_over(memory: Memory) -> None:
    feed(memory, "a.md", pieces("one owl", "two owls"))
    memory.store.withdraw = lambda ids: []  # type: ignore[method-assign]

    with pytest.raises(StoreFault, match="2 passages were folded as often as they were unfolded"):
        feed(memory, "a.md", ())


def test_a_passage_that_cannot_be_kept_leaves_the_document_as_it_was(memory: Memory) -> None:
    feed(memory, "a.md", pieces("one", "two"))

    with pytest.raises(RecordRefused, match="NUL"):
        feed(memory, "a.md", pieces("one", "x\0y"))

    assert live(memory) == ["one", "two"]


@pytest.mark.parametrize(
    "name",
    ["x" * 999 + "y", "docs/" * 60 + "a.md", "caf\udce9.md", "ä" * 250, "a\0b"],
    ids=["long", "deep", "no Unicode", "long in bytes", "a zero"],
)
def test_any_name_can_be_fed_and_is_told_from_others(memory: Memory, name: str) -> None:
    feed(memory, name, pieces("one"))
    feed(memory, name + "x", pieces("two"))
    feed(memory, "x" + name, pieces("three"))

    assert feed(memory, name, ()) == Fed(0, gone=1)
    assert live(memory) == ["three", "two"]
    assert len(tag_name(name)) <= 200


Version = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 3)), max_size=5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["a.md", "b.md"]), Version), max_size=8), st.booleans())
def test_after_any_versions_each_document_says_what_its_last_one_says(
    versions: list[tuple[str, list[tuple[str, int]]]], folding: bool
) -> None:
    memory = memory_over(InMemoryStore())
    last: dict[str, set[tuple[str, int]]] = {}
    ever: set[str] = set()
    for name, version in versions:
        fed = feed(memory, name, [Piece(text, line) for text, line in version])
        assert fed.passages == len(set(version))
        last[name] = set(version)
        ever |= {record.id for record in memory.store.oldest(1000, ALL) if not record.depth}
        if folding and len(memory.store.oldest(2)) == 2:
            fold(memory, memory.store.oldest(2))

    while memory.store.folds():
        for standing in memory.store.folds():
            if memory.store.lineage(standing.summary).folded_into is None:
                memory.unfold(standing.summary)
    found = {(next(iter(r.tags & DOCUMENTS)), r.text, line_of(r)) for r in memory.store.oldest(1000)}
    assert found == {(f"{DOCUMENT}{name}", text, line) for name, said in last.items() for text, line in said}
    assert violations(memory.store, ever) == []
    memory.close()


DOCUMENTS = frozenset({f"{DOCUMENT}a.md", f"{DOCUMENT}b.md"})


def line_of(record: Record) -> int:
    return next(int(tag.rpartition(":")[2]) for tag in record.tags if tag.startswith(SOURCE))


# From the disk


def test_a_document_has_one_name_however_its_path_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)

    ways = ["docs/a.md", "./docs/a.md", "docs/../docs/a.md", str(tmp_path / "docs" / "a.md")]
    assert {name_of(Path(way)) for way in ways} == {"docs/a.md"}
    monkeypatch.chdir(tmp_path / "docs")
    assert name_of(Path("../docs/a.md")) == "a.md"
    assert name_of(tmp_path / "b.md") == name_of(Path("../b.md")) == (tmp_path / "b.md").as_posix()


def test_below_a_folder_documents_are_found_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b.md", "a.txt", "c.py", ".git/d.md", "deep/.hidden.md", "deep/e.rst"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.md").mkdir()

    found = list(documents([tmp_path, tmp_path / "c.py"], (".md", ".txt", ".rst")))

    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a.txt", "b.md", "deep/e.rst", "c.py"]


def test_a_hidden_folder_that_is_named_is_read(tmp_path: Path) -> None:
    folder = tmp_path / ".notes"
    folder.mkdir()
    (folder / "a.md").write_text("x", encoding="utf-8")

    assert list(documents([folder], (".md",))) == [folder / "a.md"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "is not there"),
        (lambda path: path.mkdir(), "holds no document; what is read ends in .md"),
        (lambda path: os.mkfifo(path), "is neither a file nor a folder"),
        (lambda path: path.symlink_to(path), "is not there|Symlink loop|Too many levels"),
    ],
    ids=["nothing", "an empty folder", "a pipe", "a link to itself"],
)
def test_what_is_no_document_is_said(tmp_path: Path, make: Callable[[Path], None], says: str) -> None:
    make(tmp_path / "x.md")

    with pytest.raises((ConfigurationFault, RuntimeError), match=says):
        list(documents([tmp_path / "x.md"], (".md",)))


def test_a_text_is_read_without_its_mark_and_only_as_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"\xef\xbb\xbf# A")
    assert text_of(path) == "# A"

    path.write_bytes(b"caf\xe9")
    with pytest.raises(ConfigurationFault, match=r"a\.md is not UTF-8: byte 3 is none of it"):
        text_of(path)
    monkeypatch.setattr("runtime.reading.LARGEST", 3)
    with pytest.raises(ConfigurationFault, match="has more than 3 bytes; split it"):
        text_of(path)
    path.unlink()
    with pytest.raises(ConfigurationFault, match="cannot be read: No such file"):
        text_of(path)
