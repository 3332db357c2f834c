"""What a run of tests is given in place of chance: its randomness, clock, time zone, load and network.

Applied within the process of the tests, so this module imports little, and nothing of the project under test.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import socket
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional

LOADS = ("hogs", "stalls")
_OFTEN = 1e-6
_KINDNESS = 10
_HERE = ("", "localhost", "ip6-localhost", "0.0.0.0", "::", "::1")


class Unknown(ValueError):
    """A word that is none of ours; its text says what would be right."""


@dataclass(frozen=True)
class Circumstances:
    """As words: `seed=37`, `clock=2027-01-31T12:00:00+00:00`, `zone=Asia/Kathmandu`, `load=stalls`, `network=off`."""

    seed: int = 0
    """What all randomness is drawn from: `random`, numpy's and hypothesis' own, `os.urandom` and so `uuid4`."""
    clock: Optional[dt.datetime] = None
    """The moment at which the run begins; time goes on from there. None: as it is."""
    moment: Optional[dt.datetime] = None
    """The moment at which each test begins, once its fixtures are there."""
    zone: Optional[str] = None
    """The time zone (TZ). None: as it is."""
    load: Optional[str] = None
    """`hogs`: as many busy processes as processors, and more of the processor for them; `stalls`: frozen again and
    again for a tenth of a second."""
    network: bool = True
    """Whether anything beyond this machine can be reached."""
    switches: bool = False
    """Whether threads take turns as often as can be."""
    times: int = 1
    """How many times each test runs, one time behind the other."""

    @classmethod
    def of(cls, words: Iterable[str]) -> Circumstances:
        """What the words say. Unknown for one that makes no sense."""
        found = cls()
        for word in words:
            key, _, value = word.partition("=")
            try:
                found = replace(found, **{key: _READ[key](value)})
            except (KeyError, ValueError):
                raise Unknown(f"'{word}' says nothing; it must be like {', '.join(_LIKE)}") from None
        return found


def _one_of(*known: str) -> Callable[[str], str]:
    def read(word: str) -> str:
        if word not in known:
            raise ValueError(word)
        return word

    return read


_LIKE = ("seed=37", "clock=2027-01-31T12:00:00+00:00", "zone=UTC", "load=stalls", "network=off", "switches=often")
_READ: dict[str, Callable[[str], Any]] = {
    "seed": int,
    "clock": dt.datetime.fromisoformat,
    "moment": dt.datetime.fromisoformat,
    "zone": str,
    "load": _one_of(*LOADS),
    "network": lambda word: _one_of("on", "off")(word) == "on",
    "switches": lambda word: _one_of("often", "seldom")(word) == "often",
    "times": int,
}


class Entropy:
    """Randomness that is drawn from a seed: for each test its own, whatever ran before."""

    def __init__(self) -> None:
        self._seed_of_random = random.Random.seed
        self._stream = random.Random(0)

    def install(self) -> None:
        """Take the place of the system's randomness, in this process."""
        seed_of_random, draw = self._seed_of_random, self._draw

        def seed(generator: random.Random, a: Any = None, version: int = 2) -> None:
            """As it was, without the system's randomness."""
            seed_of_random(generator, draw(256) if a is None else a, version)

        random.Random.seed = seed  # type: ignore[method-assign,assignment]
        os.urandom = self._urandom
        random._urandom = self._urandom  # type: ignore[attr-defined]

    def begin(self, seed: int, test: str, time_of_it: int) -> None:
        """Let what follows be drawn from the seed. What must differ from one test to the next (uuid4) does."""
        self._seed_of_random(self._stream, f"{seed} {test} {time_of_it}", 2)
        random.seed(seed)
        numpy = sys.modules.get("numpy.random")
        if numpy is not None:
            numpy.seed(seed)
        hypothesis = sys.modules.get("hypothesis.core")
        if hypothesis is not None:
            hypothesis.global_force_seed = seed  # type: ignore[attr-defined]

    def _draw(self, bits: int) -> int:
        return self._stream.getrandbits(bits)

    def _urandom(self, size: int) -> bytes:
        return self._draw(8 * size).to_bytes(size, "big") if size else b""


def has_clock() -> bool:
    """Whether the clock can be set, for which time-machine must be installed beside the tests."""
    import importlib.util

    return importlib.util.find_spec("time_machine") is not None


def begin(given: Circumstances) -> list[int]:
    """Let them hold from now on, in this process. The processes that were started for it, which `end` ends."""
    if given.zone is not None:
        os.environ["TZ"] = given.zone
        time.tzset()
    if given.switches:
        sys.setswitchinterval(_OFTEN)
    if not given.network:
        _cut_off()
    hogs = []
    if given.load == "hogs":
        hogs = [_hog(os.getpid()) for _ in range(os.cpu_count() or 1)]
        os.nice(_KINDNESS)
    if given.clock is not None:
        travel(given.clock).start()
    return hogs


def travel(moment: dt.datetime) -> Any:
    """The clock, to be set with `start` and put back with `stop`."""
    import time_machine  # brings a wrapper of every clock: only where it is asked for

    return time_machine.travel(moment.timestamp(), tick=True)  # of a date it would take the time zone, too


def _hog(of: int) -> int:
    process = os.fork()
    if process:
        return process
    while os.getppid() == of:
        for _ in range(100_000):
            pass
    os._exit(0)


def _cut_off() -> None:
    """Refuse what would leave this machine, as a machine without a network does."""
    kind: Any = socket.socket

    def guarded(name: str) -> Callable[..., Any]:
        original = getattr(kind, name)

        def call(self: socket.socket, *words: Any) -> Any:
            address = words[-1]
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address):
                raise OSError(101, f"Network is unreachable (cut off by gates flakes): {address!r:.80}")
            return original(self, *words)

        return call

    for name in ("connect", "connect_ex", "sendto"):
        setattr(kind, name, guarded(name))
    look_up: Any = socket.getaddrinfo

    def getaddrinfo(host: Any, *words: Any, **named: Any) -> Any:
        if _is_name(host):
            raise socket.gaierror(
                socket.EAI_AGAIN, f"Temporary failure in name resolution (gates flakes): {host!r:.80}"
            )
        return look_up(host, *words, **named)

    socket.getaddrinfo = getaddrinfo


def _is_here(address: Any) -> bool:
    host = address[0] if isinstance(address, tuple) and address else address
    return not isinstance(host, str) or host in _HERE or host.startswith("127.") or host == socket.gethostname()


def _is_name(host: Any) -> bool:
    """Whether somebody must be asked for its address."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not isinstance(text, str) or text in _HERE or text == socket.gethostname():
        return False
    return not text.replace(".", "").isdigit() and ":" not in text
