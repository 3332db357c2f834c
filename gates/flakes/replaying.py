"""The pytest plugin that repeats one way: `python -m pytest -p gates.flakes.replaying --gates-given seed=37 TEST`."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Any, Optional

import pytest

from gates.flakes.circumstances import Circumstances, Entropy, Unknown, begin, travel

OPTION = "--gates-given"
STALL, BETWEEN = (0.02, 0.08), (0.001, 0.015)
"""How long a run is frozen, and how long it then goes on, in seconds."""


def repeated(items: Sequence[pytest.Item], times: int) -> Iterator[tuple[pytest.Item, int, Any]]:
    """Each item so many times, which time it is, and what pytest is to take for the next one."""
    for at, item in enumerate(items):
        following = items[at + 1] if at + 1 < len(items) else None
        for time_of_it in range(times):
            if time_of_it and hasattr(item, "_initrequest"):
                item._initrequest()  # forget what its fixtures gave it the time before
            # what stands above the item is kept for its next time: its parent stands for it
            yield item, time_of_it, following if time_of_it + 1 == times else item.parent


class Momentary:
    """The plugin that sets the clock when a test itself begins."""

    def __init__(self, moment: dt.datetime) -> None:
        self._moment = moment

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """Nothing of pytest's own is timed by it."""
        travelling = travel(self._moment)
        travelling.start()
        yield
        travelling.stop()


def stall_until_it_ends(process: int) -> int:
    """Freeze a child of this process again and again until it ends; how it ended, as `waitpid` has it."""
    dice = random.Random(process)
    while True:
        time.sleep(dice.uniform(*BETWEEN))
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return status
        os.kill(process, signal.SIGSTOP)
        time.sleep(dice.uniform(*STALL))
        os.kill(process, signal.SIGCONT)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the option."""
    parser.getgroup("gates").addoption(
        OPTION, action="append", default=[], metavar="WORD", help="as `gates flakes` printed it, like seed=37"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Optional[int]:
    """Where the run is to be stalled it becomes a child, and this process is what stalls it."""
    try:
        given = Circumstances.of(config.getoption(OPTION))
    except Unknown as unknown:
        raise pytest.UsageError(f"{OPTION}: {unknown}") from None
    config.pluginmanager.register(_Replay(given), "gates flakes replay")
    if given.moment is not None:
        config.pluginmanager.register(Momentary(given.moment), "gates flakes moment")
    if given.load == "stalls":
        child = os.fork()
        if child:
            status = stall_until_it_ends(child)
            os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1)
    return None


class _Replay:
    def __init__(self, given: Circumstances) -> None:
        self._given = given
        self._entropy = Entropy()
        self._entropy.install()
        self._entropy.begin(0, "collection", 0)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Optional[bool]:
        if session.testsfailed or session.config.option.collectonly:
            return None  # pytest says what is wrong
        hogs = begin(self._given)
        try:
            for item, time_of_it, following in repeated(session.items, self._given.times):
                self._entropy.begin(self._given.seed, item.nodeid, time_of_it)
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.shouldfail or session.shouldstop:
                    break
        finally:
            for hog in hogs:
                os.kill(hog, signal.SIGKILL)
        return True
