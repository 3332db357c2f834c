"""The default summariser says nothing that no source said, and forgets no source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.memory.embedding import words
from runtime.memory.record import Record
from runtime.memory.summary import Excerpts
from tests.memory.fakes import record

TEXT: st.SearchStrategy[str] = st.text(st.sampled_from("abcdefgh .!?\n記憶。"), min_size=1, max_size=120).filter(
    str.strip
)


def of(*texts: str) -> list[Record]:
    return [record(f"r{at}", text, days=at) for at, text in enumerate(texts)]


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_every_excerpt_stands_in_its_source_word_for_word(texts: list[str]) -> None:
    sources = {one.id: one for one in of(*texts)}

    for excerpt in Excerpts().excerpts(list(sources.values())):
        assert words(excerpt.sentence) == [] or " ".join(excerpt.sentence.split()) in " ".join(
            sources[excerpt.source].text.split()
        )


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_the_same_sources_in_any_order_give_the_same_text_and_never_none(texts: list[str]) -> None:
    sources = of(*texts)
    text = Excerpts().summarise(sources)

    assert text == Excerpts().summarise(sources[::-1])
    assert text.strip()


def test_each_source_is_there_by_the_sentence_that_says_most_of_what_they_share() -> None:
    sources = of(
        "The lantern was repaired. Nobody came by.",
        "It rained. The lantern was repaired again on Monday.",
        "Repaired the old lantern! Bought bread.",
    )

    assert [excerpt.sentence for excerpt in Excerpts().excerpts(sources)] == [
        "The lantern was repaired.",
        "The lantern was repaired again on Monday.",
        "Repaired the old lantern!",
    ]


def test_what_several_say_in_the_same_words_is_said_once() -> None:
    assert (
        Excerpts().summarise(of("The lantern broke.", "the LANTERN broke", "The lantern broke!"))
        == "The lantern broke."
    )


def test_terms_that_no_excerpt_holds_stand_at_the_end_so_that_they_are_still_found() -> None:
    text = Excerpts().summarise(of("The lantern was repaired. Invoice ZX8123.", "The lantern was repaired in Genoa."))

    assert text == "The lantern was repaired. The lantern was repaired in Genoa. [invoice zx8123]"


@pytest.mark.parametrize("size", [1, 10, 5_000])
def test_it_is_bounded_whatever_the_sources(size: int) -> None:
    text = Excerpts(longest=200, terms=5).summarise(of(*(f"{chr(97 + at) * 6} " * size for at in range(20))))

    assert len(text) <= 200 + 20 + 5 * 8


def test_only_the_terms_that_most_sources_hold_are_kept() -> None:
    text = Excerpts(terms=2).summarise(of("The lantern broke. Genoa, Turin.", "The lantern broke. Turin, Siena."))

    assert text == "The lantern broke. [turin genoa]"


def test_one_long_text_without_a_full_stop_is_cut() -> None:
    assert len(Excerpts(longest=100, terms=0).summarise(of("word " * 10_000))) <= 100
