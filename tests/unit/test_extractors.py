"""Every extractor is a pure function of bytes, whatever they are: asked in this process of all that tests hold."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from gates.facts.reading import payloads

ROOT = Path(__file__).parents[2]
EXTRACTORS = sorted(
    str(path.relative_to(ROOT).with_suffix("")).replace("/", ".")
    for path in (ROOT / "gates" / "facts" / "extractors").rglob("*.py")
    if re.search(
        r"^def extract\(source: bytes\) ->|^from .* import \w+ as extract$", path.read_text("utf-8"), re.MULTILINE
    )
)
CASES = [path for path in (ROOT / "tests" / "gates").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
OWN = [
    ROOT / name for name in ("Makefile", "pyproject.toml", "README.md", "requirements.in", ".pre-commit-config.yaml")
]
OWN += [*(ROOT / ".github").rglob("*.yml"), *(ROOT / "docs").glob("*.md"), *(ROOT / ".ci").glob("[a-z]*")]
OWN += [*(ROOT / "gates" / "facts" / "extractors").rglob("*.py")]
FAMILIES = [*(ROOT / "tests").glob("*/cases/*"), *(ROOT / "tests" / "policy").glob("*valid/*")]
TESTS = [path for path in (ROOT / "tests").rglob("*.py") if path not in CASES]
SETUP = b"""\
from setuptools import setup, find_packages
NAME = "app"
setup(name=NAME, packages=find_packages("src"), package_dir={"": "src"}, scripts=["bin/app"],
      py_modules=["single"], entry_points={"console_scripts": ["app = app.main:run"], "app.plugins": "x = app.x:X"})
"""
BROKEN = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"def",
    b"[",
    b"{",
    b"- :",
    b"(" * 300,
    b"# -*- coding: none -*-\n",
    b"\xef\xbb\xbfx = 1\n",
]


def contents() -> Iterator[bytes]:
    """The cases, this repository's own files of every kind, and what is none of any kind."""
    yield from (path.read_bytes() for path in (*CASES, *OWN))
    yield from (SETUP, *BROKEN)
    for path in FAMILIES:  # several small files each, with a line between that says of which kind
        yield from re.split(rb"^(?:===|---) .*\n", path.read_bytes(), flags=re.MULTILINE)


def written_in(path: Path) -> Iterator[bytes]:
    """The texts of a test: what it writes into files, or judges."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            text = node.value.encode("utf-8", "surrogatepass") if isinstance(node.value, str) else node.value
            if len(text) > 12 and any(sign in text for sign in b"\n=("):
                yield text


TEXTS = sorted({text for path in TESTS for text in written_in(path)})


def test_there_are_some() -> None:
    assert len(EXTRACTORS) > 30
    assert len(CASES) > 500
    assert len(TEXTS) > 1000


@pytest.mark.parametrize("name", EXTRACTORS)
def test_what_it_gives_is_plain_data_and_the_same_each_time(name: str) -> None:
    module: ModuleType = importlib.import_module(name)
    found = 0
    for content in contents():
        first, second = payloads(content, (name,)), payloads(content, (name,))
        assert first == second, content[:200]
        found += bool(first[0] and msgspec.msgpack.decode(first[0]))
    for text in TEXTS:
        payloads(text, (name,))  # each says something, or says why not: nothing else is raised
    assert found, f"{module.__name__} found nothing in any case"
