"""Policies for a repository that has none, tried out before they are handed over."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Optional

from gates import catalogue
from gates.baseline import PLACE as BASELINE_PLACE
from gates.baseline import Baseline
from gates.events import Observer, ignore
from gates.facts.checkout import Checkout, is_inside
from gates.facts.extraction import Extraction
from gates.facts.modules import Modules
from gates.facts.store import Store
from gates.policy import Policy, folder_of
from gates.report import Outcome, Report
from gates.running import Run, run
from gates.scaffold.layout import Layout
from gates.scaffold.policy_text import (
    NO_LANES,
    NOTHING_FORBIDDEN,
    gates_toml,
    lanes_toml,
    needed_fields,
    waivers_toml,
)
from gates.scaffold.proposed_lanes import ProposedLane, forbids_something, proposed_lanes
from gates.scaffold.seen_imports import former_names, seen_imports
from gates.scaffold.toml_text import printable
from gates.schema import PLACE, directive


@dataclass(frozen=True)
class Proposal:
    """What `write` puts into the repository: path to content. Nothing of it is on disk yet.

    `folder` is that of the policies, relative to the repository. `owed` counts the findings of each gate that the
    baseline records. `report` is what `gates run` says once all is written; `notes` are what a person should know.
    """

    folder: str
    files: Mapping[str, bytes] = field(repr=False)
    lanes: tuple[ProposedLane, ...]
    owed: Mapping[str, int]
    notes: tuple[str, ...]
    report: Report = field(repr=False)


def propose(
    checkout: Checkout,
    today: dt.date,
    *,
    store: Optional[Store] = None,
    observe: Observer = ignore,
    workers: Optional[int] = None,
) -> Proposal:
    """Read the repository, lay out its lanes, ask every gate, and take what they find as debt.

    A store that the next run will use saves that run the reading. Errors: those of `run`.
    """
    with tempfile.TemporaryDirectory(prefix="gates-init-") as scratch:
        kept = store or Store(Path(scratch) / "cache" / "facts.sqlite")
        try:
            return _Draft(checkout, today, Path(scratch) / "repository", kept, observe, workers).proposal()
        finally:
            if store is None:
                kept.close()


@dataclass(frozen=True)
class _Draft:
    """A proposal in the making; `scratch` stands for the repository's top wherever policies are read."""

    checkout: Checkout
    today: dt.date
    scratch: Path
    store: Store
    observe: Observer
    workers: Optional[int]

    def proposal(self) -> Proposal:
        folder = _relative(folder_of(self.checkout.root), self.checkout.root)
        lanes, roots = self._read_layout(folder)
        lanes_text, waivers_text = lanes_toml(lanes), waivers_toml(self.today)
        globs = [glob for lane in lanes for glob in lane.lane.paths]
        example = next((glob for glob in globs if "tests/" in glob), next(iter(globs), "tests/**"))

        def policy_files(empty: Mapping[str, str], broken: Mapping[str, str]) -> dict[str, str]:
            texts = {
                "lanes.toml": lanes_text,
                "waivers.toml": waivers_text,
                "gates.toml": gates_toml(empty, broken, roots, example),
            }
            return {f"{folder}/{name}": _directed(folder, name) + text for name, text in texts.items()}

        first = self._tried(folder, policy_files({}, {}), self.checkout)
        found = {result.gate: result.findings for result in first.results if result.outcome is Outcome.FAILED}
        baseline = Baseline.of({gate: findings for gate, findings in found.items() if gate in catalogue.catalogue()})
        files = {BASELINE_PLACE: baseline.render(), **policy_files(_empty(first), _broken(first))}
        inside = {path: text.encode("utf-8") for path, text in files.items() if is_inside(path)}
        report = self._tried(folder, files, self.checkout.overlaid(inside))
        if not _broken(report).keys() <= _broken(first).keys():
            # A gate that found something and lacked something failed; now that it is owed, what lacks is what is left.
            files.update(policy_files(_empty(first), {**_broken(report), **_broken(first)}))
            report = self._tried(folder, files, self.checkout.overlaid(inside))
        contents = {path: text.encode("utf-8") for path, text in files.items()}
        owed = {gate: len(findings) for gate, findings in found.items()}
        return Proposal(
            folder, contents, lanes, owed, tuple(map(printable, _notes(lanes, report, self.checkout))), report
        )

    def _read_layout(self, folder: str) -> tuple[tuple[ProposedLane, ...], tuple[str, ...]]:
        """The lanes, and the roots of modules where those that are found without being told are not all."""
        nothing = Policy(folder, (), {}, {}, (), Baseline())
        gatherer = Run(nothing, self.checkout, self.today, self.store, self.observe, workers=self.workers).gatherer()
        modules, extraction = gatherer.get(Modules), gatherer.get(Extraction)
        imports = seen_imports(modules, extraction)
        layout = Layout.of(self.checkout.files, (file.path for file in modules.files), imports)
        further = tuple(root for root in layout.roots(modules.roots) if _is_text(root))
        roots = (*modules.roots, *further) if further else ()
        known = replace(modules, roots=roots) if roots else modules
        return proposed_lanes(layout, former_names(known, extraction, imports)), roots

    def _tried(self, folder: str, files: Mapping[str, str], checkout: Checkout) -> Report:
        """What a run says under these files."""
        for path, text in files.items():
            target = self.scratch / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        policy = replace(Policy.load(self.scratch / folder.lstrip("/"), self.scratch), folder=folder)
        return run(policy, checkout, today=self.today, store=self.store, observe=self.observe, workers=self.workers)


