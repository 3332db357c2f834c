"""Every gate, present and future, is held to its duties; and a gate that cannot fail is noticed every time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import pytest

from gates import catalogue
from gates.baseline import PLACE as BASELINE_PLACE
from gates.baseline import Baseline, Debt
from gates.catalogue import Entry
from gates.errors import GatesError
from gates.facts.checkout import Checkout
from gates.facts.fact import parameters
from gates.facts.flake_recording import FlakeRecording, TestRuns, render
from gates.facts.store import Store
from gates.facts.supply.advisory_database import build
from gates.facts.supply.searched_text import made_up_token
from gates.facts.supply.tools import Tools
from gates.policy import Policy, Rule
from gates.proving import prove
from gates.report import Outcome, Report, Result
from gates.running import run

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "gates"
TODAY = dt.date(2026, 11, 22)
OWN = catalogue.own()
every_gate = pytest.mark.parametrize("entry", OWN, ids=lambda entry: entry.name)

LANES = (
    '[[lane]]\nname = "candidate"\npaths = ["candidate/**"]\nmay_import = ["candidate", "production"]\n\n'
    '[[lane]]\nname = "production"\npaths = ["runtime/**"]\nmay_import = ["production"]\n'
)


ENVIRONMENT = '[facts.bill]\nenvironment = "env"\n'
TIMINGS = '[facts.timings]\npaths = ["runtime/recall.py"]\n'


def known(**versions: str) -> dict[str, bytes]:
    """Advisories that speak of these versions, as `gates advisories import` keeps them."""
    records = (
        {
            "id": f"CVE-{name}",
            "modified": f"{TODAY}T00:00:00Z",
            "affected": [{"package": {"ecosystem": "PyPI", "name": name}, "versions": [version]}],
        }
        for name, version in versions.items()
    )
    return {f".gates/advisories/{name}": content for name, content in build(records, TODAY)[1].items()}


def environment(**versions: str) -> dict[str, str]:
    """An environment in which these are installed."""
    about = "Author: Somebody\nLicense-Expression: MIT\n"
    return {
        f"env/lib/python3/site-packages/{name}-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{about}"
        )
        for name, version in versions.items()
    }


def recorded(modules: Mapping[str, str]) -> str:
    """A recording of timings of these modules, in which nothing became slower."""
    timed = {"name": "test_recall.py::test_it", "path": "test_recall.py", "seconds": [[0.001] * 60]}
    files = {
        path: hashlib.sha1(b"blob %d\0%b" % (len(text), text.encode()), usedforsecurity=False).hexdigest()
        for path, text in modules.items()
    }
    head = {"recording": "timings", "schema": 1, "commit": None, "tree": None, "base": None, "machine": {}}
    return json.dumps({**head, "files": files, "benchmarks": [timed]})


# A service with one metric, shown by a rule; and an alert on it that was tried.
CATALOGUE = {
    "schema": 1,
    "stages": ["recall"],
    "catalogue": {
        "metrics": [
            {
                "name": "shop_asked_total",
                "kind": "counter",
                "unit": "",
                "labels": [{"name": "lane", "bound": 3}],
                "help": "Questions.",
                "most_series": 4,
            }
        ],
        "spans": [{"name": "stage.<stage>"}],
    },
}
RULES = """groups:
- name: shop
  rules:
  - alert: Asked
    expr: sum by (lane) (rate(shop_asked_total[5m])) > 1
    labels: {severity: page, owner: us}
    annotations: {runbook_url: "https://example.org/docs/asked.md"}
"""
RULE_TESTS = """rule_files: [rules.yaml]
tests:
- name: Asked fires
  input_series: [{series: shop_asked_total, values: 0+100x9}]
  alert_rule_test: [{eval_time: 9m, alertname: Asked, exp_alerts: [{exp_labels: {severity: page}}]}]
