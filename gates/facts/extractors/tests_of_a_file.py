"""The tests of one file, what they assert, and the functions that they may leave it to; a pure function of bytes."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Optional, Union

from gates.facts.extractors import always_true, skipped_tests
from gates.facts.extractors.broad_expectations import too_broad
from gates.facts.extractors.mock_answers import MockAnswers
from gates.facts.extractors.syntax_tree import parsed
from gates.facts.extractors.unreached_assertions import only_under, swallowed
from gates.facts.extractors.what_asserts import (
    FUNCTION,
    NONE,
    Function,
    asserts_by_name,
    idle,
    inner_functions,
    inside,
    last,
    spelled,
    statements,
    strength,
)

# A mixin of views may well be called UserPassesTestMixin.
_OF_TESTS = re.compile(r"^Test(?!$)|Test(?:s|Case|Base)?$|TestCase")
# On what a method is called: the object itself, one that was handed on, or one of which nobody knows what it is.
SELF, HANDED, UNKNOWN = "self", "handed", "?"

PlainCall = tuple[str, str, str]
PlainTest = tuple[int, str, str, tuple[PlainCall, ...], tuple[str, ...]]
PlainOffence = tuple[int, str, str, str, tuple[PlainCall, ...]]
PlainHelper = tuple[str, str, int, tuple[PlainCall, ...], tuple[str, ...]]
PlainClass = tuple[str, tuple[str, ...]]
Plain = tuple[tuple[PlainTest, ...], tuple[PlainOffence, ...], tuple[PlainHelper, ...], tuple[PlainClass, ...]]
Collected = list[tuple[Function, str, bool]]


class Call(NamedTuple):
    """A function, or a method `on` a class, `SELF`, `HANDED` or `UNKNOWN`; and its import, with its points."""

    on: str
    name: str
    origin: str


class Test(NamedTuple):
    """A test that asserts nothing itself, what it calls, and the names of its class and of the fixtures it asks for."""

    line: int
    name: str
    kind: str
    calls: tuple[PlainCall, ...]
    asks: tuple[str, ...]


class Offence(NamedTuple):
    """What makes a test, or an assertion in one, unable to fail, unless one of the calls asserts."""

    line: int
    name: str
    kind: str
    detail: str
    unless: tuple[PlainCall, ...]


class Helper(NamedTuple):
    """A function that a test may call, and its class: how much of an assertion it is, and what it calls in turn."""

    name: str
    owner: str
    strength: int
    calls: tuple[PlainCall, ...]
    asks: tuple[str, ...]


def extract(source: bytes) -> Union[Plain, str, None]:
    """None where there is no function; a string where the file does not parse."""
    if b"def " not in source:
        return None
    try:
        tree = parsed(source)
        return _read(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"line {getattr(error, 'lineno', None) or 1}: {type(error).__name__}"


def _read(tree: ast.Module) -> Plain:
    silent: list[PlainTest] = []
    helpers: list[PlainHelper] = []
    imported = dict(_imports(tree))
    collected = list(functions(tree))
    skipped, offences = _skipped_together(tree, collected, imported)
    for function, name, is_test in collected:
        owner = name.rpartition(".")[0].rpartition(".")[2]
        without = idle(function)
        how, calls, asks = strength(function, without), _calls(function, imported), _asks(function, owner)
        helpers.append((function.name, owner, how, calls, asks))
        if is_test:
            told = _offences(function, name, imported, without)
            found = [(line, name, kind, detail, unless) for line, kind, detail, unless in told]
            offences += found
            is_skipped = (
                skipped_tests.skips_itself(function, imported)
                or any(kind == "skipped" for _, _, kind, _, _ in found)
                or name.startswith(skipped)
            )
            if how == NONE and not is_skipped and not _is_measured(function):
                silent.append((function.lineno, name, "no assertion", calls, asks))
    return tuple(silent), tuple(offences), tuple(helpers), tuple(_classes(tree))


def functions(tree: ast.Module) -> Iterator[tuple[Function, str, bool]]:
    """Every function outside other functions, its qualified name, and whether pytest or unittest would run it."""
    waiting: list[tuple[ast.stmt, str, bool]] = [(statement, "", True) for statement in tree.body]
    while waiting:
        statement, scope, collects = waiting.pop(0)
        name = f"{scope}.{getattr(statement, 'name', '')}".lstrip(".")
        if isinstance(statement, FUNCTION):
            is_fixture = any("fixture" in spelled(each) for each in statement.decorator_list)
            yield statement, name, collects and statement.name.startswith("test") and not is_fixture
        elif isinstance(statement, ast.ClassDef):
            runs = statement.name.startswith("Test") or any(_OF_TESTS.search(last(base)) for base in statement.bases)
            waiting += ((inner, name, runs) for inner in statement.body)
        elif isinstance(statement, (ast.If, ast.Try)):
            waiting += ((inner, scope, collects) for inner in statement.body)


def _skipped_together(
    tree: ast.Module, collected: Collected, imported: Mapping[str, str]
) -> tuple[tuple[str, ...], list[PlainOffence]]:
    """What the names of tests begin with that their module or their class skips, and where it does."""
    found: list[PlainOffence] = []
    names = [name for _, name, is_test in collected if is_test]
    skipped: list[str] = []
    if names:
        told = list(skipped_tests.of_pytestmark(tree.body, imported))
        found += ((line, "the module", "skipped", how, ()) for line, how in told)
        skipped += [""] * bool(told)
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef) and any(name.startswith(f"{statement.name}.") for name in names):
            told = [
                *skipped_tests.of_decorators(statement.decorator_list, imported),
                *skipped_tests.of_pytestmark(statement.body, imported),
            ]
            found += ((line, statement.name, "skipped", how, ()) for line, how in told)
            skipped += [f"{statement.name}."] * bool(told)
    return tuple(skipped), found


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Name to what it was imported as, in full; relative ones with the points that they have."""
    for node in statements(tree):
        if isinstance(node, ast.Import):
            yield from ((each.asname or each.name.partition(".")[0],
                         each.name if each.asname else each.name.partition(".")[0]) for each in node.names)  # fmt: skip
        elif isinstance(node, ast.ImportFrom):
            inside = f"{'.' * node.level}{node.module or ''}"
            between = "" if inside.endswith(".") else "."
            yield from ((each.asname or each.name, f"{inside}{between}{each.name}") for each in node.names)


