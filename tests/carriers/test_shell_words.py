"""The commands of a shell script as words, each on its line."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gates.facts.extractors.carriers.shell_words import CLOSES, OPENS, Command, Word, commands


def text_of(word: Word) -> str:
    return "".join(part.text if part.name is None else f"<{part.name}>" for part in word.parts)


def read(text: str) -> list[list[str]]:
    return [[text_of(word) for word in one.words] for one in commands(text) if isinstance(one, Command)]


def lines(text: str) -> list[list[int]]:
    return [[word.line for word in one.words] for one in commands(text) if isinstance(one, Command)]


words = st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r")), min_size=1)


@given(words)
@example(["it's", 'a "word"', "$(no) `command` ${here}", "# nor a comment", "a;b|c&d", "two\nlines", ""])
def test_words_that_are_quoted_as_a_shell_asks_come_back_as_they_were(given_words: list[str]) -> None:
    line = " ".join(shlex.quote(word) for word in given_words)

    assert read(line) == [given_words]


@given(st.text(st.sampled_from("ab \t\n'\"\\$`(){}<>;&|#-=~*E"), max_size=60))
def test_no_text_is_too_odd_and_every_word_is_on_a_line_of_it(text: str) -> None:
    many = text.count("\n") + 1

    assert all(1 <= line <= many for command in lines(text) for line in command)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a b;c && d || e | f & g", [["a", "b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("a > out 2>&1 < in b", [["a", "b"]]),
        ("a &> out b >> more", [["a", "b"]]),
        ("a # not this\nb#this", [["a"], ["b#this"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("a 'b c' \"d $e\"f", [["a", "b c", "d <e>f"]]),
        ("a $b ${c} ${d:-e}", [["a", "<b>", "<c>", "<d>"]]),
        ("a $(b c) `d`", [["b", "c"], ["d"], ["a", "<>", "<>"]]),
        ("a $((1 + 2)) $# $@", [["a", "<>", "<>", "<>"]]),
        ("a <<< b c", [["a", "c"]]),
        ("diff <(a b) <(c)", [["diff"], ["a", "b"], ["c"]]),
        ("a 'not closed", [["a", "'not", "closed"]]),
    ],
)
def test_what_a_shell_makes_of_it(script: str, expected: list[list[str]]) -> None:
    assert read(script) == expected


def test_a_here_document_is_what_the_command_is_fed_and_none_of_the_script() -> None:
    first, second, third = commands("a <<END | b\nx\n$y\nEND\nc <<-'Z'\n\tz\n\tZ\n")

    assert first == Command((Word(first.words[0].parts, 1),), ("x\n$y\n", 2))  # type: ignore[union-attr]
    assert isinstance(second, Command)
    assert second.fed is None
    assert isinstance(third, Command)
    assert third.fed == ("z\n", 6)


def test_a_subshell_stands_between_brackets() -> None:
    found = [one if isinstance(one, str) else text_of(one.words[0]) for one in commands("a; (b; c); d")]

    assert found == ["a", OPENS, "b", "c", CLOSES, "d"]


def test_lines_are_counted_through_quotes_continuations_and_documents() -> None:
    assert lines("a \\\nb\nc 'x\ny' d\ne <<E\n1\n2\nE\nf") == [[1, 2], [3, 3, 4], [5], [9]]
