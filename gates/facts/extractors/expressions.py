"""What each kind of expression may be worth: a rule for each, in the terms of what its parts are worth."""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, Optional

from gates.facts.extractors.arguments import Call, Folder
from gates.facts.extractors.call_folding import NAMESPACES, of_namespace, result_of
from gates.facts.extractors.contents import added, elements, in_order, joined, positions, table_of
from gates.facts.extractors.known_values import (
    MANY,
    Function,
    Known,
    Named,
    Record,
    Several,
    Table,
    Unknown,
    Value,
    Values,
    as_text,
    truth,
    why,
)
from gates.facts.extractors.loaders import OWN
from gates.facts.extractors.paths import FUNCTIONS, HERE, TOP, applied
from gates.facts.extractors.places import Scope
from gates.facts.extractors.plain_values import applied as applied_to
from gates.facts.extractors.short_text import shown
from gates.facts.extractors.text_folding import formatted, percent

Rule = Callable[[Folder, Any, Scope], Values]
_COMPARED: Mapping[type, Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}
_NUMBERS: Mapping[type, Callable[[Any, Any], object]] = {
    ast.Sub: operator.sub,
    ast.FloorDiv: operator.floordiv,
    ast.BitXor: operator.xor,
}
_NOTHING = Unknown("")
_A_TRUTH = Unknown("it is a truth value")


def _constant(folding: Folder, node: ast.Constant, scope: Scope) -> Values:
    return (Known(node.value),)


def _name(folding: Folder, node: ast.Name, scope: Scope) -> Values:
    return folding.name(node.id, scope, node)


def _inside(folding: Folder, node: Any, scope: Scope) -> Values:
    return folding.fold(node.value, scope)


def _either(folding: Folder, node: ast.IfExp, scope: Scope) -> Values:
    tests = {truth(value) for value in folding.fold(node.test, scope)}
    branches = [node.body] if tests == {True} else [node.orelse] if tests == {False} else [node.body, node.orelse]
    return tuple(value for branch in branches for value in folding.fold(branch, scope))


def _any_of(folding: Folder, node: ast.BoolOp, scope: Scope) -> Values:
    skipped = not isinstance(node.op, ast.Or)
    found: list[Value] = []
    for operand in node.values:
        values = folding.fold(operand, scope)
        last = operand is node.values[-1]
        found.extend(value for value in values if last or truth(value) is not skipped)
        if not last and all(truth(value) is (not skipped) for value in values):
            break
    return tuple(found)


def _compared(folding: Folder, node: ast.Compare, scope: Scope) -> Values:
    """One comparison of constants; what is compared with the unknown may be either."""
    if len(node.ops) > 1:
        return (_A_TRUTH,)
    left, right = folding.fold(node.left, scope), folding.fold(node.comparators[0], scope)
    compare = _COMPARED.get(type(node.ops[0]))
    if compare is None:  # `is`, `is not`
        return tuple(_is(one, other, isinstance(node.ops[0], ast.Is)) for one in left for other in right)
    if any(_is_a_place(value) for value in (*left, *right)):
        return (_A_TRUTH,)
    return tuple(applied_to(compare, (left, right), {})) or (_A_TRUTH,)


def _is(one: Value, other: Value, wanted: bool) -> Value:
    if isinstance(one, Known) and isinstance(other, Known) and (one.value is None or other.value is None):
        return Known((one.value is other.value) is wanted)
    if other == Known(None) and truth(one) is not None:
        return Known(not wanted)
    return _A_TRUTH


def _is_a_place(value: Value) -> bool:
    text = as_text(value)
    return isinstance(text, str) and (HERE in text or TOP in text)


# --- containers -----------------------------------------------------------------------------------------------------


def _sequence(folding: Folder, node: Any, scope: Scope) -> Values:
    items: list[Values] = []
    exact = not isinstance(node, ast.Set) or len(node.elts) < 2
    for element in node.elts:
        if isinstance(element, ast.Starred):
            values = folding.opened(folding.fold(element.value, scope))
            held, sure = in_order(values)
            exact = exact and sure
            items.extend(held)
        else:
            items.append(folding.fold(element, scope))
    return (Several(tuple(items), exact, isinstance(node, ast.Tuple)),)


