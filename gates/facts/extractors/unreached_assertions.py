"""Which assertions may not run, or are caught again where they stand; asked of the syntax tree of one test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

from gates.facts.extractors.what_asserts import (
    FUNCTION,
    NESTED,
    Function,
    asserts,
    asserts_by_name,
    inside,
    last,
    spelled,
)

_MANY = frozenset(("given", "parametrize"))
_MAY_NOT_RUN = (ast.If, ast.With, ast.AsyncWith, ast.Try)
_CATCH_ASSERTIONS = frozenset(("AssertionError", "Exception", "BaseException"))
_SAYS_ONLY = re.compile(r"(?i)^(?:print|pprint|debug|info|warn|warning|error|exception|log|print_exc|sleep)$")
_LEAVES = (ast.Return, ast.Break, ast.Continue, ast.Raise, ast.Yield, ast.YieldFrom)


class Unreached(NamedTuple):
    """Where all assertions may not run: the line, under what, and what runs without them."""

    line: int
    under: str
    run: Sequence[ast.AST]


def only_under(function: Function) -> Optional[Unreached]:
    """Where all assertions stand under one `except`, or under `if`s of which none has an `else` that asserts."""
    if any(asserts(each) for each in function.body if isinstance(each, NESTED)) or any(
        map(asserts_by_name, function.decorator_list)
    ):
        return None
    plain = [each for each in function.body if not isinstance(each, NESTED)]
    if any(not isinstance(each, _MAY_NOT_RUN) and asserts(each) for each in plain):
        return None
    holding = [each for each in plain if isinstance(each, _MAY_NOT_RUN) and asserts(each)]
    run: list[ast.AST] = [each for each in plain if each not in holding]
    if len(holding) == 1 and isinstance(holding[0], ast.Try):
        line = _only_in_handlers(holding[0])
        return Unreached(line, "except", run) if line else None
    if any(last(each) in _MANY for each in function.decorator_list):
        return None  # then the `if` is an implication
    ifs = list(_ifs(holding, run))
    if not ifs or any(each is None for each in ifs):
        return None
    found = [each for each in ifs if each is not None]
    parameters = {each.arg for each in function.args.args} - {"self", "cls"}
    if _is_of_cases(found, parameters):
        return None
    return Unreached(found[0].lineno, f"if {spelled(found[0].test)}", run)


def swallowed(function: Function) -> Iterator[tuple[int, str]]:
    """Line and what catches it, of assertions whose failure is caught and told to nobody."""
    if not inside(function, ast.Try) and not inside(function, ast.With) and not inside(function, ast.AsyncWith):
        return
    waiting: list[tuple[ast.stmt, bool]] = [(each, False) for each in function.body]
    while waiting:
        statement, again = waiting.pop(0)
        if isinstance(statement, ast.Try) and not again:
            handler = _that_swallows(statement)
            if handler is not None:
                caught = f"except {spelled(handler.type)}" if handler.type else "except"
                yield handler.lineno, caught
        elif isinstance(statement, (ast.With, ast.AsyncWith)) and _has_assertion(statement.body):
            for item in statement.items:
                if _suppresses(item.context_expr):
                    yield statement.lineno, spelled(item.context_expr)
        is_loop = isinstance(statement, (ast.For, ast.AsyncFor, ast.While))
        # what fails in a loop may be tried again; what a function inside catches may be what it is for
        if not isinstance(statement, NESTED):
            waiting += (
                (each, again or is_loop) for each in ast.iter_child_nodes(statement) if isinstance(each, ast.stmt)
            )


# Under `if`


def _ifs(holding: Sequence[ast.stmt], run: list[ast.AST]) -> Iterator[Optional[ast.If]]:
    """The `if`s that hold them; None for what asserts whatever happens. What stands beside them is added to `run`."""
    for statement in holding:
        if isinstance(statement, ast.If) and not asserts(statement.test):
            run += _beside(statement)
            yield None if _is_sure(statement) else statement
        elif isinstance(statement, (ast.With, ast.AsyncWith)) and not any(asserts(each) for each in statement.items):
            run += [*statement.items, *(each for each in statement.body if not asserts(each))]
            yield from _ifs([each for each in statement.body if asserts(each)], run)
        else:
            yield None


def _is_sure(statement: ast.If) -> bool:
    """Whether it asserts on either side, or is a guard that raises or fails: then it is the assertion."""
    return _is_guard(statement) or (_runs(statement.body) and _runs(statement.orelse))


def _beside(statement: ast.If) -> Iterator[ast.stmt]:
    """What runs on the side that holds no assertion: it may be asserted there by a helper."""
    for branch in (statement.body, statement.orelse):
        for each in () if _runs(branch) else branch:
            yield from _beside(each) if isinstance(each, ast.If) and asserts(each) else [] if asserts(each) else [each]


def _is_guard(statement: ast.If) -> bool:
    others = [each for each in statement.orelse if isinstance(each, ast.If)]
    return any(map(_is_early, (*statement.body, *statement.orelse))) or any(map(_is_guard, others))


def _runs(body: Sequence[ast.stmt]) -> bool:
    return any(_is_sure(each) if isinstance(each, ast.If) else asserts(each) for each in body)


def _is_early(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Raise) or (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and bool(re.match(r"(?i)fail|skip|xfail", last(statement.value.func)))
    )


def _is_of_cases(found: Sequence[ast.If], parameters: set[str]) -> bool:
    """Whether several `if`s tell one thing's cases apart, of which one may always be there."""
    asked = [ast.dump(each) for one in found for each in _asked_of(one)]
    return len(asked) > 1 and (
        len(set(asked)) < len(asked)
        or any(isinstance(node, ast.Name) and node.id in parameters for each in found for node in ast.walk(each.test))
    )


