"""INI text with the lines of its entries: what configparser reads, and where it stands."""

from __future__ import annotations

import configparser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.facts.extractors.carriers.ini_text import NotIni, entries

_WORD = st.text(st.sampled_from("abcXYZ019._-"), min_size=1, max_size=8)
_TEXT = st.text(st.sampled_from("abcXYZ019._-/[]=: "), max_size=20).map(str.strip)
_LINES = st.lists(_TEXT, min_size=1, max_size=4)


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines: list[str] = []
    for section in draw(st.lists(_WORD, min_size=1, max_size=4, unique=True)):
        lines.append(f"[{section}]")
        for key in draw(st.lists(_WORD, max_size=4, unique_by=str.lower)):
            first, *more = draw(_LINES)
            lines.append(f"{key}{draw(st.sampled_from([' = ', '=', ': ']))}{first}")
            lines += [f"    {line}" for line in more if line]
            lines += draw(st.lists(st.sampled_from(["", "# no entry", "; nor this"]), max_size=2))
    return "\n".join(lines)


@given(documents())
def test_it_reads_what_configparser_reads(text: str) -> None:
    parser = configparser.RawConfigParser(strict=False, default_section="\0", delimiters=("=", ":"))
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    expected = {(name, key): value.split() for name in parser.sections() for key, value in parser.items(name)}

    found = {(entry.section, entry.key): entry.value.split() for entry in entries(text)}

    assert found == expected


@given(documents())
def test_every_line_of_a_value_is_where_it_says(text: str) -> None:
    lines = text.split("\n")

    for entry in entries(text):
        assert entry.spelled in lines[entry.number - 1]
        assert all(line.text in lines[line.number - 1] for line in entry.lines)


def test_what_is_in_no_section_is_no_ini() -> None:
    with pytest.raises(NotIni, match="line 2"):
        list(entries("# fine\nwords\n"))


def test_an_entry_that_stands_there_twice_is_read_twice() -> None:
    assert [entry.value for entry in entries("[Service]\nExecStart=a\nExecStart=b\n")] == ["a", "b"]
