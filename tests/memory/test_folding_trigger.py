"""Folding is begun by itself, makes the memory smaller, and takes nothing away."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Optional

import pytest

from runtime.errors import StoreFault
from runtime.memory.grouping import FoldPolicy
from runtime.memory.memory import Memory
from runtime.memory.record import Counts, Record
from runtime.memory.summary import Summariser
from runtime.memory.trigger import Background, FoldTrigger
from runtime.telemetry.events import Event, MemoryFolded, Observer, ignore
from tests.memory.fakes import (
    DAY,
    EMBEDDER,
    START,
    DictionaryStore,
    Failing,
    Notebook,
    StoreThatDeletes,
    StoreThatIsGone,
    Told,
    record,
)
from tests.memory.invariants import violations

LATER = START + 100 * DAY
EAGER = FoldPolicy(most_ratio=0.5, cool_down=0.0, floor=0.5)
TOPICS = ["backup of the ledger", "rehearsal of the violin", "repair of the lantern", "watering of the orchid"]


def diary(count: int) -> list[Record]:
    """Records that repeat themselves, as what people say does."""
    return [record(f"d{at:04}", f"{TOPICS[at % 4]} done on day {at}", days=at / 50) for at in range(count)]


@contextmanager
def memory_of(
    store: DictionaryStore,
    *,
    every: int = 0,
    above: Optional[int] = None,
    policy: FoldPolicy = EAGER,
    summariser: Optional[Summariser] = None,
    observe: Observer = ignore,
) -> Iterator[Memory]:
    memory = Memory(
        store,
        EMBEDDER,
        fold_policy=policy,
        fold_every=every,
        fold_above=above,
        summariser=summariser,
        observe=observe,
        now=lambda: LATER,
    )
    try:
        yield memory
    finally:
        memory.close()


def folds_in_time(memory: Memory) -> bool:
    return memory.background.settle(timeout=20)


def test_every_so_many_operations_a_fold_is_made_and_the_memory_is_smaller() -> None:
    store = DictionaryStore(diary(40))
    before = dict(store.records)

    with memory_of(store, every=10) as memory:
        for _ in range(9):
            memory.recall("ledger")
        assert memory.background.runs == 0
        memory.recall("ledger")
        assert folds_in_time(memory)

        assert memory.background.runs == 1
        assert store.counts().folds > 0
        assert store.counts().live < 40
        assert violations(store, before) == []


def test_past_a_size_it_folds_until_the_memory_is_as_small_as_it_should_be() -> None:
    store = DictionaryStore(diary(80))
    before = dict(store.records)

    with memory_of(store, above=60, policy=EAGER._replace(most_ratio=0.1)) as memory:
        memory.remember(["one more"])
        assert folds_in_time(memory)

        assert memory.background.runs > 1
        assert memory.sizes().live <= 60
        assert len(store.records) == 81 + store.counts().folds
        assert violations(store, before) == []


def test_below_the_size_nothing_is_folded() -> None:
    store = DictionaryStore(diary(40))

    with memory_of(store, above=60) as memory:
        memory.remember(["one more"])

        assert memory.background.runs == 0
        assert store.counts() == Counts(41, 0, 0)


def test_where_nothing_can_be_folded_it_does_not_try_without_end() -> None:
    different = [record(f"x{at}", f"{chr(97 + at) * 9} {at * 7919}") for at in range(20)]
    store = DictionaryStore(different)

    with memory_of(store, above=5) as memory:
        memory.remember(["one more"])
        assert folds_in_time(memory)

        assert memory.background.runs == 1
        assert store.counts().folds == 0


def test_by_default_no_run_folds_more_than_a_twentieth_of_what_lives() -> None:
    store = DictionaryStore(diary(400))

    with memory_of(store, policy=FoldPolicy()) as memory:
        run = memory.fold_all()

    assert 0 < sum(len(fold.sources) for fold in run.folds) <= 20


@pytest.mark.parametrize("error", [RuntimeError("out of tokens"), MemoryError(), ValueError("?")])
def test_a_summariser_that_fails_changes_nothing_and_reaches_no_caller(error: Exception) -> None:
    store = DictionaryStore(diary(40))
    before = dict(store.records)
    heard = Notebook()

    with memory_of(store, every=2, summariser=Failing(error), observe=heard) as memory:
        memory.recall("ledger")
        memory.recall("ledger")
        assert folds_in_time(memory)

        outcomes = {event.outcome for event in heard.heard(MemoryFolded) if isinstance(event, MemoryFolded)}
        assert outcomes == {"failed"}
        assert store.records == before
        assert len(memory.recall("ledger", 5)) == 5


def test_a_store_that_goes_away_while_it_folds_is_counted_and_reaches_no_caller() -> None:
    class GoneForPlanning(StoreThatIsGone):
        def oldest(self, *_: object, **__: object) -> list[Record]:
            raise StoreFault("the server is gone")

    store = GoneForPlanning(diary(40))
    with memory_of(store, every=1) as memory:
        memory.recall("ledger")
        assert folds_in_time(memory)

        assert memory.background.failures == 1
        assert memory.background.last_failure == "StoreFault: the server is gone"
        memory.recall("ledger")
        assert folds_in_time(memory)
        assert memory.background.failures == 2


def test_what_is_watched_for_here_would_be_seen() -> None:
    """A folder that deletes its originals, on purpose: the invariants of these tests say so."""
    store = StoreThatDeletes(diary(40))
    before = dict(store.records)

    with memory_of(store) as memory:
        memory.fold(LATER)

    assert any("is gone" in one for one in violations(store, before))


def test_one_fold_at_a_time_however_many_ask() -> None:
    class OneAtATime:
        def __init__(self) -> None:
            self.inside = self.most = 0

        def summarise(self, sources: Sequence[Record]) -> str:
            self.inside += 1
            self.most = max(self.most, self.inside)
            threading.Event().wait(0.002)
            self.inside -= 1
            return " ".join(source.text for source in sources)

    watched = OneAtATime()
    store = DictionaryStore(diary(100))
    with memory_of(store, every=1, policy=EAGER._replace(most_ratio=0.1), summariser=watched) as memory:
        callers = [threading.Thread(target=memory.fold, args=(LATER,)) for _ in range(6)]
        for caller in callers:
            caller.start()
            memory.recall("ledger")
        for caller in callers:
            caller.join()
        assert folds_in_time(memory)

    assert watched.most == 1
    assert violations(store, {}) == []


def test_to_close_ends_a_run_after_the_fold_that_it_is_at() -> None:
    began, go_on = threading.Event(), threading.Event()

    class Slow:
        def summarise(self, sources: Sequence[Record]) -> str:
            began.set()
            assert go_on.wait(20)
            return " ".join(source.text for source in sources)

    store = DictionaryStore(diary(80))
    with memory_of(store, every=1, summariser=Slow()) as memory:
        memory.recall("ledger")
        assert began.wait(20)
        closing = threading.Thread(target=memory.close)
        closing.start()
        while not memory.background._stopped:
            threading.Event().wait(0.001)
        go_on.set()
        closing.join(20)

    assert store.closed
    assert store.counts().folds == 1
    assert not [one for one in threading.enumerate() if one.name == "memory-folding"]


def test_after_it_is_closed_nothing_folds() -> None:
    store = DictionaryStore(diary(40))
    with memory_of(store, every=1) as memory:
        memory.close()
        memory.recall("ledger")
        assert memory.background.settle(timeout=0)

    assert store.counts().folds == 0


def test_an_observer_that_fails_does_not_end_the_folding() -> None:
    class Fragile:
        def __init__(self) -> None:
            self.folds = 0

        def __call__(self, event: Event) -> None:
            if isinstance(event, MemoryFolded):
                self.folds += 1
                if self.folds == 1:
                    raise OSError("the log is full")

    store = DictionaryStore(diary(80))
    with memory_of(store, every=1, observe=Fragile()) as memory:
        memory.recall("ledger")
        assert folds_in_time(memory)
        assert memory.background.failures == 1
        memory.recall("ledger")
        assert folds_in_time(memory)

        assert memory.background.failures == 1
        assert store.counts().folds > 1


def test_the_cool_down_is_waited_for() -> None:
    clock = Told(0.0)
    ran = threading.Semaphore(0)

    def work(_: object) -> bool:
        ran.release()
        return False

    background = Background(work, cool_down=60.0, clock=clock)
    background.due()
    assert ran.acquire(timeout=20)
    background.due()
    assert not background.settle(timeout=0.05)
    assert background.runs == 1

    clock.seconds = 61.0
    assert ran.acquire(timeout=20)
    assert background.settle(timeout=20)
    assert background.runs == 2
    assert background.stop()


@pytest.mark.parametrize(
    ("every", "above", "live", "dues"),
    [
        (3, None, 999, [False, False, True, False, False, True]),
        (0, 10, 10, [False] * 6),
        (0, 10, 11, [True] * 6),
        (0, None, 999, [False] * 6),
        (4, 10, 10, [False, False, False, True, False, False]),
    ],
)
def test_when_folding_is_due(every: int, above: Optional[int], live: int, dues: list[bool]) -> None:
    trigger = FoldTrigger(every, above)

    assert [trigger.after(live) for _ in range(6)] == dues
