"""Whether the tests of one file could reach anything by other means than imports; a pure function of bytes.

None where it holds no test, or where something in it may start, read or ask for what it does not import.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Optional, Union

from gates.facts.extractors.syntax_tree import parsed
from gates.facts.extractors.tests_of_a_file import functions
from gates.facts.extractors.what_asserts import Function

# What starts a program, reads a file or a socket, imports or replaces by name: whatever mentions one is left alone.
_MEANS = re.compile(
    rb"\b(?:subprocess|runpy|importlib|import_module|importorskip|__import__|exec|eval|compile|open|Path|pathlib"
    rb"|__file__|glob|read_text|system|popen|walk|listdir|scandir|environ|argv|modules|getsource|globals|socket|http"
    rb"|urllib|ftplib|smtplib|sqlite3|ctypes|multiprocessing|patch|usefixtures|pytest_plugins|load_tests|doctest)\b"
)
# Fixtures of pytest itself that bring nothing of the repository.
_BRING_NOTHING = frozenset(
    ("self", "cls", "tmp_path", "tmp_path_factory", "tmpdir", "tmpdir_factory", "monkeypatch", "capsys", "capfd",
     "capsysbinary", "capfdbinary", "caplog", "recwarn", "subtests", "record_property", "event_loop")
)  # fmt: skip
_GIVES = ("parametrize", "given")


def extract(source: bytes) -> Optional[int]:
    """The line of its first test, where all that its tests can reach is what the file imports."""
    if b"test" not in source or b"def " not in source or may_reach_anything(source):
        return None
    try:
        found = list(functions(parsed(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # told by another
    tests = [function for function, _, is_test in found if is_test]
    every = [function for function, _, _ in found]
    if not tests or asked_from_elsewhere(every, [*tests, *filter(_is_fixture, every)]):
        return None
    return min(test.lineno for test in tests)


def may_reach_anything(source: bytes) -> bool:
    """Whether it mentions what reaches other files or programs without an import."""
    return _MEANS.search(source) is not None


def asked_from_elsewhere(every: Iterable[Function], asking: Iterable[Function]) -> bool:
    """Whether some that ask want a fixture that none of all functions of the file gives."""
    own = {function.name for function in every if _is_fixture(function)}
    return any(_asked(function) - own - _BRING_NOTHING for function in asking)


def _is_fixture(function: Function) -> bool:
    return any("fixture" in ast.unparse(each) for each in function.decorator_list)


def _asked(function: Function) -> set[str]:
    """The names that pytest would have to fill with fixtures."""
    if any(isinstance(each, ast.Call) and _named(each.func) == "given" for each in function.decorator_list):
        return set()
    asked = {each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    return asked - set(_given(function))


def _given(function: Function) -> Iterator[str]:
    """The names that `parametrize` fills."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and _named(decorator.func) in _GIVES and decorator.args:
            for node in ast.walk(decorator.args[0]):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield from (name.strip() for name in node.value.split(","))


def _named(called: Union[ast.expr, ast.Attribute]) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
