"""For any sequence of edits, the report made with what was kept is the report made from nothing."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from pathlib import Path
from typing import Callable, Union

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gates.errors import GatesError
from gates.facts.checkout import Checkout
from gates.facts.store import Store
from gates.policy import Policy
from gates.proving import prove
from gates.report import Report
from gates.running import run
from tests.checkout.repository import Repository

TODAY = dt.date(2026, 1, 1)

PATHS = [
    "prod/__init__.py",
    "prod/a.py",
    "prod/b.py",
    "lab/x.py",
    "lab/deep/y.py",
    "shared/s.py",
    "src/lab/z.py",
    "loose.py",
    "tool",
    "lab/stub.pyi",
    "prod/pytest.ini",
    "start.sh",
]

CONTENTS = [
    "",
    "import lab.x\n",
    "import shared.s, prod.b\n",
    "from prod import a, b\n",
    "from . import b\nfrom .deep import y\n",
    "from lab.deep.y import thing\n",
    "from lab import z\n",
    "import old.stuff\n",
    '"""\nimport lab.x\n"""\nimport shared.s\n',
    "x = 1; import lab.x\n",
    'import importlib\nimportlib.import_module("lab.x")\n',
    'from importlib import import_module as load\nload("lab" + ".deep.y")\n',
    "import importlib\n\n\ndef f(name):\n    return importlib.import_module(name)\n",
    "try:\n    import lab.x\nexcept Exception:\n    pass\n",
    "import lab.x\nnot python at all\n",
    "# -*- coding: no-such-codec -*-\nimport lab.x\n",
    "#!/usr/bin/env python3\nimport lab.x\n",
    "#!/bin/sh\nimport lab.x\n",
    "import lab.x\r\nimport shared.s\r\n",
    "[pytest]\npythonpath = ../lab\naddopts = -p lab.x\n",
    "PYTHONPATH=lab/deep python -m shared.s\n",
    "import y\n",
]

LANES = [
    """
[[lane]]
name = "production"
paths = ["prod/**"]
may_import = ["production", "common"]
[[lane]]
name = "lab"
paths = ["lab/**", "src/**"]
may_import = ["lab", "common", "production"]
formerly = ["old"]
[[lane]]
name = "common"
paths = ["**"]
may_import = ["common"]
""",
    """
[[lane]]
name = "common"
paths = ["shared/**", "tool", "*.py"]
may_import = ["common", "lab"]
[[lane]]
name = "lab"
paths = ["lab/**", "prod/**", "src/**"]
may_import = ["lab"]
""",
    """
