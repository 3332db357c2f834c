"""A change brings statements, branches or functions that no test reaches, or takes lines out of what is measured.

Why: what no test reaches works by luck; the total hides it, since a large tree stays at 90 % whatever is added, and a
module that nothing imports is in no report at all.
Instead: write the test, or leave the code out. Lines that cannot be reached are excluded with a reason and a day on
which somebody looks again: `# pragma: no cover - only where fork is missing, until 2027-01-31`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.changed_code import ChangedCode, ChangedModule
from gates.facts.checkout import Checkout
from gates.facts.coverage import Coverage, CoverageSettings
from gates.facts.coverage_exclusions import CoverageExclusions
from gates.facts.coverage_reports.lines import FileLines
from gates.facts.extractors.statements import Function, Statement
from gates.facts.lost_coverage import LostCoverage
from gates.facts.modules import Modules
from gates.facts.pragmas import Pragmas
from gates.facts.today import Today
from gates.facts.unparsed import line_of
from gates.finding import Finding
from gates.globs import Glob, Globs, any_of
from gates.number_words import many

_PLANTED = "gates_planted_function"
_DAY = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_WORD = re.compile(r"[^\W\d_]{3,}")
_FEW = 8


@dataclass(frozen=True)
class UncoveredChange:
    """`paths`: the modules that tests must reach; `allowed_in`: those of them that they need not.

    `tolerated_lines`: how many statements and branches of one changed module may stay unreached.
    `areas`: the modules in which none may, whatever is tolerated elsewhere.
    """

    paths: Globs = (Glob("**"),)
    """The modules that tests must reach."""
    allowed_in: Globs = ()
    """Modules among them that tests need not reach, such as the tests themselves."""
    tolerated_lines: int = 0
    """How many statements and branches of one changed module may stay unreached."""
    areas: Globs = ()
    """Modules in which nothing of a change may stay unreached, whatever is tolerated elsewhere."""

    def check(
        self,
        changed: ChangedCode,
        coverage: Coverage,
        lost: LostCoverage,
        pragmas: Pragmas,
        exclusions: CoverageExclusions,
        today: Today,
    ) -> Iterator[Finding]:
        modules = [module for module in changed.modules if self.asks(module.path)]
        told = coverage.of(module.path for module in modules)
        strict = any_of(self.areas)
        for module in modules:
            if module.fault:
                message = f"is changed and cannot be parsed ({module.fault})"
                yield Finding(module.path, line_of(module.fault), message, subject="cannot be parsed", verdict="opaque")
            elif coverage.is_told:
                found = list(_unreached(module, told.get(module.path)))
                is_tolerated = sum(each.weight for each in found) <= self.tolerated_lines
                if not is_tolerated or strict.fullmatch(module.path):
                    yield from (each.finding for each in found)
            yield from _without_reason(module)
            yield from _unproven(module) if coverage.is_told else ()  # (without a report nothing is proven)
        for path, several in lost.outside(self.paths, self.allowed_in).items():
            at = sorted({each.line for each in several})
            message = f"what the change does not touch is reached no more, as it was at the base: line{_listed(at)}"
            yield Finding(path, at[0], message, subject="lost")
        for path, line, words in pragmas.outside(self.allowed_in):
            until = _until(words)
            if self.asks(path) and until is not None and until < today.date:
                yield Finding(path, line, f"is taken out of what is measured until {until}: that day has passed",
                              subject=f"expired: {words}")  # fmt: skip
        for exclusion in exclusions.added:
            if not _is_justified(exclusion.comment):
                message = (
                    f"{exclusion.key} takes `{exclusion.entry}` out of what is measured, without a reason and a day"
                )
                message += " on which somebody looks again, in a comment beside it or on the line above"
                subject = f"{exclusion.key}: {exclusion.entry}"
                yield Finding(exclusion.path, exclusion.line, message, subject=subject)

    def asks(self, path: str) -> bool:
        """Whether it is a module that tests must reach."""
        asked = path.endswith(".py") and any_of(self.paths).fullmatch(path) is not None
        return asked and any_of(self.allowed_in).fullmatch(path) is None

    def plant(self, checkout: Checkout, modules: Modules, settings: CoverageSettings) -> Plant:
        """Append a function to the first module, with a report in which nothing ever entered it."""
        for file in modules.files:
            if self.asks(file.path):
                before = checkout.read(file.path)
                body = "    gates_planted = 1\n" * (self.tolerated_lines + 1)
                line = before.count(b"\n") + 3
                overlay = {file.path: before + f"\n\ndef {_PLANTED}():\n{body}".encode()}
                report = _planted_report(file.path, line, self.tolerated_lines + 1)
                overlay.update(dict.fromkeys(settings.reports, report))
                return Plant(overlay, file.path, f"{_PLANTED}: never entered")
        raise CannotPlant("paths and allowed_in leave no module: the policy forbids nothing")


def _planted_report(path: str, line: int, statements: int) -> bytes:
    file: dict[str, Any] = {
        "executed_lines": [line],
        "missing_lines": [line + 1 + number for number in range(statements)],
        "missing_branches": [],
    }
    return json.dumps({"meta": {"branch_coverage": True}, "files": {path: file}}).encode("ascii")


@dataclass(frozen=True)
class _Unreached:
    """A finding, and how many statements and branches it is about."""

    finding: Finding
    weight: int


def _unreached(module: ChangedModule, lines: FileLines | None) -> Iterator[_Unreached]:
    if lines is None:
        if module.statements:
            number = len(module.statements)
            message = f"no report of coverage mentions it: {many(number, 'changed statement')}, none of them reached"
            finding = Finding(module.path, module.statements[0].first, message, subject="not measured")
            yield _Unreached(finding, number)
        return
    missing = [statement for statement in module.statements if statement.first in lines.missing]
    for function in module.code.functions:
        inside = [each for each in missing if function.first <= each.first <= function.last]
        if inside and _is_never_entered(function, lines):
            missing = [each for each in missing if each not in inside]
            message = f"`{function.name}` is never entered: {many(len(inside), 'changed statement')} in it"
            finding = Finding(module.path, function.line, message, subject=f"{function.name}: never entered")
            yield _Unreached(finding, len(inside))
    for scope, several in _by_scope(missing):
        at = sorted({each.first for each in several})
        are = "is" if len(at) == 1 else "are"
        message = f"{many(len(at), 'changed statement')} of {_called(scope)} {are} never reached: line{_listed(at)}"
        yield _Unreached(Finding(module.path, at[0], message, subject=f"{scope or 'module'}: statements"), len(at))
    yield from _branches(module, lines)


def _branches(module: ChangedModule, lines: FileLines) -> Iterator[_Unreached]:
    """The ways out of changed statements that no test took; of a line that was never reached nothing more is said."""
    scopes = {each.first: each.scope for each in module.statements if each.first in lines.executed}
    ways: dict[str, list[tuple[int, str]]] = {}
    for line, to in sorted(lines.missing_branches):
        if line in scopes:
            ways.setdefault(scopes[line], []).append((line, to))
    for scope, several in ways.items():
        told = [f"{line} to {to if not to.isdigit() else f'line {to}'}" for line, to in several[:_FEW]]
        more = f" and {len(several) - _FEW} more" if len(several) > _FEW else ""
        taken = "is never taken" if len(several) == 1 else "are never taken"
        message = f"{many(len(several), 'way')} out of changed statements of {_called(scope)} {taken}: from line"
        finding = Finding(
            module.path, several[0][0], f"{message} {', '.join(told)}{more}", subject=f"{scope or 'module'}: branches"
        )
        yield _Unreached(finding, len(several))


def _is_never_entered(function: Function, lines: FileLines) -> bool:
    inside = {line for line in lines.statements if function.first <= line <= function.last}
    return bool(inside) and inside <= lines.missing


def _by_scope(statements: Iterable[Statement]) -> list[tuple[str, list[Statement]]]:
    found: dict[str, list[Statement]] = {}
    for statement in statements:
        found.setdefault(statement.scope, []).append(statement)
    return list(found.items())


def _called(scope: str) -> str:
    return f"`{scope}`" if scope else "the module itself"


def _listed(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:_FEW]))
    more = f" and {len(lines) - _FEW} more" if len(lines) > _FEW else ""
    return f"{'s' if len(lines) > 1 else ''} {shown}{more}"


def _without_reason(module: ChangedModule) -> Iterator[Finding]:
    for pragma in module.pragmas:
        if not _is_justified(pragma.words):
            message = "takes lines out of what is measured without a reason and a day on which somebody looks again"
            fix = "# pragma: no cover - why, until 2027-01-31"
            subject = f"{pragma.scope or 'module'}: pragma"
            yield Finding(module.path, pragma.line, message, subject=subject, fix=fix)


def _unproven(module: ChangedModule) -> Iterator[Finding]:
    """What line coverage calls reached once one of its ways was taken: told, so that a reader looks."""
    for statement in module.statements:
        if statement.alternatives:
            message = (
                f"coverage of lines cannot tell whether every way of it was taken: {', '.join(statement.alternatives)}"
            )
            yield Finding(module.path, statement.first, message, subject=f"{statement.scope}: ways", verdict="unproven")


def _is_justified(words: str) -> bool:
    return _until(words) is not None and _WORD.search(_DAY.sub("", words).replace("until", "")) is not None


def _until(words: str) -> dt.date | None:
    """The last day that is written somewhere in the words."""
    found = _DAY.search(words)
    try:
        return dt.date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