- name: Asked stays silent
  input_series: [{series: shop_asked_total, values: 0+1x9}]
  alert_rule_test: [{eval_time: 9m, alertname: Asked}]
- name: Asked, no traffic
  input_series: [{series: shop_asked_total, values: 0x9}]
  alert_rule_test: [{eval_time: 9m, alertname: Asked}]
"""
RUNBOOK = "# Asked\n" + "".join(
    f"\n## {part}\n\nSo it is.\n" for part in ("Symptom", "First look", "Causes", "Remedies", "Escalation", "Over")
)
TELEMETRY: dict[str, Union[str, bytes]] = {
    "observability/catalogue.json": json.dumps(CATALOGUE),
    "observability/rules.yaml": RULES,
    "observability/rules.tests.yaml": RULE_TESTS,
    "docs/asked.md": RUNBOOK,
}
DRIVEN = ".gates/recordings/telemetry.json"


def driven_run(files: Mapping[str, Union[str, bytes]], spans: Sequence[str] = ("stage.recall",)) -> dict[str, str]:
    """The recording of a run of these files, in which these spans were heard."""
    blobs = {path: blob_of(text) for path, text in files.items()}
    heard = {"spans": dict.fromkeys(spans, 3), "series": {"shop_asked_total": [{"lane": "fast"}]}}
    return {DRIVEN: json.dumps({"recording": "telemetry", "schema": 1, "queries": 3, "files": blobs, **heard})}


def boot(files: Mapping[str, Union[str, bytes]], state: str) -> dict[str, str]:
    """The recording of a boot of these files, in which recall ended so."""
    blobs = {path: blob_of(text) for path, text in files.items()}
    head = {"recording": "boot", "schema": 1, "discovery": "auto", "lane": "production"}
    plugin = {"plugin": "node:recall", "lane": "production", "state": state, "reason": None}
    return {".gates/recordings/boot.json": json.dumps({**head, "files": blobs, "plugins": [plugin]})}


def blob_of(text: Union[str, bytes]) -> str:
    content = text if isinstance(text, bytes) else text.encode()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


RECALL = "import json\n\n\ndef recall(cue):\n    return json.loads(cue)\n"
SERVICE = {"runtime/recall.py": RECALL}
OBSERVED = (
    '[facts.metric-uses]\nrules = ["observability/rules.yaml"]\n\n'
    '[facts.alert-rules]\nrules = ["observability/rules.yaml"]\ntests = ["observability/rules.tests.yaml"]\n'
)
PROMOTION = (
    'lanes = ["candidate", "production"]\n\n'
    '[[module]]\nname = "recall"\nlane = "production"\n'
    'paths = ["runtime/recall.py", "runtime/_*.py", "runtime/test_*.py"]\n\n'
    '[[module]]\nname = "ideas"\npaths = ["candidate/**"]\nlane = "candidate"\n'
)
VOCABULARY = '[[term]]\nname = "Zephyr"\nreplacement = "Breeze"\nreason = "there is no other wind"\n'
BUDGETS = '[[budget]]\nname = "recall"\nbenchmark = "test_recall.py::test_it"\np95 = 0.1\n'
FLAKES = ".gates/recordings/flakes.json"


def flakes_recorded(files: Mapping[str, Union[str, bytes]], **tests: TestRuns) -> bytes:
    """A recording of flakes, of the modules of a tree as they are."""
    modules = {path: text.encode() for path, text in files.items() if path.endswith(".py") and isinstance(text, str)}
    blobs = {path: hashlib.sha1(b"blob %d\0" % len(text) + text).hexdigest() for path, text in modules.items()}
    return render(FlakeRecording(files=blobs, tests=tests))


# What a gate has to be told to forbid anything.
FIELDS = {"missing-plugin": 'required = ["node:recall"]\n'}
# A repository in which every gate has something to look at and nothing to find.
TREE: dict[str, Union[str, bytes]] = {
    "runtime/__init__.py": "",
    **SERVICE,
    "candidate/__init__.py": "",
    "candidate/idea.py": "import runtime.recall\n",
    "claude.me": "# Recall\n\nCues are read in `runtime/recall.py`.\n",
    "requirements.in": "useful >= 1\n",
    "requirements.txt": f"useful==1.0 --hash=sha256:{'0' * 64}\n    # via -r requirements.in\n",
    ".github/workflows/ci.yml": (
        "name: ci\non: push\npermissions: {}\njobs:\n  test:\n    name: Test\n    runs-on: ubuntu-24.04\n"
        "    timeout-minutes: 5\n    steps:\n      - run: 'true'\n"
    ),
    "policies/gates.toml": "".join(f"[gates.{entry.name}]\n{FIELDS.get(entry.name, '')}\n" for entry in OWN)
    + ENVIRONMENT
    + TIMINGS
    + OBSERVED,
    "policies/budgets.toml": BUDGETS,
    ".gates/recordings/timings.json": recorded({"runtime/recall.py": RECALL}),
    "policies/lanes.toml": LANES,
    "policies/promotion.toml": PROMOTION,
    "policies/vocabulary.toml": VOCABULARY,
    **TELEMETRY,
    **driven_run(SERVICE),
    **boot(SERVICE, "loaded"),
    **known(canary="1.0", useful="0.9"),
    **environment(useful="1.0"),
    "runtime/test_recall.py": "from runtime.recall import recall\n\n\ndef test_it():\n    assert recall('1') == 1\n",
    ".ci/coverage_debt.json": '{"schema": 1, "files": {}}\n',
    # last, so that it is not older than what it tells of
    ".gates/recordings/coverage.json": json.dumps(
        {
            "meta": {"branch_coverage": True},
            "files": {
                "runtime/recall.py": {"executed_lines": [1, 4, 5], "missing_lines": [], "missing_branches": []},
                "runtime/test_recall.py": {"executed_lines": [1, 4, 5], "missing_lines": [], "missing_branches": []},
                "candidate/idea.py": {"executed_lines": [1], "missing_lines": [], "missing_branches": []},
            },
        }
    ),
}
TREE[FLAKES] = flakes_recorded(
    TREE, **{"runtime/test_recall.py::test_it": TestRuns("runtime/test_recall.py", 4, 110, 0, 59)}
)
# Programs without which a gate cannot tell; where one is missing, so says the gate, and there is nothing to test.
PROGRAMS = {
    "dead-link": "lychee",
    "unsafe-workflow": "zizmor",
    "leaked-secret": "kingfisher",
    "known-vulnerability": "pip-audit",
    "incomplete-bill": "cyclonedx-py",
}
# Cases that no file that git tracks may hold.
LOCK = {"requirements.txt": f"useful==1.0 --hash=sha256:{'0' * 64}\n"}
PLACED = {**SERVICE, "runtime/__init__.py": "", "runtime/test_recall.py": "", "candidate/idea.py": "idea = 1\n"}
MADE_CASES: dict[str, dict[str, dict[str, Union[str, bytes]]]] = {
    "incomplete-bill": {
        "complete": {**LOCK, **environment(useful="1.0")},
        "incomplete": {**LOCK, **environment(useful="1.0", extra="1.0")},
    },
    "known-vulnerability": {
        "clean": {**LOCK, **known(canary="1.0", useful="0.9")},
        "vulnerable": {**LOCK, **known(canary="1.0", useful="1.0")},
    },
    "missing-plugin": {
        "loaded": {**SERVICE, **boot(SERVICE, "loaded")},
        "failed": {**SERVICE, **boot(SERVICE, "failed")},
    },
    "premature-promotion": {
        "placed": {**PLACED, "lanes.toml": LANES, "policies/promotion.toml": PROMOTION},
        "of no module": {**PLACED, "runtime/stray.py": "", "lanes.toml": LANES, "policies/promotion.toml": PROMOTION},
    },
    "silent-stage": {
        "heard": {**SERVICE, **TELEMETRY, **driven_run(SERVICE)},
        "silent": {**SERVICE, **TELEMETRY, **driven_run(SERVICE, ("shop.query",))},
    },
    "leaked-secret": {
        "clean": {"settings.py": "token = read()\n"},
        "leaking": {"settings.py": f"token = '{made_up_token('a case')}'\n"},
    },
}
# How a policy forbids nothing, for gates that it is not `allowed_in = ["**"]` for.
FORBIDS_NOTHING = {
    "cross-lane-import": {"policies/lanes.toml": LANES.replace('["production"]', '["production", "candidate"]')},
    "missing-plugin": {"policies/gates.toml": "[gates.missing-plugin]\n"},
    "silent-stage": {"policies/gates.toml": "[gates.silent-stage]\nspans = []\n"},
    **{
        gate: {"policies/gates.toml": f'[gates.{gate}]\nallowed_in = ["**"]\n\n{OBSERVED}'}
        for gate in ("undefined-metric", "unproven-alert")
    },
    "retired-word": {"policies/vocabulary.toml": f'exempt_paths = ["**"]\n{VOCABULARY}'},
}


def git(folder: Path, *words: str) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    subprocess.run(["git", *words], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def write(root: Path, files: Mapping[str, Union[str, bytes]]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    write(root, TREE)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=First")
    return root


@pytest.fixture(autouse=True)
def _has_its_program(request: pytest.FixtureRequest) -> None:
    entry = getattr(request.node, "callspec", None) and request.node.callspec.params.get("entry")
    program = PROGRAMS.get(entry.name) if isinstance(entry, Entry) else None
    runs = {"repository", "tmp_path"} & set(request.fixturenames)
    if program and runs and not Tools.gather(Store(None)).places(program):
        pytest.skip(f"{program} is not installed for this Python")


class Answers(Store):
    """Keeps what programs of others said, and no verdict: they are slow, and it is the gates that are tested."""

    def __init__(self) -> None:
        super().__init__(None)
        self._said: dict[tuple[str, str], bytes] = {}

    def get(self, kind: str, keys: Sequence[str]) -> dict[str, bytes]:
        return {key: self._said[kind, key] for key in keys if (kind, key) in self._said}

    def put(self, kind: str, values: Mapping[str, bytes]) -> None:
        if kind in ("tool", "vulnerabilities", "zizmor", "bill") or kind.startswith("fact/secrets"):
            self._said.update({(kind, key): value for key, value in values.items()})


ANSWERS = Answers()


def ran(root: Path, gate: str) -> Result:
    policy, checkout = Policy.load(root / "policies"), Checkout.open(root)
    return run(policy, checkout, today=TODAY, only=[gate], store=ANSWERS).result(gate)


def proved(root: Path, gate: str, store: Optional[Store] = None) -> Report:
    return prove(Policy.load(root / "policies"), Checkout.open(root), today=TODAY, only=[gate], store=store or ANSWERS)


# Duties


@every_gate
def test_its_module_says_what_it_looks_for_why_and_what_to_do_instead(entry: Entry) -> None:
    first, blank, *rest = catalogue.explain(entry.name).splitlines()

    assert first.endswith(".")
    assert blank == ""
    assert [line for line in rest if line.startswith("Why: ")]
    assert [line for line in rest if line.startswith("Instead: ")]


@every_gate
def test_it_is_a_frozen_dataclass_that_says_what_its_fields_are(entry: Entry) -> None:
    gate = entry.load()

    assert dataclasses.is_dataclass(gate)
    assert vars(gate)["__dataclass_params__"].frozen
    assert vars(gate)["__doc__"]
    for field in dataclasses.fields(gate):
        assert f"`{field.name}" in str(vars(gate)["__doc__"]), field.name


@every_gate
def test_its_fields_leave_the_keys_of_every_gate_alone(entry: Entry) -> None:
    keys = {field.name for field in dataclasses.fields(Rule)}

    assert not keys & {field.name for field in dataclasses.fields(entry.load())}


@every_gate
def test_it_judges_at_least_one_fact_and_each_says_how_many_it_searched(entry: Entry) -> None:
    facts = parameters(entry.load().check)  # type: ignore[attr-defined]

    assert facts
    for kind in facts.values():
        assert isinstance(getattr(kind, "unit", None), str), kind
        assert hasattr(kind, "__len__"), kind
        assert hasattr(kind, "digest"), kind


@every_gate
def test_this_repository_promises_it(entry: Entry) -> None:
    assert entry.name in [section.gate for section in Policy.load(ROOT / "policies").sections]


def judged(entry: Entry, files: Path, root: Path) -> set[str]:
    """The paths at which the gate finds something, in a tree of its own."""
    shutil.copytree(files, root, symlinks=True, ignore=shutil.ignore_patterns("*.symlink", "*.submodule"))
    lanes = root / "lanes.toml"
    everything = '[[lane]]\nname = "all"\npaths = ["**"]\nmay_import = ["all"]\n'
    budgets = root / "budgets.toml"
    section = root / "gates.toml"
    vocabulary = root / "vocabulary.toml"
    write(
        root,
        {
            "policies/budgets.toml": budgets.read_text("utf-8") if budgets.is_file() else "",
            "policies/lanes.toml": lanes.read_text("utf-8") if lanes.is_file() else everything,
            "policies/vocabulary.toml": vocabulary.read_text("utf-8") if vocabulary.is_file() else VOCABULARY,
            "policies/gates.toml": section.read_text("utf-8") if section.is_file() else f"[gates.{entry.name}]\n",
        },
    )
    result = ran(root, entry.name)
    assert result.outcome in (Outcome.PASSED, Outcome.FAILED), result.reason
    return {finding.path for finding in result.findings}


@every_gate
def test_it_has_a_case_that_finds_and_one_that_does_not(entry: Entry, tmp_path: Path) -> None:
    folder = CASES / entry.name
    assert folder.is_dir() or entry.name in MADE_CASES, f"tests/gates/{entry.name}/ holds no cases"

    for name, files in MADE_CASES.get(entry.name, {}).items():
        write(
            tmp_path / "made" / name,
            {**files, "gates.toml": f"[gates.{entry.name}]\n{FIELDS.get(entry.name, '')}{ENVIRONMENT}"},
        )
    folder = tmp_path / "made" if entry.name in MADE_CASES else folder
    told = ("lanes.toml", "gates.toml")
    trees = sorted(case for case in folder.iterdir() if any((case / name).is_file() for name in told))
    if not trees:  # each file is a case
        modules = {file.name for file in folder.glob("*.py")}
        found = judged(entry, folder, tmp_path / "tree")
        assert modules & found
        assert modules - found
        return
    verdicts: set[bool] = set()
    for case in trees:
        if verdicts != {True, False}:
            verdicts.add(bool(judged(entry, case, tmp_path / case.name)))
    assert verdicts == {True, False}


# What is planted is found


@every_gate
def test_it_finds_what_is_planted_and_nothing_before(entry: Entry, repository: Path) -> None:
    assert ran(repository, entry.name).outcome is Outcome.PASSED

    report = proved(repository, entry.name)

    result = report.result(entry.name)
    assert (result.outcome, report.exit_code) == (Outcome.PASSED, 0), result.reason
    assert len(result.findings) == 1


@every_gate
def test_proving_leaves_the_tree_as_it_is(entry: Entry, repository: Path) -> None:
    before = Checkout.open(repository).digest

    proved(repository, entry.name)

    assert Checkout.open(repository).digest == before
    assert Checkout.open(repository).dirty == ()


# What cannot fail is noticed


def gutted(kind: Any) -> type:
    """The same gate with the same facts, and a check that never finds anything."""

    @functools.wraps(kind.check)
    def check(self: object, **facts: object) -> Iterator[object]:
        return iter(())

    return dataclasses.dataclass(frozen=True)(type(kind.__name__, (kind,), {"check": check, "__doc__": kind.__doc__}))


@every_gate
@pytest.mark.parametrize("kept", [False, True], ids=["nothing kept", "verdicts kept"])
def test_a_gate_that_was_gutted_is_noticed(
    entry: Entry, kept: bool, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "facts.sqlite" if kept else None) as store:
        if kept:
            assert proved(repository, entry.name, store).result(entry.name).outcome is Outcome.PASSED
        monkeypatch.setattr(f"{entry.module}.{entry.attribute}", gutted(entry.load()))

        report = proved(repository, entry.name, store)

    result = report.result(entry.name)
    assert (result.outcome, report.exit_code) == (Outcome.FAILED, 1)
    assert "cannot fail here: it stayed green" in str(result.reason)


@every_gate
def test_a_gate_that_fails_by_itself_is_no_proof(
    entry: Entry, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind: Any = entry.load()

    @functools.wraps(kind.check)
    def check(self: object, **facts: object) -> Iterator[object]:
        raise KeyError("a fault of its own")

    monkeypatch.setattr(kind, "check", check)

    result = proved(repository, entry.name).result(entry.name)

    assert result.outcome is Outcome.BROKEN
    assert "a fault of its own" in str(result.reason)


def forbidding_nothing(entry: Entry) -> dict[str, str]:
    if entry.name in FORBIDS_NOTHING:
        return FORBIDS_NOTHING[entry.name]
    assert "allowed_in" in [field.name for field in dataclasses.fields(entry.load())], "say in FORBIDS_NOTHING how"
    return {"policies/gates.toml": f'[gates.{entry.name}]\nallowed_in = ["**"]\n'}


@every_gate
def test_a_policy_that_forbids_nothing_is_noticed(entry: Entry, repository: Path) -> None:
    write(repository, forbidding_nothing(entry))

    report = proved(repository, entry.name)

    result = report.result(entry.name)
    assert (result.outcome, report.exit_code) == (Outcome.BROKEN, 3)
    assert "forbids nothing" in str(result.reason)


def waiver(gate: str, expires: dt.date) -> dict[str, str]:
    text = f'[[waiver]]\ngate = "{gate}"\npath = "**"\nreason = "r"\nowner = "o"\nticket = "t"\nexpires = {expires}\n'
    return {"policies/waivers.toml": text}


@every_gate
def test_a_waiver_that_swallows_what_is_planted_is_noticed(entry: Entry, repository: Path) -> None:
    write(repository, waiver(entry.name, TODAY))

    result = proved(repository, entry.name).result(entry.name)

    assert result.outcome is Outcome.FAILED
    assert "cannot fail here: the waiver of" in str(result.reason)


@every_gate
def test_a_waiver_that_has_expired_swallows_nothing(entry: Entry, repository: Path) -> None:
    write(repository, waiver(entry.name, TODAY - dt.timedelta(days=1)))

    assert proved(repository, entry.name).result(entry.name).outcome is Outcome.PASSED


@every_gate
def test_a_baseline_that_owes_what_is_planted_is_noticed(entry: Entry, repository: Path) -> None:
    planted = proved(repository, entry.name).result(entry.name).findings[0]
    debt = Debt(entry.name, planted.path, planted.subject, 1)
    write(repository, {BASELINE_PLACE: Baseline((debt,)).render()})

    result = proved(repository, entry.name).result(entry.name)

    assert result.outcome is Outcome.FAILED
    assert "cannot fail here: the baseline owes" in str(result.reason)


# Two gates of one name


def test_two_files_of_one_name_are_an_error_that_names_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"source/silent_stage.py": "", "service/silent_stage.py": "", "source/__init__.py": ""})
    monkeypatch.setattr(catalogue, "_CHECKS", tmp_path)

    with pytest.raises(GatesError) as refused:
        catalogue.catalogue()

    assert str(refused.value) == (
        "two gates of lukhas-gates are called 'silent-stage': "
        "gates/checks/service/silent_stage.py and gates/checks/source/silent_stage.py"
    )


# Gates of other distributions

LONG_PATH = '''"""A module's path is too long.

