"""The distribution holds both halves and the command, and neither tests nor policies."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest

import gates

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = place.glob("*.whl")
    with zipfile.ZipFile(built) as opened:
        yield opened


def read(wheel: zipfile.ZipFile, name: str) -> str:
    (path,) = (each for each in wheel.namelist() if each.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode("utf-8")


def test_a_wheel_holds_gates_and_runtime_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert {"gates/__main__.py", "runtime/__init__.py"} <= set(wheel.namelist())
    assert {top for top in tops if not top.endswith(".dist-info")} == {"gates", "runtime"}


def test_the_command_is_called_gates(wheel: zipfile.ZipFile) -> None:
    assert "gates = gates.__main__:main" in read(wheel, "entry_points.txt")


def test_the_version_is_the_one_that_reports_name(wheel: zipfile.ZipFile) -> None:
    assert Parser().parsestr(read(wheel, "METADATA"))["Version"] == gates.__version__


def test_installing_it_needs_the_seven_dependencies_and_no_more(wheel: zipfile.ZipFile) -> None:
    needed = Parser().parsestr(read(wheel, "METADATA")).get_all("Requires-Dist", [])

    always = sorted(line for line in needed if "extra ==" not in line)
    names = ["click", "markdown-it-py", "msgspec", "packaging", "pyyaml", "rich", "tomli"]
    assert [line.split(">")[0] for line in always] == names
