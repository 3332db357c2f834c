"""Folding under attack: worlds that invite a cascade, faults planted into folds, and how far each one's effect reached.

A fold is *contained* when the store afterwards differs from the store before in nothing but this: sources that were
planned are cold, all or none of a fold, and point to one new summary of theirs; records that were added meanwhile are
there. Every record holds what it held, and the whole lineage is sound. The share of folds that are contained is what
"cascade prevention" means here.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import random
import signal
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Callable, NamedTuple, Optional

from runtime.errors import RuntimeFault, StoreFault
from runtime.memory.embedding import HashedNgrams
from runtime.memory.folding import Folder, summary_of
from runtime.memory.grouping import FoldPolicy, plan, planned
from runtime.memory.ids import new_id
from runtime.memory.record import Counts, Fold, FoldPlan, Record
from runtime.memory.store import Store
from runtime.memory.summary import Excerpts, Summariser

DIMENSION = 32
START = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
EMBEDDER = HashedNgrams(DIMENSION)
POLICY = FoldPolicy(most_ratio=0.5, fewest=2, min_age=dt.timedelta(hours=1), floor=0.3, alike=0.3, cool_down=0.0)
# What a careless person might set: the store alone must hold then.
RECKLESS = FoldPolicy(
    dt.timedelta(0), 3, 1.0, 2, 1_000, dt.timedelta(days=9_999), -1.0, 2.0, 10_000, cool_down=0.0, floor=0.0
)
_WORDS = "harbour ledger lantern orchid glacier violin compass meadow anchor thunder garden copper window".split()
_GARBAGE: tuple[Any, ...] = ("", " \n", None, b"bytes", 7, "\x00", "half a pair \ud800", "long " * 99_999, ["a"])
_KILLED_WITHIN = 0.006
_OF_ONE_WORLD = 24

Open = Callable[[], Store]


class State(NamedTuple):
    """All that a store holds, as it answers it."""

    records: dict[str, Record]
    folds: dict[str, Fold]
    counts: Counts


class Attempt(NamedTuple):
    """One fold with a fault: which, how many folds then stood that did not before, and every effect out of bounds."""

    fault: str
    folds: int
    escaped: tuple[str, ...]


class World:
    """A store with a past: clusters of records that say the same, several lanes and tags, summaries of summaries."""

    def __init__(self, open_store: Open, draw: random.Random) -> None:
        self.open_store = open_store
        self.draw = draw
        self.now = START + dt.timedelta(days=40)
        self.ids: set[str] = set()
        with_past = open_store()
        try:
            self.remember(with_past, draw.randint(8, 60))
            for _ in range(draw.randint(0, 3)):  # so that there are summaries, up to the depth that is allowed
                self.folder(with_past).run(self.now, most=draw.randint(1, 6))
                self.now += dt.timedelta(days=1)
                self.remember(with_past, draw.randint(0, 10))
        finally:
            with_past.close()

    def goes_on(self) -> None:
        """Time passes, and more is said."""
        self.now += dt.timedelta(hours=self.draw.randint(0, 30))
        store = self.open_store()
        try:
            self.remember(store, self.draw.randint(0, 6))
        finally:
            store.close()

    def remember(self, store: Store, count: int) -> None:
        """More records: of few topics, so that there is much to fold, some of them word for word the same."""
        draw = self.draw
        topics = [" ".join(draw.choices(_WORDS, k=4)) for _ in range(draw.randint(1, 6))]
        records = []
        for _ in range(count):
            text = draw.choice(topics) + draw.choice(["", f" {draw.choice(_WORDS)}", f" {draw.random()}"])
            created = self.now - dt.timedelta(minutes=draw.randint(0, 50_000))
            tags = frozenset(draw.sample(["a", "b"], draw.choice([0, 0, 1, 2])))
            lane = draw.choice(["production", "production", "candidate"])
            importance = draw.choice([0.1, 0.5, 0.5, 0.95])
            [embedding] = EMBEDDER.embed([text])
            records.append(Record(new_id(), text, embedding, created, tags, lane, importance))
        if records:
            store.remember(records)
            self.ids.update(one.id for one in records)

    def folder(
        self,
        store: Store,
        summariser: Optional[Summariser] = None,
        name: Callable[[], str] = new_id,
        policy: FoldPolicy = POLICY,
        embedder: Any = EMBEDDER,
    ) -> Folder:
        """A folder of this store; by default one that works."""
        return Folder(store, embedder, summariser or Excerpts(), name, policy)

    def state(self, store: Store) -> State:
        """All that is known to be there. What is there and not known shows in the counts."""
        folds = {fold.key: fold for fold in store.folds()}
        self.ids.update(fold.summary for fold in folds.values())
        records = {one.id: one for one in store.get(sorted(self.ids))}
        return State(records, folds, store.counts())


def attempt(world: World, fault: str) -> Attempt:
    """Fold once with this fault, and look at everything."""
    store = world.open_store()
    try:
        before = world.state(store)
        if fault == "killed":
            store.close()
            bounds = _killed(world)
            store = world.open_store()
        else:
            bounds = FAULTS[fault](world, store)
        after = world.state(store)
        escaped = tuple(_escaped(world, store, before, after, bounds))
        return Attempt(fault, len(after.folds) - len(before.folds), escaped)
    finally:
        store.close()


class Bounds(NamedTuple):
    """What an attempt may touch: the sources of its plans, the summaries it was told to unfold, how deep it may go."""

    sources: frozenset[str]
    unfolded: frozenset[str] = frozenset()
    deepest: int = POLICY.max_depth


def _bounds(plans: Sequence[FoldPlan], **more: Any) -> Bounds:
    return Bounds(frozenset(source.id for one in plans for source in one.sources), **more)


def _escaped(world: World, store: Store, before: State, after: State, bounds: Bounds) -> Iterator[str]:
    """Every effect beyond the bounds, and everything unsound."""
    yield from _changed(before, after, bounds)
    yield from _new_folds(before, after, bounds)
    yield from _unsound(store, after)
    if len(after.records) != after.counts.live + after.counts.cold:
        yield f"{after.counts.live + after.counts.cold} records are counted, {len(after.records)} are known"


def _changed(before: State, after: State, bounds: Bounds) -> Iterator[str]:
    revived = {source for fold in before.folds.values() if fold.summary in bounds.unfolded for source in fold.sources}
    for name, was in before.records.items():
        now = after.records.get(name)
        if now is None:
            if name not in bounds.unfolded:
                yield f"{name} is gone"
        elif now != was:
            if now._replace(folded_into=was.folded_into) != was:
                yield f"{name} holds something else"
            if name not in bounds.sources and name not in revived:
                yield f"{name} was in no plan and is now folded into {now.folded_into}"
            if was.folded_into is not None and name not in revived:
                yield f"{name} was folded already, and now somewhere else"


def _new_folds(before: State, after: State, bounds: Bounds) -> Iterator[str]:
    for key, fold in after.folds.items():
        if key in before.folds:
            if fold != before.folds[key] and fold.summary in before.records:
                yield f"fold {key[:8]} was rewritten"
            continue
        summary = after.records.get(fold.summary)
        sources = [before.records.get(source) or after.records.get(source) for source in fold.sources]
        if summary is None or fold.summary in before.records:
            yield f"fold {key[:8]} has no summary of its own"
        elif not bounds.sources.issuperset(fold.sources):
            yield f"fold {key[:8]} has sources that were in no plan"
        elif summary.depth > bounds.deepest:
            yield f"{summary.id} is {summary.depth} deep"
        elif any(source is None or (source.lane, source.tags) != (summary.lane, summary.tags) for source in sources):
            yield f"fold {key[:8]} crosses lanes or tags"
    for key, fold in before.folds.items():
        if key not in after.folds and fold.summary not in bounds.unfolded:
            yield f"fold {key[:8]} stands no more"


def _unsound(store: Store, state: State) -> Iterator[str]:
    """Lineage both ways, no cycle, nothing cold that no fold accounts for."""
    by_source = {source: fold.summary for fold in state.folds.values() for source in fold.sources}
    if len(by_source) != sum(len(fold.sources) for fold in state.folds.values()):
        yield "a record is the source of two folds"
    if state.counts.cold != len(by_source) or state.counts.folds != len(state.folds):
        yield f"counts {state.counts} are not those of {len(state.folds)} folds of {len(by_source)} sources"
    for name, one in state.records.items():
        if one.folded_into != by_source.get(name):
            yield f"{name} says {one.folded_into}, its fold {by_source.get(name)}"
        above = state.records.get(one.folded_into) if one.folded_into else None
        if one.folded_into and (above is None or above.depth <= one.depth):
            yield f"{name} leads to no deeper record"
    for fold in state.folds.values():
        if fold.summary not in state.records:
            yield f"the summary {fold.summary} is gone"
        elif set(store.lineage(fold.summary).sources) != set(fold.sources):
            yield f"{fold.summary} does not know its sources"


# The faults. Each gets a world and an open store, folds, and says what that may have touched.


class Lying:
    """A store in front of the real one that does something of its own at a fold."""

    def __init__(self, store: Store, at_fold: Callable[[Store, FoldPlan, Record, dt.datetime], Optional[Fold]]) -> None:
        self._store = store
        self._at_fold = at_fold

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def fold(self, plan: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        """As the fault has it."""
        return self._at_fold(self._store, plan, summary, at)


class Doing:
    """A summariser that does something to the store meanwhile, then answers or fails."""

    def __init__(self, act: Callable[[Sequence[Record]], Any], fails: bool = False) -> None:
        self._act = act
        self._fails = fails

    def summarise(self, sources: Sequence[Record]) -> str:
        """The sources, after the deed."""
        self._act(sources)
        if self._fails:
            raise RuntimeError("planted")
        return " ".join(source.text for source in sources)[:2_000]


def _run(world: World, store: Store, **folder: Any) -> Bounds:
    """One run; its plans are made the same way once more, from the same snapshot, to know its bounds."""
    policy = folder.get("policy", POLICY)
    plans = plan(store, policy, world.now).plans
    world.folder(store, **folder).run(world.now, most=world.draw.choice([None, 1, 3]))
    return _bounds(plans, deepest=policy.max_depth)


def _nothing(world: World, store: Store) -> Bounds:
    return _run(world, store)


def _reckless(world: World, store: Store) -> Bounds:
    return _run(world, store, policy=RECKLESS)


def _summariser_fails(world: World, store: Store) -> Bounds:
    left = world.draw.randint(0, 3)

    def count_down(_: Sequence[Record]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise world.draw.choice([RuntimeError("planted"), MemoryError(), RecursionError(), StoreFault("x")])

    return _run(world, store, summariser=Doing(count_down))


def _summariser_babbles(world: World, store: Store) -> Bounds:
    class Babbling:
        def summarise(self, sources: Sequence[Record]) -> Any:
            return world.draw.choice(_GARBAGE)

    return _run(world, store, summariser=Babbling())


def _embedder_babbles(world: World, store: Store) -> Bounds:
    class Babbling:
        dimension = DIMENSION

        def embed(self, texts: Sequence[str]) -> Any:
            wrong = [[math.nan] * DIMENSION, [0.0] * DIMENSION, [1.0], [], ["a"], None]
            return [world.draw.choice(wrong) for _ in range(world.draw.randint(0, len(texts) + 1))]

    return _run(world, store, embedder=Babbling())


def _answer_lost(world: World, store: Store) -> Bounds:
    after, times = world.draw.random() < 0.5, world.draw.choice([1, 1, 2, 99])

    def lose(real: Store, one: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        nonlocal times
        times -= 1
        if times >= 0 and not after:
            raise StoreFault("planted, before")
        fold = real.fold(one, summary, at)
        if times >= 0:
            raise StoreFault("planted, after")
        return fold

    plans = plan(store, POLICY, world.now).plans
    world.folder(Lying(store, lose)).run(world.now)
    return _bounds(plans)


def _clock_jumps(world: World, store: Store) -> Bounds:
    now = world.draw.choice(
        [
            *(world.now + dt.timedelta(days=days) for days in (-9_999, -365, -1, 1, 365, 9_999)),
            dt.datetime(1, 1, 3, tzinfo=dt.timezone.utc),
            dt.datetime(9999, 12, 30, tzinfo=dt.timezone.utc),
        ]
    )
    plans = plan(store, POLICY, now).plans
    world.folder(store).run(now)
    return _bounds(plans)


def _same_plan_again(world: World, store: Store) -> Bounds:
    plans = plan(store, POLICY, world.now).plans
    for one in plans:
        outcomes = [world.folder(store).fold(one, world.now).outcome for _ in range(3)]
        if outcomes.count("folded") > 1:
            raise AssertionError(f"one plan was folded twice: {outcomes}")
    return _bounds(plans)


def _forged_plan(world: World, store: Store) -> Bounds:
    """Sources that are cold, unknown, changed, twice there, of other lanes, or none; another fold's key."""
    draw, state = world.draw, world.state(store)
    some = draw.sample(list(state.records.values()), min(len(state.records), draw.randint(0, 6)))
    if some and draw.random() < 0.3:
        some.append(draw.choice(some))
    if draw.random() < 0.3:
        some.append(Record("nobody", "nothing", EMBEDDER.embed(["nothing"])[0], START))
    if some and draw.random() < 0.3:
        some[0] = some[0]._replace(text="forged", folded_into=None, depth=draw.choice([0, 99]))
    keys = [*state.folds, f"{draw.random()}", "", "k" * 64]
    one = FoldPlan(draw.choice(keys), tuple(some))
    if draw.random() < 0.5 and len({source.id for source in some}) > 1:
        one = planned(list({source.id: source for source in some}.values()))
    scopes = {(source.lane, source.tags) for source in some}
    if len(scopes) > 1:  # a folder never plans across lanes; that the store lets others do it is no escape
        one = one._replace(
            sources=tuple(
                source
                for source in some
                if (source.lane, source.tags) == min(scopes, key=lambda scope: (scope[0], sorted(scope[1])))
            )
        )
    world.folder(store, policy=RECKLESS).fold(one, world.now)
    return _bounds([one], deepest=99)


