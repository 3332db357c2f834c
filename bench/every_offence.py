"""A branch with an offence for every gate on a clone of django, and whether each is found: a table for people.

    python -m bench.every_offence [CLONE] [--out FOLDER]

CLONE is changed: main gets policies (`gates init`, and what they need to ask more than it proposes), the branch
`offences` gets the offences and is left checked out with its recordings and its bundle in .gates/. Advisories are
imported, of a distribution that does not exist. What needs a service, its metrics or its alerts is switched off there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.corpora import CORPORA, fetched, unpacked
from bench.words import ROOT
from gates.facts.supply.searched_text import made_up_token

DJANGO = next(corpus for corpus in CORPORA if corpus.name == "django")
PROBE = "tests/gates_probe"
LOCKED = "# by hand\n{name}=={version} --hash=sha256:" + "0" * 64 + "\n    # via -r requirements.in\n"
WORKFLOW = """name: tests
on: push
permissions: {}
jobs:
  tests:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - run: 'true'
"""
_IMPORT = "from django.utils.termcolors import colorize\n\n\n"
SPEED = _IMPORT + 'def test_it(benchmark):\n    assert "a" in benchmark(colorize, "a")\n'
TEST = _IMPORT + 'def test_it():\n    assert "a" in colorize("a")\n'
BASE = {
    "NOTES.md": "# Notes\n\n[Configuration](django/conf/__init__.py)\n",
    "claude.me": "# Django\n\nConfiguration is read in `django/conf/__init__.py`.\n",
    "requirements.in": "offence >= 1\n",
    "requirements.txt": LOCKED.format(name="offence", version="1.0"),
    ".github/workflows/tests.yml": WORKFLOW,
    f"{PROBE}/test_colorize.py": TEST,
    f"{PROBE}/speed/test_speed.py": SPEED,
}
POLICIES = {
    "policies/vocabulary.toml": '[[term]]\nname = "Zephyr"\nreplacement = "Breeze"\nreason = "one wind is enough"\n',
    "policies/promotion.toml": (
        'lanes = ["candidate", "production"]\n\n'
        '[[module]]\nname = "sites"\npaths = ["django/contrib/sites/**"]\nlane = "candidate"\n\n'
        '[[module]]\nname = "core"\npaths = ["django/**"]\nlane = "production"\n'
    ),
    "policies/lanes.toml": (
        '[[lane]]\nname = "tools"\npaths = ["docs/**", "tests/**"]\nmay_import = ["tools", "candidate", "production"]\n'
        '[[lane]]\nname = "candidate"\npaths = ["django/contrib/sites/**"]\nmay_import = ["candidate", "production"]\n'
        '[[lane]]\nname = "production"\npaths = ["django/**"]\nmay_import = ["production", "candidate"]\n'
    ),
    "policies/budgets.toml": '[[budget]]\nname = "colorize"\n'
    f'benchmark = "{PROBE}/speed/test_speed.py::test_it"\np95 = 0.1\n',
}
FACTS = f"""
[facts.diff]
base = "main"

