"""The recordings that a run judged, byte for byte, each with the command that makes it and why it may not count."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from gates.catalogue import active, catalogue
from gates.errors import FactUnavailable
from gates.facts.boot import Boot
from gates.facts.coverage import Coverage
from gates.facts.drills import Drills
from gates.facts.fact import Gatherer, closure, parameters
from gates.facts.flakes import Flakes
from gates.facts.observability.driven_run import DrivenRun
from gates.facts.promotion_policy import PromotionPolicy
from gates.facts.recorded_imports import RecordedImports
from gates.facts.recording_file import held
from gates.facts.timings import Timings
from gates.policy import Policy
from gates.running import Run

NATIVE = "native/"
_KINDS: Mapping[str, type[Any]] = {
    "boot": Boot,
    "coverage": Coverage,
    "drills": Drills,
    "flakes": Flakes,
    "imports": RecordedImports,
    "telemetry": DrivenRun,
    "timings": Timings,
}


class Recording(NamedTuple):
    """`files` are its paths here, each to its name in the bundle; `lacking` says by path why it does not count."""

    name: str
    made_by: str
    files: Mapping[str, str]
    lacking: Mapping[str, str]

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"made_by": self.made_by, "files": dict(self.files), "lacking": dict(self.lacking)}


def recordings(run: Run, gatherer: Gatherer) -> tuple[list[Recording], dict[str, bytes]]:
    """What the gates of the policy judge by, and the modules' readiness: what each is, and the files."""
    kinds = asked(run.policy)
    found: list[Recording] = []
    contents: dict[str, bytes] = {}
    for name, kind in _KINDS.items():
        if kind not in kinds:
            continue
        try:
            fact = gatherer.get(kind)
        except FactUnavailable as unavailable:
            found.append(Recording(name, "", {}, {name: str(unavailable)}))
            continue
        names: dict[str, str] = {}
        paths = tuple(_paths(fact.settings))
        if not paths:  # it is optional, and not asked for
            continue
        for path in paths:
            content = held(run.checkout, path)[0]
            if content is not None:
                names[path] = _free(f"{NATIVE}{posixpath.basename(path)}", contents)
                contents[names[path]] = content
        lacking = {**fact.lacking, **getattr(fact, "missing", {})}
        found.append(Recording(name, fact.settings.made_by or "", names, lacking))
    return found, contents


def asked(policy: Policy) -> set[type]:
    """The facts that the gates of the policy ask for, and those of promotion where there are modules."""
    entries = catalogue()
    asks = [parameters(entries[section.gate].load().check) for section in active(policy)]  # type: ignore[attr-defined]
    promoted: Sequence[type] = (Drills, Coverage, DrivenRun, Timings)
    more = promoted if policy.settings(PromotionPolicy).module else ()
    return closure([*(kind for facts in asks for kind in facts.values()), *more])


def _paths(settings: Any) -> Iterator[str]:
    said: Iterable[Optional[str]] = (
        *getattr(settings, "reports", ()), getattr(settings, "file", None), getattr(settings, "sources", None)
    )  # fmt: skip
    return (path for path in said if path is not None)


def _free(name: str, taken: Mapping[str, bytes]) -> str:
    stem, suffix = posixpath.splitext(name)
    numbered = (f"{stem}-{number}{suffix}" for number in range(2, len(taken) + 3))
    return next(each for each in (name, *numbered) if each not in taken)
