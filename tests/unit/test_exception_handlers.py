from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.facts.extractors import exception_handlers
from gates.facts.extractors.exception_handlers import BroadHandler, handlers, may_handle_broadly

CASES = Path(__file__).parent.parent / "gates" / "swallowed-failure"
CASE_FILES = sorted(CASES.glob("*.py"))


def extract(source: bytes) -> tuple[exception_handlers.Plain, ...]:
    return exception_handlers.extract(source) or ()


def of(source: str) -> list[BroadHandler]:
    return list(handlers(ast.parse(source)))


def does(body: str, before: str = "") -> tuple[str, ...]:
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    (handler,) = of(
        f"def f(self, work):\n    {before}\n    try:\n        work()\n    except Exception as e:\n{lines}\n"
    )
    return handler.does


def test_there_are_case_files() -> None:
    assert len(CASE_FILES) >= 6


@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: path.stem)
def test_what_swallows_is_found_on_its_line_and_nothing_else_is(path: Path) -> None:
    source = path.read_bytes()
    expected = {number for number, line in enumerate(source.splitlines(), 1) if line.endswith(b"# finds")}

    found = {BroadHandler(*fields).line for fields in extract(source) if not BroadHandler(*fields).does}

    assert found == expected


@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: path.stem)
def test_the_wide_look_never_misses_a_file_in_which_something_is_found(path: Path) -> None:
    assert may_handle_broadly(path.read_bytes()) or not handlers(ast.parse(path.read_bytes()))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pass", ()),
        ("raise", ("raises",)),
        ("raise ValueError from e", ("raises",)),
        ("return e", ("returns error",)),
        ("return None", ()),
        ("return wrap(e)", ("returns error", "stores error")),
        ("self.error = e", ("stores error",)),
        ("self.error = None", ()),
        ("log.warning('no')", ("logs",)),
        ("log.warning('no', exc_info=e)", ("logs",)),
        ("self.failures += 1", ("counts",)),
        ("sys.exit(1)", ("exits",)),
        ("log.error('no')\nsys.exit(1)", ("exits", "logs")),
        ("six.reraise(*sys.exc_info())", ("raises", "stores error")),
        ("x = (y := e)", ()),
        ("x = [log.error(e) for _ in y]", ("logs",)),
        ("lambda: log.error(e)", ()),
        ("call(lambda: log.error(e))", ("stores error",)),
        ("for y in e.args:\n    self.seen.add(y)", ("stores error",)),
        ("with log.catch():\n    pass", ()),
        ("if x:\n    pass\nelse:\n    while y:\n        raise", ("raises",)),
        ("class A:\n    raise x", ()),
        ("logging.getLogger('x')", ()),
        ("dist.log_prob(x)", ()),
        ("self.log('x')", ("logs",)),
        ("seen.add(1)", ()),
        ("error_counter.add(1)", ("counts",)),
    ],
)
def test_what_a_body_does_with_the_failure(body: str, expected: tuple[str, ...]) -> None:
    assert does(body) == expected


def test_a_name_that_the_function_declares_global_keeps_the_failure() -> None:
    assert does("LAST = e", before="global LAST") == ("stores error",)
    assert does("LAST = e", before="pass") == ()


def test_a_handler_says_where_it_stands_without_line_numbers() -> None:
    source = """
class Outer:
    class Inner:
        async def work(self):
            def step():
                try: pass
                except Exception: pass
try: pass
except: pass
"""
    assert [(handler.line, handler.column, handler.caught, handler.scope) for handler in of(source)] == [
        (7, 17, "Exception", "Outer.Inner.work.step"),
        (9, 1, "bare", "<module>"),
    ]


def test_an_alias_is_shown_with_what_it_means() -> None:
    source = "E = (KeyError, Exception)\ntry: pass\nexcept E: pass\nexcept (ValueError, Exception): pass\n"

    assert [handler.caught for handler in of(source)] == ["E (Exception)", "(ValueError, Exception)"]


def test_a_suppression_is_shown_under_its_full_name() -> None:
    source = "from contextlib import suppress as s\nwith s(KeyError, Exception): pass\n"

    assert of(source) == [BroadHandler(2, 6, "contextlib.suppress(Exception)", "<module>", ())]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="except* came with 3.11")
def test_an_except_star_clause_is_a_handler() -> None:
    assert [handler.does for handler in of("try: pass\nexcept* Exception: pass\n")] == [()]


@pytest.mark.skipif(sys.version_info < (3, 10), reason="match came with 3.10")
def test_a_handler_in_a_match_statement_is_seen_and_so_is_what_a_case_does() -> None:
    source = "match x:\n case 1:\n  try: pass\n  except Exception as e:\n   match e:\n    case y:\n     raise\n"

    assert [handler.does for handler in of(source)] == [("raises",)]


