"""The ways in which tests are run: one dimension at a time differs from the control."""

from __future__ import annotations

import datetime as dt
import locale
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gates.flakes.exact import runs_to_bound

# The first that explains a failure is the one that is named: what a process is given comes before what ran in it.
DIMENSIONS = (
    "seed",
    "hash seed",
    "clock",
    "zone",
    "locale",
    "network",
    "leftovers",
    "twice",
    "order",
    "shards",
    "load",
)
SERIAL = frozenset(("load",))
"""Dimensions that would disturb whatever runs beside them."""
RATE = 0.05
_HASH_SEEDS = 10
_SHUFFLES = 5
_CONTROLS = 4
_SHARDS = 2
_ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "America/New_York")
_SUMMER = "Europe/Berlin"
_PLACES = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
_LOCALES = ("tr_TR.UTF-8", "de_DE.UTF-8")
_ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
HASH_SEED = "PYTHONHASHSEED"
_NOON, _MIDNIGHT = dt.time(12, tzinfo=dt.timezone.utc), dt.time(tzinfo=dt.timezone.utc)
# So long before the end of a second, or of a day, does a test begin.
_A_MOMENT = dt.timedelta(milliseconds=2)


@dataclass(frozen=True)
class Way:
    """`words` are what a run is given, `environment` what a process is born with.

    `order`: given, reversed, alone, "shuffled N", "side by side", the same "by file", or "again": twice in one
    folder. `against` are the words of the run to compare with, where that is not the control.
    """

    dimension: str
    name: str
    words: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    order: str = "given"
    against: tuple[str, ...] = ()

    def arranged(self, tests: Sequence[str]) -> list[str]:
        """The tests in the order of this way."""
        if self.order == "reversed":
            return list(reversed(tests))
        if self.order.startswith("shuffled"):
            return random.Random(self.order).sample(list(tests), len(tests))
        return list(tests)


CONTROL = Way("control", "control")


ORDINARY = "in a minute"
"""The way of a clock that is set, and to nothing peculiar: a test that fails then says nothing of clocks."""
LOADS = (
    Way("load", "stalls", words=("load=stalls",)),
    Way("load", "busy processors", words=("load=hogs",)),
    Way("load", "threads that take turns often", words=("switches=often",)),
)


def seeds(rate: float = RATE) -> list[Way]:
    """As many seeds as say, where none of them fails, that fewer than `rate` do."""
    return [Way("seed", f"seed {seed}", words=(f"seed={seed}",)) for seed in range(1, runs_to_bound(rate) + 1)]


def ways(today: dt.date, has_clock: bool) -> tuple[list[Way], dict[str, str]]:
    """All but the seeds, the most telling ones first; and dimensions that cannot be tried here, with the reason."""
    found = [CONTROL] * _CONTROLS
    found += [Way("order", name, order=name) for name in ("reversed", "alone")]
    found.append(Way("twice", "twice in a process", words=("times=2",)))
    found += [Way("order", f"shuffled {number}", order=f"shuffled {number}") for number in range(1, _SHUFFLES + 1)]
    found += [Way("hash seed", f"hash seed {n}", environment=((HASH_SEED, str(n)),)) for n in range(1, _HASH_SEEDS + 1)]
    lacking: dict[str, str] = {}
    places = [place for place in _PLACES if os.path.isdir(place)]
    if places:
        found += [Way("zone", zone, words=(f"zone={zone}",)) for zone in _ZONES]
    else:
        lacking["zone"] = "there is no database of time zones on this machine"
    if has_clock:
        found += [Way("clock", ORDINARY, words=(f"moment={_in_a_minute().isoformat()}",), order="alone")]
        found += _clocks(today, bool(places))
    else:
        lacking["clock"] = "time-machine is not installed beside the tests"
    found.append(Way("locale", "C, ASCII", environment=tuple(_ASCII.items())))
    found += [Way("locale", name, environment=(("LC_ALL", name),)) for name in _LOCALES if _has_locale(name)]
    found.append(Way("network", "no network", words=("network=off",)))
    found.append(Way("leftovers", "again in one folder", order="again"))
    found.append(Way("shards", "two at once", order="side by side"))
    found += [Way("shards", "two of a file at once", order="side by side by file")] * _SHARDS
    found += [way for way, times in zip(LOADS, (3, 1, 4)) for _ in range(times)]
    return found, lacking


def _in_a_minute() -> dt.datetime:
    """No peculiar moment; and yet the files of this machine are older than its clock would have it."""
    return dt.datetime.now(dt.timezone.utc).replace(second=24, microsecond=400_000) + dt.timedelta(minutes=1)


def _clocks(today: dt.date, has_zones: bool) -> Iterator[Way]:
    """Seconds are of tomorrow, so that no clock goes back."""
    tomorrow = today + dt.timedelta(days=1)
    year = today.year + 1
    leap = next(each for each in range(year, year + 9) if each % 4 == 0 and (each % 100 or each % 400 == 0))
    noon = dt.datetime.combine(tomorrow, _NOON)
    for name, moment in (
        ("an even second", noon),
        ("an odd second", noon + dt.timedelta(seconds=31)),
        ("the end of a second, a minute and an hour", noon - _A_MOMENT),
        ("midnight", dt.datetime.combine(tomorrow, _MIDNIGHT) - _A_MOMENT),
    ):
        yield Way("clock", name, words=(f"moment={moment.isoformat()}",))
    yield _clock("in a day", dt.datetime.combine(tomorrow + dt.timedelta(days=1), _NOON))
    weekend = tomorrow + dt.timedelta(days=(5 - tomorrow.weekday()) % 7)
    yield _clock("a Saturday", dt.datetime.combine(weekend, _NOON))
    yield _clock("a Sunday", dt.datetime.combine(weekend + dt.timedelta(days=1), _NOON))
    yield _clock("shortly before midnight", dt.datetime.combine(tomorrow, dt.time(23, 30, tzinfo=dt.timezone.utc)))
    yield _clock("the end of a month", dt.datetime.combine(dt.date(year, 1, 31), _NOON))
    yield _clock("the end of a year", dt.datetime.combine(dt.date(year - 1, 12, 31), _NOON))
    yield _clock("a leap day", dt.datetime.combine(dt.date(leap, 2, 29), _NOON))
    if has_zones:
        spring, autumn = _last_sunday(year, 3), _last_sunday(year, 10)
        for name, day, hour in (("summer time begins", spring, 0), ("summer time ends", autumn, 0)):
            moment = dt.datetime.combine(day, dt.time(hour, 30, tzinfo=dt.timezone.utc))
            before = moment - dt.timedelta(days=4)
            words = (f"zone={_SUMMER}", f"clock={moment.isoformat()}")
            yield Way("clock", name, words=words, against=(f"zone={_SUMMER}", f"clock={before.isoformat()}"))


def _clock(name: str, moment: dt.datetime) -> Way:
    return Way("clock", name, words=(f"clock={moment.isoformat()}",))


def _last_sunday(year: int, month: int) -> dt.date:
    last = dt.date(year, month, 31)
    return last - dt.timedelta(days=(last.weekday() + 1) % 7)


def _has_locale(name: str) -> bool:
    held = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_ALL, held)
    return True
