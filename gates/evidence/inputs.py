"""What a verdict rests on beside the tree: base and head, interpreter and locks, tools with their rules, advisories."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from gates import __version__
from gates.attestation import strict_json
from gates.catalogue import code_version
from gates.errors import FactUnavailable, GatesError
from gates.evidence.recordings import asked
from gates.facts.checkout import Checkout
from gates.facts.diff import Diff
from gates.facts.fact import Gatherer
from gates.facts.git import GitFailed, git
from gates.facts.link_check import LinkCheck
from gates.facts.supply.bill_of_materials import BillOfMaterials
from gates.facts.supply.requirements import Requirements
from gates.facts.supply.secrets import Secrets
from gates.facts.supply.tools import Tool
from gates.facts.supply.vulnerabilities import Vulnerabilities
from gates.facts.supply.workflow_audit import WorkflowAudit
from gates.running import Run

NAME = "inputs.json"
SCHEMA = 1
_SCRIPT = b"#!"


def inputs(run: Run, gatherer: Gatherer) -> bytes:
    """The file's bytes. What no gate of the policy asks for is not in it."""
    kinds = asked(run.policy)
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "head": {"commit": run.checkout.commit, "tree": run.checkout.tree},
        "base": _base(run.checkout, gatherer) if Diff in kinds else None,
        "interpreter": {"name": platform.python_implementation(), "version": platform.python_version()},
        "gates": {"version": __version__, "code": code_version()},
        "locks": _locks(run.checkout, gatherer) if Requirements in kinds else [],
        "tools": sorted(map(_described, _tools(gatherer, kinds)), key=lambda tool: str(tool["name"])),
        "advisories": _advisories(gatherer) if Vulnerabilities in kinds else None,
    }
    return strict_json.dumps(told)


def _base(checkout: Checkout, gatherer: Gatherer) -> Optional[dict[str, str]]:
    """What changes were compared with; None for a first commit, and where there is nothing to compare with."""
    try:
        commit = gatherer.get(Diff).commit
        if commit is None:
            return None
        tree = git(checkout.root, "rev-parse", "--verify", f"{commit}^{{tree}}").decode("ascii").strip()
    except (FactUnavailable, GitFailed):
        return None
    return {"commit": commit, "tree": tree}


def _locks(checkout: Checkout, gatherer: Gatherer) -> list[dict[str, str]]:
    try:
        locks = gatherer.get(Requirements).locks
    except (FactUnavailable, GatesError) as error:
        return [{"lacking": str(error)}]
    return [{"path": lock.path, "sha256": _sha256(checkout.read(lock.path))} for lock in locks]


def _tools(gatherer: Gatherer, kinds: set[type]) -> Iterator[Tool]:
    for kind in (BillOfMaterials, LinkCheck, Vulnerabilities, WorkflowAudit):
        tool = _gathered(gatherer, kind, kinds)
        if tool is not None and tool.tool is not None:
            yield tool.tool
    secrets = _gathered(gatherer, Secrets, kinds)
    yield from (engine.tool for engine in (secrets.engines if secrets is not None else ()))


def _gathered(gatherer: Gatherer, kind: type[Any], kinds: set[type]) -> Any:
    try:
        return gatherer.get(kind) if kind in kinds else None
    except (FactUnavailable, GatesError):  # the gate says why it could not tell
        return None


def _described(tool: Tool) -> dict[str, Optional[str]]:
    """Name, version, and the digest of what its rules are built into: the program; of a script, its distribution."""
    try:
        content = tool.place.read_bytes()
    except OSError:
        content = b""
    is_program = bool(content) and not content.startswith(_SCRIPT)
    return {
        "name": tool.name,
        "version": tool.version,
        "program": _sha256(content) if is_program else None,
        "distribution": None if is_program else _distribution(tool),
    }


def _distribution(tool: Tool) -> Optional[str]:
    """The digest of the list of files, with theirs, of the distribution that brought a script to this environment."""
    script = f"/{tool.place.parent.name}/{tool.name},"
    for distribution in importlib.metadata.distributions():
        record = distribution.read_text("RECORD") or ""
        if tool.place.parent == Path(sys.executable).parent and script in record:
            # (scripts lie outside and name this machine's interpreter)
            return _sha256("\n".join(line for line in sorted(record.split("\n")) if line[:3] != "../").encode())
    return None


def _advisories(gatherer: Gatherer) -> Optional[dict[str, Any]]:
    """The digest of the advisories, and the day of the newest; None where there are none on this machine."""
    known = _gathered(gatherer, Vulnerabilities, {Vulnerabilities})
    head = known.head if known is not None else None
    return None if head is None else {"sha256": head.digest, "dated": head.dated, "records": head.records}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
