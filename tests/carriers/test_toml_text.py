"""TOML text with the lines of its strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.facts.extractors.carriers.toml_text import Toml

_KEY = st.text(st.sampled_from("abcde-_"), min_size=1, max_size=5)
_QUOTED = st.one_of(_KEY, _KEY.map(lambda key: f'"{key}.{key}"'))
_TEXT = st.text(st.sampled_from("abc.:="), min_size=1, max_size=6)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[tuple[int, str]]]:
    """A text, and line and value of each of its strings."""
    lines: list[str] = []
    told: list[tuple[int, str]] = []
    number = 0
    for table in draw(st.lists(_QUOTED, max_size=4, unique_by=lambda key: key.strip('"'))):
        lines.append(f"[t.{table}]")
        for key in draw(st.lists(_QUOTED, max_size=4, unique_by=lambda key: key.strip('"'))):
            values = draw(st.lists(_TEXT, min_size=1, max_size=3))
            numbered = [f"{value}{number + at}x" for at, value in enumerate(values)]
            number += len(values)
            if len(numbered) == 1:
                lines.append(f'{key} = "{numbered[0]}"')
                told.append((len(lines), numbered[0]))
                continue
            lines.append(f"{key} = [  # several")
            for value in numbered:
                lines.append(f'    "{value}",')
                told.append((len(lines), value))
            lines.append("]")
    return "\n".join(lines), told


@given(documents())
def test_every_string_is_found_on_its_line(document: tuple[str, list[tuple[int, str]]]) -> None:
    text, told = document
    toml = Toml(text)

    assert sorted((toml.line_of(path, value), value) for path, value in toml.strings()) == sorted(told)


def test_of_several_tables_of_one_name_it_is_the_one_that_is_counted_to() -> None:
    toml = Toml('[[x]]\na = "b"\n[[x]]\na = "b"\n')

    assert [toml.line_of(path, value) for path, value in toml.strings()] == [2, 4]


def test_a_line_of_an_array_is_no_table() -> None:
    toml = Toml('[x]\na = [\n["b"],\n["c"]\n]\nd = "e"\n')

    assert [toml.line_of(path, value) for path, value in toml.strings()] == [3, 4, 6]


def test_a_value_that_is_spelled_otherwise_is_on_the_line_of_its_key() -> None:
    toml = Toml('[x]\nz = 1\na = "\\u0062"\n')

    assert [toml.line_of(path, value) for path, value in toml.strings()] == [3]


def test_what_is_no_toml_is_an_error_with_a_line() -> None:
    with pytest.raises(ValueError, match="line 2"):
        Toml("[x]\na = \n")
