"""Where the files of a bundle contradict each other: attestations, manifest, policies, report and proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from gates.attestation import manifest
from gates.attestation.manifest import Entry, Manifest
from gates.attestation.reports import ToldReport, ToldResult
from gates.attestation.statement import Descriptor, Statement, StatementError
from gates.attestation.test_result import UNPROVED, TestResult

REPORT, PROOF = "report.json", "proof.json"
ATTESTATIONS = "attestations/"
POLICIES = "policies/"
BASELINE = "baseline.json"


def attestations(
    listed: Manifest, files: Mapping[str, bytes], entries: Mapping[str, Entry], results: dict[str, TestResult]
) -> Iterator[str]:
    """What is wrong with each attestation; those that can be read are put into `results`.

    `entries` are the files as they are, by name.
    """
    covered = {name for name in entries if name != manifest.NAME and not name.startswith(manifest.SIGNATURES)}
    own = {name for name in covered if name.startswith(ATTESTATIONS)}
    policies = {name for name in covered if name.startswith(POLICIES) or name == BASELINE}
    for name in sorted(own):
        try:
            statement = Statement.parse(files[name])
            result = TestResult.of(statement)
        except StatementError as error:
            yield f"{name}: {error}"
            continue
        if name != f"{ATTESTATIONS}{result.gate}.json":
            yield f"{name}: is the attestation of {result.gate!r}"
            continue
        results[result.gate] = result
        yield from _subjects(name, statement.subjects, listed, entries)
        yield from _bound(name, "policy file", result.configuration, entries, policies)
        yield from _bound(name, "file", result.evidence, entries, covered - own - policies)
        yield from _same_run(name, result, listed)


def _subjects(name: str, are: Sequence[Descriptor], listed: Manifest, entries: Mapping[str, Entry]) -> Iterator[str]:
    if REPORT in entries and tuple(are) != listed.subjects(entries[REPORT]):
        shown = ", ".join(f"{subject.name} {'/'.join(subject.digest.values())}" for subject in are)
        what = f"a work tree on {listed.commit}" if listed.dirty else f"commit {listed.commit}, tree {listed.tree}"
        yield f"{name}: its subject is {shown}; the manifest is of {what}"


def _bound(
    name: str, what: str, named: Sequence[Descriptor], entries: Mapping[str, Entry], there: set[str]
) -> Iterator[str]:
    digests = {file.name: dict(file.digest) for file in named}
    for other in sorted({*digests, *there}):
        if other not in digests:
            yield f"{name}: does not name the {what} {other}"
        elif other not in there:
            yield f"{name}: names the {what} {other}, which is not here"
        elif digests[other] != {"sha256": entries[other].sha256}:
            said = ", ".join(digests[other].values())
            yield f"{name}: is of another {other}: it says {said}, and this one's SHA-256 is {entries[other].sha256}"


def _same_run(name: str, result: TestResult, listed: Manifest) -> Iterator[str]:
    record = result.record
    said = {"tool": record["tool"]["version"], "base": record.get("base")}
    said.update((key, record[key]) for key in ("interpreter", "today"))
    yield from _differences(name, said, {key: getattr(listed, key) for key in said}, manifest.NAME)


def reports(listed: Manifest, files: Mapping[str, bytes], results: Mapping[str, TestResult]) -> Iterator[str]:
    """What the report and the proof say of each gate must be what its attestation says."""
    told: dict[str, ToldReport] = {}
    for name in (REPORT, PROOF):
        if name in files:
            try:
                told[name] = ToldReport.parse(files[name])
            except StatementError as error:
                yield f"{name}: {error}"
            else:
                yield from _whole(name, told[name], listed)
    if REPORT in told:
        yield from _verdict(told[REPORT], results)
    for gate in sorted({*results, *(told[REPORT].results if REPORT in told else ())}):
        name = f"{ATTESTATIONS}{gate}.json"
        if gate not in results:
            if name not in files:
                yield f"{REPORT}: has a result of {gate}, and {name} is not there"
            continue
        if REPORT in told:
            yield from _same_result(name, results[gate], told[REPORT])
        if PROOF in told:
            yield from _same_proof(name, results[gate], told[PROOF].results.get(gate))


def _whole(name: str, told: ToldReport, listed: Manifest) -> Iterator[str]:
    said: dict[str, Any] = {"commit": told.commit, "tree": told.tree, "tool": told.version, "today": told.today}
    if name == REPORT:  # a proof compares with nothing, so it has no base
        said["base"] = told.base
    yield from _differences(name, said, {key: getattr(listed, key) for key in said}, manifest.NAME)
    if told.dirty != listed.dirty:
        yield f"{name}: says that {some(told.dirty)} differs from the commit, and {manifest.NAME} {some(listed.dirty)}"


def _verdict(told: ToldReport, results: Mapping[str, TestResult]) -> Iterator[str]:
    blocking = sorted(gate for gate, result in results.items() if result.result == "FAILED")
    if blocking and told.exit_code == 0:
        yield f"{REPORT}: says that every promise held, and {some(blocking)} did not"
    elif told.exit_code != 0 and not blocking:
        yield f"{REPORT}: says exit code {told.exit_code}, and no attestation says why"


def _same_result(name: str, result: TestResult, report: ToldReport) -> Iterator[str]:
    told = report.results.get(result.gate)
    if told is None:
        yield f"{name}: {REPORT} has no result of {result.gate}"
        return
    record = result.record
    said = {key: record[key] for key in ("outcome", "level", "strict", "inputs", "examined", "findings", "owed")}
    said.update(excused=record.get("excused"), digest=record.get("digest", ""))
    said["waived"] = sum(waiver["findings"] for waiver in record["waived"])
    reported = {key: getattr(told, key) for key in said if key not in ("findings", "strict")}
    yield from _differences(name, said, {**reported, "findings": len(told.found), "strict": report.strict}, REPORT)


def _same_proof(name: str, result: TestResult, told: Optional[ToldResult]) -> Iterator[str]:
    proof = result.record["proof"]
    outcome = UNPROVED if told is None else told.outcome
    if proof["outcome"] != outcome:
        yield f"{name}: says that its proof is {proof['outcome']!r}, and {PROOF} says {outcome!r}"
    elif told is not None and outcome == "passed":
        planted = proof["planted"]
        if (planted["path"], planted["subject"]) not in told.found:
            yield f"{name}: says that {planted['path']}, {planted['subject']} was planted, and {PROOF} does not"


def _differences(name: str, said: Mapping[str, Any], other: Mapping[str, Any], where: str) -> Iterator[str]:
    for key, value in said.items():
        if value != other[key] or isinstance(value, bool) != isinstance(other[key], bool):
            yield f"{name}: says {key} {value!r}, and {where} says {other[key]!r}"


def some(paths: Sequence[str]) -> str:
    """The first few of many, and how many more there are."""
    shown = ", ".join(paths[:3]) or "nothing"
    return f"{shown} and {len(paths) - 3} more" if len(paths) > 3 else shown
