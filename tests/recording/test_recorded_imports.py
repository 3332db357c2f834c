"""What a recorded run saw is judged, as long as the importing file is what it was then; what is missing is said."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Optional

import pytest

from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.facts.imported import Imported
from gates.facts.recording import Importer, Recording, render
from gates.facts.store import Store
from gates.policy import Policy
from gates.proving import prove
from gates.report import Outcome, Report, Result
from gates.running import run
from tests.recording.scratch import ENVIRONMENT, PLACE, pytest_in, repository, write

LANES = "cross-lane-import"
LOADS = "dynamic-import"
TODAY = dt.date(2026, 11, 22)
BRIDGE = "import importlib\n\n\ndef load(name):\n    return importlib.import_module(name)\n"
IDEA = Imported(5, "candidate.idea", "candidate/idea.py")
TREE = {
    ".gitignore": "__pycache__/\n",
    "app/__init__.py": "",
    "app/bridge.py": BRIDGE,
    "app/other.py": "import app.bridge\n",
    "candidate/__init__.py": "",
    "candidate/idea.py": "",
    "tests/test_app.py": "from app import bridge\n\n\ndef test_it():\n    bridge.load('candidate.idea')\n",
    "pytest.ini": "[pytest]\npythonpath = .\n",
    "policies/gates.toml": (
        f'[gates.{LANES}]\n[gates.{LOADS}]\nallowed_in = ["tests/**"]\n'
        f'[facts.recorded-imports]\nfile = "{PLACE}"\nmade_by = "make recordings"\n'
    ),
    "policies/lanes.toml": (
        '[[lane]]\nname = "candidate"\npaths = ["candidate/**"]\nmay_import = ["candidate"]\n\n'
        '[[lane]]\nname = "production"\npaths = ["app/**"]\nmay_import = ["production"]\n\n'
        '[[lane]]\nname = "tools"\npaths = ["tests/**"]\nmay_import = ["tools", "production", "candidate"]\n'
    ),
}


def blob(text: str) -> str:
    content = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def recording(*ran: Imported, file: str = "app/bridge.py", text: str = BRIDGE, lacks: tuple[str, ...] = ()) -> bytes:
    return render(Recording((Importer(file, blob(text), ran),), lacks=lacks))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "repository", TREE)


def report_of(root: Path, recorded: Optional[bytes], store: Optional[Store] = None) -> Report:
    """What a run says, with this recording."""
    place = root / PLACE
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if recorded is not None:
        place.write_bytes(recorded)
    return run(Policy.load(root / "policies"), Checkout.open(root), today=TODAY, store=store)


def judged(root: Path, recorded: Optional[bytes], gate: str = LANES) -> Result:
    return report_of(root, recorded).result(gate)


def found(result: Result) -> list[tuple[str, int, str, str]]:
    return [(one.path, one.line, one.subject, one.verdict) for one in result.findings]


def sections(root: Path, text: str) -> None:
    write(root, {"policies/gates.toml": text})


# From the tests to the finding


def test_what_a_test_runs_over_is_found_where_it_was_loaded(root: Path) -> None:
    before = run(Policy.load(root / "policies"), Checkout.open(root), today=TODAY).result(LANES)

    done = pytest_in(root, "--gates-record-imports")
    after = run(Policy.load(root / "policies"), Checkout.open(root), today=TODAY).result(LANES)

    assert done.returncode == 0, done.stdout
    assert before.outcome is Outcome.BROKEN
    assert after.outcome is Outcome.FAILED
    assert ("app/bridge.py", 5, "candidate.idea", "violation") in found(after)


# What is found


def test_what_only_ran_is_found_at_its_line(root: Path) -> None:
    result = judged(root, recording(IDEA))

    (direct,) = [finding for finding in result.findings if finding.path == "app/bridge.py"]
    assert (direct.line, direct.subject, direct.verdict) == (5, "candidate.idea", "violation")
    assert direct.message == "production loaded, when it was run, candidate.idea, which is candidate"
    assert direct.trace == ("app.bridge", "candidate.idea")


def test_a_chain_goes_on_through_what_only_ran(root: Path) -> None:
    bridge = '[[lane]]\nname = "bridge"\npaths = ["app/bridge.py"]\nmay_import = ["bridge", "candidate"]\n\n'
    others = TREE["policies/lanes.toml"].replace('"production"]', '"production", "bridge"]')
    others = others.replace('["tools",', '["tools", "bridge",')
    write(root, {"policies/lanes.toml": bridge + others})

    result = judged(root, recording(IDEA))

    assert [finding.trace for finding in result.findings] == [("app.other", "app.bridge", "candidate.idea")]


def test_what_may_be_imported_is_no_finding_when_it_ran(root: Path) -> None:
    allowed = Imported(5, "app.other", "app/other.py")
    elsewhere = Imported(5, "json", None)

    result = judged(root, recording(allowed, elsewhere))

    assert (result.outcome, result.findings) == (Outcome.PASSED, ())
    assert result.examined["modules: recorded"] == 1


@pytest.mark.parametrize(
    ("may_register", "announced", "is_found"),
    [
        ('may_register = ["production", "candidate"]\n', "candidate.idea:Idea", False),
        ('may_register = ["production", "candidate"]\n', "candidate:Idea", True),  # another module than what ran
        ('may_register = ["production"]\n', "candidate.idea:Idea", True),
        ("", "candidate.idea:Idea", True),
    ],
)
def test_what_an_entry_point_announces_is_judged_there_and_not_where_it_ran(
    root: Path, may_register: str, announced: str, is_found: bool
) -> None:
    lanes = (root / "policies" / "lanes.toml").read_text("utf-8")
    lanes = lanes.replace('may_import = ["production"]\n', f'may_import = ["production"]\n{may_register}')
    lanes = lanes.replace('may_import = ["candidate"]', 'may_import = ["candidate", "production"]')
    entry = f'[project]\nname = "app"\n\n[project.entry-points."app.plugins"]\nidea = "{announced}"\n'
    write(root, {"policies/lanes.toml": lanes, "pyproject.toml": entry})

    result = judged(root, recording(IDEA))

    assert (("app/bridge.py", 5, "candidate.idea", "violation") in found(result)) is is_found


def test_what_the_text_says_too_is_found_once(root: Path) -> None:
    text = "import candidate.idea\n"
    write(root, {"app/bridge.py": text})

    result = judged(root, recording(Imported(1, "candidate.idea", "candidate/idea.py", "import"), text=text))

    assert found(result) == [("app/bridge.py", 1, "candidate.idea", "violation")]


def test_a_name_that_means_another_file_at_run_time_is_judged_by_the_file(root: Path) -> None:
    text = "import sys\nsys.path.insert(0, sys.argv[1])\nimport idea\n"
    write(root, {"app/bridge.py": text})

    result = judged(root, recording(Imported(3, "idea", "candidate/idea.py", "import"), text=text))

    assert ("app/bridge.py", 3, "candidate.idea", "violation") in found(result)


@pytest.mark.parametrize(
    ("imported", "subject"),
    [
        (Imported(5, "candidate.spread", ""), "candidate.spread"),
        (Imported(5, "candidate.unsourced", "candidate/unsourced.pyc"), "candidate.unsourced"),
        (Imported(5, "", "candidate/tool"), "candidate.tool"),
    ],
    ids=["a namespace package", "without its source", "a script without a suffix"],
)
def test_what_is_no_module_here_is_judged_by_its_name(imported: Imported, subject: str, root: Path) -> None:
    write(root, {"candidate/spread/part.py": ""})

    assert ("app/bridge.py", 5, subject, "violation") in found(judged(root, recording(imported)))


# What is stale, missing or none


def test_what_changed_since_it_ran_says_nothing_any_more_and_is_counted(root: Path) -> None:
    more = Importer("app/other.py", blob(TREE["app/other.py"]), ())
    whole = render(Recording((Importer("app/bridge.py", blob(BRIDGE), (IDEA,)), more)))
    assert judged(root, whole).outcome is Outcome.FAILED

    write(root, {"app/bridge.py": BRIDGE + "# changed\n"})
    result = judged(root, whole)

    assert (result.outcome, result.findings) == (Outcome.PASSED, ())
    assert result.examined["modules: changed since they were recorded"] == 1
    assert result.examined["modules: recorded"] == 1


def test_a_file_that_is_put_back_is_known_again(root: Path) -> None:
    write(root, {"app/bridge.py": BRIDGE + "# changed\n"})
    assert judged(root, recording(IDEA)).outcome is Outcome.BROKEN

    write(root, {"app/bridge.py": BRIDGE})

    assert judged(root, recording(IDEA)).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "does not exist"),
        (b"", "line 1: is empty"),
        (recording(IDEA)[:-9], "line 2: is no JSON, or cut off"),
        (recording(IDEA).replace(b'"schema": 1', b'"schema": 2'), "line 1: its schema is 2, and this version reads 1"),
        (recording(file="../bridge.py"), "line 2: '../bridge.py' is no path of a repository"),
        (recording(file="app/gone.py"), "speaks of no file of this repository as it is now"),
        (recording(text="else"), "speaks of no file of this repository as it is now"),
        (render(Recording(())), "speaks of no file of this repository as it is now"),
        (recording(lacks=("b", "a")), "a; b"),
    ],
    ids=["missing", "empty", "cut off", "another schema", "outside", "gone", "stale", "of nothing", "not whole"],
)
def test_what_cannot_be_judged_is_broken_and_the_remedy_is_said(content: Optional[bytes], why: str, root: Path) -> None:
    result = judged(root, content)

    assert result.outcome is Outcome.BROKEN
    assert str(result.reason).endswith(f"; {PLACE}: {why}; run `make recordings`")


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to itself"])
def test_what_is_no_file_is_broken_and_nothing_waits_for_it(kind: str, root: Path) -> None:
    place = root / PLACE
    place.parent.mkdir(parents=True)
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(place)

    result = run(Policy.load(root / "policies"), Checkout.open(root), today=TODAY).result(LANES)

    assert result.outcome is Outcome.BROKEN
    assert f"{PLACE}: cannot be read (" in str(result.reason)


def test_without_a_command_of_its_own_the_remedy_is_pytest_s(root: Path) -> None:
    sections(root, f'[gates.{LANES}]\n[facts.recorded-imports]\nfile = "{PLACE}"\n')
    assert str(judged(root, None).reason).endswith("run `pytest --gates-record-imports`")

    sections(root, f'[gates.{LANES}]\n[facts.recorded-imports]\nfile = "x.jsonl"\n')
    assert str(judged(root, None).reason).endswith("run `pytest --gates-record-imports=x.jsonl`")


def test_a_missing_recording_hides_nothing_that_is_found_without_it(root: Path) -> None:
    write(root, {"app/other.py": "import candidate.idea\n"})

    result = judged(root, None)

    assert result.outcome is Outcome.FAILED
    assert found(result) == [("app/other.py", 1, "candidate.idea", "violation")]


def test_a_recording_that_need_not_be_everywhere_is_asked_for_by_strict_alone(root: Path, tmp_path: Path) -> None:
    sections(root, TREE["policies/gates.toml"] + 'may_be_missing = "a fresh clone has none"\n')
    policy, store = Policy.load(root / "policies"), Store(tmp_path / "kept")
    why = f"{PLACE}: does not exist; run `make recordings`; it may be missing: a fresh clone has none"

    for _ in ("worked out", "kept"):  # a kept verdict answers no stricter question than the one that it was given to
        lax = run(policy, Checkout.open(root), today=TODAY, store=store, only=[LANES])
        strict = run(policy, Checkout.open(root), today=TODAY, store=store, only=[LANES], strict=True)

        assert (lax.exit_code, strict.exit_code) == (0, 3)
        assert (lax.result(LANES).outcome, lax.result(LANES).reason) == (Outcome.PASSED, f"judged without {why}")
        assert (strict.result(LANES).outcome, strict.result(LANES).reason) == (Outcome.BROKEN, why)


@pytest.mark.parametrize("content", [b"", b"nonsense", recording(IDEA, file="app/gone.py")])
def test_one_that_need_not_be_there_and_is_there_must_hold(content: bytes, root: Path) -> None:
    sections(root, TREE["policies/gates.toml"] + 'may_be_missing = "a fresh clone has none"\n')

    assert judged(root, content).outcome is Outcome.BROKEN


def test_what_is_found_blocks_whether_or_not_a_recording_may_be_missing(root: Path) -> None:
    sections(root, TREE["policies/gates.toml"] + 'may_be_missing = "a fresh clone has none"\n')
    write(root, {"app/other.py": "import candidate.idea\n"})

    assert report_of(root, None).exit_code == 1


def test_a_recording_that_is_not_whole_is_judged_as_far_as_it_goes(root: Path) -> None:
    assert judged(root, recording(IDEA, lacks=("a worker ended",))).outcome is Outcome.FAILED


def test_who_asks_for_no_recording_does_without(root: Path) -> None:
    sections(root, f"[gates.{LANES}]\n")

    for content in (recording(IDEA), None, b"nonsense"):
        result = judged(root, content)
        assert (result.outcome, result.findings) == (Outcome.PASSED, ())
        assert not [look for look in result.examined if "recorded" in look]


@pytest.mark.parametrize("file", ["../x.jsonl", "/x.jsonl", "", "a//b"])
def test_a_recording_lies_in_the_repository(file: str, root: Path) -> None:
    sections(root, f'[gates.{LANES}]\n[facts.recorded-imports]\nfile = "{file}"\n')

    with pytest.raises(PolicyError, match="must be a path below the repository's root"):
        judged(root, None)


# What is kept, and what is planted


def test_a_verdict_is_of_the_recording_that_it_was_made_from(root: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "facts.sqlite") as store:
        outcomes = [
            report_of(root, content, store).result(LANES).outcome
            for content in (recording(), recording(IDEA), None, recording(), recording(IDEA))
        ]

    assert outcomes == [Outcome.PASSED, Outcome.FAILED, Outcome.BROKEN, Outcome.PASSED, Outcome.FAILED]


def test_a_run_with_what_is_kept_says_the_same(root: Path, tmp_path: Path) -> None:
    fresh = report_of(root, recording(IDEA))
    with Store(tmp_path / "facts.sqlite") as store:
        report_of(root, recording(), store)
        first, second = (report_of(root, recording(IDEA), store) for _ in range(2))

    for report in (first, second):
        assert [dataclasses.replace(result, seconds=0) for result in report.results] == [
            dataclasses.replace(result, seconds=0) for result in fresh.results
        ]


def gates(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gates", "run"], cwd=root, env=ENVIRONMENT, check=False, capture_output=True, text=True
    )


def test_an_answer_is_not_given_again_when_the_recording_is_another_one(root: Path) -> None:
    place = root / PLACE
    sections(root, TREE["policies/gates.toml"].replace(f'[gates.{LOADS}]\nallowed_in = ["tests/**"]\n', ""))
    place.parent.mkdir(parents=True)
    codes = []
    for content in (recording(), recording(IDEA), recording(), None):
        if content is None:
            place.unlink()
        else:
            place.write_bytes(content)
        time.sleep(0.2)  # what changed a moment ago is not kept
        codes.append([gates(root).returncode for _ in range(3)])

    assert codes == [[0] * 3, [1] * 3, [0] * 3, [3] * 3]


def test_an_answer_is_given_again_while_the_recording_is_the_same(root: Path) -> None:
    place = root / PLACE
    place.parent.mkdir(parents=True)
    place.write_bytes(recording())
    time.sleep(0.2)
    gates(root)
    (answer,) = (root / ".gates" / "cache" / "replay").iterdir()
    before = answer.stat().st_mtime_ns

    gates(root)

    assert answer.stat().st_mtime_ns == before


def test_an_overlay_may_hold_a_recording(root: Path) -> None:
    policy, checkout = Policy.load(root / "policies"), Checkout.open(root)

    def outcome(laid: Optional[bytes]) -> Outcome:
        return run(policy, checkout.overlaid({PLACE: laid}), today=TODAY).result(LANES).outcome

    assert outcome(recording(IDEA)) is Outcome.FAILED
    assert outcome(recording()) is Outcome.PASSED
    assert outcome(None) is Outcome.BROKEN


def test_a_gate_can_be_shown_to_fail_with_and_without_its_recording(root: Path) -> None:
    for content in (recording(), None):
        report_of(root, content)
        proof = prove(Policy.load(root / "policies"), Checkout.open(root), today=TODAY)
        outcomes = {result.gate: result.outcome for result in proof.results}
        assert outcomes == {LANES: Outcome.PASSED, LOADS: Outcome.PASSED}


# What a recording says of loads that cannot be known

KNOWN = TREE["policies/gates.toml"].replace(f"[gates.{LOADS}]", f"[gates.{LOADS}]\nrecorded_is_known = true")
OTHER = Imported(5, "app.other", "app/other.py")
JSON = Imported(5, "json", None)


def test_an_opaque_load_stays_a_finding_unless_the_policy_says_that_what_was_recorded_is_known(root: Path) -> None:
    assert found(judged(root, recording(OTHER, JSON), LOADS))[0][:2] == ("app/bridge.py", 5)

    sections(root, KNOWN)
    result = judged(root, recording(OTHER, JSON), LOADS)

    assert (result.outcome, result.findings) == (Outcome.PASSED, ())
    assert result.examined["modules: opaque but recorded"] == 1


def test_an_opaque_load_names_what_it_was_seen_to_load(root: Path) -> None:
    (finding,) = judged(root, recording(OTHER), LOADS).findings

    assert finding.verdict == "opaque"
    assert finding.message.endswith("(it comes from parameter 'name' of load); when it was run, it loaded app.other")


@pytest.mark.parametrize("text", [TREE["policies/gates.toml"], KNOWN], ids=["by default", "recorded is known"])
def test_an_opaque_load_that_loaded_what_is_forbidden_names_it(text: str, root: Path) -> None:
    sections(root, text)

    (finding,) = judged(root, recording(OTHER, IDEA), LOADS).findings

    assert finding.verdict == "violation"
    assert finding.message == (
        f"`{finding.subject}` outside the allowed modules: "
        "when it was run, it loaded candidate.idea, which its lane may not import"
    )


@pytest.mark.parametrize(
    ("ran", "source"),
    [
        ((), BRIDGE),
        ((JSON._replace(line=4),), BRIDGE),
        ((JSON._replace(through="import"),), BRIDGE),
        ((JSON._replace(path="app/other.py", through="library"),), BRIDGE),
        ((JSON._replace(through="<C>"),), BRIDGE),
        ((Imported(5, "unknown", ""),), BRIDGE),
        ((Imported(5, "unmapped", "unmapped.py"),), BRIDGE),
        ((JSON,), BRIDGE.replace("import_module(name)", "import_module(name), importlib.import_module(name + 'x')")),
    ],
    ids=[
        "not run",
        "another line",
        "a statement on its line",
        "a library on its line",
        "something in C on its line",
        "a module without a file",
        "a module in no lane",
        "two loads on its line",
    ],
)
def test_what_does_not_answer_for_sure_leaves_a_load_opaque(ran: tuple[Imported, ...], source: str, root: Path) -> None:
    sections(root, KNOWN)
    write(root, {"app/bridge.py": source})

    findings = judged(root, recording(*ran, text=source), LOADS).findings

    assert findings
    assert {finding.line for finding in findings} == {5}


def test_a_load_in_a_file_that_changed_since_is_opaque_again(root: Path) -> None:
    sections(root, KNOWN)
    write(root, {"app/bridge.py": BRIDGE + "# changed\n"})

    assert [finding.verdict for finding in judged(root, recording(OTHER), LOADS).findings] == ["opaque"]


def test_a_load_through_a_library_is_answered_by_what_the_library_loaded(root: Path) -> None:
    text = (
        "from django.utils.module_loading import import_string\n\n\ndef load(name):\n    return import_string(name)\n"
    )
    sections(root, KNOWN)
    write(root, {"app/bridge.py": text})

    assert judged(root, recording(OTHER._replace(through="celery"), text=text), LOADS).outcome is Outcome.FAILED
    assert judged(root, recording(OTHER._replace(through="django"), text=text), LOADS).outcome is Outcome.PASSED


def test_without_lanes_nothing_is_answered(root: Path) -> None:
    sections(root, KNOWN)
    write(root, {"policies/lanes.toml": ""})

    assert [finding.verdict for finding in judged(root, recording(OTHER), LOADS).findings] == ["violation"]


def test_a_load_that_is_known_from_its_text_is_judged_by_its_text(root: Path) -> None:
    text = "import importlib\n\n\n\nimportlib.import_module('app.other')\n"
    sections(root, KNOWN)
    write(root, {"app/bridge.py": text})

    assert [finding.verdict for finding in judged(root, recording(OTHER, text=text), LOADS).findings] == ["violation"]


def test_a_waiver_of_what_only_a_recording_shows_is_idle_only_where_there_is_one(root: Path) -> None:
    sections(root, TREE["policies/gates.toml"] + 'may_be_missing = "a fresh clone has none"\n')
    waiver = f'[[waiver]]\ngate = "{LANES}"\nsubject = "candidate.idea"\nreason = "a bridge"\nowner = "@core"\n'
    write(root, {"policies/waivers.toml": f'{waiver}ticket = "T-1"\nexpires = 2027-01-31\n'})

    without, used, idle = (report_of(root, one).result("waiver") for one in (None, recording(IDEA), recording()))

    assert (without.outcome, used.outcome, idle.outcome) == (Outcome.PASSED, Outcome.PASSED, Outcome.FAILED)
    assert without.notes == (
        f"the waiver of {LANES} in any file, candidate.idea covers nothing that was found without the recording",
    )
