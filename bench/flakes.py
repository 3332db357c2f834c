"""How well `gates flakes` does on planted tests: found, attributed, and what stable tests it accused.

python -m bench.flakes [--times N] [--markdown docs/flakes.md]
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.machine import machine
from gates.flakes.attribution import UNKNOWN
from gates.flakes.search import Asked, Found, search

SUITE = Path(__file__).parent / "planted_flakes"
FOUND, ATTRIBUTED, SECONDS, RUNS = 0.9, 0.8, 60.0, 200
BEGIN, END = "<!-- bench.flakes -->", "<!-- end -->"


class Planted(NamedTuple):
    """One flaky test: what it depends on, and which tests must be named with it."""

    kind: str
    test: str
    dimension: str
    others: tuple[str, ...] = ()


ORDER, CHANCE, TIME, WORLD, PLACES = (
    f"tests/test_{name}.py::" for name in ("order", "chance", "time", "world", "zz_places")
)
PLANTED = (
    Planted("a module's setting", f"{ORDER}test_price_is_what_it_costs", "order", ("test_debug_mode_is_free",)),
    Planted("the environment", f"{ORDER}test_region_is_europe", "order", ("test_region_from_environment",)),
    Planted("logging switched off", f"{ORDER}test_warning_is_logged", "order", ("test_quiet",)),
    Planted("the working directory", f"{PLACES}test_files_are_relative", "order", ("test_reads_in_another_folder",)),
    Planted("a function replaced by hand", f"{PLACES}test_clock_runs", "order", ("test_with_a_stopped_clock",)),
    Planted(
        "two polluters together",
        f"{ORDER}test_handlers_do_not_clash",
        "order",
        ("test_registers_mail", "test_registers_sms"),
    ),
    Planted("a missing setter", f"{ORDER}test_converts", "order", ("test_loads_currencies",)),
    Planted("a module's list, the second time", f"{ORDER}test_first_visit_is_new", "twice"),
    Planted("a module's fixture, the second time", f"{ORDER}test_basket_begins_empty", "twice"),
    Planted("random, 3 in 10", f"{CHANCE}test_discount_is_small", "seed"),
    Planted("random, 1 in 20", f"{CHANCE}test_rare_prize_is_not_drawn", "seed"),
    Planted("a generator of its own", f"{CHANCE}test_own_generator", "seed"),
    Planted("uuid4", f"{CHANCE}test_token_begins_with_a_letter_or_low_digit", "seed"),
    Planted("the order of a set", f"{CHANCE}test_tags_in_order", "hash seed"),
    Planted("the first of equals", f"{CHANCE}test_largest_word_first", "hash seed"),
    Planted("the number of the process", f"{CHANCE}test_number_of_the_process", UNKNOWN),
    Planted("an odd second", f"{TIME}test_even_second", "clock"),
    Planted("the end of a second", f"{TIME}test_stamp_is_the_same_second", "clock"),
    Planted("midnight", f"{TIME}test_today_is_today", "clock"),
    Planted("the end of a month", f"{TIME}test_next_month", "clock"),
    Planted("a leap day", f"{TIME}test_next_year", "clock"),
    Planted("a weekend", f"{TIME}test_open_on_weekdays", "clock"),
    Planted("summer time", f"{TIME}test_a_day_has_24_hours", "clock"),
    Planted("the time zone", f"{TIME}test_utc_day_is_local_day", "zone"),
    Planted("the encoding of the locale", f"{TIME}test_reads_a_note", "locale"),
    Planted("a limit of time", f"{WORLD}test_answers_in_time", "load"),
    Planted("a race with a sleep", f"{WORLD}test_worker_is_done", "load"),
    Planted("a race of threads", f"{WORLD}test_counts_without_a_lock", "load"),
    Planted("its own file", f"{WORLD}test_writes_a_report", "leftovers"),
    Planted("its own temporary file", f"{WORLD}test_exports_to_temporary", "leftovers"),
    Planted("another's file", f"{WORLD}test_no_export_is_pending", "leftovers", ("test_leaves_a_lock",)),
    Planted("a file that two use", f"{WORLD}test_has_the_only_scratch_file", "shards", ("test_uses_a_scratch_file",)),
    Planted("the network", f"{WORLD}test_own_address", "network"),
)


class Score(NamedTuple):
    """One search: what was missed, what was traced to something else, who was accused without reason."""

    missed: tuple[str, ...]
    mistaken: tuple[str, ...]
    accused: tuple[str, ...]
    stable: int
    runs: int
    seconds: float
    cpu: float
    load: float

    @property
    def found(self) -> int:
        """How many of the planted ones it found."""
        return len(PLANTED) - len(self.missed)

    @property
    def attributed(self) -> int:
        """How many it traced to what they depend on, with the right tests named."""
        return self.found - len(self.mistaken)


def score(today: dt.date) -> Score:
    """Search a copy of the planted tests once."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(SUITE, Path(folder) / "suite", ignore=shutil.ignore_patterns("__pycache__")))
        began, before, load = time.monotonic(), os.times(), os.getloadavg()[0]
        found = search(Asked(root, today, workers=2), lambda worker, tests: tests, lambda what: None)
        after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return Score(*_compared(found), time.monotonic() - began, cpu, load)


