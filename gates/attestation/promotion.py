"""The decision that a module may be in a lane: an in-toto Simple Verification Result over the content of its files.

Its subjects are the commit, its tree and the manifest of the evidence that it was made from, and each file of the
module by the id that git gives its content. So it holds wherever just this content lies, and for nothing else.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gates.attestation import manifest
from gates.attestation.decision import PREDICATE_TYPE, PREFIX, VERIFIER
from gates.attestation.envelope import Envelope, signed_bytes
from gates.attestation.keys import PublicKey
from gates.attestation.statement import Descriptor, Statement, StatementError, table_of

_HEADS = ("commit", "tree", manifest.NAME)
_BLOB = "gitBlob"
_CRITERION = "CRITERION"


@dataclass(frozen=True)
class Promotion:
    """What is decided: this module may be in this lane, for it met these criteria."""

    module: str
    lane: str
    criteria: tuple[str, ...]

    @property
    def properties(self) -> list[str]:
        """As the decision says it."""
        return [_property("MODULE", self.module), _property("LANE", self.lane), *self.met]

    @property
    def met(self) -> list[str]:
        """The criteria, as it says them."""
        return [_property(_CRITERION, name) for name in self.criteria]


def _property(kind: str, name: str) -> str:
    return f"{PREFIX}{kind}_{name}".upper().replace("-", "_")


@dataclass(frozen=True)
class Origin:
    """The evidence that a decision was made from: commit, tree and SHA-256 of its manifest, policies, tool, day."""

    commit: str
    tree: str
    digest: str
    policies: tuple[Descriptor, ...]
    tool: str
    today: str


def statement(promotion: Promotion, files: Mapping[str, str], origin: Origin) -> Statement:
    """The decision; `files` are those of the module, path to blob. StatementError where it would decide nothing."""
    if not files:
        raise StatementError(f"{promotion.module} has no file")
    subjects = (
        Descriptor("commit", {"gitCommit": origin.commit}),
        Descriptor("tree", {"gitTree": origin.tree}),
        Descriptor(manifest.NAME, {"sha256": origin.digest}),
        *(Descriptor(path, {_BLOB: blob}) for path, blob in sorted(files.items())),
    )
    predicate = {
        "verifier": {
            "id": f"{VERIFIER}@{origin.tool}",
            "policies": [one.plain() for one in origin.policies],
        },
        "timeCreated": f"{origin.today}T00:00:00Z",
        "properties": promotion.properties,
    }
    return Statement(subjects, PREDICATE_TYPE, predicate)


def problems(
    content: bytes, promotion: Promotion, files: Iterable[tuple[str, str]], keys: Sequence[PublicKey]
) -> Iterator[str]:
    """Why a file is no decision of this promotion of these files, path and blob, by one of the keys.

    It may say more criteria than are asked.

    CannotCheck where nothing here can tell whether a signature is good.
    """
    try:
        envelope = Envelope.parse(content)
        if envelope.render() != content:
            raise StatementError("it is not written as an envelope is written")
        said = Statement.parse(envelope.payload)
        if said.render() != envelope.payload:
            raise StatementError("its statement is not written as a statement is written")
        yield from _otherwise(said, promotion, files)
    except StatementError as error:
        yield str(error)
        return
    signed = signed_bytes(envelope.payload)
    if not keys:
        yield "the policy names no key whose decisions count; put the public key into keys"
    elif not any(key.has_signed(signed, one.sig) for key in keys for one in envelope.signatures):
        makers = ", ".join(one.keyid for one in envelope.signatures)
        yield f"it is signed by none of the keys of the policy (it says: {makers})"


def _otherwise(said: Statement, promotion: Promotion, files: Iterable[tuple[str, str]]) -> Iterator[str]:
    if said.predicate_type != PREDICATE_TYPE:
        raise StatementError(f"predicateType is {said.predicate_type!r}, not {PREDICATE_TYPE}")
    table = table_of(said.predicate, "the predicate", {"verifier", "timeCreated", "properties"})
    if tuple(subject.name for subject in said.subjects[: len(_HEADS)]) != _HEADS:
        raise StatementError(f"its first subjects are not {', '.join(_HEADS)}")
    properties = table["properties"]
    if not isinstance(properties, list) or not all(isinstance(one, str) for one in properties):
        raise StatementError("properties is no list of texts")
    # (it may have met more than is asked; it decides of one module and of one lane)
    about = [one for one in properties if not one.startswith(_property(_CRITERION, ""))]
    if about != promotion.properties[:2]:
        yield f"it decides something else: {', '.join(about) or 'nothing'}, not {', '.join(promotion.properties[:2])}"
    unmet = [one for one in promotion.met if one not in properties]
    if unmet:
        yield f"it does not say {', '.join(unmet)}"
    then = sorted(_content(subject.name, subject.digest.get(_BLOB, "")) for subject in said.subjects[len(_HEADS) :])
    now = sorted(_content(path, blob) for path, blob in files)
    if then != now:
        changed = sorted(set(now) - set(then)) or sorted(set(then) - set(now))
        yield f"it is of other content: {changed[0][0] if changed else 'a file that stands twice'} is not what it was"


def _content(path: str, blob: str) -> tuple[str, str]:
    """A file wherever it lies: what is promoted may move from folder to folder."""
    return posixpath.basename(path), blob
