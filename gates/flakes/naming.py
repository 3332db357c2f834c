"""Who is to blame where a test depends on others: the polluter, the missing setter, what was left behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional

from gates.flakes.attribution import Contrast, Rate, Suspect, failures
from gates.flakes.delta import fewest
from gates.flakes.pool import Worker
from gates.flakes.process import Job
from gates.flakes.ways import CONTROL, Way

_SURE = 8
_SHOWN = 3
_OFTEN = 3
_PARTNERS = 200
_ALONE = replace(CONTROL, dimension="order", name="alone")


@dataclass(frozen=True)
class Named:
    """What was found: the contrast that proves it, in words, the tests that are to blame, and what they leave."""

    contrast: Contrast
    because: str
    tests: tuple[str, ...] = ()
    state: tuple[str, ...] = ()


def order(worker: Worker, suspect: Suspect) -> Optional[Named]:
    """The tests after which it fails, or without which it does."""
    alone = failures(worker, CONTROL, [suspect.test], _SURE)
    if alone.failed == 0:
        return _polluted(worker, suspect, alone)
    if alone.failed == alone.runs:
        return _brittle(worker, suspect, alone)
    return None


def _polluted(worker: Worker, suspect: Suspect, alone: Rate) -> Optional[Named]:
    for before in _orders(suspect, is_failed=True):

        def fails(tests: Sequence[str]) -> bool:
            return bool(failures(worker, CONTROL, [*tests, suspect.test], 1).failed)

        if not fails(before):
            continue
        polluters = tuple(fewest(before, fails))
        if not polluters:
            return None
        rate = failures(worker, CONTROL, [*polluters, suspect.test], _SURE)
        contrast = Contrast(replace(_ALONE, name="after another"), _ALONE, rate, alone, polluters)
        state = _left(worker, polluters, suspect.test)
        return Named(contrast, f"fails after {_listed(polluters)}", polluters, state)
    return None


def _brittle(worker: Worker, suspect: Suspect, alone: Rate) -> Optional[Named]:
    for before in _orders(suspect, is_failed=False):

        def passes(tests: Sequence[str]) -> bool:
            return not failures(worker, CONTROL, [*tests, suspect.test], 1).failed

        if not passes(before):
            continue
        setters = tuple(fewest(before, passes))
        if not setters:
            return None
        rate = failures(worker, CONTROL, [*setters, suspect.test], _SURE)
        contrast = Contrast(_ALONE, replace(_ALONE, name="after another"), alone, rate, (), setters)
        state = _left(worker, setters, suspect.test)
        return Named(contrast, f"passes only after {_listed(setters)}, which sets what it needs", setters, state)
    return None


def _orders(suspect: Suspect, is_failed: bool) -> list[list[str]]:
    """What ran before it in runs in which it failed, or did not; the shortest first, which takes least to search."""
    found = []
    for each in suspect.seen:
        if each.way.words or each.way.environment or each.ended.is_failed != is_failed or each.test not in each.before:
            continue
        found.append(list(each.before[: list(each.before).index(each.test)]))
    return sorted((before for before in found if before), key=len)[:_OFTEN]


def twice(worker: Worker, suspect: Suspect, way: Way) -> Optional[Named]:
    """Whether it fails the second time in one process, and not the first."""
    first, second = Rate(0, 0), Rate(0, 0)
    leaks: tuple[str, ...] = ()
    for _ in range(_SURE):
        answer = worker.ask(Job([[suspect.test]], way.words))
        one, other = answer.of(suspect.test), answer.of(suspect.test, 1)
        first += Rate(int(one is None or one.is_failed), 1)
        second += Rate(int(other is None or other.is_failed), 1)
    if second.failed > first.failed:
        leaks = _left(worker, (suspect.test,), None)
    contrast = Contrast(way, replace(way, name="the first time"), second, first)
    return Named(contrast, "fails the second time it runs in one process", (), leaks)


def leftovers(worker: Worker, suspect: Suspect, tests: Sequence[str], way: Way) -> Optional[Named]:
    """Which test leaves a file in whose presence it fails; it may be its own."""

    def after(several: Sequence[str], runs: int) -> Rate:
        failed = 0
        for _ in range(runs):
            if several:
                worker.ask(Job([several], ("seed=1",)), keeps=True)
            ended = worker.ask(Job([[suspect.test]], keep=bool(several))).of(suspect.test)
            failed += ended is None or ended.is_failed
        return Rate(failed, runs)

    fresh = after((), _SURE)
    if fresh.failed == fresh.runs:
        return None
    own = bool(after((suspect.test,), 1).failed)
    if not own and not after(list(tests), 1).failed:
        return None
    leavers = (suspect.test,) if own else tuple(fewest(list(tests), lambda some: bool(after(some, 1).failed)))
    if not leavers:
        return None
    contrast = Contrast(way, replace(way, name="in a clean folder"), after(leavers, _SURE), fresh, leavers)
    files = tuple(worker.ask(Job([leavers])).left)
    who = "its own run before" if own else _listed(leavers)
    return Named(contrast, f"fails where {who} left files behind", () if own else leavers, files[:_SHOWN])


def shards(worker: Worker, suspect: Suspect, tests: Sequence[str], way: Way) -> Optional[Named]:
    """The test beside which it fails, when both run at the same time in one folder."""

    def beside(other: str, runs: int) -> Rate:
        failed = 0
        for _ in range(runs):
            ended = worker.ask(Job([[suspect.test], [other]])).of(suspect.test)
            failed += ended is None or ended.is_failed
        return Rate(failed, runs)

    alone = failures(worker, CONTROL, [suspect.test], _SURE * 2)
    partners = [test for test in tests if test != suspect.test][:_PARTNERS]
    for partner in partners:
        if beside(partner, 1).failed:
            rate = beside(partner, _SURE * 2)
            if rate.failed > alone.failed:
                contrast = Contrast(way, _ALONE, rate, alone)
                because = f"fails while {_listed((partner,))} runs at the same time, in one folder"
                return Named(contrast, because, (partner,), tuple(worker.ask(Job([[partner]])).left[:_SHOWN]))
    return None


def _left(worker: Worker, tests: Sequence[str], victim: Optional[str]) -> tuple[str, ...]:
    """What the tests leave changed in their process, and the victim alone does not: the first few."""
    told = [leak for each in worker.ask(Job([tests], leaks=True)).ended for leak in each.leaks]
    if victim is not None:
        usual = {_name(leak) for each in worker.ask(Job([[victim]], leaks=True)).ended for leak in each.leaks}
        told = [leak for leak in told if _name(leak) not in usual] or told
    lasting = [leak for leak in dict.fromkeys(told) if not leak.startswith("sys.modules")]
    return tuple((lasting or list(dict.fromkeys(told)))[:_SHOWN])


def _name(leak: str) -> str:
    return leak.partition(": ")[0]


def _listed(tests: Sequence[str]) -> str:
    names = [f"`{test}`" for test in tests]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