def _cycle(world: World, store: Store) -> Bounds:
    """A summary that has the id of one of its sources, of a record above or below them, or of any other."""
    state = world.state(store)
    plans = plan(store, POLICY, world.now).plans
    world.folder(store, name=lambda: world.draw.choice(sorted(state.records) or ["x"])).run(world.now)
    return _bounds(plans)


def _wrong_depth(world: World, store: Store) -> Bounds:
    plans = plan(store, POLICY, world.now).plans
    for one in plans:
        forged = summary_of(one.sources, "forged", new_id())._replace(depth=world.draw.choice([0, 1, 2, 3, 7, -1]))
        try:
            store.fold(one, forged, world.now)
        except RuntimeFault:
            continue
    return _bounds(plans)


def _overtaken(world: World, store: Store) -> Bounds:
    """Another folder, on a connection of its own, folds the same, some or other records during the summary."""
    other = world.open_store()
    plans = plan(store, POLICY, world.now).plans
    raced: list[FoldPlan] = []

    def overtake(sources: Sequence[Record]) -> None:
        some = list(sources)
        if world.draw.random() < 0.5 and len(some) > 2:
            some = some[: world.draw.randint(2, len(some) - 1)]
        raced.append(planned(some))
        world.folder(other).fold(raced[-1], world.now)

    try:
        world.folder(store, summariser=Doing(overtake, world.draw.random() < 0.3)).run(world.now)
    finally:
        other.close()
    return _bounds([*plans, *raced])