[[lane]]
name = "all"
paths = ["**"]
may_import = ["all"]
formerly = ["old", "lab"]
""",
]

GATES = [
    "[gates.cross-lane-import]\n[gates.dynamic-import]\n[gates.unparsable-module]\n[gates.swallowed-failure]\n",
    '[gates.cross-lane-import]\ntransitive = false\n[gates.dynamic-import]\nallowed_in = ["lab/**"]\n',
    '[gates.cross-lane-import]\n[gates.unparsable-module]\nlevel = "warn"\n[facts.modules]\nroots = ["", "src"]\n',
]

WAIVER = """
[[waiver]]
gate = "cross-lane-import"
path = "prod/**"
reason = "moving"
owner = "me"
ticket = "T-1"
expires = 2026-02-01
"""

Edit = Callable[[Repository], object]


def write(path: str, content: str) -> Edit:
    return lambda repository: repository.write(path, content)


def delete(path: str) -> Edit:
    return lambda repository: (repository.root / path).unlink(missing_ok=True)


def rename(old: str, new: str) -> Edit:
    def edit(repository: Repository) -> None:
        if (repository.root / old).is_file():
            repository.write(new, (repository.root / old).read_bytes())
            if old != new:
                (repository.root / old).unlink()

    return edit


def touch(path: str, seconds: int) -> Edit:
    def edit(repository: Repository) -> None:
        if (repository.root / path).is_file():
            os.utime(repository.root / path, (seconds, seconds))

    return edit


def chmod(path: str, mode: int) -> Edit:
    def edit(repository: Repository) -> None:
        if (repository.root / path).is_file():
            (repository.root / path).chmod(mode)

    return edit


def write_with_the_old_mtime(path: str, content: str) -> Edit:
    def edit(repository: Repository) -> None:
        file = repository.root / path
        if file.is_file():
            times = file.stat()
            size = times.st_size
            file.write_text(content)
            # Of one size and within one second git itself is deceived: what then happens is tested elsewhere.
            if len(content) == size:
                file.write_text(content + "\n")
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    return edit


def git(*arguments: str) -> Edit:
    return lambda repository: repository.git(*arguments)


def commit(repository: Repository) -> None:
    repository.commit()


def other_branch(repository: Repository) -> None:
    current = repository.git("rev-parse", "--abbrev-ref", "HEAD")
    repository.git("checkout", "-q", "-f", "main" if current == "side" else "side")


def policy(gates: str, lanes: str, waivers: str) -> Edit:
    def edit(repository: Repository) -> None:
        repository.write("policies/gates.toml", gates)
        repository.write("policies/lanes.toml", lanes)
        repository.write("policies/waivers.toml", waivers)

    return edit


paths, contents = st.sampled_from(PATHS), st.sampled_from(CONTENTS)
edits = st.one_of(
    st.builds(write, paths, contents),
    st.builds(delete, paths),
    st.builds(rename, paths, paths),
    st.builds(touch, paths, st.sampled_from([1, 1_000_000_000, 2_000_000_000])),
    st.builds(chmod, paths, st.sampled_from([0o644, 0o755])),
    st.builds(write_with_the_old_mtime, paths, contents),
    st.sampled_from(
        [
            git("add", "-A"),
            git("reset", "-q"),
            git("checkout", "-q", "--", "."),
            git("clean", "-fdq"),
            commit,
            other_branch,
        ]
    ),
    st.builds(policy, st.sampled_from(GATES), st.sampled_from(LANES), st.sampled_from(["", WAIVER])),
)

Answer = Union[Report, str]


def answer(repository: Repository, checkout: Checkout, store: Store, how: str) -> Answer:
    try:
        loaded = Policy.load(repository.root / "policies", repository.root)
        if how == "prove":
            return prove(loaded, checkout, today=TODAY, store=store).without_durations()
        if how == "overlay":
            checkout = checkout.overlaid({"prod/a.py": b"import lab.x\n", "lab/x.py": None})
        only = ("cross-lane-import",) if how == "only" else ()
        report = run(loaded, checkout, today=TODAY, store=store, only=only, changed=how == "changed", workers=1)
        return report.without_durations()
    except GatesError as error:
        return f"{type(error).__name__}: {error}"


def begin(folder: Path) -> Repository:
    repository = Repository(folder)
    for path, content in zip(PATHS, CONTENTS[1:]):
        repository.write(path, content)
    policy(GATES[0], LANES[0], "")(repository)
    repository.commit()
    repository.git("branch", "side")
    return repository


def compare(folder: Path, steps: list[tuple[Edit, str]]) -> list[Answer]:
    repository = begin(folder / "repository")
    seen: list[Answer] = []
    with Store(folder / "store") as kept:
        for edit, how in steps:
            edit(repository)
            checkout = repository.open()
            warm = answer(repository, checkout, kept, how)
            cold = answer(repository, checkout, Store(None), how)
            assert warm == cold
            assert answer(repository, checkout, kept, how) == cold
            seen.append(cold)
        assert kept.notes == []
    return seen


ways = st.sampled_from(["all", "all", "all", "only", "changed", "overlay", "prove"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(edits, ways), min_size=1, max_size=10))
@example([(write("prod/a.py", CONTENTS[8]), "all"), (write("prod/a.py", CONTENTS[5]), "prove"), (commit, "all")])
@example([(other_branch, "overlay"), (delete("lab/x.py"), "all"), (other_branch, "all"), (commit, "changed")])
def test_what_was_kept_changes_no_report(steps: list[tuple[Edit, str]]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        compare(folder, steps)
    finally:
        shutil.rmtree(folder)


def test_the_comparison_sees_findings_and_digests(tmp_path: Path) -> None:
    """Were every report empty, or every one an error, the test above would hold for nothing."""
    same = git("status")
    first, second, third = compare(tmp_path, [(same, "all"), (write("prod/b.py", CONTENTS[1]), "all"), (same, "all")])

    assert isinstance(first, Report)
    assert isinstance(second, Report)
    assert {result.gate: bool(result.findings) for result in first.results if result.inputs} == {
        "cross-lane-import": True,
        "dynamic-import": True,
        "unparsable-module": False,
        "swallowed-failure": False,
    }
    assert first.result("cross-lane-import").digest != second.result("cross-lane-import").digest
    assert first.result("cross-lane-import").findings != second.result("cross-lane-import").findings
    assert second == third


def test_a_checkout_of_two_branches_finds_each_ones_facts_again(tmp_path: Path) -> None:
    repository = begin(tmp_path / "repository")
    repository.git("checkout", "-q", "side")
    repository.write("prod/a.py", "import shared.s\n")
    repository.commit()
    with Store(tmp_path / "store") as kept:
        for branch in ("main", "side"):
            repository.git("checkout", "-q", branch)
            answer(repository, repository.open(), kept, "all")
        before = kept.counted()
        for branch in ("main", "side", "main"):
            repository.git("checkout", "-q", branch)
            checkout = repository.open()
            assert answer(repository, checkout, kept, "all") == answer(repository, checkout, Store(None), "all")
        assert kept.counted() == before
