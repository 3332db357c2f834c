"""Which assertions are true whatever the code does; asked of syntax trees."""

from __future__ import annotations

import ast
import operator
import re
from typing import Any, Callable, Optional

from gates.facts.extractors.what_asserts import last, spelled

_Compared = Callable[[Any, Any], Any]
_OPERATORS: dict[type[ast.cmpop], _Compared] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Is: operator.eq, ast.IsNot: operator.ne, ast.Lt: operator.lt,
    ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}  # fmt: skip
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.LtE: ast.GtE, ast.Lt: ast.Gt, ast.NotEq: ast.NotEq}
_COMPARING: dict[str, type[ast.cmpop]] = {
    "assertEqual": ast.Eq, "assertEquals": ast.Eq, "assertNotEqual": ast.NotEq, "assertIs": ast.Is,
    "assertIsNot": ast.IsNot, "assertGreater": ast.Gt, "assertGreaterEqual": ast.GtE, "assertLess": ast.Lt,
    "assertLessEqual": ast.LtE, "assertIn": ast.In, "assertNotIn": ast.NotIn, "assertListEqual": ast.Eq,
    "assertDictEqual": ast.Eq, "assertTupleEqual": ast.Eq, "assertSetEqual": ast.Eq, "assertSequenceEqual": ast.Eq,
}  # fmt: skip
# A test that asks how things are equal may well ask it of one thing.
_OF_EQUALITY = re.compile(r"(?i)eq|hash|nan|compar|cmp|ident|same|reflex|order|richcmp|copy|singleton")


def of_call(call: ast.Call) -> Optional[ast.expr]:
    """What a method of unittest asks, as an expression; nothing where it is none that we know."""
    called = last(call.func)
    if any(isinstance(each, ast.Starred) for each in call.args) or not call.args:
        return None
    if called in ("assertTrue", "assert_"):
        return call.args[0]
    if called == "assertFalse":
        return ast.UnaryOp(ast.Not(), call.args[0])
    if called in _COMPARING and len(call.args) > 1:
        return ast.Compare(call.args[0], [_COMPARING[called]()], [call.args[1]])
    return None


def always(test: ast.expr) -> str:
    """How an expression is spelled that is true whatever happens."""
    return spelled_out(test) if _truth(test) is True else ""


def reflexive(test: ast.expr) -> str:
    """How a comparison of a name or an attribute with itself is spelled: true, unless equality is what is tested."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return ""
    is_same = _is_plain(test.left) and ast.dump(test.left) == ast.dump(test.comparators[0])
    return spelled(test) if is_same and isinstance(test.ops[0], (ast.Eq, ast.LtE, ast.GtE)) else ""


def may_be_of_equality(name: str) -> bool:
    """Whether a test of this name may ask how something is equal to itself."""
    return _OF_EQUALITY.search(name) is not None


def spelled_out(test: ast.expr) -> str:
    """As the message says it."""
    return "a tuple, which is true whatever it holds" if isinstance(test, ast.Tuple) else spelled(test)


def _truth(test: ast.expr) -> Optional[bool]:
    """Whether it is true, or false, whatever happens."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, (ast.Tuple, ast.List, ast.Set)):
        return _of_display(test.elts, [each for each in test.elts if not isinstance(each, ast.Starred)])
    if isinstance(test, ast.Dict):
        return _of_display(test.keys, [each for each in test.keys if each is not None])
    if isinstance(test, (ast.GeneratorExp, ast.Lambda)):
        return True
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _truth(test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return True if any(_truth(each) for each in test.values) or _is_either(test) else None
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _of_comparison(test.left, test.ops[0], test.comparators[0])
    return None


def _of_display(all_of_it: object, certain: object) -> Optional[bool]:
    return True if certain else None if all_of_it else False


def _is_either(test: ast.BoolOp) -> bool:
    """`a or not a`."""
    dumps = {ast.dump(value) for value in test.values if _is_steady(value)}
    inverse = [each.operand for each in test.values if isinstance(each, ast.UnaryOp) and isinstance(each.op, ast.Not)]
    return any(ast.dump(value) in dumps for value in inverse)


def _of_comparison(left: ast.expr, how: ast.cmpop, right: ast.expr) -> Optional[bool]:
    one, other = _number(left), _number(right)
    if one is not None and other is not None:
        try:
            return bool(_OPERATORS[type(how)](one[0], other[0]))
        except TypeError:
            return None
    if isinstance(left, ast.Name) and isinstance(right, ast.Name) and left.id == right.id and isinstance(how, ast.Is):
        return True
    if _is_length(right) and type(how) in _TURNED:
        left, how, right, other = right, _TURNED[type(how)](), left, one
    if not _is_length(left) or other is None or not isinstance(other[0], int):
        return None
    least = 0 if isinstance(how, ast.GtE) else -1 if isinstance(how, (ast.Gt, ast.NotEq)) else None
    return True if least is not None and other[0] <= least else None


def _number(test: ast.expr) -> Optional[tuple[Any]]:
    """The value of a constant, a negative one too, in a tuple, for None is a value."""
    if isinstance(test, ast.Constant):
        return (test.value,)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.USub) and isinstance(test.operand, ast.Constant):
        value = test.operand.value
        return (-value,) if isinstance(value, (int, float)) else None
    return None


def _is_length(test: ast.expr) -> bool:
    return isinstance(test, ast.Call) and spelled(test.func) == "len"


def _is_plain(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) or (isinstance(test, ast.Attribute) and _is_plain(test.value))


def _is_steady(value: ast.expr) -> bool:
    return not any(isinstance(node, (ast.Call, ast.Await)) for node in ast.walk(value))
