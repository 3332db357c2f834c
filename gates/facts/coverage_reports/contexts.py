"""Which test reached which line: coverage.py's own data, where it was measured with `--cov-context=test`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gates.facts.coverage_reports.lines import ReportError

_PHASES = ("|setup", "|run", "|teardown")
Reached = Mapping[int, frozenset[str]]
"""Line to the ids of the tests that reached it."""


def reached(data_file: Path, places: Mapping[str, Path]) -> Mapping[str, Reached]:
    """What the tests reached of these modules, by the names that they are given here.

    Lines that ran while modules were imported, and in no test, have none. ReportError where the data cannot be read.
    """
    try:
        from coverage import CoverageData
        from coverage.exceptions import CoverageException
    except ModuleNotFoundError:
        raise ReportError(
            "to see which test reaches which line, coverage is needed: pip install 'lukhas-gates[coverage]'"
        ) from None
    data = CoverageData(str(data_file))
    try:
        data.read()
        names = {Path(name).resolve(): name for name in data.measured_files()}
        known = {path: names[place.resolve()] for path, place in places.items() if place.resolve() in names}
        return {path: _by_line(data.contexts_by_lineno(name)) for path, name in known.items()}
    except CoverageException as error:
        raise ReportError(f"coverage.py cannot read it: {error}") from None
    finally:
        data.close()


def _by_line(contexts: Mapping[int, list[str]]) -> Reached:
    return {line: frozenset(filter(None, map(_test, several))) for line, several in contexts.items()}


def _test(context: str) -> str:
    phase = next((phase for phase in _PHASES if context.endswith(phase)), "")
    return context[: -len(phase)] if phase else context