[facts.timings]
tests = ["{PROBE}/speed"]
paths = ["django/utils/termcolors.py"]
"""
SWITCHED_ON = ("retired-word", "premature-promotion")
HEAD = 'def colorize(text="", opts=(), **kwargs):\n'
SLOWER = HEAD + "    import time\n\n    time.sleep(0.002)\n"
APPENDED = {
    "cross-lane-import": ("django/apps/config.py", "\nimport tests.urls\n"),
    "dynamic-import": (
        "django/apps/registry.py",
        "\nimport importlib\nimport os\nimportlib.import_module(os.environ['X'])\n",
    ),
    "swallowed-failure": (
        "django/http/cookie.py",
        "\n\ndef taken():\n    try:\n        open('x')\n    except Exception:\n        pass\n",
    ),
    "unparsable-module": ("django/utils/offence.py", "def (\n"),
    "empty-test": (f"{PROBE}/test_nothing.py", "def test_nothing():\n    pass\n"),
    "retired-word": ("NOTES.md", "\nZephyr\n"),
    "dead-link": ("NOTES.md", "\n[gone](gone.md)\n"),
    "stale-context": ("claude.me", "\nUsers are in `django/contrib/auth/gone.py`.\n"),
    "unlocked-dependency": ("requirements.in", "never-locked >= 1\n"),
    "leaked-secret": ("django/conf/keys.py", f"TOKEN = '{made_up_token('an offence')}'\n"),
    "unpinned-action": (".github/workflows/tests.yml", "      - uses: actions/checkout@v6\n"),
    "unsafe-workflow": (
        ".github/workflows/tests.yml",
        "  more:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make it || true\n",
    ),
    "incomplete-bill": ("requirements.txt", LOCKED.format(name="not-installed", version="1.0")),
    "uncovered-change": ("django/utils/termcolors.py", "\n\ndef reached_by_no_test(value):\n    return value\n"),
    "flaky-test": (f"{PROBE}/test_flaky.py", "import random\n\n\ndef test_it():\n    assert random.random() < 0.5\n"),
    "waiver": (
        "policies/waivers.toml",
        (
            '\n[[waiver]]\ngate = "dynamic-import"\npath = "django/**"\nreason = "it was so"\n'
            'owner = "x"\nticket = "1"\nexpires = 2020-01-01\n'
        ),
    ),
}
# Gates whose offence is no text at the end of a file, and where they must find it.
ELSEWHERE = {
    "known-vulnerability": "requirements.txt",
    "unlocked-dependency": "requirements.txt",
    "falling-coverage": "django/utils/termcolors.py",
    "broken-budget": f"{PROBE}/speed/test_speed.py",
    "premature-promotion": "django/shortcuts_of_sites.py",
    "baseline": ".ci/baseline.json",
}
_SECTION = re.compile(r'^(\[gates\.(?P<gate>[a-z-]+)\]\nlevel = )"off"', re.MULTILINE)


def run(clone: Path, *words: str, expects: tuple[int, ...] = (0,)) -> str:
    """What it printed; SystemExit where it ended otherwise than expected."""
    environment = {**os.environ, "PYTHONPATH": str(clone), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["COVERAGE_FILE"] = str(clone / ".gates" / "coverage")  # no release says that git is to ignore it
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    ended = subprocess.run(words, cwd=clone, env=environment, check=False, stdout=-1, stderr=-2, encoding="utf-8")
    if ended.returncode not in expects:
        raise SystemExit(f"{' '.join(words)}: exit {ended.returncode}\n{ended.stdout}")
    return ended.stdout


def write(clone: Path, files: Mapping[str, str]) -> None:
    """Path to text."""
    for path, text in files.items():
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text(text, "utf-8")


def commit(clone: Path, message: str) -> None:
    """Whatever stands there."""
    run(clone, "git", "add", "--all")
    run(clone, "git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "commit", "-qm", message)


def covered(clone: Path) -> None:
    """The recording of what the one real test reaches."""
    report = "--cov-report=json:.gates/recordings/coverage.json"
    run(
        clone,
        "pytest",
        "-q",
        "--import-mode=importlib",
        "-p",
        "no:cacheprovider",
        "--cov=django.utils.termcolors",
        "--cov-branch",
        report,
        f"{PROBE}/test_colorize.py",
    )


def advised(clone: Path) -> None:
    """Advisories that speak of one version of what is locked, and of one that shows that pip-audit looks."""
    with zipfile.ZipFile(clone / ".gates" / "all.zip", "w") as archive:
        for name in ("offence", "canary"):
            affected = [{"package": {"ecosystem": "PyPI", "name": name}, "versions": ["1.1"]}]
            record = {"id": f"GHSA-{name}", "modified": "2026-11-01T00:00:00Z", "affected": affected}
            archive.writestr(f"GHSA-{name}.json", json.dumps(record))
    run(clone, "gates", "advisories", "import", ".gates/all.zip")


def promised(clone: Path) -> None:
    """Main, with policies under which every gate that django can be asked about is asked."""
    run(clone, "git", "switch", "-qC", "main")
    write(clone, BASE)
    commit(clone, "What the offences are done to")
    run(clone, "gates", "init")
    write(clone, POLICIES)
    place = clone / "policies" / "gates.toml"
    text = _SECTION.sub(
        lambda found: f'{found[1]}"{"block" if found["gate"] in SWITCHED_ON else "off"}"', place.read_text("utf-8")
    )
    place.write_text(text + FACTS, "utf-8")
    advised(clone)
    covered(clone)
    run(clone, "gates", "coverage", expects=(0, 1))
    run(clone, "gates", "baseline", "--accept-new", expects=(0, 1, 3))
    commit(clone, "What is promised")


def offend(clone: Path) -> None:
    """The branch, one offence a gate, with the recordings of it."""
    run(clone, "git", "switch", "-qC", "offences")
    for path, text in APPENDED.values():
        before = (clone / path).read_text("utf-8") if (clone / path).exists() else ""
        write(clone, {path: before + text})
    colors = (clone / "django/utils/termcolors.py").read_text("utf-8")
    write(clone, {"django/utils/termcolors.py": colors.replace(HEAD, SLOWER, 1)})
    lock = (clone / "requirements.txt").read_text("utf-8")
    write(clone, {"requirements.txt": lock.replace("offence==1.0", "offence==1.1", 1)})
    run(clone, "git", "mv", "django/contrib/sites/shortcuts.py", ELSEWHERE["premature-promotion"])
    debts = json.loads((clone / ".ci/baseline.json").read_text("utf-8"))
    debts["debt"]["dynamic-imports"] = {"django/gone.py": {"importlib.import_module(gone)": 1}}
    write(clone, {".ci/baseline.json": json.dumps(debts, indent=1, sort_keys=True) + "\n"})
    commit(clone, "Offences")
    covered(clone)
    run(clone, "gates", "measure", "--base", "main", expects=(0, 1, 3))
    run(clone, "gates", "flakes", "--seconds", "60", f"{PROBE}/test_flaky.py", expects=(0, 1, 3))


def judged(clone: Path) -> Iterator[tuple[str, str, str, str]]:
    """Gate, where it was offended, what it said, and of how much more it spoke."""
    report = clone / ".gates" / "offences.json"
    words = ("--strict", "--report", f"json={report}", "--evidence", ".gates/evidence")
    run(clone, "gates", "run", *words, expects=(1,))
    places = {**{gate: path for gate, (path, _) in APPENDED.items()}, **ELSEWHERE}
    for result in json.loads(report.read_text("utf-8"))["results"]:
        gate = result["gate"]
        here = [each for each in result["findings"] if each["path"] == places.get(gate)]
        said = f"{here[0]['path']}:{here[0]['line']}: {here[0]['message']}" if here else result["reason"] or "not found"
        yield gate, result["outcome"], str(len(result["findings"])), said


def main() -> None:
    """The table; and the bundle, where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path, nargs="?", help="a clone to change; without one, the release is fetched")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="put the bundle of the branch there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-offences-") as work:
        clone = asked.clone or unpacked(fetched(DJANGO, ROOT / ".gates" / "corpora"), Path(work) / "django")
        clone = clone.resolve()
        promised(clone)
        offend(clone)
        for row in judged(clone):
            print(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |")
        if asked.out:
            asked.out.mkdir(parents=True, exist_ok=True)
            for bundle in (clone / ".gates" / "evidence").glob("*.zip"):
                shutil.copy(bundle, asked.out / f"django-{bundle.name}")


if __name__ == "__main__":
    main()