Why: some of us work on Windows.
Instead: find a shorter name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gates import Checkout, Finding, Globs, Modules, Plant


@dataclass(frozen=True)
class LongPath:
    """`longest`: in letters. `allowed_in`: where nobody minds."""

    longest: int = 40
    allowed_in: Globs = ()

    def check(self, modules: Modules) -> Iterator[Finding]:
        for file in modules.outside(self.allowed_in):
            if len(file.path) > self.longest:
                yield Finding(file.path, 0, f"has {len(file.path)} letters", subject="path")

    def plant(self, checkout: Checkout) -> Plant:
        path = "p" * (self.longest + 1) + ".py"
        return Plant({path: b""}, path, "path")
'''


POINT = "long-path = elsewhere.long_path:LongPath"
CALLED = "the gate 'long-path' of elsewhere-gates"


# What was once imported stays so: each test has a package of its own.
packages = map("elsewhere_{}".format, itertools.count())


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, point: str, code: str = LONG_PATH) -> str:
    """What pip leaves behind of a distribution with one entry point; the name of its package."""
    package = next(packages)
    write(
        folder,
        {
            f"{package}/__init__.py": "",
            f"{package}/long_path.py": code.replace("elsewhere.", f"{package}."),
            "elsewhere_gates-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: elsewhere-gates\nVersion: 1.0\n",
            "elsewhere_gates-1.0.dist-info/entry_points.txt": "[gates.checks]\n"
            + point.replace("elsewhere.", f"{package}."),
        },
    )
    monkeypatch.syspath_prepend(str(folder))
    return package


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site-packages"
    install(folder, monkeypatch, POINT)
    return folder


def test_a_gate_of_another_distribution_is_found_by_its_entry_point(elsewhere: Path) -> None:
    entry = catalogue.catalogue()["long-path"]

    assert (elsewhere / f"{entry.module.replace('.', '/')}.py").is_file()
    assert (entry.attribute, entry.origin) == ("LongPath", "elsewhere-gates")
    assert catalogue.explain("long-path").splitlines()[0] == "A module's path is too long."


def test_it_is_run_and_proved_like_any_other_under_its_own_section(elsewhere: Path, repository: Path) -> None:
    write(repository, {"policies/gates.toml": "[gates.long-path]\nlongest = 30\n", f"runtime/{'x' * 30}.py": ""})

    result = ran(repository, "long-path")

    assert [finding.path for finding in result.findings] == [f"runtime/{'x' * 30}.py"]
    assert result.examined == {"modules": 6}
    assert proved(repository, "long-path").result("long-path").outcome is Outcome.PASSED


def test_its_keys_are_held_to_its_own_fields(elsewhere: Path, repository: Path) -> None:
    write(repository, {"policies/gates.toml": "[gates.long-path]\nlogest = 20\n"})

    with pytest.raises(GatesError, match=r"\[gates\.long-path\] has no key 'logest'; did you mean 'longest'\?"):
        ran(repository, "long-path")


def command(repository: Path, elsewhere: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gates", *words],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": f"{elsewhere}{os.pathsep}{ROOT}", "GATES_CACHE": str(elsewhere / "cache")},
        check=False,
        capture_output=True,
        encoding="utf-8",
    )


def test_the_command_lists_runs_and_explains_it(elsewhere: Path, repository: Path) -> None:
    write(repository, {"policies/gates.toml": "[gates.long-path]\n"})

    assert "long-path" in command(repository, elsewhere, "list").stdout
    assert "some of us work on Windows" in command(repository, elsewhere, "explain", "long-path").stdout
    done = command(repository, elsewhere, "run")
    assert (done.returncode, "long-path" in done.stdout) == (0, True), done.stdout + done.stderr


def test_its_verdicts_are_not_those_of_its_code_before(elsewhere: Path) -> None:
    before = catalogue.gate_version("long-path")
    assert before == catalogue.gate_version("long-path") != catalogue.gate_version("dynamic-import")

    next(elsewhere.glob("elsewhere_*/__init__.py")).write_text("# a new version\n", "utf-8")

    assert catalogue.gate_version("long-path") != before


@pytest.mark.parametrize(
    ("point", "code", "said"),
    [
        (
            "dynamic-import = elsewhere.long_path:LongPath",
            LONG_PATH,
            "two gates are called 'dynamic-import', of lukhas-gates and of elsewhere-gates; uninstall one",
        ),
        (
            "long-path = elsewhere.long_path",
            LONG_PATH,
            "the gate 'long-path' of elsewhere-gates is 'elsewhere.long_path'; it must be module:Class",
        ),
        (
            "waiver = elsewhere.long_path:LongPath",
            LONG_PATH,
            "the gate 'waiver' of elsewhere-gates: its name is a name of ours",
        ),
        (
            "Long_Path = elsewhere.long_path:LongPath",
            LONG_PATH,
            "the gate 'Long_Path' of elsewhere-gates: its name must be small letters and digits with dashes between",
        ),
        (
            "long-path = elsewhere.long_path:ShortPath",
            LONG_PATH,
            f"{CALLED} cannot be loaded: AttributeError: module 'elsewhere.long_path' has no attribute 'ShortPath'",
        ),
        (
            POINT,
            "import elsewhere.missing\n",
            f"{CALLED} cannot be loaded: ModuleNotFoundError: No module named 'elsewhere.missing'",
        ),
        (POINT, "1 / 0\n", f"{CALLED} cannot be loaded: ZeroDivisionError: division by zero"),
        (
            POINT,
            LONG_PATH.replace("@dataclass(frozen=True)\n", ""),
            f"{CALLED}: elsewhere.long_path:LongPath is no dataclass; a gate is a frozen one",
        ),
        (
            POINT,
            LONG_PATH.replace("def plant", "def seed"),
            f"{CALLED}: elsewhere.long_path:LongPath has no plant",
        ),
        (
            POINT,
            LONG_PATH.replace("longest", "level"),
            f"{CALLED}: its field level is a key that every gate has; call it something else",
        ),
    ],
)
def test_a_gate_from_elsewhere_that_makes_no_sense_is_named_with_its_distribution(
    point: str, code: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = install(tmp_path, monkeypatch, point, code)

    with pytest.raises(GatesError) as refused:
        [entry.load() for entry in catalogue.catalogue().values()]

    assert str(refused.value).replace(package, "elsewhere") == said


def test_explaining_a_gate_that_does_not_exist_says_which_was_meant() -> None:
    with pytest.raises(GatesError, match=r"no gate is called 'dynamic_imports'; did you mean 'dynamic-import'\?"):
        catalogue.explain("dynamic_imports")


def test_settings_of_the_gates_that_are_asked_are_checked_without_the_others(tmp_path: Path) -> None:
    write(tmp_path, {"policies/gates.toml": '[gates.unparsable-module]\n\n[facts.modules]\nroots = [""]\n'})
    script = (
        "import sys; from pathlib import Path; from gates import catalogue; from gates.policy import Policy\n"
        "catalogue.active(Policy.load(Path('policies'), Path('.')))\n"
        "print(sorted(name for name in sys.modules if name.startswith('gates.checks.s')))"
    )

    asked = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert asked.stdout == "['gates.checks.source', 'gates.checks.source.unparsable_module']\n"
