"""A package is renamed: its own tests pass before and after, former imports warn once, twice changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gates.facts.checkout import Checkout
from gates.fixes.diff import diff
from gates.fixing import Mending, carry_out, mend
from gates.policy import Policy
from tests.checkout.repository import Repository

FILES = {
    ".gitignore": "__pycache__/\n",
    "policies/gates.toml": "[gates.retired-word]\n",
    "policies/vocabulary.toml": (
        '[[term]]\nname = "Zephyr"\nreplacement = "Breeze"\nreason = "there is no other wind"\nalias_until = "2.0"\n'
    ),
    "pyproject.toml": (
        '[project]\nname = "wind"\nversion = "1.0"\n[project.scripts]\nblow = "wind.zephyr.core:run"\n'
        "[tool.zephyr]\nx = 1\n"
    ),
    "wind/__init__.py": '"""Winds, the Zephyr too."""\n\nfrom .zephyr import ZephyrNode\n\n__all__ = ["ZephyrNode"]\n',
    "wind/zephyr/__init__.py": "from .core import ZephyrNode, run_zephyr\n\n__all__ = ['ZephyrNode', 'run_zephyr']\n",
    "wind/zephyr/core.py": (
        "from __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
        "    from wind.zephyr import ZephyrNode as Other\n\nZEPHYR_MODE = 'mode of the Zephyr'\n\n\n"
        "class ZephyrNode:\n    # A Zephyr.\n    def __init__(self, zephyr_level: int = 1) -> None:\n"
        "        self.zephyr_level = zephyr_level\n\n"
        "    def zephyrs(self) -> list[ZephyrNode]:\n        return [self]\n\n\n"
        "def run_zephyr(node: 'ZephyrNode', other: Other | None = None) -> int:\n"
        "    return getattr(node, 'zephyr_level') + len(node.zephyrs())\n\n\n"
        "def run() -> str:\n    return f'{ZEPHYR_MODE}!'\n"
    ),
    "wind/gale.py": (
        "import argparse\nimport os\n\nfrom wind.zephyr.core import ZephyrNode\n\n\n"
        "class Gale:\n    def old_zephyr(self): ...\n\n\n"
        "def blow(settings):\n    name = os.environ['ZEPHYR_HOME'] if settings.get('zephyr_mode') else 'zephyr'\n"
        "    return ZephyrNode(zephyr_level=settings['zephyr_mode']), name\n"
    ),
    "wind/settings.json": '{"zephyr_mode": 3, "about": "a Zephyr"}\n',
    "docs/zephyr.md": "# Zephyr\n\n`run_zephyr` in [core](../wind/zephyr/core.py); see https://example.org/zephyr.\n",
    "README.md": "See [the Zephyr](docs/zephyr.md), not [that](https://zephyr.org).\n\n> A Zephyr, he said.\n",
    "tests/test_wind.py": (
        "import json\nfrom pathlib import Path\nfrom unittest import mock\n\nfrom wind import ZephyrNode\n"
        "from wind.zephyr.core import run, run_zephyr\nimport wind.gale\nimport wind.zephyr.core\n\n\n"
        "def test_the_zephyr():\n    assert run_zephyr(ZephyrNode(zephyr_level=2)) == 3\n"
        "    assert run().endswith('!')\n"
        "    with mock.patch('wind.zephyr.core.ZEPHYR_MODE', 'x'):\n        assert wind.zephyr.core.run() == 'x!'\n\n\n"
        "def test_the_gale(monkeypatch):\n    monkeypatch.setenv('ZEPHYR_HOME', 'there')\n"
        "    settings = json.loads(Path('wind/settings.json').read_text())\n"
        "    assert wind.gale.blow(settings)[0].zephyr_level == 3\n"
    ),
}  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path / "repository")
    for path, text in FILES.items():
        (found.root / path).parent.mkdir(parents=True, exist_ok=True)
        (found.root / path).write_text(text, "utf-8")
    found.git("add", "--all")
    found.git("commit", "--quiet", "--message=First")
    return found


def mended(root: Path) -> Mending:
    return mend(Policy.load(root / "policies"), Checkout.open(root), "retired-word")


def left(mending: Mending) -> set[tuple[str, str]]:
    return {(path, reason.partition(":")[0].strip("`")) for path, _, reason in mending.unmended}


def python(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Python keeping no byte code: it would not see an edit within one second that leaves a file's size as it was."""
    return subprocess.run(
        [sys.executable, "-B", *words],
        cwd=root,
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={"PATH": "/usr/bin:/bin"},
    )


def own_tests(root: Path) -> str:
    done = python(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "tests")
    assert done.returncode == 0, done.stdout
    return done.stdout