def _table(folding: Folder, node: ast.Dict, scope: Scope) -> Values:
    pairs: list[tuple[Values, Values]] = []
    others: list[Value] = []
    for key, value in zip(node.keys, node.values):
        if key is not None:
            pairs.append((folding.fold(key, scope), folding.fold(value, scope)))
            continue
        for merged in folding.fold(value, scope):
            if isinstance(merged, Table):
                pairs.extend(merged.pairs)
            elif not isinstance(merged, (Several, Known)):
                pairs.append(((Unknown(why(merged)),), (Unknown(why(merged)),)))
                others += [merged] if isinstance(merged, Named) else []  # {**sys.modules}
    return (table_of(pairs), *others)


def _listed(folding: Folder, node: Any, scope: Scope) -> Values:
    """A comprehension, round by round where its rounds are known."""
    inner = scope.opened_by(node)
    rows: list[Values] = []
    exact = not isinstance(node, ast.SetComp)
    for sure in _rounds(folding, node.generators, scope, inner):
        exact = exact and sure
        rows.append(folding.fold(node.elt, inner))
    return (Several(tuple(rows), exact or len(rows) == 0),)


def _tabled(folding: Folder, node: ast.DictComp, scope: Scope) -> Values:
    inner = scope.opened_by(node)
    rounds = _rounds(folding, node.generators, scope, inner)
    return (table_of((folding.fold(node.key, inner), folding.fold(node.value, inner)) for _ in rounds),)


def _rounds(folding: Folder, generators: Sequence[ast.comprehension], outside: Scope, inner: Scope) -> Iterator[bool]:
    """Each round of a comprehension that is not left out; whether it is certain to be gone through, and once."""
    loops = [(one.iter, inner if index else outside) for index, one in enumerate(generators)]
    conditions = [condition for one in generators for condition in one.ifs]
    for sure in folding.rounds(loops):
        tests = [{truth(value) for value in folding.fold(condition, inner)} for condition in conditions]
        if {False} not in tests:
            yield sure and all(test == {True} for test in tests)


# --- texts and numbers ----------------------------------------------------------------------------------------------


def _f_string(folding: Folder, node: ast.JoinedStr, scope: Scope) -> Values:
    found: Values = (Known(""),)
    for part in node.values:
        found = joined(found, _f_part(folding, part, scope))
    return found


def _f_part(folding: Folder, part: ast.expr, scope: Scope) -> Values:
    if not isinstance(part, ast.FormattedValue):
        return folding.fold(part, scope)
    spec = folding.fold(part.format_spec, scope) if part.format_spec is not None else (Known(""),)
    return formatted(folding.fold(part.value, scope), part.conversion, spec)


def _operation(folding: Folder, node: ast.BinOp, scope: Scope) -> Values:
    if isinstance(node.op, ast.Add):
        operands: list[ast.expr] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
            operands.append(left.right)
            left = left.left
        found = folding.fold(left, scope)
        for operand in reversed(operands):
            found = added(found, folding.fold(operand, scope))
        return found
    first, second = folding.fold(node.left, scope), folding.fold(node.right, scope)
    if isinstance(node.op, ast.Mod):
        return percent(first, second)
    if isinstance(node.op, ast.Div):  # Path("a") / "b"
        return tuple(applied(FUNCTIONS["os.path.join"], [first, second]))
    if isinstance(node.op, ast.BitOr):
        return _merged(first, second)
    if isinstance(node.op, ast.Mult):
        return _repeated(first, second)
    calculate = _NUMBERS.get(type(node.op))
    return tuple(applied_to(calculate, (first, second), {})) if calculate else ()


def _merged(first: Values, second: Values) -> Values:
    sides = (*first, *second)
    tables = [side for side in sides if isinstance(side, Table)]
    rest = tuple(side for side in sides if not isinstance(side, Table))
    return (table_of(pair for side in tables for pair in side.pairs), *rest) if tables else rest


def _repeated(first: Values, second: Values) -> Values:
    lists = [value for value in (*first, *second) if isinstance(value, (Several, Record))]
    times = [value.value for value in (*first, *second) if isinstance(value, Known)]
    if len(lists) == len(first) == len(second) == 1:
        held, number = positions(lists[0]), times[0] if times else None
        if held is not None and isinstance(number, int) and len(held) * max(0, number) <= MANY:
            return (Several(held * number),)
        return (Several((elements(lists),), exact=False),)
    return tuple(applied_to(operator.mul, (first, second), {}))


