"""`.coverage`: coverage.py's own data, asked through its API about the files that matter and no others."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional, Union

import msgspec

from gates.facts.coverage_reports.lines import EXIT, FileLines, ReportError

if TYPE_CHECKING:
    from coverage import Coverage

MAGIC = b"SQLite format 3\0"
Spread = Callable[[Callable[[int], bytes], int], Iterator[tuple[int, bytes]]]
"""Asks a function about each number below another, wherever there are processors for it."""
# One file takes coverage.py about 20 ms: so many are worth a process.
_BATCH = 12
_Told = Union[dict[str, FileLines], str]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Told).decode
_CONFIGURATIONS = (".coveragerc", "setup.cfg", "tox.ini", "pyproject.toml")


class DataFile:
    """The measurements of one data file, with the repository's own configuration of coverage.py (exclusions, paths).

    Plugins of that configuration are not loaded: they are code of the repository under judgement.
    """

    def __init__(self, file: Path, root: Path, spread: Spread) -> None:
        self._file = file
        self._root = root
        self._spread = spread
        self.folders: Sequence[str] = ()  # its names are whole
        self.measured = _written(file)

    @cached_property
    def names(self) -> Iterable[str]:
        """The files that were measured."""
        with self._opened() as coverage:
            return sorted(coverage.get_data().measured_files())

    def lines(self, names: Mapping[str, str]) -> Mapping[str, FileLines]:
        """What was seen of them; the sources are read as they are on disk."""
        here = self._here(names.values())
        if all(here[path] == name for name, path in names.items()):
            return self._lines(self._file, list(names))
        with tempfile.TemporaryDirectory(prefix="gates-coverage-") as folder:
            file = Path(folder, "coverage")
            self._mapped(file, {name: here[path] for name, path in names.items()})
            found = self._lines(file, sorted(set(here.values())))
        return {name: found[here[path]] for name, path in names.items() if here[path] in found}

    def _here(self, paths: Iterable[str]) -> Mapping[str, str]:
        """What coverage.py calls these modules where they lie now. ReportError where one lies nowhere."""
        with self._opened() as coverage:  # imported and found readable once, before any child is there
            is_relative = coverage.get_option("run:relative_files")
        found = {}
        for path in paths:
            place = self._place(path)
            if not os.path.isfile(place):
                raise ReportError(f"speaks of {path}, which is not on disk; coverage.py's own data needs the sources")
            found[path] = path if is_relative else place
        return found

    def _place(self, name: str) -> str:
        return os.path.realpath(os.path.join(self._root, name))

    def _mapped(self, file: Path, names: Mapping[str, str]) -> None:
        """What was measured of some files where they lay, under the names that they have here."""
        from coverage import CoverageData
        from coverage.exceptions import CoverageException

        mapped = CoverageData(str(file))
        with self._opened() as coverage:
            data = coverage.get_data()
            try:
                for name, here in names.items():
                    if data.has_arcs():
                        mapped.add_arcs({here: data.arcs(name) or ()})
                    else:
                        mapped.add_lines({here: data.lines(name) or ()})
                    mapped.touch_file(here)
                mapped.write()
            except CoverageException as error:
                raise ReportError(f"coverage.py cannot read it: {error}") from None
            finally:
                mapped.close()

    def _lines(self, file: Path, wanted: Sequence[str]) -> Mapping[str, FileLines]:
        parts = [wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH)]
        found: dict[str, FileLines] = {}
        for _, answer in self._spread(lambda number: _encode(self._told(file, parts[number])), len(parts)):
            told = _decode(answer) if answer else "coverage.py ended while it was asked"
            if isinstance(told, str):
                raise ReportError(told)
            found.update(told)
        places = {name: self._place(name) for name in wanted}
        return {name: found[place] for name, place in places.items() if place in found}

    def _told(self, file: Path, names: Sequence[str]) -> _Told:
        """What coverage.py says of some files, by the place where each lies; or else what is wrong."""
        try:
            with self._opened(file) as coverage:
                return {self._place(name): lines for name, lines in _analysed(coverage, names)}
        except ReportError as error:
            return str(error)

    @contextlib.contextmanager
    def _opened(self, file: Optional[Path] = None) -> Iterator[Coverage]:
        try:
            from coverage import Coverage
            from coverage.exceptions import CoverageException
        except ModuleNotFoundError:
            raise ReportError(
                "to read coverage.py's own data, coverage is needed: pip install 'lukhas-gates[coverage]'"
            ) from None
        with _within(self._root):
            try:
                coverage = Coverage(
                    data_file=str(file or self._file), config_file=self._configuration(), messages=False
                )
                coverage.set_option("run:plugins", [])
                coverage.load()
            except CoverageException as error:
                raise ReportError(f"coverage.py cannot read it: {error}") from None
            yield coverage

    def _configuration(self) -> Union[str, bool]:
        """Where coverage.py is told what to leave out: the first file that says anything, as it chooses itself."""
        for name in _CONFIGURATIONS:
            place = self._root / name
            with contextlib.suppress(OSError):
                text = place.read_text("utf-8", "replace")
                if name == ".coveragerc" or "coverage:" in text or "tool.coverage" in text:
                    return str(place)
        return False


def _analysed(coverage: Coverage, names: Sequence[str]) -> Iterator[tuple[str, FileLines]]:
    """What its reports are made of. Its JSON report asks the same, and then once more for each function and class."""
    try:
        from coverage.exceptions import CoverageException, NoDataError
        from coverage.report_core import get_analysis_to_report
    except ImportError:
        from coverage import __version__

        raise ReportError(f"coverage.py {__version__} cannot be asked; name its JSON report in its place") from None
    has_branches = coverage.get_data().has_arcs()
    coverage.set_option("report:ignore_errors", True)  # what it cannot parse it leaves out, and then nothing is told
    try:
        for reporter, analysis in get_analysis_to_report(coverage, names):
            ways = analysis.missing_branch_arcs() if has_branches else {}
            missing = frozenset((line, str(to) if to > 0 else EXIT) for line, several in ways.items() for to in several)
            executed, never, excluded = map(frozenset, (analysis.executed, analysis.missing, analysis.excluded))
            yield reporter.relative_filename(), FileLines(executed, never, excluded, missing, has_branches)
    except NoDataError:  # all of them are omitted: nothing is told of any
        return
    except CoverageException as error:
        raise ReportError(f"coverage.py cannot report on it: {error}") from None


def _written(file: Path) -> Optional[float]:
    """When the data was written, as it says itself."""
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = 'when'").fetchone()
        return dt.datetime.fromisoformat(row[0]).timestamp() if row else None
    except (sqlite3.Error, ValueError, UnicodeDecodeError):
        return None


@contextlib.contextmanager
def _within(folder: Path) -> Iterator[None]:
    """coverage.py takes relative names to be below the current folder, and offers no other way to say so."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
