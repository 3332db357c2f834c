"""A benchmark is slower than at the base or over its budget, or a budget was raised.

Why: a few per cent a change are seen by nobody, and in a year they are half of the speed; and a limit that may be
lifted by whoever meets it is none.
Instead: make it faster; or raise the budget for a while, with a reason, an owner and a last day, under
`[budget.raised]` of policies/budgets.toml. What is slower on purpose is waived. What is not proven is measured again
where less runs beside it, or with more time for each benchmark (`gates measure --seconds`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Optional

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.budgets import LIMITS, QUANTILES, Budget, Budgets
from gates.facts.diff import Diff
from gates.facts.modules import Modules
from gates.facts.timing.deciding import LOOKS, Answer, Compared
from gates.facts.timing.quantiles import CONFIDENCE, least_values
from gates.facts.timing.recording import SCHEMA, Timed
from gates.facts.timings import Timings, TimingsSettings, identified
from gates.facts.today import Today
from gates.finding import UNPROVEN, Finding
from gates.globs import Globs, any_of
from gates.number_words import counted

_PLANTED = "gates_planted_benchmark"


@dataclass(frozen=True)
class BrokenBudget:
    """`allowed_in`: files whose benchmarks may become slower and may execute more; budgets hold for them all the same.

    `tolerated_instructions`: how much more a call may execute than at the base; 0.005 is 0.5 %.
    `ruled_out`: the slowdown that a measurement must have been able to see.
    """

    allowed_in: Globs = ()
    """Files whose benchmarks may become slower, and may execute more."""
    tolerated_instructions: float = 0.005
    """How much more a call may execute than at the base: 0.005 is half a per cent."""
    ruled_out: float = 0.05
    """What is neither slower nor not slower passes where head is, with 99 %, less than so much slower: 0.05 is 5 %."""

    def check(self, timings: Timings, budgets: Budgets, today: Today) -> Iterator[Finding]:
        yield from _raises(budgets, today)
        if timings.lacking:
            return
        left_out = any_of(self.allowed_in)
        for benchmark in timings.benchmarks:
            if not left_out.fullmatch(benchmark.path):
                yield from self._regressions(benchmark, timings.compared.get(benchmark.name))
                yield from self._instructions(benchmark)
        for budget in budgets.policy.budget:
            yield from _held(budget, timings, budgets, today)

    def _regressions(self, benchmark: Timed, compared: Optional[Compared]) -> Iterator[Finding]:
        name = _short(benchmark.name)
        if benchmark.lacks:
            message = f"`{name}` could not be told: {benchmark.lacks}"
            subject = f"{benchmark.name}: not told"
            yield Finding(benchmark.path, benchmark.line, message, subject=subject, verdict="opaque")
        if compared is None:
            return
        after = f"after {counted(compared.launches, 'launches')}"
        if compared.answer is Answer.SLOWER:
            message = f"`{name}` is {compared.by:.1%} slower than at the base, {after}; at least {compared.least:.1%}"
            yield Finding(benchmark.path, benchmark.line, message, subject=f"{benchmark.name}: slower")
        elif compared.answer is Answer.NOT_PROVEN:
            is_ruled_out = compared.most < self.ruled_out
            told = f"{self.ruled_out:.0%} {'is' if is_ruled_out else 'must be'} ruled out"
            lie = f"between {compared.least:+.1%} and {compared.most:+.1%}, and {told}"
            message = f"`{name}`: not proven that it is no slower than at the base {after}: {lie}"
            subject, verdict = f"{benchmark.name}: not proven", UNPROVEN if is_ruled_out else "opaque"
            yield Finding(benchmark.path, benchmark.line, message, subject=subject, verdict=verdict)

    def _instructions(self, benchmark: Timed) -> Iterator[Finding]:
        for executed in filter(None, (benchmark.instructions, benchmark.native)):
            more = executed.more
            if more is not None and more > self.tolerated_instructions:
                message = (
                    f"`{_short(benchmark.name)}` executes {more:.1%} more {executed.unit} than at the base: "
                    f"{min(executed.head):,}, and {max(executed.base):,} before"
                )
                yield Finding(benchmark.path, benchmark.line, message, subject=f"{benchmark.name}: {executed.unit}")

    def plant(self, modules: Modules, diff: Diff, settings: TimingsSettings) -> Plant:
        """Lay down a recording in which a benchmark of the first module takes twice as long as at the base."""
        left_out = any_of(self.allowed_in)
        for file in modules.files:
            if not left_out.fullmatch(file.path):
                name = f"{file.path}::{_PLANTED}"
                ratios = [0.69 + 0.001 * (launch % 3) for launch in range(max(LOOKS))]
                benchmark = {"name": name, "path": file.path, "ratios": ratios, "seconds": [[0.002]]}
                head = {"recording": "timings", "schema": SCHEMA, "commit": None, "tree": None, "machine": {}}
                recording = {**head, "base": diff.base or None, "files": identified(modules, settings)}
                content = json.dumps({**recording, "benchmarks": [benchmark]}).encode("ascii")
                return Plant({settings.file: content}, file.path, f"{name}: slower")
        raise CannotPlant("allowed_in leaves no file: the policy forbids nothing that a plant could break")


def _short(name: str) -> str:
    return name.rpartition("/")[2].partition("::")[2] or name


def _held(budget: Budget, timings: Timings, budgets: Budgets, today: Today) -> Iterator[Finding]:
    benchmark = next((each for each in timings.benchmarks if each.name == budget.benchmark), None)
    for key in LIMITS:
        limit = budget.limit(key, today.date)
        if limit is None:
            continue
        line, subject = budgets.line_of(budget.name, key), f"{budget.name}: {key}"
        if benchmark is None:
            message = f"nothing measures {budget.name}: the recording holds no benchmark {budget.benchmark}"
            yield Finding(budgets.place, line, message, subject=f"{budget.name}: not measured")
            return
        if key == "memory":
            message, verdict = _memory(budget.name, benchmark.memory, limit)
        else:
            message, verdict = _quantile(budget.name, key, benchmark, timings, limit)
        if message:
            yield Finding(budgets.place, line, message, subject=subject, verdict=verdict)


def _memory(name: str, held: int | None, limit: float) -> tuple[str, str]:
    if held is None:
        return f"{name}: the recording does not tell what a call holds; `gates measure` does", "opaque"
    message = f"{name}: a call holds {held:,} bytes at once, and its budget is {limit:,.0f}"
    return (message, "violation") if held > limit else ("", "")


def _quantile(name: str, key: str, benchmark: Timed, timings: Timings, limit: float) -> tuple[str, str]:
    found = timings.bounds(benchmark, QUANTILES[key])
    if found is None:
        return f"{name}: a call of {benchmark.name} is too short to be timed alone, or none was", "opaque"
    seen = f"{found.estimate * 1e3:.3g} ms seen"
    of = f"of its budget of {limit * 1e3:g} ms"
    if found.lower is not None and found.lower > limit:
        return f"{name}: {key} is over {found.lower * 1e3:.3g} ms ({seen}), {of}", "violation"
    if found.upper is None:
        needed = least_values(QUANTILES[key])
        told = f"the calls amount to {found.many:.0f} independent ones, and {CONFIDENCE:.0%} need {needed}"
        return f"{name}: {key} not proven ({seen}, {of}): {told}", "opaque"
    if found.upper > limit:
        least = f"{(found.lower or 0) * 1e3:.3g}"
        return f"{name}: {key} not proven ({seen}, {of}): between {least} and {found.upper * 1e3:.3g} ms", "opaque"
    return "", ""


def _raises(budgets: Budgets, today: Today) -> Iterator[Finding]:
    for loosened in budgets.loosened:
        if loosened.now is None:
            message = f"the {loosened.key} of {loosened.name}, {loosened.before:g} at the base, is gone"
            yield Finding(budgets.place, 0, message, subject=f"{loosened.name}: {loosened.key} gone")
        else:
            message = (
                f"the {loosened.key} of {loosened.name} was raised from {loosened.before:g} to {loosened.now:g}; "
                "what is raised stands under [budget.raised], with a reason, an owner and a last day"
            )
            line = budgets.line_of(loosened.name, loosened.key)
            yield Finding(budgets.place, line, message, subject=f"{loosened.name}: {loosened.key} raised")
    for budget in budgets.policy.budget:
        if budget.raised is not None and budget.raised.expires < today.date:
            message = f"the raise of {budget.name} expired on {budget.raised.expires}; take it out, or renew it"
            line = budgets.line_of(budget.name, "expires", "[budget.raised]")
            yield Finding(budgets.place, line, message, subject=f"{budget.name}: raise expired")