def _signed(folding: Folder, node: ast.UnaryOp, scope: Scope) -> Values:
    values = folding.fold(node.operand, scope)
    if isinstance(node.op, ast.Not):
        return tuple(_A_TRUTH if truth(value) is None else Known(not truth(value)) for value in values)
    numbers = [value.value for value in values if isinstance(value, Known)]
    return tuple(Known(-number) for number in numbers if isinstance(number, int) and isinstance(node.op, ast.USub))


# --- attributes, items and calls ------------------------------------------------------------------------------------


def _attribute(folding: Folder, node: ast.Attribute, scope: Scope) -> Values:
    bases = folding.fold(node.value, scope)
    return tuple(value for base in bases for value in folding.attribute_of(base, node.attr, node))


def _subscript(folding: Folder, node: ast.Subscript, scope: Scope) -> Values:
    bases = folding.fold(node.value, scope)
    if isinstance(node.slice, ast.Slice):
        return _slice(folding, bases, node.slice, scope)
    found: list[Value] = []
    for key in folding.fold(node.slice, scope):
        for base in bases:
            if isinstance(base, Named) and base.name in NAMESPACES:
                found.extend(of_namespace(folding, base.name, key, scope))
            else:
                found.extend(folding.under(base, key, node))
    return tuple(found)


def _slice(folding: Folder, bases: Values, piece: ast.Slice, scope: Scope) -> Values:
    ends = [folding.fold(end, scope) for end in (piece.lower, piece.upper, piece.step)]
    if all(len(end) == 1 and isinstance(end[0], Known) for end in ends):
        cut = slice(*(end[0].value for end in ends if isinstance(end[0], Known)))
        return tuple(_cut(base, cut, piece) for base in bases)
    return tuple(_some_of(base) for base in bases)


def _cut(base: Value, cut: slice, piece: ast.Slice) -> Value:
    try:
        if isinstance(base, Known) and isinstance(base.value, (str, bytes)) and OWN not in str(base.value):
            return Known(base.value[cut])
        held = positions(base)
        if held is not None:
            return Several(held[cut])
    except (TypeError, ValueError):
        return Unknown("it is cut at something that is no position")
    if isinstance(base, Several):
        return _some_of(base)
    if isinstance(base, Unknown) and base.prefix and piece.lower is None and piece.step is None:
        is_long = isinstance(cut.stop, int) and cut.stop >= 0
        return Unknown(base.reason, base.prefix[: cut.stop]) if is_long else Unknown(base.reason)
    return Unknown(why(base) or "it is cut from this module's own name")


def _some_of(base: Value) -> Value:
    if isinstance(base, Several):
        return Several((elements((base,)),), exact=False)
    return Unknown(why(base) or "where it is cut is not known")


def _call(folding: Folder, node: ast.Call, scope: Scope) -> Values:
    functions = folding.fold(node.func, scope)
    call = Call(node, scope, folding)
    found: list[Value] = []
    for function in functions:
        known = [value for value in result_of(folding, function, call) if value != _NOTHING]
        found += known or [*_instead(node, call), Unknown(f"it is what {shown(node)} returns")]
    return tuple(found)


def _instead(node: ast.Call, call: Call) -> Values:
    """`options.get("backend", "candidate.core")`, of whatever options: what is given for want of another."""
    is_get = isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop", "setdefault")
    return call.value(1, "default") if is_get and len(node.args) + len(node.keywords) == 2 else ()


def _starred(folding: Folder, node: ast.Starred, scope: Scope) -> Values:
    return elements(folding.opened(folding.fold(node.value, scope)))


def _lambda(folding: Folder, node: ast.Lambda, scope: Scope) -> Values:
    return (Function(node, scope),)


def rule_for(node: ast.AST) -> Optional[Rule]:
    """The rule for an expression of this kind."""
    return _RULES.get(type(node).__name__)


_RULES: Mapping[str, Rule] = {
    "Constant": _constant,
    "Name": _name,
    "NamedExpr": _inside,
    "Await": _inside,
    "IfExp": _either,
    "BoolOp": _any_of,
    "Compare": _compared,
    "Tuple": _sequence,
    "List": _sequence,
    "Set": _sequence,
    "Dict": _table,
    "ListComp": _listed,
    "SetComp": _listed,
    "GeneratorExp": _listed,
    "DictComp": _tabled,
    "JoinedStr": _f_string,
    "BinOp": _operation,
    "UnaryOp": _signed,
    "Attribute": _attribute,
    "Subscript": _subscript,
    "Call": _call,
    "Starred": _starred,
    "Lambda": _lambda,
}
