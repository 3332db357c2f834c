"""Which files are which module, which lane each belongs in, and what it must meet: policies/promotion.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Optional

from gates.attestation.keys import PublicKey, public_key
from gates.errors import GatesError, PolicyError, did_you_mean
from gates.facts.recording_file import is_inside
from gates.globs import Globs

POLICY = "promotion.toml"
CRITERIA: Mapping[str, str] = {
    "interface": "its public signatures are the recorded ones",
    "coverage": "its tests reach enough of it",
    "telemetry": "its spans and metrics were heard of",
    "budget": "its p95 is within budget",
    "lanes": "it crosses no lane",
    "registry": "the registry loaded it",
    "rollback": "there is a flag that takes it back",
    "drill": "a brownout drill of it is on record, and held",
}
"""What a module must meet to be promoted, in the order in which it is shown."""
Standing = Literal["promoted", "gated", "candidate"]
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class LaneModule:
    """One `[[module]]`: files that go from lane to lane together, and where to look for what each criterion asks."""

    name: str
    """Small letters with dashes."""
    paths: Globs
    """Its files; of two modules that match one, the first has it."""
    lane: str
    """The lane in which it belongs for now: in a higher one it may only be by a decision."""
    standing: Standing = "candidate"
    """promoted: it may stay where it is; gated: it may as long as it meets `must`; candidate: it is tried out."""
    must: tuple[str, ...] = ()
    """The criteria that a gated module has to meet to stay in its lane."""
    plugins: tuple[str, ...] = ()
    """What the registry must have loaded of it, like "node:recall"."""
    spans: tuple[str, ...] = ()
    """Spans that must have been heard of."""
    metrics: tuple[str, ...] = ()
    """Metrics that must have counted something, `name` or `name{label="value"}`."""
    budgets: tuple[str, ...] = ()
    """Budgets of budgets.toml that its p95 must be proven to keep."""
    flags: tuple[str, ...] = ()
    """Switches or settings, each of which takes it back."""
    drills: tuple[str, ...] = ()
    """Stages, or STAGE/FAULT, of which drills must have held."""
    set_aside: Mapping[str, str] = field(default_factory=dict)
    """Criteria that mean nothing for it, each with the reason."""

    def asked(self) -> tuple[str, ...]:
        """The criteria that are asked of it."""
        return tuple(criterion for criterion in CRITERIA if criterion not in self.set_aside)


@dataclass(frozen=True)
class DrillRecord:
    """`[drills]`: the record of the brownout drills, and of which files it must be."""

    file: str = ".gates/recordings/drills.json"
    """The record, as a path below the root; it need not be tracked."""
    made_by: str = "make drill"
    """The command that makes it."""
    of: Globs = ()
    """The files whose content must be what it was; without one, all Python files that the record names."""

    def __post_init__(self) -> None:
        if not is_inside(self.file):
            raise PolicyError(f"[drills] file is '{self.file}'; it must be a path below the repository's root")


@dataclass(frozen=True)
class PromotionPolicy:
    """policies/promotion.toml: the lanes from the lowest up, the modules, and whose decisions count."""

    policy_file: ClassVar[str] = POLICY
    lanes: tuple[str, ...] = ()
    """The lanes that modules rise through, the lowest first; others of lanes.toml are none of them."""
    keys: tuple[str, ...] = ()
    """Public keys whose decisions count, each a line of OpenSSH, or the text of a PEM file with an Ed25519 key."""
    coverage: float = 90.0
    """How much of a module's statements the tests must reach, in percent."""
    interfaces: str = ".ci/interfaces.json"
    """The recorded signatures, as a path of this repository."""
    evidence: str = "gates evidence build"
    """The command that makes the evidence, for whoever has none yet, or some of another commit."""
    decisions: str = ".ci/promotions"
    """The folder of the decisions, as a path of this repository."""
    drills: DrillRecord = field(default_factory=DrillRecord)
    """The record of the brownout drills."""
    module: tuple[LaneModule, ...] = ()

    def __post_init__(self) -> None:
        for key in ("interfaces", "decisions"):
            if not is_inside(getattr(self, key)):
                raise PolicyError(f"{key} is '{getattr(self, key)}'; it must be a path below the repository's root")
        if not 0 < self.coverage <= 100:
            raise PolicyError(f"coverage is {self.coverage:g}; it must be above 0, and at most 100")
        for number, key in enumerate(self.keys, 1):
            try:
                public_key(key, f"keys[{number}]")
            except GatesError as error:
                raise PolicyError(str(error)) from None
        names = [module.name for module in self.module]
        for module in self.module:
            if names.count(module.name) > 1:
                raise PolicyError(f"[[module]] '{module.name}' is there twice; a module has one section")
            _refuse_odd(module, self.lanes)

    def named(self, name: str) -> LaneModule:
        """The module of that name. GatesError where there is none."""
        names = [module.name for module in self.module]
        if name not in names:
            hint = did_you_mean(name, names) or (f"; the modules are {', '.join(names)}" if names else "")
            raise GatesError(f"{POLICY}: has no [[module]] '{name}'{hint}")
        return self.module[names.index(name)]

    def height(self, lane: Optional[str]) -> int:
        """How high a lane is, the lowest 0; -1 for one that no module rises through."""
        return self.lanes.index(lane) if lane in self.lanes else -1

    def public_keys(self) -> tuple[PublicKey, ...]:
        """The keys, read."""
        return tuple(public_key(key, f"keys[{number}]") for number, key in enumerate(self.keys, 1))


def _refuse_odd(module: LaneModule, lanes: tuple[str, ...]) -> None:
    place = f"[[module]] '{module.name}'"
    if not _NAME.fullmatch(module.name):
        raise PolicyError(f"{place} name is not like 'heavy-adapters': small letters, with dashes between words")
    if not module.paths:
        raise PolicyError(f"{place} paths is empty; it needs at least one glob")
    if module.lane not in lanes:
        hint = did_you_mean(module.lane, lanes) or f"; lanes holds {', '.join(lanes) or 'none'}"
        raise PolicyError(f"{place} lane is '{module.lane}', which is none of lanes{hint}")
    for key, names in (("must", module.must), ("set_aside", tuple(module.set_aside))):
        for name in names:
            if name not in CRITERIA:
                hint = did_you_mean(name, CRITERIA) or f"; the criteria are {', '.join(CRITERIA)}"
                raise PolicyError(f"{place} {key} names '{name}', which is no criterion{hint}")
    for criterion, reason in module.set_aside.items():
        if not reason.strip():
            raise PolicyError(f"{place} set_aside.{criterion} is empty; say why it means nothing for the module")
        if criterion in module.must:
            raise PolicyError(f"{place} must holds '{criterion}', and set_aside sets it aside; take it out of one")
    if (module.standing == "gated") != bool(module.must):
        right = "name the criteria in must" if not module.must else "take must out, or say that it is gated"
        raise PolicyError(f"{place} standing is '{module.standing}'; {right}")
