"""Mutants, tried one after the other by the tests that reach their statement, until one of it is noticed."""

from __future__ import annotations

import contextlib
import os
import queue
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from gates.errors import GatesError
from gates.facts.changed_code import ChangedModule
from gates.facts.checkout import Checkout
from gates.facts.coverage_reports.contexts import Reached, reached
from gates.facts.coverage_reports.lines import ReportError
from gates.facts.extractors.statements import Code
from gates.facts.mutants import MutantRecording, Tried, TriedFile
from gates.mutation.copy import Copy, copied, measures_coverage
from gates.mutation.mutants import Mutant, applied, mutants

_DATA = "gates-mutate.coverage"
_TAIL = 15
_LEAST_SECONDS = 10.0
_NONE_COLLECTED = 5


@dataclass(frozen=True)
class Statement:
    """A changed statement, its mutants, and the tests that reach it."""

    path: str
    line: int
    mutants: tuple[Mutant, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """What came of it. `unreached` are statements that no test reaches, `untried` those for which no time was left."""

    recording: MutantRecording
    unreached: int
    untried: int
    runs: int
    failing: tuple[str, ...]
    """Tests that fail in a copy of the tree in which nothing was spoiled; they were left out."""


def try_all(
    checkout: Checkout,
    modules: Sequence[ChangedModule],
    words: Sequence[str],
    seconds: float,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Trial:
    """Run the tests once to see which reaches what, and then those that reach a mutant, for so many seconds.

    `words` are handed to pytest the first time. GatesError where the tests cannot be run.
    """
    ends = time.monotonic() + seconds
    packages = sorted({_package(checkout, module.path) for module in modules} | {"."})
    workers = os.cpu_count() or 1
    with contextlib.ExitStack() as stack:
        copies: queue.SimpleQueue[Copy] = queue.SimpleQueue()
        first = stack.enter_context(copied(checkout, packages))
        began = time.monotonic()
        by_module, failing = _looked(first, modules, words)
        limit = max(_LEAST_SECONDS, time.monotonic() - began)
        found = [_statements(checkout, module, by_module.get(module.path, {}), failing) for module in modules]
        statements = [each for several in found for each in several if each.mutants]
        todo = [each for each in statements if each.tests]
        copies.put(first)
        for _ in range(min(workers, len(todo)) - 1):
            copies.put(stack.enter_context(copied(checkout, packages)))
        tried: dict[Statement, tuple[Tried, int]] = {}

        def work(statement: Statement) -> None:
            if time.monotonic() >= ends:
                return
            copy = copies.get()
            try:
                tried[statement] = _tried(copy, checkout.read(statement.path), statement, limit)
            finally:
                copies.put(copy)
            on_progress(len(tried), len(todo))

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, todo))
    return Trial(
        _recording(checkout, {statement: said for statement, (said, _) in tried.items()}, todo),
        unreached=len(statements) - len(todo),
        untried=len(todo) - len(tried),
        runs=sum(runs for _, runs in tried.values()),
        failing=tuple(sorted(failing)),
    )


def _package(checkout: Checkout, path: str) -> str:
    """The folder that the imports of a module begin at: the first above it that is no package."""
    folder = os.path.dirname(path)
    while folder and f"{folder}/__init__.py" in checkout.files:
        folder = os.path.dirname(folder)
    return folder or "."


def _looked(
    copy: Copy, modules: Sequence[ChangedModule], words: Sequence[str]
) -> tuple[Mapping[str, Reached], frozenset[str]]:
    """Which test reaches which line of the modules, and the tests that fail as it is."""
    if not measures_coverage():
        raise GatesError("to see which test reaches which line, pytest-cov is needed: pip install pytest-cov")
    (copy.root / ".coveragerc.gates").write_text(_configuration(copy.root, modules), "utf-8")
    asked = ("--cov", "--cov-context=test", "--cov-config=.coveragerc.gates", "--cov-report=", "--cov-fail-under=0")
    code, said = copy.pytest(["-q", "-rfE", "--tb=no", *asked, *words])
    if code not in (0, 1):
        tail = "\n".join(said.splitlines()[-_TAIL:])
        raise GatesError(f"the tests cannot be run in a copy of the tree (pytest ended with {code}):\n{tail}")
    failing = frozenset(
        line.split(" ", 1)[1].split(" - ")[0] for line in said.splitlines() if line.startswith(("FAILED ", "ERROR "))
    )
    try:
        return reached(copy.root / _DATA, {module.path: copy.root / module.path for module in modules}), failing
    except ReportError as error:
        raise GatesError(f"the tests were run, and what they reached cannot be read: {error}") from None


def _configuration(root: Path, modules: Iterable[ChangedModule]) -> str:
    places = "".join(f"\n    {root / module.path}" for module in modules)
    return f"[run]\ndata_file = {root / _DATA}\ninclude ={places}\n"


def _statements(
    checkout: Checkout, module: ChangedModule, by_line: Reached, failing: frozenset[str]
) -> list[Statement]:
    """The changed statements of a module with their mutants and tests."""
    lines = {each.first for each in module.statements}
    found: dict[int, list[Mutant]] = {}
    for mutant in mutants(checkout.read(module.path), lines):
        found.setdefault(mutant.line, []).append(mutant)
    anywhere = frozenset[str]().union(*by_line.values())
    return [
        Statement(
            module.path,
            line,
            tuple(several),
            # what runs on import ran for whichever test came first: every test of the module may notice
            tuple(sorted((by_line.get(line, frozenset()) if _is_inside(module.code, line) else anywhere) - failing)),
        )
        for line, several in sorted(found.items())
    ]


def _is_inside(code: Code, line: int) -> bool:
    return any(function.first <= line <= function.last for function in code.functions)


def _tried(copy: Copy, source: bytes, statement: Statement, limit: float) -> tuple[Tried, int]:
    """What the tests say of a statement's mutants, up to the first that they notice; and how often they were run."""
    runs = 0
    for mutant in statement.mutants:
        with copy.holding(statement.path, applied(source, mutant)):
            runs += 1
            if _is_noticed(copy.pytest(["-x", "-q", "--tb=no", *_uncovered(), *statement.tests], limit)[0]):
                return Tried(statement.line, runs, 1, len(statement.tests), ()), runs
    said = tuple(dict.fromkeys(mutant.said for mutant in statement.mutants))
    return Tried(statement.line, runs, 0, len(statement.tests), said), runs


def _uncovered() -> tuple[str, ...]:
    return ("--no-cov",) if measures_coverage() else ()


def _is_noticed(code: Optional[int]) -> bool:
    """A failure, a module that cannot be imported any more, a loop without end."""
    return code not in (0, _NONE_COLLECTED)


def _recording(checkout: Checkout, tried: Mapping[Statement, Tried], todo: Iterable[Statement]) -> MutantRecording:
    by_path: dict[str, list[Tried]] = {}
    for statement, said in tried.items():
        by_path.setdefault(statement.path, []).append(said)
    files = checkout.files
    of_tests = {test.partition("::")[0] for statement in todo for test in statement.tests}
    return MutantRecording(
        {
            path: TriedFile(files[path].blob, tuple(sorted(several, key=lambda each: each.line)))
            for path, several in by_path.items()
        },
        {path: files[path].blob for path in of_tests if path in files},
        checkout.commit,
    )
