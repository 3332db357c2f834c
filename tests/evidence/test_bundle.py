"""A bundle follows from its input alone, holds what it should, and is of a commit or says that it is not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Callable

import pytest

from gates.attestation.verify import verify, verify_bytes
from gates.errors import GatesError
from gates.evidence.bundle import Renderers, build, bundled, folder_of
from gates.facts.checkout import Checkout
from gates.facts.store import Store
from gates.report import Level, Outcome, Report, Result
from gates.running import run


def told(raw: bytes, name: str) -> Any:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return json.loads(archive.read(name))


def record_of(raw: bytes, gate: str) -> Any:
    return told(raw, f"attestations/{gate}.json")["predicate"]


def test_two_clones_at_two_places_give_the_same_bytes(clone: Any, judge: Any) -> None:
    near, far = clone("near"), clone("far/away/and deeper")

    assert judge(near).bundled() == judge(far).bundled()


def test_a_kept_verdict_gives_the_same_bytes_as_a_fresh_one(judged: Any, raw: bytes, tmp_path: Path) -> None:
    today = dt.date.fromisoformat(judged.report.today)
    with Store(tmp_path / "cache.sqlite") as store:
        for _ in range(2):
            warm = run(judged.policy, Checkout.open(judged.root), today=today, store=store)

    assert dataclasses.replace(judged, report=warm).bundled() == raw


def test_nothing_of_the_machine_is_in_it(judged: Any, raw: bytes) -> None:
    assert str(judged.root).encode() not in raw
    assert str(Path.home()).encode() + b"/" not in raw
    assert b"://localhost" not in raw


def test_it_is_a_zip_file_that_others_can_read(raw: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        infos = archive.infolist()
        assert archive.testzip() is None
    assert [info.filename for info in infos] == [
        "attestations/baseline.json",
        "attestations/cross-lane-import.json",
        "attestations/dynamic-import.json",
        "attestations/swallowed-failure.json",
        "attestations/unparsable-module.json",
        "attestations/waiver.json",
        "baseline.json",
        "lane-violations.json",
        "lane-violations.md",
        "manifest.json",
        "policies/gates.toml",
        "policies/lanes.toml",
        "policies/waivers.toml",
        "proof.json",
        "report.html",
        "report.json",
        "report.junit.xml",
        "report.sarif",
    ]
    assert {(info.date_time, info.compress_type, info.external_attr >> 16) for info in infos} == {
        ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, 0o100644)
    }


def test_the_policies_and_the_baseline_are_in_it_byte_for_byte(judged: Any, raw: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for name in ("gates.toml", "lanes.toml", "waivers.toml"):
            assert archive.read(f"policies/{name}") == (judged.root / "policies" / name).read_bytes()
        assert archive.read("baseline.json") == (judged.root / ".ci/baseline.json").read_bytes()


def test_the_manifest_lists_every_other_file(raw: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        others = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}

    assert {(file["name"], file["size"], file["sha256"]) for file in told(raw, "manifest.json")["files"]} == {
        (name, len(content), hashlib.sha256(content).hexdigest()) for name, content in others.items()
    }


def test_a_statement_binds_the_commit_the_tree_the_policy_and_the_reports(judged: Any, raw: bytes) -> None:
    statement = told(raw, "attestations/swallowed-failure.json")
    predicate = statement["predicate"]

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["subject"] == [
        {"name": "commit", "digest": {"gitCommit": judged.report.commit}},
        {"name": "tree", "digest": {"gitTree": judged.report.tree}},
    ]
    assert [file["name"] for file in predicate["configuration"]] == [
        "baseline.json",
        "policies/gates.toml",
        "policies/lanes.toml",
        "policies/waivers.toml",
    ]
    assert [file["name"] for file in predicate["lukhas_gates"]["evidence"]] == [
        "lane-violations.json",
        "lane-violations.md",
        "proof.json",
        "report.html",
        "report.json",
        "report.junit.xml",
        "report.sarif",
    ]


def test_a_statement_says_what_was_examined_what_it_depends_on_and_how_it_was_proved(judged: Any, raw: bytes) -> None:
    result = judged.report.result("swallowed-failure")
    record = record_of(raw, "swallowed-failure")["lukhas_gates"]

    assert record["outcome"] == "passed"
    assert record["examined"] == {"modules": 5, "modules: parsed": 1, "modules: ruled out by a scan": 4}
    assert record["owed"] == 1
    assert record["digest"] == result.digest
    assert record["inputs"] == dict(result.inputs)
    assert record["proof"]["outcome"] == "passed"
    assert record["proof"]["planted"]["path"] == "app/__init__.py"
    assert record["proof"]["planted"]["subject"] == "gates_planted_function: Exception"


def test_a_statement_names_the_waivers_that_were_used_and_when_they_expire(raw: bytes) -> None:
    predicate = record_of(raw, "dynamic-import")

    assert predicate["result"] == "WARNED"
    assert predicate["warnedTests"] == ["dynamic-import"]
    assert predicate["lukhas_gates"]["waived"] == [
        {
            "path": "app/loader.py",
            "reason": "until plugins are registered",
            "owner": "@core",
            "ticket": "T4-1",
            "expires": "2027-01-31",
            "findings": 1,
        }
    ]


def test_a_bundle_that_was_just_made_verifies(judged: Any, tmp_path: Path) -> None:
    made = build(judged.report, judged.proof, judged.policy, tmp_path / "evidence.zip")
    found = verify(made, judged.report.commit)

    assert found.problems == ()
    assert found.exit_code == 0
    assert (found.commit, found.tree, found.dirty) == (judged.report.commit, judged.report.tree, ())
    assert {gate: result.result for gate, result in found.results.items()} == {
        "baseline": "PASSED",
        "cross-lane-import": "PASSED",
        "dynamic-import": "WARNED",
        "swallowed-failure": "PASSED",
        "unparsable-module": "PASSED",
        "waiver": "PASSED",
    }


def test_a_dirty_tree_is_refused_and_the_first_paths_are_named(clone: Any, judge: Any) -> None:
    root = clone("dirty")
    for number in range(5):
        (root / f"app/new_{number}.py").write_text("", "utf-8")

    with pytest.raises(GatesError, match=r"5 paths differ \(app/new_0.py, app/new_1.py, app/new_2.py \.\.\.\)"):
        judge(root).bundled()


def test_a_dirty_path_that_no_gate_looked_at_counts_too(clone: Any, judge: Any) -> None:
    root = clone("dirty")
    (root / "notes.txt").write_text("", "utf-8")

    with pytest.raises(GatesError, match=r"1 path differs \(notes.txt\)"):
        judge(root).bundled()


def test_a_dirty_tree_that_is_asked_for_claims_no_commit(clone: Any, judge: Any) -> None:
    root = clone("dirty")
    (root / "app/new.py").write_text("", "utf-8")
    judged = judge(root)
    raw = judged.bundled(allow_dirty=True)
    found = verify_bytes(raw)

    assert found.problems == ()
    assert (found.commit, found.tree, found.dirty) == (None, None, ("app/new.py",))
    listed = told(raw, "manifest.json")
    assert listed["commit"] is None
    assert listed["tree"] is None
    assert listed["work_tree"]["dirty"] == ["app/new.py"]
    (subject,) = told(raw, "attestations/dynamic-import.json")["subject"]
    assert list(subject["digest"]) == ["sha256"]
    assert subject["annotations"] == {"dirty": True, "paths": ["app/new.py"], "differs_from": judged.report.commit}


def test_evidence_of_a_dirty_tree_is_no_evidence_of_its_commit(clone: Any, judge: Any) -> None:
    root = clone("dirty")
    (root / "app/new.py").write_text("", "utf-8")
    judged = judge(root)
    found = verify_bytes(judged.bundled(allow_dirty=True), judged.report.commit)

    assert found.exit_code == 1
    assert "the work tree differed" in found.problems[0]
    assert "app/new.py" in found.problems[0]


def test_without_a_commit_there_is_no_evidence(judged: Any) -> None:
    lost = dataclasses.replace(judged, report=dataclasses.replace(judged.report, commit=None, tree=None))

    with pytest.raises(GatesError, match="evidence is of a git commit, and there is none"):
        lost.bundled(allow_dirty=True)


def test_without_git_there_is_no_evidence(origin: Path, tmp_path: Path, judge: Any) -> None:
    for name in ("app", "lab", "policies"):
        (tmp_path / name).mkdir()
        for file in (origin / name).glob("*.*"):
            (tmp_path / name / file.name).write_bytes(file.read_bytes())

    with pytest.raises(GatesError, match="this is no git repository, or nothing is committed in it"):
        judge(tmp_path).bundled()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"commit": "1" + "23456789" * 4 + "abcdef1"}, "the proof is not of this run: its commit is"),
        ({"today": "2026-11-21"}, "its today is 2026-11-21"),
        ({"version": "9.9"}, "its version is 9.9"),
        ({"results": ()}, "the proof leaves out cross-lane-import, dynamic-import"),
    ],
)
def test_a_proof_of_another_run_is_refused(judged: Any, change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(GatesError, match=complaint):
        dataclasses.replace(judged, proof=dataclasses.replace(judged.proof, **change)).bundled()


def test_a_run_of_some_gates_only_is_refused(judged: Any) -> None:
    some = dataclasses.replace(judged.report, results=judged.report.results[1:])

    with pytest.raises(GatesError, match="the run leaves out cross-lane-import"):
        dataclasses.replace(judged, report=some).bundled()


def test_a_policy_that_asks_nothing_is_no_evidence(judged: Any) -> None:
    idle = dataclasses.replace(judged.policy, sections=())

    with pytest.raises(GatesError, match="the policy asks no gate"):
        dataclasses.replace(judged, policy=idle).bundled()


def test_a_result_that_the_policy_does_not_ask_is_refused(judged: Any) -> None:
    fewer = dataclasses.replace(judged.policy, sections=judged.policy.sections[1:])

    with pytest.raises(GatesError, match="the run has results that the policy does not ask: cross-lane-import"):
        dataclasses.replace(judged, policy=fewer).bundled()


def test_a_policy_from_another_folder_is_refused(judged: Any) -> None:
    other = dataclasses.replace(judged.policy, folder="other")

    with pytest.raises(GatesError, match="the run was under policies, and the policy is other"):
        dataclasses.replace(judged, policy=other).bundled()


def test_a_proof_that_shows_nothing_is_refused(judged: Any) -> None:
    proof = with_result(judged.proof, "unparsable-module", findings=())

    with pytest.raises(GatesError, match="unparsable-module: its proof passed and shows no finding"):
        dataclasses.replace(judged, proof=proof).bundled()


def test_policies_outside_the_repository_are_refused(judged: Any) -> None:
    elsewhere = dataclasses.replace(
        judged,
        report=dataclasses.replace(judged.report, policies="/elsewhere"),
        proof=dataclasses.replace(judged.proof, policies="/elsewhere"),
        policy=dataclasses.replace(judged.policy, folder="/elsewhere"),
    )

    with pytest.raises(GatesError, match="outside the repository"):
        elsewhere.bundled()


def with_result(report: Report, gate: str, **change: Any) -> Report:
    def changed(result: Result) -> Result:
        return dataclasses.replace(result, **change) if result.gate == gate else result

    return dataclasses.replace(report, results=tuple(map(changed, report.results)))


@pytest.mark.parametrize(
    ("outcome", "level", "excused", "strict", "proof", "expected"),
    [
        (Outcome.PASSED, Level.BLOCK, None, False, Outcome.PASSED, "PASSED"),
        (Outcome.PASSED, Level.BLOCK, None, False, Outcome.FAILED, "WARNED"),
        (Outcome.PASSED, Level.BLOCK, None, False, Outcome.BROKEN, "WARNED"),
        (Outcome.FAILED, Level.BLOCK, None, False, Outcome.PASSED, "FAILED"),
        (Outcome.FAILED, Level.WARN, None, False, Outcome.PASSED, "WARNED"),
        (Outcome.BROKEN, Level.BLOCK, None, False, Outcome.PASSED, "FAILED"),
        (Outcome.BROKEN, Level.BLOCK, 'when_broken = "warn"', False, Outcome.PASSED, "WARNED"),
        (Outcome.BROKEN, Level.BLOCK, 'when_broken = "warn"', True, Outcome.PASSED, "FAILED"),
        (Outcome.BROKEN, Level.WARN, None, False, Outcome.PASSED, "WARNED"),
        (Outcome.VACUOUS, Level.BLOCK, None, False, Outcome.PASSED, "FAILED"),
        (Outcome.VACUOUS, Level.WARN, None, True, Outcome.PASSED, "WARNED"),
    ],
)
def test_an_outcome_becomes_a_result(
    judged: Any, outcome: Outcome, level: Level, excused: Any, strict: bool, proof: Outcome, expected: str
) -> None:
    gate = "unparsable-module"
    report = with_result(judged.report, gate, outcome=outcome, level=level, excused=excused)
    proved = with_result(judged.proof, gate, outcome=proof)
    raw = dataclasses.replace(judged, report=dataclasses.replace(report, strict=strict), proof=proved).bundled()

    assert record_of(raw, gate)["result"] == expected


@pytest.mark.parametrize("digest", ["", "pending", "sha256-pending", "0" * 64, "deadbeef" * 8, "ABC", "f" * 63])
def test_a_digest_that_stands_for_nothing_is_refused(judged: Any, digest: str) -> None:
    report = with_result(judged.report, "unparsable-module", digest=digest)

    with pytest.raises(GatesError, match="unparsable-module: cannot be attested"):
        dataclasses.replace(judged, report=report).bundled()


@pytest.mark.parametrize("digest", ["", "pending", "sha256-pending", "to be determined", "TBD"])
def test_an_input_without_a_digest_is_refused(judged: Any, digest: str) -> None:
    report = with_result(judged.report, "unparsable-module", inputs={"Syntax": digest})

    with pytest.raises(GatesError, match=r"unparsable-module: cannot be attested: lukhas_gates.inputs.Syntax is"):
        dataclasses.replace(judged, report=report).bundled()


def test_what_could_not_tell_may_lack_a_digest(judged: Any) -> None:
    report = with_result(
        judged.report, "unparsable-module", outcome=Outcome.BROKEN, digest="", examined={}, reason="no tool"
    )
    raw = dataclasses.replace(judged, report=report).bundled()

    assert "digest" not in record_of(raw, "unparsable-module")["lukhas_gates"]


def test_a_waiver_whose_ticket_is_yet_to_come_is_no_evidence(judged: Any) -> None:
    waived = judged.report.result("dynamic-import").waived
    late = tuple((finding, dataclasses.replace(waiver, ticket="TBD")) for finding, waiver in waived)

    with pytest.raises(GatesError, match=r"lukhas_gates.waived.ticket is 'TBD'"):
        dataclasses.replace(judged, report=with_result(judged.report, "dynamic-import", waived=late)).bundled()


def test_a_reason_that_mentions_where_the_repository_lies_loses_it(judged: Any) -> None:
    reason = f"no such file: {judged.root}/app/x.py"
    report = with_result(judged.report, "unparsable-module", outcome=Outcome.BROKEN, reason=reason)
    raw = dataclasses.replace(judged, report=report).bundled()

    assert record_of(raw, "unparsable-module")["lukhas_gates"]["reason"] == "no such file: app/x.py"


def test_a_name_that_is_no_utf_8_does_not_stop_it(judged: Any) -> None:
    odd = "app/\udcff.py"
    checkout = dataclasses.replace(judged.checkout, dirty=(odd,))
    raw = dataclasses.replace(judged, checkout=checkout).bundled(allow_dirty=True)

    assert verify_bytes(raw).dirty == (odd,)


def test_evidence_that_contradicts_itself_is_not_written(judged: Any, tmp_path: Path) -> None:
    ours = Renderers.ours()
    lying = dataclasses.replace(ours, json=lambda report: ours.json(report).replace('"failed"', '"passed"'))

    with pytest.raises(GatesError, match="the evidence would not verify, so it is not written"):
        build(judged.report, judged.proof, judged.policy, tmp_path / "e.zip", renderers=lying)
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_named_after_the_commit(judged: Any, tmp_path: Path) -> None:
    file = build(judged.report, judged.proof, judged.policy, folder_of(tmp_path))

    assert file == tmp_path / f".gates/evidence/evidence-{judged.report.commit[:12]}.zip"
    assert file.is_file()


def test_the_file_of_a_dirty_tree_is_named_so(clone: Any, judge: Any, tmp_path: Path) -> None:
    root = clone("dirty")
    (root / "app/new.py").write_text("", "utf-8")
    judged = judge(root)
    file = build(judged.report, judged.proof, judged.policy, tmp_path, allow_dirty=True, checkout=judged.checkout)

    assert file == tmp_path / f"evidence-{judged.report.commit[:12]}-dirty.zip"


@pytest.mark.parametrize("path", ["policies/waivers.toml", ".ci/baseline.json"])
def test_a_policy_file_that_git_ignores_is_refused(clone: Any, judge: Any, git: Any, path: str) -> None:
    root = clone("ignoring")
    git(root, "rm", "-q", "--cached", path)
    (root / ".gitignore").write_text(f"{path}\n", "utf-8")
    git(root, "add", ".gitignore")
    git(root, "commit", "-q", "-m", "ignored")

    with pytest.raises(GatesError, match=f"{path}: is ignored by git, so no commit binds it"):
        judge(root).bundled()


def test_evidence_of_a_clean_tree_leaves_the_tree_clean(clone: Any, judge: Any) -> None:
    root = clone("clean")
    judged = judge(root)
    build(judged.report, judged.proof, judged.policy, folder_of(root))

    assert Checkout.open(root).dirty == ()


# `os.fsync` is where a full disk shows itself, and where a process may be killed: after writing, before renaming.
KILLED = """
import os, signal, sys
from pathlib import Path
from gates.evidence.writing import write_whole
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
write_whole(Path(sys.argv[1]), b"new")
"""
FULL = """
import resource, signal, sys
from pathlib import Path
from gates.errors import GatesError
from gates.evidence.writing import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path(sys.argv[1]), b"new" * 1000)
except GatesError as error:
    sys.exit(str(error))
