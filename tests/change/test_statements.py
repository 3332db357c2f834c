"""A statement is known by what it says and by the function that it stands in, not by its lines or its looks."""

from __future__ import annotations

import ast
import textwrap

from hypothesis import given, settings
from hypothesis import strategies as st

from gates.facts.extractors.pragmas import extract as extract_pragmas
from gates.facts.extractors.statements import Code, Pragma, extract


def code(source: str) -> Code:
    plain = extract(textwrap.dedent(source).encode())
    assert isinstance(plain, tuple)
    return Code.of(plain)


def keys(source: str) -> list[str]:
    return sorted(statement.key for statement in code(source).statements)


def test_a_compound_statement_has_the_lines_of_its_header_alone() -> None:
    found = code("""\
        @cached(
            size=3,
        )
        def recall(
            cue,
        ):
            if cue:
                return (
                    1
                )
            try:
                pass
            except ValueError:
                raise
        """)

    lines = [(statement.first, statement.last) for statement in found.statements]
    assert lines == [(1, 3), (4, 6), (7, 7), (8, 10), (11, 11), (12, 12), (13, 13), (14, 14)]
    assert [(function.name, function.first, function.last) for function in found.functions] == [("recall", 7, 14)]


def test_docstrings_and_dots_are_no_statements() -> None:
    assert code('"""A module."""\n\nclass A:\n    """A class."""\n    ...\n').statements[0].first == 3
    assert len(code('"""A module."""\n\nclass A:\n    """A class."""\n    ...\n').statements) == 1


def test_the_same_words_in_another_function_are_another_statement() -> None:
    one, other = (code(f"def {name}():\n    return None\n").statements[1].key for name in ("recall", "fold"))

    assert one != other


def test_what_can_go_two_ways_on_one_line_is_named() -> None:
    found = code("""\
        a = 1 if b else 2
        c = lambda: 1
        d = a and b
        e = [x for x in d if x]
        if a: b = 1
        f = [x for x in d]
        """)

    ways = [statement.alternatives for statement in found.statements]
    assert ways == [
        *[("conditional expression",), ("lambda",), ("and/or",), ("filter of a comprehension",)],
        *[("one-line block",), (), ()],
    ]


def test_a_pragma_is_found_with_its_words_and_its_function() -> None:
    source = (
        "def recall():  # pragma: no cover - only on Windows, until 2027-01-31\n    pass\nx = 1  # PRAGMA: NO BRANCH\n"
    )

    assert code(source).pragmas == (
        Pragma(1, "recall", "- only on Windows, until 2027-01-31", "cover"),
        Pragma(3, "", "", "branch"),
    )
    assert extract_pragmas(source.encode()) == ((1, "- only on Windows, until 2027-01-31"), (3, ""))
    assert extract_pragmas(b"x = 1  # no pragmatist\n") is None


def test_what_does_not_parse_says_where() -> None:
    assert str(extract(b"x = (\n")).startswith("line 1: SyntaxError")
    assert extract(b"\n  \n") is None


names = st.sampled_from(["cue", "kept", "record", "x"])
expressions = st.recursive(
    names | st.integers(0, 9).map(str) | st.sampled_from(["'text'", "b'bytes'"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} + {pair[1]})"),
        st.tuples(names, st.lists(inner, max_size=3)).map(lambda call: f"{call[0]}({', '.join(call[1])})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} if {three[1]} else {three[2]})"),
    ),
    max_leaves=8,
)
statements = st.one_of(
    expressions.map(lambda value: f"x = {value}"),
    expressions.map(lambda value: f"return {value}"),
    expressions.map(lambda value: f"if {value}:\n    record({value})\nelse:\n    pass"),
    expressions.map(lambda value: f"for x in {value}:\n    kept({value})"),
)
functions = st.tuples(
    st.sampled_from(["recall", "fold", "forget", "remember"]), st.lists(statements, min_size=1, max_size=5)
).map(lambda drawn: f"def {drawn[0]}(cue, kept):\n" + textwrap.indent("\n".join(drawn[1]), "    "))


@settings(max_examples=40)
@given(st.lists(functions, min_size=1, max_size=4))
def test_formatting_changes_no_key(drawn: list[str]) -> None:
    source = "\n\n".join(drawn) + "\n"

    assert keys(source) == keys(ast.unparse(ast.parse(source)))
    assert keys(source) == keys("# a comment\n\n" + source.replace("(", "(  # why\n").replace(" + ", "\t+\\\n "))
