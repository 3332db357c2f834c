"""The lines and branches that the tests reached, as one or more reports tell; and whether they still tell it."""

from __future__ import annotations

import itertools
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Optional

from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.facts.coverage_reports import json_report, lcov_report
from gates.facts.coverage_reports.data_file import MAGIC, DataFile
from gates.facts.coverage_reports.lines import FileLines, ReadReport, Report, ReportError, joined
from gates.facts.extraction import Extraction
from gates.facts.fact import digest_of
from gates.facts.modules import Modules
from gates.facts.recording_file import RecordingError, held, refuse_outside
from gates.facts.sources_recording import parse

DEFAULT_REPORT = ".gates/recordings/coverage.json"
_MADE_BY = f"pytest --cov --cov-branch --cov-report=json:{DEFAULT_REPORT}"
_ELSEWHERE = frozenset(("site-packages", "dist-packages"))


@dataclass(frozen=True)
class CoverageSettings:
    """`[facts.coverage]`: the reports, and how they are made."""

    policy_section: ClassVar[str] = "coverage"
    reports: tuple[str, ...] = (DEFAULT_REPORT,)
    """Paths below the root, tracked or not: coverage.py's data, JSON, XML (Cobertura) or LCOV, joined where several."""
    made_by: str = _MADE_BY
    """The command that makes them, for whoever has none yet, or an old one."""
    branches: bool = True
    """Whether the reports must tell of branches, too."""
    sources: Optional[str] = None
    """What `pytest --gates-record-sources` wrote beside them: then content decides whether they are old, not time."""

    def __post_init__(self) -> None:
        if not self.reports:
            raise PolicyError("reports is empty; name at least one report of coverage")
        for path in self.reports:
            refuse_outside(path, "reports")
        refuse_outside(self.sources, "sources")


