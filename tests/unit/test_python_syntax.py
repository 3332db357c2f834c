from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from gates.facts.extractors.python_syntax import UndecodableError, Unparsable, decode, extract
from gates.facts.extractors.syntax_tree import MAX_BYTES

CASES = Path(__file__).parent.parent / "gates" / "unparsable-module"
EXPECTED = tomllib.loads((CASES / "cases.toml").read_text(encoding="utf-8"))
RUNNING = sys.version_info[:2]


def of(source: bytes) -> Unparsable:
    fields = extract(source)
    assert fields is not None
    return Unparsable(*fields)


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def newer(source: str) -> tuple[str, str]:
    fields = extract(source.encode())
    return ("", "") if fields is None else (fields[3], fields[4])


def test_every_case_file_has_an_expectation_and_every_expectation_a_file() -> None:
    assert {path.name for path in CASES.glob("*.py")} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_case_file_is_of_its_kind(name: str) -> None:
    kind, needs = EXPECTED[name]["kind"], EXPECTED[name].get("needs", "")
    fields = extract((CASES / name).read_bytes())

    # To 3.14 `except X, e:` of Python 2 is a clause with two exceptions.
    if not kind or (needs and version(needs) <= RUNNING) or (name == "python_2_except.py" and RUNNING >= (3, 14)):
        assert fields is None
    else:
        assert fields is not None
        assert fields[3:] == (kind, needs)


@pytest.mark.parametrize(
    ("source", "needs"),
    [
        ("match x:\n    case 1: pass\n", "3.10"),
        ("match *a, b:\n    case [x, *_] | {'k': y, **z} as w if w:\n        pass\n    case _: pass\n", "3.10"),
        ("match (x):\n    case C(a=-1, b=d.e) | None:\n        match y:\n            case 'a' 'b': pass\n", "3.10"),
        ("x = {a := 1, 2}\ny = x[b := 3]\n", "3.10"),
        ("try: pass\nexcept *A as e: pass\nexcept* (B, C): pass\n", "3.11"),
        ("x[*a, 1]\n", "3.11"),
        ("def f(*args: *Ts): pass\n", "3.11"),
        ("match x:\n    case [*a]:\n        y[*a]\n", "3.11"),
        ("type X = int\n", "3.12"),
        ("if x: type X[**P, *Ts] = int\n", "3.12"),
        ("class A[\n    T: (int, str),  # why\n](B[T]): pass\n", "3.12"),
        ("async def f[T](x: T) -> T: pass\n", "3.12"),
        ("x = f'{a['b']}' f\"{'\\n'.join(c)}\"\n", "3.12"),
        ("x = f'{\n    a  # why\n}'\n", "3.12"),
        ("x = f'{f'{f'{a}'}'}'\n", "3.12"),
        ("x = f'{a:{b['c']}}' + f'{d!r:>{e['f']}}'\n", "3.12"),
        ("type X[T = int, *Ts = *tuple[int]] = T\n", "3.13"),
        ("match x:\n    case 1:\n        def f[T = int](): pass\n", "3.13"),
        ("try: pass\nexcept OSError, socket.timeout: pass\n", "3.14"),
        ("try: pass\nexcept* A, B, C: pass\n", "3.14"),
        ("x = rt'{a!r}' t'b'\n", "3.14"),
        ("x = f'{t'{a}'}'\n", "3.14"),
        ("lazy import a.b as c\nlazy from d import (e, f)\nlazy = 1\n", "3.15"),
        ("if x:\n    lazy import a\n", "3.15"),
        ("x = [*a for a in b] + list(*c for c in d) + {**e for e in f}\n", "3.15"),
    ],
)
def test_grammar_newer_than_the_running_python_names_the_python_that_has_it(source: str, needs: str) -> None:
    assert newer(source) == (("", "") if version(needs) <= RUNNING else ("newer grammar", needs))


@pytest.mark.parametrize(
    "source",
    [
        "match = 1\nx = match +\n",
        "match(x, y)\nx y\n",
        "match x:\n    pass\n",
        "match x:\n    case 1:\n        y = = 2\n",
        "match x:\n    case a + b * c:\n        pass\n    z = 1\n",
        "case 1: pass\n",
        "x = match x:\n    case 1: pass\n",
        "try: pass\nexcept*: pass\n",
        "try: pass\nexcept *A: pass\nexcept B: pass\n",
        "x[*]\n",
        "type X\n",
        "type X[] = int\n",
        "type X[T U] = int\n",
        "type = type X\n",
        "def f[](): pass\n",
        "def f[T](: pass\n",
        "class A[T: ]: pass\n",
        "x = f'{a['b']'\n",
        "x = f'{a['b' 'c d]}'\n",
        "x = f'{}'\n",
        "x = f'}'\n",
        "x = t'{a b}'\n",
        "x = q'{a}'\n",
        "lazy import a b\n",
        "lazy from a import *\n",
        "def f():\n    lazy import a\n",
        "lazy = import a\n",
        "x = [*a for a]\n",
        "x = (\n",
        "if x:\npass\n",
        "print(f'{a['b']}' c)\n",
    ],
)
def test_a_mistake_that_a_newer_python_would_refuse_as_well_is_plain_syntax(source: str) -> None:
    assert newer(source) == ("syntax", "")


