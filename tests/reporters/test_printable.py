"""What must not reach a screen raw, does not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.reporters.printable import printable, source_line

DIRECTIONS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("caf\udce9", "caf\\udce9"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
    ],
)
def test_what_would_be_obeyed_or_not_seen_becomes_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


@settings(deadline=None)
@given(st.text(st.characters(categories=("L", "N", "P", "S"))))
def test_letters_numbers_and_signs_stay_as_they_are(text: str) -> None:
    drawn_as_nothing = set("\u115f\u1160\u3164\uffa0")
    # Replacement characters for objects and text are signs, and would hide that something was there.
    assert set(text) & (drawn_as_nothing | {"\ufffc", "\ufffd"}) or printable(text) == text


def test_no_control_no_surrogate_and_no_change_of_direction_is_left_of_any_character() -> None:
    every = map(chr, range(0x110000))
    left = [
        character
        for character in every
        if printable(character) == character
        and (unicodedata.category(character) in ("Cc", "Cs") or unicodedata.bidirectional(character) in DIRECTIONS)
    ]

    assert left == []


@settings(deadline=None)
@given(st.text(st.characters()))
def test_what_was_made_printable_once_stays_as_it_is(text: str) -> None:
    assert printable(printable(text)) == printable(text)


def test_a_source_line_is_shown_without_its_indentation() -> None:
    assert source_line("\t\tpart = one\ttwo\n") == "part = one  two"
