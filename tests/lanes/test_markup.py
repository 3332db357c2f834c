"""Markdown, reStructuredText and plain text become headings, text and code, and keep their words and their lines."""

from __future__ import annotations

import re
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.lanes.markup import Block, blocks, plain
from runtime.lanes.production.documents import Documents
from runtime.lanes.words import sentences


def read(text: str) -> list[tuple[str, str, int]]:
    return [(block.kind, block.text, block.line) for block in blocks(textwrap.dedent(text).lstrip("\n"))]


def headings(text: str) -> list[tuple[int, str]]:
    return [
        (block.level, block.text) for block in blocks(textwrap.dedent(text).lstrip("\n")) if block.kind == "heading"
    ]


def test_hashes_and_rules_make_headings() -> None:
    assert headings("# One\n\n### Three ###\n\ntext\n\nTwo\n---\n\nOne again\n=========\n") == [
        (1, "One"),
        (3, "Three"),
        (1, "Two"),
        (2, "One again"),
    ]


def test_the_level_of_a_rule_is_that_at_which_its_like_came_first() -> None:
    text = """
        =====
        Title
        =====

        Part
        ====

        Sub
        ---

        Part again
        ==========
        """

    assert headings(text) == [(1, "Title"), (2, "Part"), (3, "Sub"), (2, "Part again")]


@pytest.mark.parametrize(
    "text",
    [
        "#hash without a space",
        "one line\nand another\n---\n",
        "a rule alone:\n\n---\n\nafter it",
        "--- ---\nx",
        "    in\n---",
    ],
)
def test_what_only_looks_like_a_heading_is_none(text: str) -> None:
    assert headings(text) == []


def test_fences_and_literal_blocks_are_code_with_the_line_where_it_begins() -> None:
    text = """
        Before::

            import one

            import two

        Between.

        .. code-block:: python
            :linenos:

            import three

        ~~~ text
        # no heading
        ~~~
        After.
        """

    assert read(text) == [
        ("text", "Before:", 1),
        ("code", "import one\n\nimport two", 3),
        ("text", "Between.", 7),
        ("code", "import three", 12),
        ("code", "# no heading", 15),
        ("text", "After.", 17),
    ]


def test_a_fence_that_nobody_closes_is_code_to_the_end() -> None:
    assert read("```\nimport one\n") == [("code", "import one\n", 2)]


def test_what_only_arranges_the_page_is_left_out_and_what_is_described_is_named() -> None:
    text = """
        .. _a-label:

        .. toctree::
            :maxdepth: 2

            one
            two

        .. a comment
           of two lines

        .. function:: logout(request)

            To log out, call it.

        .. note::

            Mind the gap.
        """

    assert [(kind, text.strip()) for kind, text, _ in read(text)] == [
        ("text", "logout(request)"),
        ("text", "To log out, call it."),
        ("text", "Mind the gap."),
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (":func:`~django.contrib.auth.logout()` ends it", "`logout()` ends it"),
        (":py:class:`list` and ``tuple``", "`list` and `tuple`"),
        ("see :ref:`the part on views <views>`", "see the part on views"),
        ("`Django <https://www.djangoproject.com/>`_ it is", "Django it is"),
        ("all ``QuerySet``\\s", "all `QuerySet`s"),
        ("a: b, 10:30 and `code` stay", "a: b, 10:30 and `code` stay"),
    ],
)
def test_roles_and_links_leave_their_words(written: str, said: str) -> None:
    assert plain(written) == said


@settings(deadline=None)
@given(st.text(alphabet="ab \n#=-*|>1:\t", max_size=400))
def test_blocks_stand_in_their_order_and_no_word_is_lost(text: str) -> None:
    found = list(blocks(text))

    assert [block.line for block in found] == sorted(block.line for block in found)
    assert set(re.findall(r"\w+", text)) <= set(re.findall(r"\w+", " ".join(block.text for block in found)))


@settings(deadline=None)
@given(st.text(max_size=2000))
def test_any_text_is_read(text: str) -> None:
    assert all(isinstance(block, Block) and block.text.strip() for block in blocks(text))
    assert all(len(passage.text) < len(text) + 100 for passage in Documents(most=60).passages(text))


def test_each_piece_of_what_is_long_has_its_own_line_and_code_stays_code() -> None:
    code = "\n".join(f"call({number})" for number in range(60))
    text = f"# Top\n\nOne sentence. {'word ' * 80}\n\n```\n{code}\n```\n"

    passages = list(Documents(most=200).passages(text))

    assert all(passage.text.startswith("# Top\n\n") for passage in passages)
    assert [passage.line for passage in passages] == sorted(passage.line for passage in passages)
    inside = [passage for passage in passages if "call(" in passage.text]
    assert len(inside) > 2
    assert all(passage.text.count("```") == 2 for passage in inside)
    for passage in inside:
        first = passage.text.split("```\n")[1].split("\n")[0]
        assert text.split("\n")[passage.line - 1] == first


def test_a_heading_that_has_nothing_below_it_is_a_passage_of_its_own() -> None:
    passages = list(Documents().passages("# Top\n\n## Empty\n\n## Full\n\nText.\n\n## Last\n"))

    assert [(one.heading, one.text.split("\n")[-1]) for one in passages] == [
        ("Top", "Empty"),
        ("Top > Full", "Text."),
        ("Top", "Last"),
    ]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    passages = list(Documents().passages("one\x0c\r\n\r\n\u2028two\x1e\rthree\r\n\r\nfour"))

    assert [(passage.line, passage.text[:3]) for passage in passages] == [(1, "one")]
    assert [block.line for block in blocks("one\x0c\r\n\r\n\u2028two\x1e\rthree\r\n\r\nfour")] == [1, 3, 6]


def test_sentences_are_neither_headings_nor_code_and_a_row_of_a_table_is_read_out() -> None:
    text = "# Top > Sub\n\nSay this.\n\n```\nnot this.\n```\n\n"
    text += "| name | meaning |\n| --- | --- |\n| `a` | the first |\n\n1. one\n#. two"

    assert sentences(text) == ("Say this.", "name: meaning", "`a`: the first", "one", "two")
    assert sentences("```\nnever closed") == ()
