"""The decision over a bundle: an in-toto Simple Verification Result that binds the manifest, and so every file.

https://github.com/in-toto/attestation/blob/main/spec/predicates/svr.md

A bag of attestations is not authenticated as a whole: one could be dropped, or taken from another run. The decision
names the digest of the manifest, which lists them all. It follows from the bundle, so whoever checks it makes it again.
"""

from __future__ import annotations

from collections.abc import Mapping

from gates.attestation.agreement import POLICIES, REPORT
from gates.attestation.manifest import NAME, Manifest
from gates.attestation.statement import Descriptor, Statement
from gates.attestation.test_result import TestResult

PREDICATE_TYPE = "https://in-toto.io/attestation/svr/v0.2"
VERIFIER = "pkg:pypi/lukhas-gates"
PREFIX = "LUKHAS_GATES_"


def decision(listed: Manifest, digest: str, results: Mapping[str, TestResult]) -> Statement:
    """What is decided of the commit: the gates that PASSED, each a property, and whether none FAILED.

    `digest` is the SHA-256 of the manifest. There is no SLSA level among the properties: no gate judges one.
    """
    report = next(entry for entry in listed.files if entry.name == REPORT)
    policies = [entry.descriptor.plain() for entry in listed.files if entry.name.startswith(POLICIES)]
    passed = sorted(gate for gate, told in results.items() if told.result == "PASSED")
    properties = [PREFIX + gate.upper().replace("-", "_") for gate in passed]
    if all(told.result != "FAILED" for told in results.values()):
        properties.append(f"{PREFIX}NONE_FAILED")
    if results and all(told.record["strict"] for told in results.values()):
        properties.append(f"{PREFIX}STRICT")
    predicate = {
        "verifier": {"id": f"{VERIFIER}@{listed.tool}", "policies": policies},
        # The day as of which was judged: when exactly would make each bundle of one commit another.
        "timeCreated": f"{listed.today}T00:00:00Z",
        "properties": properties,
    }
    subjects = (*listed.subjects(report), Descriptor(NAME, {"sha256": digest}))
    return Statement(subjects, PREDICATE_TYPE, predicate)