LEFT = {
    ("pyproject.toml", "zephyr"),  # a key of somebody else's configuration
    ("wind/gale.py", "ZEPHYR_HOME"),  # a variable of the environment
    ("wind/gale.py", "zephyr"),  # a value
    ("tests/test_wind.py", "ZEPHYR_HOME"),
}

OLD = """
import warnings
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    from wind.zephyr.core import ZephyrNode, run_zephyr
    from wind.zephyr.core import ZEPHYR_MODE
    import wind.zephyr.core
    wind.zephyr.core.run()
import wind.breeze.core as now
assert ZephyrNode is now.BreezeNode and run_zephyr is now.run_breeze
print(len(told), told[0].category.__name__, told[0].message, told[0].filename)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    assert now.ZephyrNode is now.BreezeNode and now.ZephyrNode
print(len(told), told[0].message)
"""


def test_the_package_is_renamed_whole_and_its_own_tests_pass_before_and_after(repository: Repository) -> None:
    root = repository.root
    own_tests(root)

    mending = carry_out(mended(root), Checkout.open(root))

    assert left(mending) == LEFT
    own_tests(root)
    tracked = repository.git("ls-files").split()
    assert {"wind/breeze/core.py", "wind/breeze/__init__.py", "docs/breeze.md"} <= set(tracked)
    core = (root / "wind/breeze/core.py").read_text()
    assert "class BreezeNode:" in core
    assert "'BreezeNode', other: Other" in core
    assert "getattr(node, 'breeze_level')" in core
    assert "from wind.breeze import BreezeNode as Other" in core
    assert '__all__ = ["BreezeNode"]' in (root / "wind/__init__.py").read_text()
    assert (root / "wind/settings.json").read_text() == '{"breeze_mode": 3, "about": "a Breeze"}\n'
    assert "[the Breeze](docs/breeze.md), not [that](https://zephyr.org)" in (root / "README.md").read_text()
    assert "`run_breeze` in [core](../wind/breeze/core.py)" in (root / "docs/breeze.md").read_text()
    assert 'blow = "wind.breeze.core:run"' in (root / "pyproject.toml").read_text()


def test_former_imports_work_and_warn_once(repository: Repository) -> None:
    root = repository.root
    carry_out(mended(root), Checkout.open(root))

    done = python(root, "-c", OLD)

    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "1 DeprecationWarning wind.zephyr.core is now wind.breeze.core, until release 2.0 <string>"
    assert second == "1 wind.breeze.core.ZephyrNode is now BreezeNode, until release 2.0"


def test_a_second_time_changes_nothing_and_the_gate_holds_the_aliases_to_their_release(repository: Repository) -> None:
    root = repository.root
    carry_out(mended(root), Checkout.open(root))
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message=Renamed")

    again = mended(root)

    assert (again.edits, left(again)) == ((), LEFT)
    pyproject = root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("1.0", "2.0"))
    result = mend(Policy.load(root / "policies"), Checkout.open(root), "retired-word", allow_dirty=True)
    assert result.edits == ()


def test_a_dry_run_is_a_diff_that_git_applies_to_the_same_tree(repository: Repository, tmp_path: Path) -> None:
    root = repository.root
    mending = mended(root)
    patch = diff(mending.edits)
    (tmp_path / "patch").write_bytes(patch)

    assert repository.git("status", "--porcelain") == ""
    repository.git("apply", "--check", str(tmp_path / "patch"))
    assert b"rename from wind/zephyr/core.py\nrename to wind/breeze/core.py\n" in patch
    assert b"+class BreezeNode:" in patch


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"a.py": "from elsewhere import zephyr_level\n"}, "it is also a name of elsewhere, in a.py"),
        ({"a.py": "import elsewhere\nelsewhere.f(zephyr_level=1)\n"}, "it is also a name of elsewhere, in a.py"),
        ({"a.py": "zephyr_level = breeze_level = 1\n"}, "a.py has a `breeze_level` already"),
        ({"a.py": "zephyr_level = (\n"}, "it also stands in a.py, which does not parse"),
        ({"a.py": "zephyr_level = 1\n", "policies/vocabulary.toml": 'exempt_paths = ["a.py"]\n'},
         "it also stands in a.py, which is not to be mended"),
    ],
)  # fmt: skip
def test_a_name_that_may_be_somebody_elses_is_left_everywhere(
    repository: Repository, more: dict[str, str], why: str
) -> None:
    for path, text in more.items():
        (repository.root / path).write_text(text + FILES.get(path, ""), "utf-8")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message=More")

    mending = mended(repository.root)

    assert f"`zephyr_level`: {why}" in {reason for _, _, reason in mending.unmended}
    assert not any(b"breeze_level" in edit.after for edit in mending.edits if edit.path != "a.py")


