"""The scan of import statements sees every one of them, or says that it cannot."""

from __future__ import annotations

import ast
import warnings

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gates.facts.extractors.import_statements import EXACTLY, Statement, extract, scan, statements, unpacked

# What Python itself finds, apart from our own code.


def found_by_python(source: bytes) -> set[tuple[str, tuple[str, ...]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    found: set[tuple[str, tuple[str, ...]]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(("." * node.level + (node.module or ""), tuple(alias.name for alias in node.names)))
    return found


def mostly(plain: str, *odd: str) -> st.SearchStrategy[str]:
    """Odd in one place of ten: a source that is odd everywhere is declined at once, and shows nothing."""
    return st.integers(0, 9).flatmap(lambda n: st.sampled_from(odd) if n == 9 else st.just(plain))


SPACE = mostly(" ", "  ", "\t", " \t", "\f ", " \\\n", "\\\n", " \\\r\n  ")
GAP = mostly("", " ", "\t", "\f", "\\\n")
BREAK = mostly("", " ", "\n", "\n    ", "  # a, comment (\n", "\n# import q\n", "\\\n", "\r\n", "\t\n\f")
NAME = st.one_of(
    st.sampled_from(["a", "b", "_c", "x1"]), mostly("d", "imports", "fromage", "as_", "ünï", "ﬁ", "ª", "lazy")
)
DOTS = st.sampled_from(["", ".", "..", "...", "....", ". .", ".\\\n."])


@st.composite
def dotted(draw: st.DrawFn) -> str:
    parts = draw(st.lists(NAME, min_size=1, max_size=3))
    gap = draw(GAP)
    return f"{gap}.{gap}".join(parts)


@st.composite
def renamed(draw: st.DrawFn, name: str) -> str:
    return f"{name}{draw(SPACE)}as{draw(SPACE)}{draw(NAME)}" if draw(st.booleans()) else name


@st.composite
def plain_import(draw: st.DrawFn) -> str:
    names = [draw(renamed(draw(dotted()))) for _ in range(draw(st.integers(1, 3)))]
    comma = f"{draw(GAP)},{draw(GAP)}"
    return f"import{draw(SPACE)}{comma.join(names)}"


@st.composite
def from_import(draw: st.DrawFn) -> str:
    dots = draw(DOTS)
    module = draw(dotted()) if not dots or draw(st.booleans()) else ""
    before = draw(GAP if dots else SPACE)
    after = draw(GAP) if dots and not module else draw(SPACE)
    names = [draw(renamed(draw(NAME))) for _ in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        inner = f"{draw(BREAK)},{draw(BREAK)}".join(names) + draw(st.sampled_from(["", ",", " , "]))
        listed = f"{draw(GAP)}({draw(BREAK)}{inner}{draw(BREAK)})"
    else:
        listed = draw(SPACE) + draw(st.sampled_from(["*", ", ".join(names), f"{draw(GAP)},{draw(GAP)}".join(names)]))
    return f"from{before}{dots}{module}{after}import{listed}"


IMPORT = st.one_of(plain_import(), from_import())
END = mostly("", " ", ";", " ; ", "  # why", "#import z", "\f")

OTHER = st.sampled_from(
    [
        "x = 1",
        "",
        "# import never",
        "#from a import b",
        "'import quoted'",
        '"""\nimport in_a_string\nfrom x import (y,\nz)\n"""',
        "'''from a import b'''",
        's = """\\\nimport q"""',
        "important = 1",
        "imported = from_ = 0",
        "print('a', 'import b')",
        "def f():\n    return 'import'",
        "raise ValueError from error",
        "raise ValueError \\\n from error",
        "def g():\n    yield from important",
        "def g():\n    yield \\\n    from imports",
        "x = [from_ for from_ in ()]",
        "lambda: 0",
        "f'import {x}'",
        "f'''\nimport {x}\n'''",
        "x = 'é' # import",
        "\x0c",
        "importlib.import_module('a')",
        "__import__('a')",
        "x = \\\n1",
        "if x: import_ = 2",
        "a.b \\\n  .c",
    ]
)

COMPOUND = st.sampled_from(
    ["{}", "if x:\n    {}", "if x: {}", "try:\n\t{}\nexcept E: {}", "class C:\n  {}", "def f(): {}", "x = 1; {}",
     "while x:\n    if y:\n        {}", "with x: {}", "if x:\\\n  {}", "x = 1;\\\n{}", "async def f():\n {}", "\f{}",
     "match = 1\n{}", "x = '''\n''';{}", "x = (1,\n2); {}"]
)  # fmt: skip


@st.composite
def statement(draw: st.DrawFn) -> str:
    if draw(st.integers(0, 2)) == 0:
        return draw(OTHER)
    frame = draw(COMPOUND) if draw(st.integers(0, 3)) == 0 else "{}"
    inside = [draw(IMPORT) + draw(END) for _ in range(frame.count("{}"))]
    return frame.format(*inside)


HEADS = st.sampled_from(
    [
        "",
        "#!/usr/bin/env python\n",
        "# -*- coding: latin-1 -*-\n",
        "# coding=utf_8\n",
        "\n# vim: coding: ascii\n",
        "# coding: utf-7\n",
        "# coding: cp037\n",
        "# coding: cp1252\n",
        "\ufeff",
        "\ufeff# coding: utf-8\n",
        "# coding: unicode_escape\n",
        "# coding: raw_unicode_escape\n",
        "# coding: UTF-8-SIG\n",
        "# coding: latin-1-unix\n",
        "# coding: iso-8859-15\n",
        "# coding: shift_jis\n",
        "\x0c# coding: utf-7\n",
        "\r# coding: utf-7\n",
    ]
)


@st.composite
def sources(draw: st.DrawFn) -> bytes:
    text = draw(HEADS) if draw(st.integers(0, 3)) == 0 else ""
    text += draw(st.sampled_from(["\n", "\n\n", "\r\n"])).join(draw(st.lists(statement(), max_size=5)))
    text += draw(st.sampled_from(["", "\n", "\r\n", "\\\n", " "]))
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
    if end != "\n":
        text = text.replace("\r\n", "\n").replace("\n", end)
    codec = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "latin-1", "utf-7"]))
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return text.encode("utf-8")


def normal(found: set[tuple[str, tuple[str, ...]]]) -> set[tuple[str, str]]:
    """One pair for each name, so that `from a import b, c` and the two statements count as the same."""
    return {(module, name) for module, names in found for name in names or ("",)}


@settings(max_examples=600, deadline=None)
@given(sources())
@example(b"from\\\n a import b\n")
@example(b"import\\\n a\n")
@example(b"from a \\\nimport b\n")
@example(b"from a \\\r\nimport b\r\n")
@example(b"x = 1\\\n\nimport a\n")
@example(b"import a\x0cas b\n")
@example(b"from a import b\x0b\n")
@example("import ﬁ\n".encode())
@example(b"# coding: utf-7\n+AGkAbQBwAG8AcgB0- a\n")
def test_whatever_python_finds_the_scan_finds_or_declines(source: bytes) -> None:
    try:
        expected = found_by_python(source)
    except (SyntaxError, ValueError):
        assume(False)
    seen = scan(source)
    if seen is not None:
        assert normal(expected) <= normal({unpacked(entry) for entry in seen})


@settings(max_examples=300, deadline=None)
@given(sources())
def test_where_the_scan_declines_the_answer_is_exact(source: bytes) -> None:
    try:
        expected = found_by_python(source)
    except (SyntaxError, ValueError):
        assume(False)
    assume(scan(source) is None)

    look, *entries = extract(source)
    assert look == EXACTLY
    assert {unpacked(entry) for entry in entries} == expected


@settings(max_examples=300, deadline=None)
@given(st.one_of(sources(), st.binary(max_size=80)))
def test_no_bytes_make_it_fail(source: bytes) -> None:
    answer = extract(source)
    assert all(isinstance(entry, str) for entry in answer)
    assert list(answer[1:]) == sorted(answer[1:]) or answer[:1] == ("?",)


ASCII_NAME = st.lists(st.sampled_from(["a", "b", "imports", "from_", "x1"]), min_size=1, max_size=3).map(".".join)
LINE = st.one_of(
    ASCII_NAME.map("import {}".format),
    ASCII_NAME.map("    from {} import thing".format),
    ASCII_NAME.map("if x: import {} as other".format),
    ASCII_NAME.map("y = 1; from ..{} import (p, q)".format),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(LINE, max_size=6), st.sampled_from(["def (:", "\0", "'''", "(", "import", "    x\n  y", "\udcff"]))
def test_of_a_file_that_does_not_parse_no_imported_module_is_lost(lines: list[str], damage: str) -> None:
    answer = extract("\n".join([*lines, damage, ""]).encode("utf-8", "surrogateescape"))

    known = {entry.lstrip(".") for entry in answer} | {unpacked(entry)[0].lstrip(".") for entry in answer}
    for line in lines:
        words = line.replace("..", "").replace(";", "").split()
        assert words[words.index("from" if "from" in words else "import") + 1] in known


CASES = [
    (b"", ()),
    (b"import a\n", ("a",)),
    (b"import a, b.c as d\n", ("a", "b.c")),
    (b"from a.b import c\n", ("a.b:c",)),
    (b"from . import a as b, c\n", (".:a,c",)),
    (b"from ..a import (b,\n  c as d,\n)\n", ("..a:b,c",)),
    (b"from a import *\n", ("a:*",)),
    (b"    import a\n\timport b\n", ("a", "b")),
    (b"import a  # why\n", ("a",)),
    (b"import a\r\nimport b\r\n", ("a", "b")),
    (b"\xef\xbb\xbfimport a\n", ("a",)),
    (b"import a", ("a",)),
    (b"'''\nimport a\n'''\n", ("a",)),  # too many rather than too few; the exact look takes it back
]


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_plain_statements_are_scanned(source: bytes, expected: tuple[str, ...]) -> None:
    assert scan(source) == expected
    assert extract(source) == expected


COMMENTED = [
    (b"from a import (b, # one\n c)\n", ("a:b,c",)),
    (b"from a import (  # noqa: (b)\n b as x, # d, e\n # f\n c, #)\n)\n", ("a:b,c",)),
]


@pytest.mark.parametrize(("source", "expected"), COMMENTED)
def test_comments_within_the_parentheses_name_nothing(source: bytes, expected: tuple[str, ...]) -> None:
    assert scan(source) == expected


DECLINED = [
    (b"x = 1; import a\n", ("a",)),
    (b"if x: import a\n", ("a",)),
    (b"from a import (b,\n\n c)\n", ("a:b,c",)),
    (b"import a\rimport b\r", ("a", "b")),
    (b"# coding: utf-7\nimport a\n", ("a",)),
    (b"from a import \\\n  b\n", ("a:b",)),
    ("import ﬁ\n".encode(), ("fi",)),
]


@pytest.mark.parametrize(("source", "expected"), DECLINED)
def test_what_the_scan_cannot_read_safely_is_looked_at_exactly(source: bytes, expected: tuple[str, ...]) -> None:
    assert scan(source) is None
    assert extract(source) == (EXACTLY, *expected)


def test_the_exact_look_knows_the_places() -> None:
    source = b"import a, b\nif x:\n    from ..c import d as e, f\n"

    assert statements(source) == [
        Statement(1, 1, "a", ()),
        Statement(1, 1, "b", ()),
        Statement(3, 5, "..c", ("d", "f")),
    ]


def test_a_file_that_does_not_parse_gives_whatever_its_lines_name() -> None:
    answer = extract(b"x = 1; import a.b\nfrom c import d (\n")

    assert answer[0] == "?"
    assert {"a.b", "c", "d"} <= set(answer)


def test_a_chain_that_overflows_pythons_own_stack_ends_in_an_answer() -> None:
    answer = extract(b"import a; x = a" + b".b" * 400_000 + b"\n")

    assert "a" in answer
