"""Which files are modules, and by which names they are imported."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.facts.extraction import Extraction
from gates.facts.files import EXECUTABLE, PLAIN, SUBMODULE, SYMLINK, File, Files
from gates.facts.modules import Modules, ModuleSettings, dotted
from gates.facts.scope import Scope
from gates.facts.store import Store


def gathered(tmp_path: Path, files: dict[str, tuple[str, int]], roots: Optional[tuple[str, ...]] = None) -> Modules:
    """Modules of files that exist only in an overlay: path to content and mode."""
    known = Files.of(File(path, f"{number:040x}", mode) for number, (path, (_, mode)) in enumerate(files.items()))
    checkout = Checkout(tmp_path, known, overlay={path: content.encode() for path, (content, _) in files.items()})
    return Modules.gather(checkout, Extraction(checkout, Store(None), "1"), ModuleSettings(roots))


def named(*paths: str, roots: tuple[str, ...] = ("",)) -> Modules:
    return Modules(tuple(File(path, "0" * 40, PLAIN) for path in sorted(paths)), roots)


def found(modules: Modules) -> dict[str, str]:
    return {name: modules.files[position].path for name, position in modules.index.items()}


def test_modules_are_files_with_a_suffix_and_executables_with_a_shebang(tmp_path: Path) -> None:
    modules = gathered(
        tmp_path,
        {
            "a.py": ("", PLAIN),
            "b.pyi": ("", PLAIN),
            "c.pyw": ("", EXECUTABLE),
            "run": ("#!/usr/bin/env python3\n", EXECUTABLE),
            "shell": ("#!/bin/sh\n# python\n", EXECUTABLE),
            "plain": ("#!/usr/bin/env python3\n", PLAIN),
            "d.txt": ("#!/usr/bin/env python3\n", EXECUTABLE),
            "link.py": ("deep/../a.py", SYMLINK),
            "out.py": ("../../x.py", SYMLINK),
            "vendor.py": ("", SUBMODULE),
        },
    )

    assert [file.path for file in modules.files] == ["a.py", "b.pyi", "c.pyw", "run"]
    assert modules.links == {"link.py": "a.py", "out.py": "../../x.py"}
    assert modules.submodules == ("vendor.py",)
    assert len(modules) == 4


@pytest.mark.parametrize(
    ("path", "root", "name"),
    [
        ("a.py", "", "a"),
        ("a/b.py", "", "a.b"),
        ("a/__init__.py", "", "a"),
        ("__init__.py", "", ""),
        ("src/a/b.py", "src", "a.b"),
        ("src/a/b.py", "", "src.a.b"),
        ("srcs/a.py", "src", ""),
        ("run", "", ""),
    ],
)
def test_a_name_is_the_path_seen_from_a_root(path: str, root: str, name: str) -> None:
    assert dotted(path, root)[0] == name


def test_a_package_wins_over_a_module_and_source_over_a_stub() -> None:
    assert found(named("a.py", "a/__init__.py", "b.py", "b.pyi", "c.pyi", "d.pyi", "d/__init__.pyi")) == {
        "a": "a/__init__.py",
        "b": "b.py",
        "c": "c.pyi",
        "d": "d/__init__.pyi",
    }


def test_an_earlier_root_wins_over_a_later_one() -> None:
    modules = named("a.py", "src/a.py", "src/b.py", roots=("src", ""))

    assert found(modules)["a"] == "src/a.py"
    assert found(modules)["b"] == "src/b.py"
    assert found(modules)["src.a"] == "src/a.py"
    assert modules.name_of("src/b.py") == "b"
    assert modules.name_of("a.py") == "a"


def test_roots_are_detected_where_the_layout_is_conventional(tmp_path: Path) -> None:
    assert gathered(tmp_path, {"src/a.py": ("", PLAIN), "lib/b.py": ("", PLAIN)}).roots == ("", "src", "lib")
    assert gathered(tmp_path, {"src/__init__.py": ("", PLAIN)}).roots == ("",)
    assert gathered(tmp_path, {"app/a.py": ("", PLAIN)}, ("app/",)).roots == ("app",)


def test_a_root_that_holds_no_module_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="roots: 'app' holds no module"):
        gathered(tmp_path, {"src/a.py": ("", PLAIN)}, ("app",))


def test_outside_and_within_narrow_what_is_looked_at() -> None:
    modules = named("a.py", "b/c.py", "b/d.py")

    assert [file.path for file in modules.outside(["b/**"])] == ["a.py"]
    assert len(list(modules.outside([]))) == 3
    assert modules.within(Scope(None)) is modules
    assert [file.path for file in modules.within(Scope(frozenset({"b/c.py", "gone.py"}))).files] == ["b/c.py"]


def test_the_digests_tell_names_from_contents() -> None:
    one = named("a.py", "b.py")
    edited = Modules((File("a.py", "1" * 40, PLAIN), one.files[1]), ("",))
    moved = named("a.py", "c.py")

    assert one.digest != edited.digest
    assert one.names_digest == edited.names_digest
    assert one.names_digest != moved.names_digest
    assert one.names_digest != named("a.py", "b.py", roots=("", "src")).names_digest