MORE = {
    "policies/gates.toml": "[gates.retired-word]\n",
    "policies/vocabulary.toml": FILES["policies/vocabulary.toml"],
    "pyproject.toml": '[project]\nname = "wind"\nversion = "1.0"\n',
    "wind/__init__.py": "",
    "wind/zephyr.py": (
        "class Zephyr: ...\n\n\ndef speed():\n    return 3\n\n\n"
        "if __name__ == '__main__':\n    print('blown', speed())\n"
    ),
    "wind/own.py": "zephyr_lost = 1\n\n\ndef __getattr__(name):\n    raise AttributeError(name)\n",
    "wind/crlf.py": "# Zephyrs\r\nzephyr_line = 1\r\n",
    "wind/mark.py": "\ufeffÄ = 'ein Zephyr'; zephyr_mark = 'the Zephyr'  # Zephyr\n",
    "wind/formatted.py": "def told(zephyr_told):\n    return f'the Zephyr at {zephyr_told!r} {zephyr_told:>{3}}'\n",
    "docs/zephyr/index.md": (
        "# The Zephyr's hour\n\n[up](#the-zephyrs-hour), [none](#a-zephyr-hour), "
        "[here](../zephyr/index.md#the-zephyrs-hour)\n"
        "\n`wind.zephyr.Zephyr`, `zephyr_told`, `ZEPHYR_NEVER_SEEN`.\n"
    ),
    "docs/other.md": "[hour](zephyr/index.md#the-zephyrs-hour) [wind](/wind/zephyr.py)\n",
    "deploy.sh": "python -m wind.zephyr  # a Zephyr\ncat docs/zephyr/index.md\n",
}


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, Mending]:
    found = Repository(tmp_path_factory.mktemp("more"))
    for path, text in MORE.items():
        found.write(path, text)
    found.git("add", "--all")
    found.git("commit", "--quiet", "--message=First")
    return found, carry_out(mended(found.root), found.open())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("wind/breeze.py", "class Breeze: ..."),
        ("wind/crlf.py", "# Breezes\r\nbreeze_line = 1\r\n"),
        ("wind/mark.py", "\ufeffÄ = 'ein Breeze'; breeze_mark = 'the Breeze'  # Breeze\n"),
        ("wind/formatted.py", "return f'the Breeze at {breeze_told!r} {breeze_told:>{3}}'"),
        ("docs/breeze/index.md", "# The Breeze's hour"),
        ("docs/breeze/index.md", "[up](#the-breezes-hour), [none](#a-zephyr-hour)"),
        ("docs/breeze/index.md", "[here](../breeze/index.md#the-breezes-hour)"),
        ("docs/breeze/index.md", "`wind.breeze.Breeze`, `breeze_told`, `BREEZE_NEVER_SEEN`"),
        ("docs/other.md", "[hour](breeze/index.md#the-breezes-hour) [wind](/wind/breeze.py)\n"),
        ("deploy.sh", "python -m wind.breeze  # a Zephyr\ncat docs/breeze/index.md\n"),
    ],
)
def test_what_leads_to_a_renamed_thing_is_mended_with_it(
    more: tuple[Repository, Mending], path: str, text: str
) -> None:
    assert text in (more[0].root / path).read_bytes().decode()


def test_no_folder_is_left_empty_and_no_name_goes_without_a_word(more: tuple[Repository, Mending]) -> None:
    repository, mending = more

    assert not (repository.root / "docs/zephyr").exists()
    assert "has a __getattr__ of its own, so its former names go at once: zephyr_lost" in {
        reason for path, _, reason in mending.unmended if path == "wind/own.py"
    }


def test_an_alias_of_a_program_still_runs_it(more: tuple[Repository, Mending]) -> None:
    done = python(more[0].root, "-W", "ignore", "-m", "wind.zephyr")

    assert (done.stdout, done.returncode) == ("blown 3\n", 0), done.stderr


def test_a_later_rename_adds_to_the_former_names_and_keeps_those_there_are(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    for path, text in {**MORE, "wind/more.py": "class Zephyr2: ...\nclass Storm: ...\n"}.items():
        repository.write(path, text)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message=First")
    carry_out(mended(repository.root), repository.open())
    policy = "".join(
        f'[[term]]\nname = "{name}"\nreplacement = "{new}"\nreason = "x"\nalias_until = "3.0"\n'
        for name, new in (("Breeze", "Draught"), ("Storm", "Gust"))
    )
    repository.write("policies/vocabulary.toml", policy)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message=Second")

    carry_out(mended(repository.root), repository.open())

    said = (
        "from wind.more import Zephyr2, Breeze2, Storm; from wind.breeze import Zephyr; from wind.zephyr import Zephyr"
    )
    done = python(
        repository.root, "-W", "ignore", "-c", f"{said}; print(Zephyr2.__name__, Storm.__name__, Zephyr.__name__)"
    )
    assert done.stdout == "Draught2 Gust Draught\n", done.stderr
