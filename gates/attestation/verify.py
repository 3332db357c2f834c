"""Reads a bundle of evidence and says what no longer holds. Needs the bundle alone, and knows no gate.

What it cannot say without a key: who made the bundle. Whoever can rewrite every file of it consistently can make
another; a signature, or the digest of the manifest kept elsewhere, tells the two apart (see docs/evidence.md).
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from gates.attestation import archive, manifest, signatures
from gates.attestation.agreement import ATTESTATIONS, POLICIES, PROOF, REPORT, attestations, reports, some
from gates.attestation.keys import CannotCheck, PublicKey
from gates.attestation.manifest import Entry, Manifest
from gates.attestation.statement import StatementError
from gates.attestation.test_result import TestResult
from gates.errors import GatesError

NEEDED = (REPORT, "report.html", "report.sarif", "lane-violations.json", "lane-violations.md", PROOF)


@dataclass(frozen=True)
class Verification:
    """What was found out about a bundle.

    `problems` say what no longer holds; `unreadable` why nothing could be found out. `digest` is the SHA-256 of the
    manifest: two bundles of one digest hold the same files. `signed_by` is the key that was asked for, where it has
    signed it all; `signatures` are there and were not checked.
    """

    problems: tuple[str, ...] = ()
    unreadable: Optional[str] = None
    digest: str = ""
    manifest: Optional[Manifest] = None
    results: Mapping[str, TestResult] = field(default_factory=dict)
    signatures: tuple[str, ...] = ()
    signed_by: Optional[str] = None

    @property
    def exit_code(self) -> int:
        """0 verified, 1 rejected, 3 could not check."""
        return 3 if self.unreadable is not None else 1 if self.problems else 0

    @property
    def commit(self) -> Optional[str]:
        """The commit that it is evidence of; None for a dirty work tree, and where there is no telling."""
        return self.manifest.commit if self.manifest is not None and not self.manifest.dirty else None

    @property
    def tree(self) -> Optional[str]:
        """The tree of that commit."""
        return self.manifest.tree if self.manifest is not None and not self.manifest.dirty else None

    @property
    def dirty(self) -> tuple[str, ...]:
        """The paths in which the work tree differed from its commit."""
        return self.manifest.dirty if self.manifest is not None else ()

    @property
    def text(self) -> str:
        """What was found out, for people: the verdict first, then what it is about."""
        if self.unreadable is not None:
            return f"could not check: {self.unreadable}"
        lines = ["verified: every file is as the manifest lists it, and the files agree with each other"]
        if self.problems:
            heads = ("rejected: ", *[" " * 10] * (len(self.problems) - 1))
            lines = [head + problem for head, problem in zip(heads, self.problems)]
        if self.signatures:
            lines.append(f"not checked: {counted(len(self.signatures))} (to check them, name the key: --key)")
        if self.signed_by is not None:
            lines.append(f"signed by {self.signed_by}")
        if self.manifest is not None:
            work_tree = f"a work tree that differs from commit {self.manifest.commit}: {some(self.dirty)}"
            lines.append("of        " + (work_tree if self.dirty else f"commit {self.manifest.commit}"))
            lines.append(f"manifest  {self.digest}")
        if not self.problems:
            failed = [gate for gate, told in self.results.items() if told.result == "FAILED"]
            lines.append(f"verdict   {'FAILED: ' + ', '.join(failed) if failed else 'no gate FAILED'}")
        return "\n".join(map(_visible, lines))

    @property
    def files(self) -> tuple[Entry, ...]:
        """What the manifest lists."""
        return self.manifest.files if self.manifest is not None else ()


def verify(
    bundle: Path, commit: Optional[str] = None, digest: Optional[str] = None, key: Optional[PublicKey] = None
) -> Verification:
    """Check a bundle; with `commit`, that it is evidence of it; with `digest`, that its manifest is the one meant.

    With `key`, that it has signed every attestation and the decision.

    GatesError where the commit or the digest asked for is none. A bundle that cannot be read is a Verification, too.
    """
    if commit is not None and not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
        raise GatesError(f"'{commit}' is no whole commit id (40 hex digits); `git rev-parse {commit}` prints it")
    if digest is not None and not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise GatesError(f"'{digest}' is no SHA-256 of a manifest (64 hex digits)")
    try:
        raw = _content(bundle)
    except OSError as error:
        return Verification(unreadable=f"{bundle}: cannot be read ({error.strerror or error})")
    return verify_bytes(raw, commit, digest, key)


def _content(bundle: Path) -> bytes:
    status = bundle.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is no file")
    if status.st_size > archive.MOST_BYTES:
        raise OSError(f"{status.st_size} bytes are more than any bundle has")
    return bundle.read_bytes()


def verify_bytes(
    raw: bytes, commit: Optional[str] = None, digest: Optional[str] = None, key: Optional[PublicKey] = None
) -> Verification:
    """Check the bytes of a bundle."""
    found = archive.read(raw)
    files = dict(reversed(found.members))  # of two of one name the first; that there are two is a problem already
    unchecked = tuple(sorted(name for name in files if name.startswith(manifest.SIGNATURES)))
    if manifest.NAME not in files:
        missing = () if found.problems and not files else (f"{manifest.NAME}: is missing",)
        return Verification(tuple(map(_visible, (*found.problems, *missing))), signatures=unchecked)
    actual = Entry.of(manifest.NAME, files[manifest.NAME]).sha256
    try:
        listed = Manifest.parse(files[manifest.NAME])
    except StatementError as error:
        problem = f"{manifest.NAME}: {error}"
        return Verification(tuple(map(_visible, (*found.problems, problem))), digest=actual, signatures=unchecked)
    results: dict[str, TestResult] = {}
    entries = {name: Entry.of(name, content) for name, content in files.items()}
    problems = [
        *found.problems,
        *_otherwise(listed, actual, commit, digest),
        *_files(listed, entries),
        *attestations(listed, files, entries, results),
        *reports(listed, files, results),
    ]
    if not problems and (unchecked or key is not None):
        try:
            expected = signatures.payloads(listed, actual, files, results)
            problems = list(signatures.problems(expected, files, key))
        except CannotCheck as cannot:
            return Verification(unreadable=f"its signatures: {cannot}")
    if key is None or problems:
        return Verification(tuple(map(_visible, problems)), None, actual, listed, results, unchecked)
    return Verification((), None, actual, listed, results, signed_by=key.keyid)


def counted(many: int) -> str:
    """So many signatures, in words."""
    return f"{many} signature{'s' if many != 1 else ''}"


def _visible(text: str) -> str:
    # What a hostile bundle holds must not reach a terminal raw.
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _otherwise(listed: Manifest, actual: str, commit: Optional[str], digest: Optional[str]) -> Iterator[str]:
    if digest is not None and digest != actual:
        yield f"{manifest.NAME}: its SHA-256 is {actual}, not {digest}: it was edited, or is of another bundle"
    if commit is None:
        return
    if listed.dirty:
        paths = some(listed.dirty)
        yield f"it is no evidence of {commit}: the work tree differed from {listed.commit} in {paths}"
    elif commit != listed.commit:
        yield f"it is evidence of another commit: {listed.commit}, not {commit}"


def _files(listed: Manifest, actual: Mapping[str, Entry]) -> Iterator[str]:
    entries = {entry.name: entry for entry in listed.files}
    for name in sorted({*entries, *actual} - {manifest.NAME}):
        if name not in actual:
            yield f"{name}: is missing (the manifest lists it)"
        elif name.startswith(manifest.SIGNATURES):
            continue
        elif name not in entries:
            yield f"{name}: was added (the manifest does not list it)"
        else:
            yield from _changed(entries[name], actual[name])
    for name in NEEDED:
        if name not in entries:
            yield f"{name}: is not in the manifest, and every bundle has it"
    for folder in (POLICIES, ATTESTATIONS):
        if not any(name.startswith(folder) for name in entries):
            yield f"{folder}: the manifest lists no file of it, and every bundle has some"


def _changed(was: Entry, is_: Entry) -> Iterator[str]:
    if was.size != is_.size:
        yield f"{was.name}: has {is_.size} bytes, and the manifest says {was.size}"
    if was.sha256 != is_.sha256:
        yield f"{was.name}: was changed (its SHA-256 is {is_.sha256}, and the manifest says {was.sha256})"