@pytest.mark.parametrize(
    "source",
    [
        b"class MyException(A): pass\nMyException(1)\nMyException(2)\ntry: pass\nexcept Exception: pass",
        b"def f(e: Exception): pass\nclass A(Exception): pass\ntry: pass\nexcept(Exception): pass",
        b"def f(e: Exception): pass\nE = Exception\ntry: pass\nexcept E: pass",
        b"try: pass\nexcept: pass",
        b"try: pass\nexcept \\\n  : pass",
        b"try: pass\nexcept\\\r\n: pass",
        b"E = Exception\ntry: pass\nexcept E: pass",
        b"import builtins\ntry: pass\nexcept builtins.BaseException: pass",
        "try: pass\nexcept \uff25xception: pass".encode(),
        "try: pass\nexcept \U0001d404xception: pass".encode(),
        b"# coding: latin-1\ntry: pass\nexcept \xaa: pass",
        b"# coding: utf-7\ntry: pass\n+AGU-xcept: pass",
        b"\xef\xbb\xbftry: pass\nexcept: pass",
    ],
)
def test_the_wide_look_says_yes(source: bytes) -> None:
    assert may_handle_broadly(source)


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"def f(): pass",
        b"try: pass\nexcept ValueError: pass",
        b"raise MyException()\ntry: pass\nexcept KeyError: pass",
        b"# coding: utf-8\nx = 1",
        b"class MyError(Exception): pass\ntry: pass\nexcept MyError: pass",
        b"def f(e: Exception) -> Exception: pass\ntry: pass\nexcept KeyError: raise Exception from None",
        b"try: pass\nexcept KeyError: x = Exception('x')",
        b"try: pass\nexcept KeyError as e: assert isinstance(e, Exception)\nwith self.assertRaises(Exception): pass",
        "x = '\u00e9'\ntry: pass\nexcept KeyError: pass".encode(),
    ],
)
def test_the_wide_look_spares_most_files_the_exact_one(source: bytes) -> None:
    assert not may_handle_broadly(source)
    assert extract(source) == ()


CLAUSES = st.sampled_from(
    [
        "except (Exception):",
        "except(KeyError, Exception):",
        "except tuple((Exception, A)):",
        "except:",
        "except Exception:",
        "except (A, BaseException):",
        "except A:",
        "except B as e:",
        "except c.Exception:",
    ]
)
LINES = st.sampled_from(
    [
        "class MyException(Exception): pass",
        "raise Exception",
        "x: Exception",
        "isinstance(x, Exception)",
        "A = Exception",
        "import builtins as c",
        "from builtins import Exception as B",
        "A = KeyError",
    ]
)


@given(st.lists(LINES), CLAUSES, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["", "# \u00e9", "'\uff25'"]))
def test_where_the_exact_look_finds_the_wide_look_said_yes(lines: list[str], clause: str, end: str, more: str) -> None:
    source = end.join([*lines, more, "try: pass", f"{clause} pass", ""]).encode()

    assert may_handle_broadly(source) or not handlers(ast.parse(source))


SUPPRESSING = st.sampled_from(
    ["with suppress(Exception): pass", "with suppress(A): pass", "with suppress(KeyError): pass", "except_ = suppress"]
)


@given(st.lists(LINES), CLAUSES, st.lists(SUPPRESSING))
def test_what_is_suppressed_is_found_beside_whatever_else_names_the_class(
    lines: list[str], clause: str, more: list[str]
) -> None:
    source = "\n".join(["from contextlib import suppress", *lines, "try: pass", f"{clause} pass", *more, ""])

    assert extract(source.encode()) == tuple(tuple(one) for one in of(source))


def test_a_file_that_does_not_parse_is_not_passed_over() -> None:
    with pytest.raises(SyntaxError):
        extract(b"try: pass\nexcept: pass\nx = (\n")


def test_a_file_that_would_overflow_the_stack_is_refused_in_good_order() -> None:
    with pytest.raises((RecursionError, MemoryError)):
        extract(b"try: pass\nexcept: pass\nx = " + b"1+" * 1_000_000 + b"1\n")


def test_deep_nesting_that_parses_is_walked_without_recursion() -> None:
    source = b"try: pass\nexcept Exception: " + b"x" + b".a" * 900 + b"()\n"

    assert [fields[2:] for fields in extract(source)] == [("Exception", "<module>", ())]


def test_what_is_extracted_is_plain_data() -> None:
    ((line, column, caught, scope, what),) = extract(b"try: pass\nexcept Exception as e: print(e)\n")

    assert (line, column, caught, scope, what) == (2, 1, "Exception", "<module>", ("logs",))
    assert type(extract(b"try: pass\nexcept: pass\n")[0]) is tuple
    assert re.fullmatch("[a-z ]+", what[0])