"""
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("program", [KILLED, FULL])
def test_killed_or_out_of_space_the_former_bundle_is_still_there(tmp_path: Path, program: str) -> None:
    place = tmp_path / "evidence.zip"
    place.write_bytes(b"former")
    done = subprocess.run(
        [sys.executable, "-c", program, str(place)], cwd=ROOT, check=False, stderr=subprocess.PIPE, encoding="utf-8"
    )

    assert done.returncode != 0
    assert place.read_bytes() == b"former"
    if program is FULL:
        assert f"{place}: cannot be written (File too large)" in done.stderr
        assert list(tmp_path.iterdir()) == [place]


def test_a_place_that_cannot_be_written_is_said(judged: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")

    with pytest.raises(GatesError, match=r"evidence.zip: cannot be written \("):
        build(judged.report, judged.proof, judged.policy, tmp_path / "file" / "evidence.zip")


def test_a_stand_in_for_a_reporter_is_taken_as_it_is(judged: Any) -> None:
    stand_in: Callable[[Report], str] = lambda report: f"# {report.commit}\n"  # noqa: E731
    renderers = dataclasses.replace(Renderers.ours(), lanes_markdown=stand_in)
    raw = bundled(judged.report, judged.proof, judged.policy, renderers=renderers)

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.read("lane-violations.md") == f"# {judged.report.commit}\n".encode()


def test_pages_for_people_go_along_and_are_bound_like_the_rest(judged: Any, tmp_path: Path) -> None:
    page = tmp_path / "diff-cover.html"
    page.write_text("<p>100 %</p>", "utf-8")

    bundle = build(judged.report, judged.proof, judged.policy, tmp_path / "x.zip", allow_dirty=True, attached=[page])

    with zipfile.ZipFile(bundle) as archive:
        assert archive.read("attached/diff-cover.html") == page.read_bytes()
    assert verify(bundle).exit_code == 0
    digest = hashlib.sha256(page.read_bytes()).hexdigest()
    assert digest in json.dumps(record_of(bundle.read_bytes(), "cross-lane-import"))


@pytest.mark.parametrize(
    ("names", "said"), [(["none"], "cannot be attached"), (["a/x", "b/x"], "another file of this")]
)
def test_what_cannot_be_attached_is_refused(judged: Any, tmp_path: Path, names: list[str], said: str) -> None:
    for name in ("a/x", "b/x"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name, "utf-8")

    with pytest.raises(GatesError, match=said):
        build(
            judged.report, judged.proof, judged.policy, tmp_path / "x.zip", attached=[tmp_path / name for name in names]
        )