def test_the_mistake_behind_newer_grammar_is_reported_where_it_stands() -> None:
    source = b"match x:\n    case 1:\n        pass\nx = 1\ny = = 2\n"

    assert (of(source).line, of(source).kind) == (5, "syntax")


@pytest.mark.skipif(RUNNING >= (3, 14), reason="this Python knows the grammar")
def test_newer_grammar_is_reported_where_it_begins() -> None:
    source = b"x = 1\ndef f():\n    y = t'{x}'\n    return lambda: t''\n"

    assert of(source) == (3, 9, "a t-string", "newer grammar", "3.14")


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("print 'x'\n", "print statement"),
        ("def f(x):\n    print x, 1\n", "print statement"),
        ("x = 1; print >>sys.stderr, 'x' 'y' z\n", "print statement"),
        ("exec 'x = 1'\n", "exec statement"),
        ("x = `y`\n", "backticks"),
        ("if x <> y: pass\n", "`<>`"),
        ("raise ValueError, 'x'\n", "`raise X, value`"),
        ("x = 10L\n", "a long integer"),
        ("x = ur'a'\n", "a ur-string"),
    ],
)
def test_python_2_is_named(source: str, what: str) -> None:
    assert of(source.encode()).message == f"Python 2: {what}"
    assert of(source.encode()).kind == "syntax"


@pytest.mark.skipif(RUNNING >= (3, 14), reason="3.14 reads it as two exceptions")
@pytest.mark.parametrize("clause", ["ValueError, error", "os.error, (errno, text)", "(KeyError, ValueError), e"])
def test_a_python_2_except_clause_is_not_taken_for_the_one_of_3_14(clause: str) -> None:
    assert of(f"try: pass\nexcept {clause}: pass\n".encode()).message == "Python 2: `except X, name`"


@pytest.mark.parametrize(
    "source",
    [
        "x = print 1 if y else z +\n",
        "raise(a, b) c\n",
        "x = (print, exec y)\n",
        "x = {y: (}\nraise ValueError\nz = 1, 2\n",
    ],
)
def test_what_only_looks_like_python_2_is_not_named_so(source: str) -> None:
    assert "Python 2" not in of(source.encode()).message


def test_a_merge_conflict_is_reported_at_its_first_marker() -> None:
    source = b"def f(\n    a,\n<<<<<<< ours\n    b,\n||||||| base\n=======\n    c,\n>>>>>>> theirs\n): pass\n"

    assert of(source) == (3, 1, "merge conflict marker", "syntax", "")


def test_a_quoted_conflict_marker_is_none() -> None:
    assert of(b'"""\n<<<<<<< ours\n"""\nx = = 1\n')[:1] == (4,)
    assert of(b'"""\n<<<<<<< ours\n"""\nx = = 1\n').message != "merge conflict marker"


DEEP = {
    "parentheses": b"(" * 100_000 + b")" * 100_000,
    "brackets": b"[" * 100_000,
    "subscripts": b"x[" * 100_000 + b"1" + b"]" * 100_000,
    "minus": b"x = " + b"-" * 100_000 + b"1\n",
    "not": b"x = " + b"not " * 100_000 + b"1\n",
    "attributes": b"x" + b".a" * 100_000,
    "calls": b"x" + b"()" * 100_000,
    "sums": b"x = " + b"1+" * 1_000_000 + b"1",
    "powers": b"x = " + b"1**" * 100_000 + b"1",
    "lambdas": b"x = " + b"lambda: " * 100_000 + b"1",
    "conditions": b"x = " + b"1 if 1 else " * 100_000 + b"1",
    "branches": b"if 1: pass\n" + b"elif 1: pass\n" * 100_000,
    "formats": b"f'" + b"{a:" * 100_000 + b"}" * 100_000 + b"'",
    "indentation": b"".join(b" " * depth + b"if 1:\n" for depth in range(200)) + b" " * 200 + b"pass\n",
    "a name that is joined at every dot": b"import " + b"a." * 100_000 + b"a",
    "such a name over many lines": b"import " + b"a.\\\n" * 100_000 + b"a",
}


@pytest.mark.parametrize("name", sorted(DEEP))
def test_what_is_nested_too_deeply_is_reported_and_kills_nobody(name: str) -> None:
    assert of(DEEP[name]).kind == "too deep"


