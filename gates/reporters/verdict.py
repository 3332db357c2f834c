"""The verdict in words, and which results it rests on. What decides it is Report.exit_code alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gates.finding import Finding
from gates.number_words import counted, many
from gates.report import Outcome, Report, Result
from gates.reporters.printable import printable

FAILED = 1
UNSURE = 3


def weight(report: Report, result: Result) -> int:
    """The exit code that this result alone would give."""
    return replace(report, results=(result,)).exit_code


def standing(result: Result) -> tuple[Finding, ...]:
    """The findings that a reader must look at, by place. Those of a result that passed are a proof's, not offences."""
    if result.outcome is Outcome.PASSED:
        return ()
    return tuple(sorted(result.findings, key=lambda finding: finding.place))


def verdict(report: Report) -> str:
    """One line: what the exit code means, and for whom it speaks."""
    return f"{_words(report)} (exit {report.exit_code})"


def _words(report: Report) -> str:
    if not report.results:
        return "no gate was asked"
    failed = [result.gate for result in report.results if weight(report, result) == FAILED]
    unsure = [result.gate for result in report.results if weight(report, result) == UNSURE]
    others = [
        f"{printable(result.gate)} {result.outcome.value}"
        for result in report.results
        if result.outcome is not Outcome.PASSED and weight(report, result) == 0
    ]
    asked = len(report.results)
    said = []
    cannot, could_not = ("cannot fail", "could not be tried") if report.is_proof else ("failed", "could not tell")
    if failed:
        said.append(f"{len(failed)} of {many(asked, 'gate')} {cannot}: {_named(failed)}")
    if unsure:
        said.append(f"{len(unsure)} of {many(asked, 'gate')} {could_not}: {_named(unsure)}")
    if not said and report.is_proof:
        said.append(f"{many(asked, 'gate')}: each found what was planted")
    elif not said:
        said.append(f"{many(asked, 'gate')}: every promise " + ("that blocks held" if others else "held"))
    if others:
        said.append(f"not blocking: {', '.join(others)}")
    return "; ".join(said)


def _named(gates: Iterable[str]) -> str:
    return ", ".join(map(printable, gates))


def examined(result: Result) -> str:
    """`4 lanes, 6,739 modules`: what a result says that it looked at."""
    units = sorted(unit for unit in result.examined if ": " not in unit)
    return ", ".join(_counted(result, unit) for unit in units)


def _counted(result: Result, unit: str) -> str:
    """`2,823 modules (2,640 ruled out by a scan, 182 parsed, 1 not parsable)`."""
    looks = {name: number for name, number in result.examined.items() if name.startswith(f"{unit}: ")}
    told = ", ".join(f"{number:,} {printable(name[len(unit) + 2 :])}" for name, number in looks.items())
    return counted(result.examined[unit], printable(unit)) + (f" ({told})" if told else "")


def remarks(result: Result) -> list[str]:
    """The reason of a result, why it is excused, and its notes, each on a line of its own."""
    said = [printable(result.reason)] if result.reason is not None else []
    if result.excused is not None:
        said.append(f"does not block here: {printable(result.excused)}")
    return said + [printable(note) for note in result.notes]