def _classes(tree: ast.Module) -> Iterator[PlainClass]:
    for node in statements(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name, tuple(last(base) for base in node.bases)


def _asks(function: Function, owner: str) -> tuple[str, ...]:
    """Its class, and the fixtures that are its arguments."""
    takes = function.name.startswith("test") or any("fixture" in spelled(each) for each in function.decorator_list)
    fixtures = [each.arg for each in (*function.args.args, *function.args.kwonlyargs)] if takes else []
    return tuple(sorted({owner, *fixtures} - {"", "self", "cls"}))


def _calls(node: ast.AST, imported: Mapping[str, str]) -> tuple[PlainCall, ...]:
    made = dict(_made(node))
    found: set[PlainCall] = set()
    for each in inside(node, ast.Call):
        found.add(_call(each.func, made, imported))
        for given in each.args:
            if isinstance(given, (ast.Name, ast.Attribute)):
                on, name, origin = _call(given, made, imported)
                found.add((HANDED if on == SELF else on, name, origin))
    return tuple(sorted(found))


def _call(called: ast.expr, made: Mapping[str, ast.expr], imported: Mapping[str, str]) -> PlainCall:
    if not isinstance(called, ast.Attribute):
        name = last(called)
        return "", name, imported.get(name, "")
    value = called.value
    if _is_self(value):
        return SELF, called.attr, ""
    if isinstance(value, ast.Name):
        value = made.get(value.id, value)
    is_made = isinstance(value, ast.Call)
    kind = value.func if isinstance(value, ast.Call) else value
    whole = spelled(kind) if isinstance(kind, (ast.Name, ast.Attribute)) else ""
    root, point, rest = whole.partition(".")
    name = whole.rpartition(".")[2]
    is_class = name[:1].isupper()
    if root in imported and (is_class or not is_made):
        return name, called.attr, f"{imported[root]}{point}{rest}"
    return (name if is_class and not point else UNKNOWN), called.attr, ""


def _is_self(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "super" and not value.args
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


def _made(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that are bound once, to what a call gives."""
    bound = Counter(each.id for each in inside(node, ast.Name) if isinstance(each.ctx, ast.Store))
    pairs: list[tuple[Optional[ast.expr], ast.expr]] = [
        (target, each.value) for each in inside(node, ast.Assign) for target in each.targets
    ]
    blocks: list[Union[ast.With, ast.AsyncWith]] = [*inside(node, ast.With), *inside(node, ast.AsyncWith)]
    for entered in blocks:
        pairs += ((item.optional_vars, item.context_expr) for item in entered.items)
    for target, value in pairs:
        if isinstance(target, ast.Name) and isinstance(value, ast.Call) and bound[target.id] == 1:
            yield target.id, value


def _is_measured(function: Function) -> bool:
    """Whether it is a benchmark: it measures, and is not asked to assert."""
    return any(each.arg == "benchmark" for each in function.args.args)


def _offences(
    function: Function, name: str, imported: Mapping[str, str], without: frozenset[int]
) -> Iterator[tuple[int, str, str, tuple[PlainCall, ...]]]:
    for line, how in skipped_tests.of_decorators(function.decorator_list, imported):
        yield line, "skipped", how, ()
    for line, how in skipped_tests.of_body(function, imported):
        yield line, "skipped", how, ()
    for line, kind, detail in _of_assertions(function, name, without):
        yield line, kind, detail, ()
    for line, detail in too_broad(function):
        yield line, "too broad", detail, ()
    for line, detail in swallowed(function):
        yield line, "swallowed", detail, ()
    only = only_under(function)
    if only is not None:
        calls = sorted({call for statement in only.run for call in _calls(statement, imported)})
        yield only.line, "may not run", only.under, tuple(calls)


def _of_assertions(function: Function, name: str, without: frozenset[int]) -> Iterator[tuple[int, str, str]]:
    mocks = MockAnswers.of(function)
    expected = {id(node) for handler in inside(function, ast.ExceptHandler) for node in ast.walk(handler)}
    asked = list(_asked(function, without))
    is_of_equality = always_true.may_be_of_equality(name) or not all(
        test is not None and always_true.reflexive(test) for _, test in asked
    )
    for node, test in asked:
        if test is None:
            continue
        always = always_true.always(test) or ("" if is_of_equality else always_true.reflexive(test))
        marks = id(node) in expected and isinstance(test, ast.Constant)  # that the failure that was to come has come
        said = always if isinstance(node, ast.Assert) else spelled(node)
        if always and not marks:
            yield node.lineno, "always true", said
        elif mocks.are_asked_in(test):
            yield node.lineno, "mock", spelled(test)


def _asked(
    function: Function, without: frozenset[int]
) -> Iterator[tuple[Union[ast.Assert, ast.Call], Optional[ast.expr]]]:
    """Each assertion, and what it asks; nothing where that is not known."""
    unused = [each for each in inner_functions(function) if id(each) in without]
    never = {id(node) for each in unused for node in ast.walk(each)}
    yield from ((node, node.test) for node in inside(function, ast.Assert) if id(node) not in never)
    for node in inside(function, ast.Call):
        if asserts_by_name(node.func) and id(node) not in never:
            yield node, always_true.of_call(node)