def _asked_of(statement: ast.If) -> Iterator[ast.expr]:
    """Of what its conditions speak, without `not` and without what it is compared with."""
    test = statement.test
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    yield test.left if isinstance(test, ast.Compare) else test
    for each in statement.orelse:
        if isinstance(each, ast.If):
            yield from _asked_of(each)


# Under `try`


def _only_in_handlers(statement: ast.Try) -> int:
    """The line of the first `except` where only they assert, and none says that nothing may be raised."""
    outside = [*statement.body, *statement.orelse, *statement.finalbody]
    handling = [each for handler in statement.handlers for each in handler.body if asserts(each)]
    # whatever is raised fails the test: that is what it asserts
    expects_none = any(_is_failure(node) for each in handling for node in ast.walk(each))
    leaves = any(isinstance(each, ast.Return) for each in outside)
    return 0 if any(map(asserts, outside)) or expects_none or leaves else statement.handlers[0].lineno


def _is_failure(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and last(node.func) == "fail")


def _that_swallows(statement: ast.Try) -> Optional[ast.ExceptHandler]:
    """The handler that an assertion of the body ends in, where it only passes, or says what it caught."""
    if not _has_assertion(statement.body) or any(map(asserts, (*statement.orelse, *statement.finalbody))):
        return None
    if any(isinstance(node, _LEAVES) or _is_failure(node) for each in statement.body for node in ast.walk(each)):
        return None  # it was to fail, or what comes after it fails where it was left early
    for handler in statement.handlers:
        if _catches(handler.type):
            return handler if all(map(_only_tells, handler.body)) else None
    return None


def _has_assertion(body: Sequence[ast.stmt]) -> bool:
    """Whether AssertionError may be raised there by what asserts; pytest's own failures are no Exception."""
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and re.match(r"assert(?!Raises|Warns|Logs)", last(node.func)))
        for each in body
        if not isinstance(each, FUNCTION)
        for node in ast.walk(each)
    )


def _catches(kind: Optional[ast.expr]) -> bool:
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(spelled(each) in _CATCH_ASSERTIONS for each in kinds)


def _only_tells(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return):
        return statement.value is None or (isinstance(statement.value, ast.Constant) and statement.value.value is None)
    if isinstance(statement, ast.Expr):
        value = statement.value
        return isinstance(value, ast.Constant) or (
            isinstance(value, ast.Call) and bool(_SAYS_ONLY.match(last(value.func)))
        )
    return isinstance(statement, ast.Pass)


def _suppresses(context: ast.expr) -> bool:
    return (
        isinstance(context, ast.Call)
        and last(context.func) in ("suppress", "Suppress")
        and any(_catches(each) for each in context.args)
    )