def _compared(found: Found) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], int, int]:
    causes = {cause.test: cause for cause in found.causes}
    planted = {each.test for each in PLANTED}
    missed = tuple(each.kind for each in PLANTED if each.test not in causes)
    mistaken = tuple(each.kind for each in PLANTED if each.test in causes and not _is_right(each, found))
    accused = tuple(sorted(causes.keys() - planted))
    stable = found.every.keys() - planted
    return missed, mistaken, accused, len(stable), min(found.rate(test).runs for test in stable)


def _is_right(each: Planted, found: Found) -> bool:
    cause = next(cause for cause in found.causes if cause.test == each.test)
    named = {test.rpartition("::")[2] for test in cause.tests}
    return cause.dimension == each.dimension and (not each.others or named == set(each.others))


def table(scores: Sequence[Score]) -> Iterator[str]:
    """The lines of the table, with what it was measured on."""
    stable = scores[0].stable
    told = f"{len(PLANTED)} flaky tests, each of another kind, among {stable} that are not"
    yield f"{told}; {len(scores)} searches in turn."
    yield ""
    yield "| | bar | measured |"
    yield "| --- | --- | --- |"
    yield f"| found | 90 % | {_span([each.found for each in scores])} of {len(PLANTED)} |"
    attributed = _span([each.attributed for each in scores])
    yield f"| attributed, with the right tests named | 80 % | {attributed} of {len(PLANTED)} |"
    runs = sum(each.runs for each in scores)
    accused = len({name for each in scores for name in each.accused})
    yield f"| stable tests accused, in at least {runs:,} runs of each | 0 in {RUNS} | {accused} |"
    yield f"| seconds, two workers | {SECONDS:.0f} | {_span([round(each.seconds) for each in scores])} |"
    yield f"| seconds of processor time | | {_span([round(each.cpu) for each in scores])} |"
    yield ""
    for what, names in (
        ("Missed", [name for each in scores for name in each.missed]),
        ("Traced to something else", [name for each in scores for name in each.mistaken]),
        ("Accused", [name for each in scores for name in each.accused]),
    ):
        told = ", ".join(f"{name} ({names.count(name)} times)" for name in dict.fromkeys(names))
        yield f"{what}: {told or 'none'}."
    yield ""
    loads = _span([round(each.load, 1) for each in scores])
    yield f"Load when each began: {loads}. {machine()}, Python {sys.version.split()[0]}. `make bench-flakes`."


def _span(numbers: Sequence[float]) -> str:
    return f"{min(numbers):,}" if min(numbers) == max(numbers) else f"{min(numbers):,} to {max(numbers):,}"


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 where a bar is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=2, help="how many searches")
    parser.add_argument("--markdown", type=Path, help="write the table between the marks of this file")
    asked = parser.parse_args(arguments)
    today = dt.date.today()  # noqa: DTZ011  (a bench runs when it runs)
    scores = []
    for number in range(asked.times):
        scores.append(score(today))
        print(f"{number + 1} of {asked.times}: {scores[-1]}", file=sys.stderr)
    text = "\n".join(table(scores))
    print(text)
    if asked.markdown:
        before, _, rest = asked.markdown.read_text("utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        asked.markdown.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")
    many = len(PLANTED)
    met = all(
        each.found >= FOUND * many
        and each.attributed >= ATTRIBUTED * many
        and each.seconds <= SECONDS
        and not each.accused
        for each in scores
    )
    return 0 if met and sum(each.runs for each in scores) >= RUNS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
