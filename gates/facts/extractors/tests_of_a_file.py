"""The tests of one file, what they assert, and the functions that they may leave it to; a pure function of bytes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Optional, Union

from gates.facts.extractors.syntax_tree import parsed

# What a function or decorator is called that fails when something is not as it should be.
_ASSERTS = re.compile(
    r"(?i)assert|^(?:expect|check|verify|fail|raises|warns|should|must|ensure|compar|validat|confirm|diff"
    r"|image_compar|does_not_raise|not_raises|no_warn|deprecated_call|simplefilter|filterwarnings|fnmatch_lines"
    r"|snapshot|expectedfailure|xfail|run_state_machine)"
)
_MOCKS = frozenset(("Mock", "MagicMock", "AsyncMock"))
_BROAD = frozenset(("Exception", "BaseException"))
_MANY = frozenset(("given", "parametrize"))
_RAISES = frozenset(("raises", "assertRaises"))
# A mixin of views may well be called UserPassesTestMixin.
_OF_TESTS = re.compile(r"^Test(?!$)|Test(?:s|Case|Base)?$|TestCase")
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_NESTED = (*_Function, ast.ClassDef)

PlainTest = tuple[int, str, str, tuple[str, ...]]
PlainOffence = tuple[int, str, str, str]
PlainHelper = tuple[str, bool, tuple[str, ...]]
Plain = tuple[tuple[PlainTest, ...], tuple[PlainOffence, ...], tuple[PlainHelper, ...]]


class Test(NamedTuple):
    """A test that asserts nothing itself, and the names of what it calls; `on_self` ones begin with a point."""

    line: int
    name: str
    kind: str
    calls: tuple[str, ...]


class Offence(NamedTuple):
    """What makes a test, or an assertion in one, unable to fail."""

    line: int
    name: str
    kind: str
    detail: str


class Helper(NamedTuple):
    """A function that a test may call: whether it asserts, and what it calls in turn."""

    name: str
    asserts: bool
    calls: tuple[str, ...]


def extract(source: bytes) -> Union[Plain, str, None]:
    """None where there is no function; a string where the file does not parse."""
    if b"def " not in source:
        return None
    try:
        tree = parsed(source)
        silent: list[PlainTest] = []
        offences: list[PlainOffence] = []
        helpers: list[PlainHelper] = []
        for function, name, is_test in functions(tree):
            asserts, calls = _asserts(function), tuple(sorted(set(_calls(function))))
            helpers.append((function.name, asserts, calls))
            if is_test:
                found = [(line, name, kind, detail) for line, kind, detail in _offences(function)]
                offences += found
                is_skipped = any(kind == "skipped" for _, _, kind, _ in found)
                if not asserts and not is_skipped and not _is_measured(function):
                    silent.append((function.lineno, name, "no assertion", calls))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"line {getattr(error, 'lineno', None) or 1}: {type(error).__name__}"
    return tuple(silent), tuple(offences), tuple(helpers)


def functions(tree: ast.Module) -> Iterator[tuple[Function, str, bool]]:
    """Every function outside other functions, its qualified name, and whether pytest or unittest would run it."""
    waiting: list[tuple[ast.stmt, str, bool]] = [(statement, "", True) for statement in tree.body]
    while waiting:
        statement, scope, collects = waiting.pop(0)
        name = f"{scope}.{getattr(statement, 'name', '')}".lstrip(".")
        if isinstance(statement, _Function):
            is_fixture = any("fixture" in _spelled(each) for each in statement.decorator_list)
            yield statement, name, collects and statement.name.startswith("test") and not is_fixture
        elif isinstance(statement, ast.ClassDef):
            runs = statement.name.startswith("Test") or any(_OF_TESTS.search(_last(base)) for base in statement.bases)
            waiting += ((inner, name, runs) for inner in statement.body)
        elif isinstance(statement, (ast.If, ast.Try)):
            waiting += ((inner, scope, collects) for inner in statement.body)


def _asserts(function: ast.AST) -> bool:
    for node in ast.walk(function):
        if isinstance(node, (ast.Assert, ast.Raise)):
            return True
        if isinstance(node, ast.Call) and _ASSERTS.search(_last(node.func).lstrip("_")):
            return True
    decorators: Iterable[ast.expr] = getattr(function, "decorator_list", ())
    return any(_ASSERTS.search(_last(each).lstrip("_")) for each in decorators)


def _calls(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            on_self = isinstance(node.func, ast.Attribute) and _spelled(node.func.value) in ("self", "cls", "super()")
            yield f".{_last(node.func)}" if on_self else _last(node.func)
            yield from (_last(each) for each in node.args if isinstance(each, (ast.Name, ast.Attribute)))


def _is_measured(function: Function) -> bool:
    """Whether it is a benchmark: it measures, and is not asked to assert."""
    return any(each.arg == "benchmark" for each in function.args.args)


def _offences(function: Function) -> Iterator[tuple[int, str, str]]:
    for decorator in function.decorator_list:
        skip = _skip(decorator)
        if skip:
            yield decorator.lineno, "skipped", skip
    mocks = _mocks(function)
    expected = {id(node) for handler in ast.walk(function) if isinstance(handler, ast.ExceptHandler)
                for node in ast.walk(handler)}  # fmt: skip
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            always = _always(node.test)
            if always and id(node) in expected and isinstance(node.test, ast.Constant):
                continue  # it marks that the failure that was to come has come
            if always:
                yield node.lineno, "always true", always
            elif _is_of_mock(node.test, mocks):
                yield node.lineno, "mock", ast.unparse(node.test)
        elif isinstance(node, ast.Call):
            yield from _offences_of_call(node)
    only = _only_under(function)
    if only is not None:
        yield only[0], "may not run", only[1]


def _offences_of_call(node: ast.Call) -> Iterator[tuple[int, str, str]]:
    called = _last(node.func)
    if called in _RAISES and node.args and _spelled(node.args[0]) in _BROAD:
        if not any(keyword.arg == "match" for keyword in node.keywords):
            yield node.lineno, "too broad", f"{called}({_spelled(node.args[0])})"
    elif called == "assertTrue" and node.args and _always(node.args[0]):
        yield node.lineno, "always true", f"assertTrue({ast.unparse(node.args[0])})"


def _skip(decorator: ast.expr) -> str:
    """Why a decorator skips whatever happens, without a reason or without a day; nothing where it does not."""
    call = decorator if isinstance(decorator, ast.Call) else None
    spelled = _spelled(call.func if call else decorator)
    if spelled in ("pytest.mark.skipif", "unittest.skipIf", "skipIf") and call and call.args:
        is_always = isinstance(call.args[0], ast.Constant) and bool(call.args[0].value)
        return "its condition is always true" if is_always else ""
    if spelled not in ("pytest.mark.skip", "mark.skip", "unittest.skip"):
        return ""
    values = [*call.args, *(keyword.value for keyword in call.keywords)] if call else []
    if not values:
        return "without a reason"
    text = values[0].value if isinstance(values[0], ast.Constant) else None
    if isinstance(text, str) and not text.strip():
        return "without a reason"
    return "" if not isinstance(text, str) or _DAY.search(text) else "for ever"


def _always(test: ast.expr) -> str:
    """How an expression is spelled that is true whatever happens."""
    if isinstance(test, ast.Constant) and test.value:
        return ast.unparse(test)
    if isinstance(test, ast.Tuple) and test.elts:
        return "a tuple, which is true whatever it holds"
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        dumps = {ast.dump(value) for value in test.values if _is_steady(value)}
        inverse = [
            value.operand for value in test.values if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
        ]
        if any(ast.dump(value) in dumps for value in inverse) or any(_always(value) for value in test.values):
            return ast.unparse(test)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, operator, right = test.left, test.ops[0], test.comparators[0]
        is_length = isinstance(left, ast.Call) and _spelled(left.func) == "len"
        if is_length and isinstance(operator, ast.GtE) and isinstance(right, ast.Constant) and right.value == 0:
            return ast.unparse(test)
    return ""


def _is_steady(value: ast.expr) -> bool:
    return not any(isinstance(node, (ast.Call, ast.Await)) for node in ast.walk(value))


def _mocks(function: ast.AST) -> frozenset[str]:
    """The names to which only mocks are bound."""
    bound: dict[str, bool] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            is_mock = isinstance(node.value, ast.Call) and _last(node.value.func) in _MOCKS
            name = node.targets[0].id
            bound[name] = bound.get(name, True) and is_mock and not _wraps(node.value)
    return frozenset(name for name, is_mock in bound.items() if is_mock)


def _wraps(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and any(keyword.arg in ("wraps", "side_effect") for keyword in value.keywords)


def _is_of_mock(test: ast.expr, mocks: frozenset[str]) -> bool:
    """Whether what a mock gives when it is called is compared with a constant."""
    if not isinstance(test, ast.Compare) or not all(isinstance(each, ast.Constant) for each in test.comparators):
        return False
    called = test.left
    return isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id in mocks


def _only_under(function: Function) -> Optional[tuple[int, str]]:
    """Where all assertions stand under one `except`, or under one `if` without `else`: its line and what it is."""
    holding = [statement for statement in function.body if not isinstance(statement, _NESTED) and _asserts(statement)]
    if len(holding) != 1 or any(_asserts(each) for each in function.body if isinstance(each, _NESTED)):
        return None
    statement = holding[0]
    is_of_many = any(_last(each) in _MANY for each in function.decorator_list)  # then the `if` is an implication
    if (
        isinstance(statement, ast.If)
        and not is_of_many
        and not statement.orelse
        and all(not _is_early(each) for each in statement.body)
    ):
        return statement.lineno, f"if {ast.unparse(statement.test)}"
    if isinstance(statement, ast.Try):
        outside = [*statement.body, *statement.orelse, *statement.finalbody]
        handling = [each for handler in statement.handlers for each in handler.body if _asserts(each)]
        # whatever is raised fails the test: that is what it asserts
        expects_none = any(_is_failure(node) for each in handling for node in ast.walk(each))
        leaves = any(isinstance(each, ast.Return) for each in outside)
        if not any(map(_asserts, outside)) and not expects_none and not leaves:
            return statement.handlers[0].lineno, "except"
    return None


def _is_failure(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _last(node.func) == "fail")


def _is_early(statement: ast.stmt) -> bool:
    """A guard that raises or fails is the assertion."""
    return isinstance(statement, ast.Raise) or (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and bool(re.match(r"(?i)fail|skip|xfail", _last(statement.value.func)))
    )


def _last(expression: ast.expr) -> str:
    if isinstance(expression, ast.Call):
        return _last(expression.func)
    return expression.attr if isinstance(expression, ast.Attribute) else getattr(expression, "id", "")


def _spelled(expression: ast.expr) -> str:
    return ast.unparse(expression)