def _unfolded_meanwhile(world: World, store: Store) -> Bounds:
    state = world.state(store)
    plans = plan(store, POLICY, world.now).plans
    undone: set[str] = set()

    def undo(sources: Sequence[Record]) -> None:
        standing = [fold.summary for fold in store.folds() if fold.summary in state.records]
        if standing:
            summary = world.draw.choice(standing)
            try:
                if store.unfold(summary) is not None:
                    undone.add(summary)
            except RuntimeFault:  # it was itself folded: that is refused, as it should be
                return

    world.folder(store, summariser=Doing(undo)).run(world.now)
    return _bounds(plans, unfolded=frozenset(undone))


def _written_meanwhile(world: World, store: Store) -> Bounds:
    plans = plan(store, POLICY, world.now).plans
    more = Doing(lambda _: world.remember(store, world.draw.randint(1, 4)), world.draw.random() < 0.3)
    world.folder(store, summariser=more).run(world.now)
    return _bounds(plans)


def _racing(world: World, store: Store) -> Bounds:
    """Two or three folders at once, each with a connection of its own, and a writer."""
    plans = plan(store, POLICY, world.now).plans
    others = [world.open_store() for _ in range(world.draw.randint(2, 3))]
    barrier = threading.Barrier(len(others) + 1)
    planned_there: list[FoldPlan] = []
    failures: list[str] = []

    def note(real: Store, one: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        planned_there.append(one)  # what each plans depends on how far the others are
        return real.fold(one, summary, at)

    def fold(one: Store) -> None:
        folder = world.folder(Lying(one, note))
        barrier.wait(20)
        try:
            folder.run(world.now)
        except StoreFault as fault:
            failures.append(str(fault))

    threads = [threading.Thread(target=fold, args=(one,)) for one in others]
    try:
        for thread in threads:
            thread.start()
        barrier.wait(20)
        world.remember(store, 3)
        for thread in threads:
            thread.join()
    finally:
        for one in others:
            one.close()
    return _bounds([*plans, *planned_there])


def _killed(world: World) -> Bounds:
    """A process that folds is killed at an instant nobody chose: in the summary, in the commit, between two folds."""
    store = world.open_store()
    plans = plan(store, POLICY, world.now).plans
    store.close()
    child = os.fork()
    if child == 0:
        try:
            store = world.open_store()
            world.folder(_killing(store, world.draw)).run(world.now)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    return _bounds(plans)


def _killing(store: Store, draw: random.Random) -> Store:
    """Start the clock of the end: now, or where one of the first folds is committed."""
    left = draw.randint(-1, 3)

    def soon() -> None:
        signal.setitimer(signal.ITIMER_REAL, draw.uniform(1e-5, _KILLED_WITHIN))  # SIGALRM ends a process

    def commit(real: Store, one: FoldPlan, summary: Record, at: dt.datetime) -> Optional[Fold]:
        nonlocal left
        left -= 1
        if left == 0:
            soon()
        return real.fold(one, summary, at)

    if left < 1:
        soon()
    return Lying(store, commit)


FAULTS: dict[str, Callable[[World, Store], Bounds]] = {
    "none": _nothing,
    "reckless policy": _reckless,
    "summariser fails": _summariser_fails,
    "summariser babbles": _summariser_babbles,
    "embedder babbles": _embedder_babbles,
    "store fails, answer lost": _answer_lost,
    "clock jumps": _clock_jumps,
    "same plan again": _same_plan_again,
    "forged plan": _forged_plan,
    "cycle": _cycle,
    "wrong depth": _wrong_depth,
    "overtaken": _overtaken,
    "unfolded meanwhile": _unfolded_meanwhile,
    "written meanwhile": _written_meanwhile,
    "racing folders": _racing,
}
"""What is done to a fold; "killed" comes to these where processes can be forked and the store is a file."""


def wilson(contained: int, attempted: int, z: float = 1.96) -> tuple[float, float]:
    """Where the true share lies, by these n (Wilson 1927): at 95 % confidence both ends for the default `z`."""
    if not attempted:
        return 0.0, 1.0
    share, square = contained / attempted, z * z
    middle = share + square / (2 * attempted)
    half = z * math.sqrt(share * (1 - share) / attempted + square / (4 * attempted * attempted))
    whole = 1 + square / attempted
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def attempts(places: Iterator[Open], count: int, seed: int, killing: bool = False) -> Iterator[Attempt]:
    """So many attempts, every fault in turn, over worlds that are made anew every so often.

    Each place is an empty store that can be opened several times. A world in which something escaped is left.
    """
    draw = random.Random(seed)
    faults = [*FAULTS, "killed"] if killing else list(FAULTS)
    world: Optional[World] = None
    for number in range(count):
        if world is None or number % _OF_ONE_WORLD == 0:
            world = World(next(places), draw)
        one = attempt(world, faults[number % len(faults)])
        yield one
        if one.escaped:
            world = None
        else:
            world.goes_on()