def _relative(folder: Path, root: Path) -> str:
    try:
        return folder.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return folder.resolve().as_posix()


def _directed(folder: str, name: str) -> str:
    """The line by which an editor finds the file's schema; none where the policies lie outside the repository."""
    if folder.startswith("/"):
        return ""  # how the one leads to the other is known on this machine alone
    return f"{directive(name, '../' * len(PurePosixPath(folder).parts) + PLACE)}\n"


def _is_text(path: str) -> bool:
    """Whether a path can stand in a policy file: one with bytes that are not UTF-8 cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in path)


def _empty(report: Report) -> dict[str, str]:
    """Why each gate that found nothing to look at may: that is how the repository was."""
    vacuous = (result for result in report.results if result.outcome is Outcome.VACUOUS)
    missing = {result.gate: [unit for unit, many in result.examined.items() if not many] for result in vacuous}
    return {gate: f"there were no {' and no '.join(units)} when this was proposed" for gate, units in missing.items()}


def _broken(report: Report) -> dict[str, str]:
    return {result.gate: result.reason or "" for result in report.results if result.outcome is Outcome.BROKEN}


def _notes(lanes: Sequence[ProposedLane], report: Report, checkout: Checkout) -> Iterator[str]:
    yield from checkout.notes
    if not lanes:
        yield NO_LANES
    elif not forbids_something(lanes):
        yield NOTHING_FORBIDDEN
    for lane in lanes:
        if lane.unnamed:
            yield f"nothing imports {', '.join(lane.unnamed)}: taken for scripts, lane tools; correct it in lanes.toml"
        if lane.formerly:
            gone = ", ".join(lane.formerly)
            yield f"imports still name {gone}, which is gone: taken for a former name of lane {lane.kind.value}"
    for result in report.results:
        if result.outcome is Outcome.BROKEN:
            yield f"{result.gate} could not tell: {result.reason}"
        elif result.outcome is Outcome.FAILED:
            many = len(result.findings)
            yield f"{result.gate} finds {many} more, in the proposed files themselves: {result.findings[0].message}"
    for name, entry in catalogue.catalogue().items():
        if needed_fields(entry.load()):
            yield f"{name} is off: it needs {' and '.join(needed_fields(entry.load()))}"
