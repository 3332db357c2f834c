"""Retired words that are left, each with its reason: what may be somebody else's, and what would break something."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from gates.events import ignore
from gates.facts.checkout import Checkout
from gates.facts.modules import Modules
from gates.facts.store import Store
from gates.facts.vocabulary import Vocabulary
from gates.facts.words import Words
from gates.fixes.edit import Found
from gates.fixes.words.inventory import Inventory
from gates.fixes.words.resolving import After, Lost
from gates.fixing import Mending, mend
from gates.policy import Policy
from gates.running import Run
from tests.checkout.repository import Repository

TERM = '[[term]]\nname = "{}"\nreplacement = "{}"\nreason = "there is no other"\n'
POLICY = {
    "policies/gates.toml": "[gates.retired-word]\n",
    "policies/vocabulary.toml": TERM.format("Zephyr", "Breeze")
    + TERM.format("lister", "list")
    + TERM.format("klass", "class")
    + TERM.format("jsonic", "json"),
}
FILES = {
    **POLICY,
    "pyproject.toml": "[tool.x]\nzephyr_setting = 1\n",
    "names.py": (
        "zephyr_same = breeze_same = 1\nlister = 2\nklass = 3\nzephyr_broken = 4\nzephyr_new = 5\nzephyr_field = 6\n"
        "print('{zephyr_field}'.format(zephyr_field=zephyr_field))\n"
        "def zephyr_star(): ...\ndef zephyr_made_one(): ...\ndef run_zephyr_now(): ...\n"
        "def call(kind):\n    return getattr(names, f'zephyr_made_{kind}')\n"
        "class Member:\n    zephyr_text = 1\n    def zephyr_blow(self): ...\n"
        "SHOWN = ['zephyr_text']\nKIND = ['zephyr']\n"
    ),
    "others.py": (
        "from names import *\nclass Other:\n    def breeze_blow(self): ...\n\ndef breeze_star(): ...\n"
        "def call(module, kind):\n    return getattr(module, f'run_{kind}_now')\n"
    ),
    "broken.py": "zephyr_broken = (\n",
    "keys.py": (
        "import os, re, subprocess\nfrom pathlib import Path\n\ndef keys(data, cursor):\n"
        "    new = {'zephyr_written': 1, 'zephyr_pair': 1, 'breeze_pair': 2, 'zephyr_setting': 3, 'zephyr_shown': 4}\n"
        "    data['zephyr_read'], data['zephyr_pair'], data['breeze_pair']\n"
        "    data['zephyr_setting'], data['zephyr_shown']\n"
        "    os.getenv('ZEPHYR_HOME')\n    Path('x') / 'zephyr_part'\n"
        "    cursor.execute('SELECT zephyr_row FROM winds')\n    re.compile('a Zephyr blows')\n"
        "    subprocess.run('start zephyr_service now')\n    return new\n"
    ),
    "page.ts": "import view from './zephyr_view/x'\nshow(data.zephyr_shown)  // a Zephyr\n",
    "zephyr_mod.py": "X = 1\n",
    "breeze_mod.py": "from zephyr_mod import X\n",
    "jsonic.py": "X = 1\n",
    "pkg/__init__.py": "zephyr_sub = 1\n",
    "pkg/breeze_sub.py": "X = 1\n",
    "zephyr_part/data.txt": "A line.\n",
    "zephyr_view/x.md": "A page.\n",
    "zephyr_page.ts": "show()\n",
    ".zephyr/x.md": "Dots.\n",
    "zephyr_to_breeze.py": "# Zephyrs.\n",
    "ci.yaml": "steps:\n  - run: |\n      zephyr go now\n",
    "docs.md": "What was Zephyr is Breeze.\n\n[dead](zephyr/none.md), `zephyr_read`.\n",
}  # fmt: skip

SAYS_BOTH = "what is said now stands beside it, so this may speak of the rename"
BUILT = "it may be among the names that are put together at run time"
LEFT = {
    ("names.py", "zephyr_same", "names.py has a `breeze_same` already"),
    ("names.py", "lister", "`list` is a name of Python's own"),
    ("names.py", "klass", "`class` is no name"),
    ("names.py", "zephyr_broken", "it also stands in broken.py, which does not parse"),
    ("broken.py", "zephyr_broken", "this Python cannot read the file"),
    ("names.py", "zephyr_new", "it also stands in new.py, which is not to be mended"),
    ("names.py", "zephyr_field", "it is also a field of a text, in names.py"),
    ("names.py", "zephyr_field", "it may be a value that others read, in names.py"),
    ("names.py", "zephyr_star",
     "others.py has a `breeze_star` already, and takes all names of a module with a `zephyr_star`"),
    ("names.py", "zephyr_made_one", BUILT),
    ("names.py", "run_zephyr_now", BUILT),
    ("names.py", "zephyr_made_", "who reads it is not here"),
    ("names.py", "zephyr_blow", "others.py has a member `breeze_blow` already, and one object may have both"),
    ("names.py", "zephyr_text", "it may be a value that others read, in names.py"),
    ("names.py", "zephyr", "it may be a value that others read, in names.py"),
    ("keys.py", "zephyr_written", "who reads it is not here"),
    ("keys.py", "zephyr_read", "who writes it is not here"),
    ("keys.py", "zephyr_pair", "there is a key `breeze_pair` already"),
    ("keys.py", "zephyr_setting", "somebody else's program reads it, in pyproject.toml"),
    ("pyproject.toml", "zephyr_setting", "it is a key or a value of somebody else's configuration"),
    ("keys.py", "zephyr_shown", "it also stands in page.ts, which is not to be mended"),
    ("keys.py", "ZEPHYR_HOME", "it is a variable of the environment, which is set elsewhere"),
    ("keys.py", "zephyr_part", "it may be a value that others read, in keys.py"),
    ("keys.py", "zephyr_row", "it stands in a command, a query or a pattern"),
    ("keys.py", "Zephyr", "it stands in a command, a query or a pattern"),
    ("keys.py", "zephyr_service", "it stands in a command, a query or a pattern"),
    ("page.ts", "zephyr_view", "it leads to nothing that is renamed"),
    ("page.ts", "zephyr_shown", "nothing here reads the language of this file"),
    ("page.ts", "Zephyr", "nothing here reads the language of this file"),
    ("breeze_mod.py", "zephyr_mod", "a module is called so, and keeps its name: breeze_mod.py is there already"),
    ("zephyr_mod.py", "the name zephyr_mod.py", "breeze_mod.py is there already"),
    ("jsonic.py", "the name jsonic.py", "a module json is installed, and would be hidden"),
    ("pkg/__init__.py", "zephyr_sub", "pkg.breeze_sub is a module, and would be hidden"),
    ("zephyr_part", "the name zephyr_part", "`zephyr_part` is a part of a path that keys.py puts together"),
    ("zephyr_view", "the name zephyr_view", "page.ts mentions `./zephyr_view/x`, and what that is cannot be told"),
    ("zephyr_page.ts", "the name zephyr_page.ts", "what names such a file is not read here"),
    (".zephyr", "the name .zephyr", "a program looks for it by this name"),
    ("zephyr_to_breeze.py", "the name zephyr_to_breeze.py", SAYS_BOTH),
    ("zephyr_to_breeze.py", "Zephyrs", SAYS_BOTH),
    ("ci.yaml", "zephyr", "it stands in a command, a query or a pattern"),
    ("docs.md", "Zephyr", SAYS_BOTH),
    ("docs.md", "zephyr", "it leads to nothing that is renamed"),
    ("docs.md", "zephyr_read", "who writes it is not here"),
}  # fmt: skip


def made(folder: Path, files: dict[str, str]) -> Repository:
    found = Repository(folder)
    for path, text in files.items():
        (found.root / path).parent.mkdir(parents=True, exist_ok=True)
        (found.root / path).write_text(text, "utf-8")
    found.git("add", "--all")
    found.git("commit", "--quiet", "--message=First")
    return found


def mended(root: Path) -> Mending:
    return mend(Policy.load(root / "policies"), Checkout.open(root), "retired-word")


@pytest.fixture(scope="module")
def mending(tmp_path_factory: pytest.TempPathFactory) -> Mending:
    repository = made(tmp_path_factory.mktemp("left"), FILES)
    (repository.root / "new.py").write_text("zephyr_new = 1\n", "utf-8")
    return mended(repository.root)


def test_what_is_not_certain_is_left_and_says_why(mending: Mending) -> None:
    left = set()
    for path, _, reason in mending.unmended:
        what, _, why = reason.partition(": ")
        left.add((path, what.replace("`", ""), why))

    assert {one for one in left if one[0] != "new.py"} == LEFT


def test_nothing_of_it_is_changed(mending: Mending) -> None:
    assert {edit.path for edit in mending.edits} <= {"new.py"}


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    files = {"a.py": "class Zephyr: ...\n", "b.py": "from a import Zephyr\nimport a\n"}
    root = made(tmp_path / "repository", {**POLICY, **files}).root
    checkout = Checkout.open(root)
    gatherer = Run(Policy.load(root / "policies"), checkout, dt.date.min, Store(None), ignore).gatherer()
    facts = (gatherer.get(Modules), gatherer.get(Vocabulary), gatherer.get(Words))
    return Inventory(checkout, *facts, Found(()), frozenset())


@pytest.mark.parametrize(
    ("paths", "contents", "lost"),
    [
        ({}, {"a.py": b"class Breeze: ...\n", "b.py": b"from a import Breeze\nimport a\n"}, []),
        ({}, {"a.py": b"class Breeze: ...\n"}, [Lost("b.py", 1, ("a", "Zephyr"))]),
        ({}, {"b.py": b"from a import Breeze\nimport a\n"}, [Lost("b.py", 1, ("a", "Zephyr"))]),
        ({"a.py": "c.py"}, {}, [Lost("b.py", 1, ("a",)), Lost("b.py", 2, ("a",))]),
        ({"a.py": "c.py"}, {"b.py": b"from c import Zephyr\nimport c\n"}, []),
        ({}, {"b.py": b"from a import Zephyr\n"}, [Lost("b.py", 0, ())]),
    ],
)
def test_an_import_that_would_lead_nowhere_is_seen_before_anything_is_written(
    inventory: Inventory, paths: dict[str, str], contents: dict[str, bytes], lost: list[Lost]
) -> None:
    assert sorted(After(inventory, paths, contents).lost()) == lost
