"""What the body of an except clause does with the failure that it caught.

One statement of the body is enough, on whatever path it stands: which paths are taken cannot be told from the text.
What stands in a function or class defined in the body does not count, because nobody knows whether it is ever called;
nor does what an inner except clause does, because it treats another failure, unless it uses the outer one by name.

- raises: `raise`, or an assertion about the failure.
- returns error: the failure, or something made from it, is returned or yielded.
- stores error: it is kept in an attribute, an item, a name that is read outside the clause, or handed to a call.
- logs: it is handed to something that writes for people, or such a thing is called without it.
- counts: something is incremented.
- exits: the process or the test ends.

`sys.exc_info()`, `sys.exception()` and `traceback.*` stand for the failure as its own name does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Callable, Optional, Union

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
# To look at a failure is not to keep it.
_INSPECTORS = frozenset(
    "isinstance issubclass type str repr hasattr getattr len id bool format int float hash callable dir vars any all"
    " list tuple set sorted join startswith endswith search match fullmatch findall find index count split"
    " encode decode lower upper strip replace get".split()
)
_LEVELS = frozenset("warning warn error exception critical fatal".split())
_QUIET_LEVELS = frozenset("debug info log trace success notice msg".split())
_WRITERS = frozenset(
    "print pprint print_exc print_exception print_stack print_last dump_traceback echo secho excepthook"
    " capture_exception capture_message handleError showwarning".split()
)
_REPORT_VERBS = frozenset("handle report record capture notify print show".split())
_FAILURE_NOUNS = frozenset("error errors exception exceptions exc failure failures traceback".split())
_MATHS = frozenset("math cmath np numpy torch tf jnp jax sp sympy mpmath K".split())
_ENDS = frozenset("exit _exit abort fail".split())
_ENDS_OF_TESTS = frozenset("skip skipTest xfail".split())
_POSITIONS = frozenset("i j k n x y idx index pos position offset ptr line lineno line_number row col column".split())
_COUNTERS = frozenset("counter counters count counts metric metrics meter total errors failures stats".split())
_LOG_VERBS = frozenset("do safe write print emit send add debug info error audit local".split())
_DENSITIES = frozenset("prob probs softmax sum exp likelihood space scale odds det loss pdf cdf".split())


def treatment(handler: ast.ExceptHandler, function: Optional[Function]) -> tuple[str, ...]:
    """What becomes of the failure, sorted; `function` is the one around the clause, None in a module or class body."""
    return tuple(sorted(_Body(handler, function).treatments()))


class _Body:
    def __init__(self, handler: ast.ExceptHandler, function: Optional[Function]) -> None:
        self.handler = handler
        self.function = function
        self.names = {handler.name} if handler.name else set()
        self.own = list(_statements(handler.body, lambda clause: False))
        # An inner clause that gives its own failure the same name cannot use the outer one.
        self.all = list(_statements(handler.body, lambda clause: clause.name not in self.names))
        self.made: set[str] = set()  # names of what was made from the failure
        while self._spread():
            pass

    def treatments(self) -> set[str]:
        found = {kind for statement in self.own for kind in _silent(statement)}
        found |= {kind for statement in self.all for kind in self._of_error(statement)}
        if self.made and self._is_read_outside():
            found.add("stores error")
        return found

    def _spread(self) -> bool:
        """Names that are given something made from the failure, until there are no more."""
        before = len(self.made)
        for statement in self.all:
            for target, value in _assignments(statement):
                if self.mentions(value):
                    self.made |= {_last(node) for node in ast.walk(target) if _is_written(node)} - self.names
        return len(self.made) > before

    def mentions(self, expression: Optional[ast.AST]) -> bool:
        """Whether an expression is made from the failure."""
        return expression is not None and any(
            (isinstance(node, ast.Name) and node.id in (self.names | self.made))
            or (isinstance(node, ast.Call) and _is_failure(node))
            for node in ast.walk(expression)
        )

    def _of_error(self, statement: ast.AST) -> Iterator[str]:
        if isinstance(statement, ast.Raise) and (self.mentions(statement.exc) or self.mentions(statement.cause)):
            yield "raises"
        if isinstance(statement, ast.Assert) and self.mentions(statement):
            yield "raises"
        if isinstance(statement, ast.Return) and self.mentions(statement.value):
            yield "returns error"
        for target, value in _assignments(statement):
            if self.mentions(value) and any(self._is_kept(node) for node in ast.walk(target)):
                yield "stores error"
        for node in _expressions(statement):
            if isinstance(node, (ast.Yield, ast.YieldFrom)) and self.mentions(node.value):
                yield "returns error"
            elif isinstance(node, ast.Call):
                yield from self._of_call(node)

    def _of_call(self, call: ast.Call) -> Iterator[str]:
        handed = any(map(self.mentions, call.args)) or any(self.mentions(keyword.value) for keyword in call.keywords)
        if not handed:
            return
        if _writes(call):
            yield "logs"
        elif _last(call.func) not in _INSPECTORS:
            yield "stores error"

    @cached_property
    def shared(self) -> frozenset[str]:
        """The names that the function around declares global or nonlocal."""
        return frozenset(
            name
            for node in ast.walk(self.function or self.handler)
            if isinstance(node, (ast.Global, ast.Nonlocal))
            for name in node.names
        )

    def _is_kept(self, target: ast.AST) -> bool:
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            return True
        # The names of a module or class are read from outside; those of a function only inside.
        return _is_written(target) and (self.function is None or _last(target) in self.shared)

    def _is_read_outside(self) -> bool:
        if self.function is None:
            return False
        inside = {id(node) for statement in self.handler.body for node in ast.walk(statement)}
        return any(
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and node.id in self.made
            and id(node) not in inside
            for node in ast.walk(self.function)
        )


def _statements(body: list[ast.stmt], enters: Callable[[ast.ExceptHandler], bool]) -> Iterator[ast.AST]:
    """The statements of a body at every depth, without those of functions and classes defined in it."""
    todo: list[ast.AST] = list(body)
    while todo:
        statement = todo.pop()
        yield statement
        if isinstance(statement, _DEFINITIONS):
            continue
        todo += [clause for clause in getattr(statement, "handlers", ()) if enters(clause)]
        for field in ("body", "orelse", "finalbody", "cases"):
            below = getattr(statement, field, ())
            todo += below if isinstance(below, list) else ()


def _expressions(statement: ast.AST) -> Iterator[ast.AST]:
    """The expressions of a statement, not those of the statements below it."""
    todo: list[ast.AST] = [] if isinstance(statement, _DEFINITIONS) else [statement]
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.Lambda):
            todo += [child for child in ast.iter_child_nodes(node) if not is_below(child)]


def is_below(node: ast.AST) -> bool:
    """Whether it is a statement, or a clause with statements of its own (`match_case` is not there on 3.9)."""
    return isinstance(node, (ast.stmt, ast.ExceptHandler)) or type(node).__name__ == "match_case"


def _assignments(statement: ast.AST) -> Iterator[tuple[ast.AST, Optional[ast.AST]]]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield target, statement.value
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
        yield statement.target, statement.value
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        yield statement.target, statement.iter
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        for item in statement.items:
            if item.optional_vars is not None:
                yield item.optional_vars, item.context_expr
    for node in _expressions(statement):
        if isinstance(node, ast.NamedExpr):
            yield node.target, node.value


def _silent(statement: ast.AST) -> Iterator[str]:
    """What a statement does about a failure without naming it."""
    if isinstance(statement, ast.Raise):
        yield "raises"
    if isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Constant) and not statement.test.value:
        yield "raises"
    if _increments(statement):
        yield "counts"
    for node in _expressions(statement):
        if isinstance(node, ast.Call):
            yield from _silent_call(node)


def _silent_call(call: ast.Call) -> Iterator[str]:
    name, owner = _last(call.func), _owner(call.func)
    if _writes(call):
        yield "logs"
    if name in _ENDS or (not owner and name == "quit"):
        yield "exits"
    if name in _ENDS_OF_TESTS and owner in ("pytest", "self", "unittest"):
        yield "exits"
    if name in ("reraise", "raise_from"):
        yield "raises"
    if {"inc", "incr", "increment"} & {*_words(name)} or (name == "add" and _COUNTERS & {*_words(owner)}):
        yield "counts"


def _increments(statement: ast.AST) -> bool:
    target: ast.expr
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        target, value = statement.target, statement.value
    elif (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.BinOp)
        and isinstance(statement.value.op, ast.Add)
        and ast.dump(statement.targets[0]).replace("Store()", "Load()") == ast.dump(statement.value.left)
    ):
        target, value = statement.targets[0], statement.value.right
    else:
        return False
    # A position that moves on is no counter of failures.
    position = _last(target) in _POSITIONS
    return isinstance(value, ast.Constant) and type(value.value) is int and not position


def _writes(call: ast.Call) -> bool:
    """Whether a call looks like one that writes for people."""
    name, owner = _last(call.func), _owner(call.func)
    words = _words(name) or [""]
    if name in _WRITERS or name in _LEVELS:
        return True
    if name == "write":
        return bool({"stdout", "stderr"} & {*_words(owner)})
    if words == ["log"] and owner in ("", *_MATHS):
        return any(map(_is_text, call.args[:2]))  # else a logarithm
    if name in _QUIET_LEVELS:
        return (
            name == "log" or bool({"log", "logger", "logging"} & {*_words(owner)}) or owner.lower().endswith("logger")
        )
    if words[0] in ("log", "logger", "warn", "warning") or (words[-1] == "log" and words[0] in _LOG_VERBS):
        return not _DENSITIES & {*words}
    return bool(_REPORT_VERBS & {*words}) and bool(_FAILURE_NOUNS & {*words})


def _is_text(expression: ast.AST) -> bool:
    if isinstance(expression, ast.BinOp):
        return _is_text(expression.left)
    if isinstance(expression, ast.Call):
        return isinstance(expression.func, ast.Attribute) and expression.func.attr == "format"
    text = isinstance(expression, ast.Constant) and isinstance(expression.value, str)
    return text or isinstance(expression, ast.JoinedStr)


def _is_failure(call: ast.Call) -> bool:
    name, owner = _last(call.func), _owner(call.func)
    return owner == "traceback" or name in ("format_exc", "exc_info") or (owner == "sys" and name == "exception")


def _is_written(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _last(function: ast.AST) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _owner(function: ast.AST) -> str:
    """The word before the last dot: `log` in `self.log.error`, and in `get_log().error`."""
    if not isinstance(function, ast.Attribute):
        return ""
    value = function.value
    return _last(value.func) if isinstance(value, ast.Call) else _last(value)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]