@dataclass
class Coverage:
    """What the reports tell of each module. What they cannot tell stands in `lacking`, with the remedy."""

    checkout: Checkout = field(repr=False)
    modules: Modules
    settings: CoverageSettings
    extraction: Extraction = field(repr=False)
    unit: ClassVar[str] = "modules"
    _without_branches: bool = field(default=False, init=False)

    @classmethod
    def gather(
        cls, checkout: Checkout, modules: Modules, settings: CoverageSettings, extraction: Extraction
    ) -> Coverage:
        """Nothing is read until it is asked for."""
        return cls(checkout, modules, settings, extraction)

    @property
    def reads(self) -> tuple[str, ...]:
        """The reports, and what says which sources they are of."""
        own = (*self.settings.reports, *([self.settings.sources] if self.settings.sources else ()))
        return tuple(f":(literal){path}" for path in own)

    @cached_property
    def digest(self) -> str:
        """Of the reports, and of the modules that they are compared with."""
        contents = [self._contents[path][0] or self._contents[path][1] for path in self.settings.reports]
        stamp = held(self.checkout, self.settings.sources)[0] if self.settings.sources else None
        return digest_of(repr(self.settings), *contents, stamp or b"", self.modules.digest)

    def __len__(self) -> int:
        return len(self.modules)

    def account(self) -> dict[str, int]:
        """How many of the modules the reports speak of."""
        return {"measured": len(self._named)}

    @property
    def is_told(self) -> bool:
        """Whether there is anything to go by; where not, `lacking` says why.

        Old reports tell of lines that moved; and what one of several reports would tell, no other does.
        """
        return bool(self._named) and not (self._unusable or self._stale)

    @property
    def is_read_whole(self) -> bool:
        """Whether the reports are such that asking about every module costs little more than about one."""
        return self.is_told and not any(isinstance(report, DataFile) for report in self._reports.values())

    @property
    def lacking(self) -> Mapping[str, str]:
        """What cannot be told: a report that is missing, damaged or older than the sources."""
        remedy = f"run `{self.settings.made_by}`"
        whys = {**self._unusable, **self._stale}
        if self.settings.branches and self._without_branches:
            whys.setdefault(self.settings.reports[0], "was measured without branches; measure with `--cov-branch`")
        return {path: f"{why}; {remedy}" for path, why in whys.items()}

    @property
    def _unusable(self) -> Mapping[str, str]:
        """The reports that are missing or damaged, or speak of other code."""
        missing = {path: why for path, (_, why) in self._contents.items() if why}
        foreign = dict.fromkeys(self._foreign, "speaks of no module of this repository")
        return {**missing, **foreign, **self._damaged}

    @cached_property
    def _foreign(self) -> frozenset[str]:
        return frozenset(self._reports) - {at for several in self._named.values() for at, _ in several}

    def of(self, paths: Iterable[str]) -> Mapping[str, FileLines]:
        """What the reports tell of these modules; one of which none tells is left out."""
        wanted = [path for path in paths if path in self._named]
        parts: dict[str, list[FileLines]] = {}
        for path_of_report, report in self._reports.items():
            unclear = self._unclear.get(path_of_report, {})
            clear = [path for path in wanted if path not in unclear]
            asked = {name: path for path in clear for at, name in self._named[path] if at == path_of_report}
            try:
                self._refuse_unclear(unclear, wanted)
                told = report.lines(asked) if asked else {}
            except ReportError as error:
                self._damaged[path_of_report] = str(error)
                continue
            for name, lines in told.items():
                parts.setdefault(asked[name], []).append(lines)
        told_of = {path: joined(several) for path, several in parts.items()}
        if any(lines.statements and not lines.has_branches for lines in told_of.values()):
            self._without_branches = True
        return told_of

    @cached_property
    def _named(self) -> Mapping[str, list[tuple[str, str]]]:
        """Module to the reports that speak of it, each with the name by which it does."""
        found: dict[str, list[tuple[str, str]]] = {}
        for path, report in self._reports.items():
            try:
                names = list(report.names)
            except ReportError as error:
                self._damaged[path] = str(error)
                continue
            folders = list(self._placed(report.folders))
            for name in names:
                places = list(dict.fromkeys(self._in_one_of(folders, name) if report.folders else self._own(name)))
                if len(places) > 1:
                    self._unclear.setdefault(path, {}).update(dict.fromkeys(places, name))
                for own in places:
                    found.setdefault(own, []).append((path, name))
        return found

    def _refuse_unclear(self, unclear: Mapping[str, str], paths: Iterable[str]) -> None:
        """ReportError where a name may mean one of these modules or another; of nothing in an empty one it matters."""
        for path in paths:
            if path in unclear and self.checkout.read(path).strip():
                others = " or ".join(sorted(other for other, name in unclear.items() if name == unclear[path]))
                raise ReportError(
                    f"calls a module {unclear[path]}, which may be {others}: of several <source> folders it does not "
                    "tell which; name coverage.py's data, or its JSON report, in its place"
                )

    @cached_property
    def _unclear(self) -> dict[str, dict[str, str]]:
        """Report to the modules of which it may speak or not, each with the name in question."""
        return {}

    def _placed(self, folders: Iterable[str]) -> Iterator[str]:
        """The folders of the repository that a report means: the longest that ends the path on another machine.

        One that ends none is the root if all the others are below it, and else none that is known.
        """
        root = self.checkout.root.as_posix()
        meant = [posixpath.normpath(folder) for folder in folders]
        for folder in meant:
            if f"{folder}/".startswith(f"{root}/"):
                yield folder[len(root) + 1 :]
                continue
            parts = folder.split("/")
            ends = ("/".join(parts[start:]) for start in range(len(parts)))
            own = next((end for end in ends if end in self._folders), None)
            if own is not None:
                yield own
            elif folder == "." or all(f"{other}/".startswith(f"{folder}/") for other in meant):
                yield ""

    @cached_property
    def _folders(self) -> frozenset[str]:
        found: set[str] = set()
        for path in self.modules.paths:
            folder = posixpath.dirname(path)
            while folder and folder not in found:
                found.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(found)

    def _in_one_of(self, folders: Iterable[str], name: str) -> Iterator[str]:
        """The modules of that name in folders of the repository; a whole path is one by itself."""
        if posixpath.isabs(name):
            yield from self._own(name)
            return
        for folder in folders:
            path = posixpath.normpath(posixpath.join(folder, name))
            if path in self.modules.paths:
                yield path

    def _own(self, name: str) -> Iterator[str]:
        """The module that a report means: below the root, or the one that ends its path on another machine."""
        name = posixpath.normpath(name)
        root = f"{self.checkout.root.as_posix()}/"
        if name.startswith(root):
            name = name[len(root) :]
        if name in self.modules.paths:
            yield name
            return
        parts = name.split("/")
        if _ELSEWHERE.intersection(parts):
            return
        if posixpath.isabs(name):
            ends = ("/".join(parts[start:]) for start in range(1, len(parts)))
            yield from itertools.islice((end for end in ends if end in self.modules.paths), 1)
            return
        below = [path for path in self.modules.paths if path.endswith(f"/{name}")]
        yield from below if len(below) == 1 else ()

    @cached_property
    def _damaged(self) -> dict[str, str]:
        return {}

    @cached_property
    def _reports(self) -> Mapping[str, Report]:
        found: dict[str, Report] = {}
        for path, (content, _) in self._contents.items():
            if content is None:
                continue
            try:
                found[path] = self._opened(path, content)
            except ReportError as error:
                self._damaged[path] = str(error)
        return found

    def _opened(self, path: str, content: bytes) -> Report:
        if content.startswith(MAGIC):
            return DataFile(Path(self.checkout.root, path), Path(self.checkout.root), self.extraction.side_by_side)
        start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        return _read_whole(content, start)

    @cached_property
    def _stale(self) -> Mapping[str, str]:
        """Reports that are older than the modules as they are now."""
        ours = [path for path in self._reports if path not in self.checkout.overlay]
        if self.settings.sources is not None:
            why = self._changed_since_stamp() if ours else None
            return {self.settings.sources: why} if why else {}
        found = {}
        for path in ours:
            newer = self._newer_than(self._measured(path))
            if newer is not None:
                found[path] = f"is older than {newer}"
        return found

    def _measured(self, path: str) -> float:
        said = self._reports[path].measured
        return said if said is not None else os.stat(os.path.join(self.checkout.root, path)).st_mtime

    def _newer_than(self, seconds: float) -> Optional[str]:
        for file in self.modules.files:
            if file.path in self.checkout.overlay:
                return file.path
            try:
                if os.stat(os.path.join(self.checkout.root, file.path)).st_mtime > seconds:
                    return file.path
            except OSError:
                continue  # it does not stand in the work tree (sparse checkout)
        return None

    def _changed_since_stamp(self) -> Optional[str]:
        assert self.settings.sources is not None
        content, why = held(self.checkout, self.settings.sources)
        if content is None:
            return why
        try:
            then = parse(content).files
        except RecordingError as error:
            return str(error)
        changed = next((file.path for file in self.modules.files if then.get(file.path) != file.blob), None)
        return None if changed is None else f"the reports are older than {changed}"

    @cached_property
    def _contents(self) -> Mapping[str, tuple[Optional[bytes], str]]:
        return {path: held(self.checkout, path) for path in self.settings.reports}


def _read_whole(content: bytes, start: bytes) -> ReadReport:
    if start == b"{":
        return json_report.read(content)
    if start == b"<":
        from gates.facts.coverage_reports import xml_report  # a parser of XML takes longer to import than JSON to read

        return xml_report.read(content)
    return lcov_report.read(content)
