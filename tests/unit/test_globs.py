"""Globs over paths: what each matches, and that nothing but its wildcards is special."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.globs import any_of, glob_pattern

parts = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=6)
paths = st.lists(parts, min_size=1, max_size=4).map("/".join)
plain: st.SearchStrategy[str] = paths.filter(lambda path: not set("*?") & set(path))


def matches(glob: str, path: str) -> bool:
    return re.fullmatch(glob_pattern(glob), path) is not None


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("a.py", ["a.py"], ["b/a.py", "a.pyi", "aXpy", ""]),
        ("*", ["a", "a.py", ""], ["a/b"]),
        ("*.py", ["a.py", ".py"], ["b/a.py", "a.pyi"]),
        ("a/*", ["a/b", "a/"], ["a", "a/b/c"]),
        ("a/**", ["a/b", "a/b/c", "a/"], ["a", "ab/c"]),
        ("**", ["a", "a/b/c", ""], []),
        ("**/a.py", ["a.py", "b/a.py", "b/c/a.py"], ["ba.py", "a.py/b"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "b"]),
        ("a/**/**/b", ["a/b", "a/x/b"], ["ab"]),
        ("a**b", ["ab", "a/x/b", "axb"], ["b"]),
        ("a?c", ["abc", "a.c"], ["ac", "a/c", "abbc"]),
        ("[ab].py", ["[ab].py"], ["a.py"]),
        ("{a,b}", ["{a,b}"], ["a"]),
        ("a b/ü.py", ["a b/ü.py"], ["a b/u.py"]),
        ("a\nb*", ["a\nb", "a\nbc\nd"], ["ab"]),
        ("", [""], ["a"]),
    ],
)
def test_it_matches_just_what_it_says(glob: str, yes: list[str], no: list[str]) -> None:
    assert [path for path in yes if not matches(glob, path)] == []
    assert [path for path in no if matches(glob, path)] == []


@given(plain, paths)
def test_without_wildcards_it_is_that_very_path(glob: str, path: str) -> None:
    assert matches(glob, glob)
    assert matches(glob, path) == (glob == path)


@given(plain, paths)
def test_two_stars_at_the_end_match_whatever_lies_below_and_nothing_beside(folder: str, path: str) -> None:
    assert matches(f"{folder}/**", f"{folder}/{path}")
    assert matches(f"{folder}/**", path) == path.startswith(f"{folder}/")


@given(plain, st.lists(parts, max_size=3))
def test_two_stars_at_the_start_match_at_any_depth(name: str, folders: list[str]) -> None:
    assert matches(f"**/{name}", "/".join([*folders, name]))


@given(st.lists(paths, max_size=4), paths)
def test_several_match_what_any_of_them_matches(globs: list[str], path: str) -> None:
    assert bool(any_of(globs).fullmatch(path)) == any(matches(glob, path) for glob in globs)


def test_none_match_nothing() -> None:
    assert not any_of([]).fullmatch("")
    assert not any_of([]).fullmatch("a.py")
