"""Which assertions ask a mock for what the test told it to give; asked of the syntax tree of one test."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Optional, Union

from gates.facts.extractors.what_asserts import inside, last

_MOCKS = frozenset(("Mock", "MagicMock", "AsyncMock", "NonCallableMock"))
# Where one of these is used, what the mock gives is no longer what it was told with `return_value`.
_OTHERWISE = frozenset(("side_effect", "wraps", "configure_mock", "reset_mock", "attach_mock", "mock_add_spec"))


@dataclass(frozen=True)
class MockAnswers:
    """Dotted name of a mock, or of an attribute of one, to what it gives; the names to which its answer is bound."""

    told: Mapping[str, str]
    bound: Mapping[str, ast.expr]

    @classmethod
    def of(cls, function: ast.AST) -> MockAnswers:
        """Of the mocks that nobody but the test can have told anything: they are handed to nothing."""
        own = dict(_made(function))
        if not own:
            return cls({}, {})
        bound = Counter(node.id for node in inside(function, ast.Name) if isinstance(node.ctx, ast.Store))
        known = {name for name in own if bound[name] == 1} - set(_handed_on(function))
        told = [(name, value) for name, value in _told(function, own) if name.partition(".")[0] in known]
        several = Counter(name for name, _ in told)
        answers = {
            target.id: value
            for target, value in _assigned(function)
            if isinstance(target, ast.Name) and bound[target.id] == 1
        }
        return cls({name: ast.dump(value) for name, value in told if several[name] == 1}, answers)

    def are_asked_in(self, test: ast.expr) -> bool:
        """Whether it compares what a mock gives with what it was told to give."""
        if not self.told or not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return False
        if not isinstance(test.ops[0], (ast.Eq, ast.Is)):
            return False
        one, other = test.left, test.comparators[0]
        return self._gives(one) == ast.dump(other) or self._gives(other) == ast.dump(one)

    def _gives(self, asked: ast.expr) -> Optional[str]:
        if isinstance(asked, ast.Name):
            asked = self.bound.get(asked.id, asked)
        if isinstance(asked, ast.Await):
            asked = asked.value
        return self.told.get(_dotted(asked.func)) if isinstance(asked, ast.Call) else None


def _made(function: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for target, value in _assigned(function):
        if not isinstance(target, ast.Name) or not isinstance(value, ast.Call) or last(value.func) not in _MOCKS:
            continue
        if all(keyword.arg and keyword.arg not in _OTHERWISE for keyword in value.keywords):
            yield target.id, value


def _told(function: ast.AST, own: Mapping[str, ast.Call]) -> Iterator[tuple[str, ast.expr]]:
    for name, made in own.items():
        yield from ((name, keyword.value) for keyword in made.keywords if keyword.arg == "return_value")
    for target, value in _assigned(function):
        if isinstance(target, ast.Attribute) and target.attr == "return_value" and _dotted(target.value):
            yield _dotted(target.value), value


def _assigned(function: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in inside(function, ast.Assign):
        if len(node.targets) == 1:
            yield node.targets[0], node.value
    for annotated in inside(function, ast.AnnAssign):
        if annotated.value is not None:
            yield annotated.target, annotated.value


def _handed_on(function: ast.AST) -> Iterator[str]:
    """The names that stand for themselves somewhere, or whose attributes do: somebody else may tell them something."""
    asked = {id(node.func) for node in inside(function, ast.Call)}
    for node in inside(function, ast.Attribute):
        asked.add(id(node.value))
        if node.attr in _OTHERWISE:
            yield _dotted(node).partition(".")[0]
    chains: list[Union[ast.Name, ast.Attribute]] = [*inside(function, ast.Name), *inside(function, ast.Attribute)]
    for named in chains:
        if isinstance(named.ctx, ast.Load) and id(named) not in asked:
            yield _dotted(named).partition(".")[0]


def _dotted(expression: ast.expr) -> str:
    if isinstance(expression, ast.Attribute):
        inside = _dotted(expression.value)
        return f"{inside}.{expression.attr}" if inside else ""
    return expression.id if isinstance(expression, ast.Name) else ""
