"""What a verified bundle tells of the modules: nothing is read but the bundle, and nothing of one that is rejected."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Optional

from gates.attestation import archive
from gates.attestation.agreement import POLICIES, REPORT
from gates.attestation.keys import PublicKey
from gates.attestation.test_result import TestResult
from gates.attestation.verify import Verification, verify
from gates.errors import GatesError
from gates.evidence import figures
from gates.evidence.bundle import folder_of
from gates.evidence.native import INTERFACES, RECORDED
from gates.facts.interfaces import Signatures, parse
from gates.facts.promotion_policy import POLICY, PromotionPolicy
from gates.policy_file import parse_toml, typed


class NoEvidence(GatesError):
    """There is no evidence of this commit that holds; says why, and what would make it."""


@dataclass(frozen=True)
class Told:
    """A bundle that holds, of one commit."""

    found: Verification
    files: Mapping[str, bytes] = field(repr=False)

    @cached_property
    def policy(self) -> PromotionPolicy:
        """The promises of that commit about its modules. GatesError where it made none."""
        name = f"{POLICIES}{POLICY}"
        if name not in self.files:
            raise GatesError(f"{POLICY}: the policies of the commit have none, so no module is promoted by it")
        return typed(PromotionPolicy, parse_toml(self.files[name], POLICY), f"{POLICY}:")

    @property
    def results(self) -> Mapping[str, TestResult]:
        """What each gate said, as it was attested."""
        return self.found.results

    @cached_property
    def figures(self) -> Mapping[str, Any]:
        """The figures. NoEvidence where the bundle has none: it was made without the checkout."""
        if figures.NAME not in self.files:
            raise NoEvidence(f"the bundle holds no {figures.NAME}: it was made by another version; make it anew")
        told: Mapping[str, Any] = json.loads(self.files[figures.NAME])
        if told.get("schema") != figures.SCHEMA:
            raise NoEvidence(f"{figures.NAME} has schema {told.get('schema')!r}; this version reads {figures.SCHEMA}")
        return told

    @cached_property
    def modules(self) -> Mapping[str, Any]:
        """Module to its part of the figures. NoEvidence where they could not be had."""
        told: Mapping[str, Any] = self.figures["modules"]
        if "by_name" not in told:
            raise NoEvidence(f"the bundle tells of no module: {told.get('lacking', 'it does not say why')}")
        by_name: Mapping[str, Any] = told["by_name"]
        return by_name

    def lacking(self, recording: str) -> Optional[str]:
        """Why a recording does not count, with the command that would make one that does; None where it does."""
        told: Optional[Mapping[str, Any]] = self.figures["recordings"].get(recording)
        if told is None:
            return f"no recording of {recording} was asked for; see [facts.{recording}]"
        for path, why in sorted(told["lacking"].items()):
            return f"{path}: {why}"
        return None if told["files"] else f"{recording}: holds no file; run `{told['made_by']}`"

    def found_in(self, gate: str, module: str) -> tuple[list[str], list[str]]:
        """What a gate found in a module's files: what stands or is owed, and what is waived, as messages."""
        files = self.modules[module]["files"]
        results: Sequence[Mapping[str, Any]] = self._report["results"]
        told = next((each for each in results if each["gate"] == gate), {})
        standing = [*told.get("findings", ()), *told.get("owed", ())]
        waived = [each.get("finding", each) for each in told.get("waived", ())]
        return _messages(standing, files), _messages(waived, files)

    @cached_property
    def signatures(self) -> Mapping[str, Signatures]:
        """Module to its public signatures at that commit."""
        return parse(self.files[INTERFACES]) if INTERFACES in self.files else {}

    @cached_property
    def recorded(self) -> Optional[Mapping[str, Signatures]]:
        """The same as they were recorded; None where none were. GatesError where the record is damaged."""
        if RECORDED not in self.files:
            return None
        try:
            return parse(self.files[RECORDED])
        except ValueError as error:
            raise GatesError(f"{self.policy.interfaces}: {error}; `gates promote --all --record` writes one") from None

    @cached_property
    def _report(self) -> Mapping[str, Any]:
        report: Mapping[str, Any] = json.loads(self.files[REPORT])
        return report


def _messages(found: Sequence[Mapping[str, Any]], files: Mapping[str, str]) -> list[str]:
    return [f"{each['path']}: {each['message']}" for each in found if each["path"] in files]


def read(bundle: Path, commit: str, keys: Sequence[PublicKey], made_by: str) -> Told:
    """The bundle, verified: of this commit, and signed by one of the keys where there are any. NoEvidence, with why."""
    remedy = f"run `{made_by}`"
    if not bundle.is_file():
        raise NoEvidence(f"there is no evidence of commit {commit[:12]} at {bundle.name}; {remedy}")
    found = verify(bundle, commit, key=keys[0] if keys else None)
    for key in keys[1:]:
        found = found if found.exit_code == 0 else verify(bundle, commit, key=key)
    if found.exit_code:
        why = found.unreadable or "; ".join(found.problems[:2])
        sign = "; sign it with `gates evidence sign`" if keys and "not signed" in why else ""
        raise NoEvidence(f"{bundle.name}: {why}; {remedy}{sign}")
    return Told(found, dict(archive.read(bundle.read_bytes()).members))


def usual_place(root: Path, commit: str) -> Path:
    """Where `gates evidence build` writes the bundle of a commit."""
    return folder_of(root) / f"evidence-{commit[:12]}.zip"
