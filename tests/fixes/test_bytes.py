"""What is not mended stays as it is, byte for byte, whatever the file is written in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.facts.checkout import Checkout
from tests.fixes.registered import Outcome, outcome, repository

LOAD = b'import_module("candidate.memory").Recall()'
ASKED = b'resolve("node:recall")'
KNOWN = b"from lukhas.registry import resolve\nfrom importlib import import_module, reload\n"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return repository(tmp_path_factory.mktemp("bytes") / "shop", service="").open()


def after(checkout: Checkout, content: bytes) -> Outcome:
    return outcome(checkout.overlaid({"service.py": content}))


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"\xef\xbb\xbf",
        b"#!/usr/bin/env python\n# -*- coding: latin-1 -*-\n# gr\xfc\xdfe\n",
        b"# coding: cp1252\n# \x80\n",
    ],
    ids=["plain", "byte order mark", "latin-1", "cp1252"],
)
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n\n", b"\n# the end", b"\n\t \n", b"\n\n   ", b"\n\n\t# in"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_encoding_line_ends_and_the_end_of_the_file_are_kept(
    checkout: Checkout, start: bytes, end: bytes, newline: bytes
) -> None:
    lines = KNOWN + b"reload\nx = " + LOAD + b"  # why\n\n\ny\t=\t1" + end
    content = start + lines.replace(b"\n", newline)

    assert after(checkout, content) == Outcome(content.replace(LOAD, ASKED).replace(b"import_module, ", b""), ())


def test_a_new_import_has_the_line_end_of_the_file(checkout: Checkout) -> None:
    content = b'"""Doc."""\r\n\r\nfrom importlib import import_module\r\n\r\nx = ' + LOAD + b"\r\n"

    assert after(checkout, content).after == (
        b'"""Doc."""\r\n\r\nfrom lukhas.registry import resolve\r\n\r\nx = ' + ASKED + b"\r\n"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (KNOWN.replace(b"\n", b"\r") + b"reload\rx = " + LOAD + b"\r", "libcst"),
        (b"\x0c" + KNOWN + b"reload\nx = " + LOAD + b"\n", "libcst"),
        (KNOWN + b"reload\nx = " + LOAD + b"\ndef f(:\n", "cannot be parsed"),
    ],
    ids=["carriage returns", "a form feed at the start", "no Python"],
)
def test_a_file_that_would_not_come_back_whole_is_left(checkout: Checkout, content: bytes, why: str) -> None:
    result = after(checkout, content)

    assert result.after is None
    assert result.left
    assert all(why in reason for reason in result.left)


def test_a_load_within_a_formatted_string_is_left_on_every_python(checkout: Checkout) -> None:
    content = KNOWN + b"x = reload, f\"{import_module('candidate.memory').Recall()}\"\n"

    assert after(checkout, content).after is None
    assert len(after(checkout, content).left) == 2


# A piece of code, and what becomes of it. Each is whole lines.
MENDED = [
    ('v = import_module("candidate.memory").Recall()', 'v = resolve("node:recall")'),
    ("v = import_module( 'candidate.mail' ) . Mail ( )   # kept", 'v = resolve("adapter:mail")   # kept'),
    ('v = getattr(import_module("candidate.thought"),\n            "Weigh")()', 'v = resolve("node:weigh")'),
    ('v = [import_module("candidate.memory").Recall(), __import__("candidate.mail").mail.Mail()]',
     'v = [resolve("node:recall"), resolve("adapter:mail")]'),
    ('def f():\n\tm = import_module("candidate.memory")\n\treturn m.Recall(), m.Recall(  )',
     'def f():\n\treturn resolve("node:recall"), resolve("node:recall")'),
    ('v = {"é": import_module("candidate.memory").Recall()}; w = 1 ;', 'v = {"é": resolve("node:recall")}; w = 1 ;'),
]  # fmt: skip
KEPT = [
    "",
    "   ",
    "\t# a comment \t",
    "x=1;y  =\t2",
    "# import_module('candidate.memory').Recall()",
    '"""import_module("candidate.memory").Recall()"""',
    "if x :\n  y\n  # deep\n# shallow",
    "class A ( object ) :\n\tb : int=1\n\n\t# c",
    "z = (1,\n\n   # in between\n 2 ,)",
    "a = 1 + \\\n  2",
    "ü = 'ß'",
    'v = import_module("candidate.memory").Recall("with words")',
    'v = f(import_module("candidate.memory").Recall)',
    'v = f(import_module("candidate.memory"))',
    "v = import_module(name).Recall()",
]
PIECES = st.lists(st.one_of(st.sampled_from(MENDED), st.sampled_from(KEPT).map(lambda text: (text, text))), max_size=6)


@given(PIECES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
@settings(max_examples=40)
def test_only_what_is_mended_changes_and_a_second_time_nothing_does(
    checkout: Checkout, pieces: list[tuple[str, str]], newline: str, has_end: bool, has_mark: bool
) -> None:
    def laid_out(which: int) -> bytes:
        text = "from lukhas.registry import resolve\nfrom importlib import import_module\nhanded_on(import_module)\n"
        text += "\n".join(piece[which] for piece in pieces) + ("\n" if has_end else "")
        return (b"\xef\xbb\xbf" if has_mark else b"") + text.replace("\n", newline).encode()

    before, expected = laid_out(0), laid_out(1)

    first = after(checkout, before)
    second = after(checkout, expected)

    assert (before if first.after is None else first.after) == expected
    assert second.after is None
    assert len(second.left) == len(first.left)


@given(PIECES, st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=20)
def test_with_imports_to_add_and_to_take_out_the_rest_still_stays_and_a_second_time_nothing_changes(
    checkout: Checkout, pieces: list[tuple[str, str]], newline: str
) -> None:
    head = '"""Doc."""\n\nimport os  # first\nfrom importlib import import_module  # second\n# third\n\n\n'
    before = (head + "\n".join(piece[0] for piece in pieces) + "\n").replace("\n", newline).encode()

    first = after(checkout, before)
    again = after(checkout, before if first.after is None else first.after)

    assert again.after is None
    if first.after is not None:
        text = first.after.decode()
        assert text.endswith(
            newline.join(piece[1] for piece in pieces).replace("\n", newline).replace("\r\r", "\r") + newline
        )
        assert text.startswith(f'"""Doc."""{newline}{newline}import os  # first{newline}')
        assert "# second" in text
        assert "# third" in text