HOSTILE = {
    "nested f-strings": b"f'{" * 100_000,
    "nested f-strings in two quotes": b"f'{f\"{" * 50_000,
    "an unclosed text of a million lines": b"'''" + b"a\n" * 1_000_000,
    "a million backslashes": b"\\\n" * 1_000_000,
    "question marks": b"?" * 100_000,
    "commas": b"a, " * 100_000 + b"= b c",
    "match after match": b"match x:\n case\n" * 20_000,
    "stars": b"x = [" + b"*" * 100_000 + b"a]",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_mistake_is_reported_and_kills_nobody(name: str) -> None:
    assert of(HOSTILE[name]).kind in ("syntax", "too deep")


@pytest.mark.parametrize("opening", [b"x = '" + b"a" * MAX_BYTES + b"'", b"x = [" + b"1," * (MAX_BYTES // 2) + b"]"])
def test_a_file_beyond_the_limit_is_reported_and_not_parsed(opening: bytes) -> None:
    assert of(opening).kind == "too large"


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        (b"x = '\xff'\n", 1, 6),
        (b"x = 1\r\n# caf\xe9\n", 2, 6),
        (b"# coding: ascii\nx = '\xe9'\n", 2, 6),
        (b"# coding: cp1252\nx = '\x81'\n", 2, 6),
        (b"x = 1\ry = '\xff'", 2, 6),
        (b"#!/bin/sh\n# coding: klingon\n", 2, 0),
        (b"# coding: rot13\n", 1, 0),
        (b"# coding: hex\n", 1, 0),
        (b"# coding: undefined\n", 1, 0),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1, 0),
        ("x = 1\n".encode("utf-16"), 1, 1),
        ("x = 1\n".encode("utf-32"), 1, 1),
        (b"# coding: " + b"a" * 1_000_000, 1, 0),
    ],
)
def test_what_does_not_decode_is_reported_with_its_place(source: bytes, line: int, column: int) -> None:
    problem = of(source)

    assert (problem.kind, problem.line, problem.column) == ("encoding", line, column)
    assert len(problem.message) <= 200


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"# only a comment",
        b"\xef\xbb\xbfx = 1\n",
        b"\xef\xbb\xbf# coding: utf-8\nx = 1\n",
        b"# coding: latin-1\nx = '\xe9'\n",
        b"#!/bin/sh\r# coding: latin-1\rx = '\xe9'\r",
        b"x = 'coding: klingon'\n",
        b"x = 1\n\n# coding: klingon\n",
        b"# coding: utf-7\nx = '+AGE-'\n",
        b"\x0cif x:\n\x0c  y = 1\n  z = 2\n",
        b"x = 1\ry = 2\r",
        b"x = '\\d'\nassert (1, 'always')\n",
    ],
)
def test_what_python_reads_passes(source: bytes) -> None:
    assert extract(source) is None


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        (b"x = 1\n\0", 2, 1),
        (b"# \0\n", 1, 3),
        ("x".encode("utf-16-le"), 1, 2),
        (b"# coding: utf-7\n+AAA-\nx y\n", 1, 1),
    ],
)
def test_null_bytes_are_reported_even_where_an_encoding_hides_them(source: bytes, line: int, column: int) -> None:
    problem = of(source)

    assert (problem.kind, problem.line, problem.column) == ("null bytes", line, column)


@pytest.mark.parametrize(
    "source",
    [
        b"def f(a, a): pass\n",
        b"nonlocal x\n",
        b"def f():\n    from a import *\n",
        b"def f(x):\n    global x\n",
    ],
)
def test_what_parses_and_can_never_be_compiled_is_unparsable(source: bytes) -> None:
    assert of(source).kind == "syntax"


def test_text_is_decoded_as_python_does() -> None:
    assert decode(b"\xef\xbb\xbfx = '\xc3\xa9'\r\n") == "x = '\u00e9'\r\n"
    assert decode(b"# coding: latin-1\n'\xe9'") == "# coding: latin-1\n'\u00e9'"
    with pytest.raises(UndecodableError):
        decode(b"'\xe9'")


def test_warnings_of_the_source_are_for_nobody_and_those_of_others_are_left_alone() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("error")
        before = list(warnings.filters)
        assert extract(b"x = '\\d'\ny = [0x1for x in y]\n") is None
        assert warnings.filters == before
    assert not seen


def test_many_threads_at_once_leave_the_filters_as_they_were() -> None:
    before = list(warnings.filters)
    threads = [threading.Thread(target=lambda: [extract(b"x = '\\d'\n") for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert warnings.filters == before


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(source: bytes) -> None:
    fields = extract(source)

    assert fields is None or (type(fields) is tuple and fields[0] >= 1 and fields[1] >= 0)


PIECES = st.sampled_from(
    [
        *"match case x : ( ) [ ] { } * ** , = := as if for in type T def f class except except* try lazy".split(),
        *"import from f' f\" t' ' \" ''' {x} { } \\ # 1 1L print raise ` <> <<<<<<< ; lambda".split(),
        "\n",
        "\n    ",
    ]
)


@given(st.lists(PIECES, max_size=40))
def test_no_pieces_of_new_grammar_make_it_raise(pieces: list[str]) -> None:
    fields = extract(" ".join(pieces).encode())

    assert fields is None or bool(fields[4]) == (fields[3] == "newer grammar")


def test_the_explanation_is_imported_only_for_a_file_that_fails() -> None:
    told = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from gates.facts.extractors.python_syntax import extract; extract({!r})\n"
        "print('gates.facts.extractors.newer_grammar' in sys.modules)"
    )

    def is_imported_for(source: bytes) -> bool:
        command = [sys.executable, "-c", told.format(source), str(Path(__file__).parents[2])]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "True"

    assert not is_imported_for(b"x = 1\n")
    assert is_imported_for(b"x = (\n")
