"""What an expression may be worth, worked out from one file: constants are followed, the unknown keeps its reason."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Sequence
from typing import Callable, Optional, Protocol

from gates.facts.extractors.arguments import NO_ARGUMENTS, Arguments, Passed, passed
from gates.facts.extractors.bindings import Survey
from gates.facts.extractors.call_folding import (
    NAMESPACES,
    TOO_INVOLVED,
    method_of,
    of_namespace,
    result_of,
    under_named,
)
from gates.facts.extractors.known_values import (
    Bound,
    Class,
    Function,
    Known,
    Made,
    Named,
    Several,
    Table,
    Unknown,
    Value,
    Values,
    as_text,
    distinct,
    elements,
    item,
    joined,
    rows_of,
    truth,
)
from gates.facts.extractors.loaders import HOSTS, OWN, canonical, imported, loader_of
from gates.facts.extractors.paths import FILE, FUNCTIONS, applied
from gates.facts.extractors.paths import attribute as path_attribute
from gates.facts.extractors.places import Binding, Scope, Step
from gates.facts.extractors.short_text import shown
from gates.facts.extractors.text_folding import percent

_DEEPEST = 90
_LONGEST_WORK = 20_000
_MOST_ROUNDS = 256
_DEEPEST_CALL = 2
# So much work is spent on what one call returns, or on one name of another module, and so much on all of a file's:
# then they are taken for unknown.
_LONGEST_CALL = 1_500
_MOST_FOLLOWING = 30_000
_NOT_FOLLOWED = Unknown("it is worked out in too many steps to be followed")
PATH_ATTRIBUTES = frozenset({"parent", "parents", "name", "stem"})
_OWN_NAMES = frozenset(
    {"builtins.__name__", "builtins.__package__", "builtins.__spec__.name", "builtins.__spec__.parent"}
)


class Others(Protocol):
    """The other modules of the repository, where they are read along (linked_loading.py)."""

    def split(self, name: str) -> list[str]:
        """The module that a dotted name begins with ("" for none), and the rest of its parts."""

    def scope_of(self, module: str) -> Optional[Scope]:
        """What such a module binds."""


class Folding:
    """Follows constants through the names, attributes and calls of one file."""

    def __init__(self, survey: Survey, others: Optional[Others] = None) -> None:
        self.survey = survey
        self._others = others
        self.read: set[tuple[int, str]] = set()
        self._busy: set[tuple[int, str]] = set()
        self._kept: dict[tuple[int, str], tuple[int, Values]] = {}
        self._pinned: dict[int, Values] = {}
        self._passed: Passed = {}
        self._calls: list[ast.AST] = []
        self._away = 0  # how deep in calls and other modules
        self._this_call = 0
        self._following = 0
        self._depth = 0
        self._work = 0

    def fold(self, node: Optional[ast.AST], scope: Scope) -> Values:
        """Everything that this expression may be worth; what is not known is among it, with the reason."""
        if node is None:
            return (Known(None),)
        if self._depth == 0:
            self._work = 0
        if self._away:
            self._this_call += 1
            self._following += 1
            if self._depth > _DEEPEST or self._this_call > _LONGEST_CALL or self._following > _MOST_FOLLOWING:
                return (_NOT_FOLLOWED,)
        else:
            self._work += 1
            if self._depth > _DEEPEST or self._work > _LONGEST_WORK:
                return (TOO_INVOLVED,)
        self._depth += 1
        try:
            rule = _RULES.get(type(node).__name__)
            found = distinct(rule(self, node, scope)) if rule else ()
            return found or (Unknown(f"it is worked out by {shown(node)}"),)
        finally:
            self._depth -= 1

    def elements_of(self, node: ast.AST, scope: Scope) -> Values:
        """What a loop over this expression may be given."""
        return elements(self.fold(node, scope))

    def rounds(self, loops: Sequence[tuple[ast.expr, Scope]]) -> Iterator[None]:
        """Go through the loops around a place round by round: names bound by one loop change together."""
        if not loops:
            yield
            return
        (over, scope), *inner = loops
        rows = rows_of(self.fold(over, scope))
        if not rows or len(rows) * max(1, len(self._pinned)) > _MOST_ROUNDS:
            yield from self.rounds(inner)
            return
        for row in rows:
            self._pinned[id(over)] = row
            try:
                yield from self.rounds(inner)
            finally:
                self._pinned.pop(id(over), None)

    # --- calls of this file's own functions ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def calling(self, function: Function, given: Arguments, skip: int = 0) -> Iterator[bool]:
        """Inside, the parameters of a function are worth what a call gives them; False where calls go too deep."""
        node = function.node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or node in self._calls:
            yield False
            return
        if len(self._calls) >= _DEEPEST_CALL or self._following > _MOST_FOLLOWING:
            yield False
            return
        if not self._away:
            self._this_call = 0
        before = self._passed
        self._passed = {**before, **passed(node, function.scope, given, self, skip)}
        self._calls.append(node)
        self._away += 1
        try:
            yield True
        finally:
            self._away -= 1
            self._calls.pop()
            self._passed = before

    def returned(self, function: Function, given: Arguments, skip: int = 0) -> Values:
        """What a call of a function of this file may return; of a generator what it may yield."""
        node = function.node
        with self.calling(function, given, skip) as goes:
            if not goes:
                return (Unknown(f"it is what {getattr(node, 'name', 'a lambda')}() returns"),)
            inner = function.scope.opened_by(node)
            if isinstance(node, ast.Lambda):
                return self.fold(node.body, inner)
            returns, yields = self.survey.results.get(id(node), ((), ()))
            if yields:
                return (Several((distinct(value for one in yields for value in self.fold(one, inner)),)),)
            return distinct(value for one in returns for value in self.fold(one, inner)) or (Known(None),)

    # --- names ----------------------------------------------------------------------------------------------------

    def name(self, name: str, scope: Scope, at: Optional[ast.AST] = None) -> Values:
        """What a name may stand for, seen from a scope."""
        return distinct(self._name(name, scope, at))

    def _name(self, name: str, scope: Scope, at: Optional[ast.AST]) -> Iterator[Value]:
        current: Optional[Scope] = scope.elsewhere.get(name, scope)
        start, found = current, False
        while current is not None:
            bindings = current.bindings.get(name)
            if bindings and (current.kind != "class" or current is start):
                if current is start and current.kind != "function" and _only_later(bindings, at):
                    current = current.parent
                    continue
                key = (id(current), name)
                self.read.add(key)
                found = True
                if current is start and at is not None and all(binding.scope is scope for binding in bindings):
                    bindings = _that_reach(bindings, at)
                if key in self._busy and key in self._passed:
                    yield from self._passed[key]
                    return
                if key in self._busy and len(bindings) == 1 and _is_before(bindings[0], at):
                    yield from self.bound(bindings[0])  # `name = name + ".x"`
                    return
                if key not in self._busy:
                    yield from self._variable(key, name, bindings)
                    if not all(binding.conditional for binding in bindings) or current.kind == "function":
                        return
                elif name not in _BUILTIN_LOADERS or current.kind == "function":
                    yield Unknown(f"{name!r} is built up step by step")
                    return
            for star in reversed(current.stars):
                values = self._elsewhere(f"{_absolute(star, current.module())}.{name}")
                if values:
                    yield from values
                    return
                whole = canonical(f"{star}.{name}")
                if loader_of(whole) or whole in HOSTS:
                    yield Named(whole)
                    return
                if loader_of(imported(star, name)):
                    yield Named(imported(star, name))
                    return
            current = current.parent
        if found and name not in _BUILTIN_LOADERS:
            return
        if name in ("__builtins__", "__builtin__"):
            yield Named("builtins")
        elif f"builtins.{name}" in _OWN_NAMES:
            module = scope.module()
            yield Known((module.package if name == "__package__" else module.module_name) or OWN)
        elif name == "__file__":
            yield Unknown("it is the file of another module") if scope.module().module_name else Known(FILE)
        else:
            yield Named(f"builtins.{name}")

    def _variable(self, key: tuple[int, str], name: str, bindings: list[Binding]) -> Values:
        kept = self._kept.get(key)
        if kept is not None and kept[0] == len(bindings) and not self._pinned and not self._passed:
            return kept[1]
        if key in self._passed:
            bindings = [binding for binding in bindings if binding.how != "parameter"]
            if not bindings:
                return self._passed[key]
        alone = not self._busy and not self._pinned and not self._passed
        self._busy.add(key)
        try:
            reaching = self._reaching(bindings) if self._pinned else bindings
            found = distinct(value for binding in reaching for value in self.bound(binding))
            if key in self._passed and all(binding.conditional for binding in reaching):
                found = distinct((*found, *self._passed[key]))
        finally:
            self._busy.discard(key)
        found = self._as_changed(name, found)
        if alone:
            self._kept[key] = (len(bindings), found)
        return found

    def _reaching(self, bindings: list[Binding]) -> list[Binding]:
        """Inside a loop, its own variable has the value of the round, or what the loop's body made of it."""
        own = [binding for binding in bindings if binding.how == "element" and id(binding.node) in self._pinned]
        if not own:
            return bindings
        order = list(self._pinned)
        over = max(own, key=lambda binding: order.index(id(binding.node))).node
        first, last = getattr(over, "lineno", 0), self.survey.loop_ends.get(id(over), 0)
        return [one for one in bindings if one.node is over or first <= getattr(one.node, "lineno", 0) <= last]

    def _as_changed(self, name: str, values: Values) -> Values:
        """Lists and dicts that are changed after they are made hold something unknown as well."""
        if name not in self.survey.changed:
            return values
        unknown: Values = (Unknown(f"{name!r} is changed after it is made"),)
        return tuple(_with_unknown(value, unknown) for value in values)

    def bound(self, binding: Binding) -> Values:
        """What one binding gives to its name."""
        how, node, scope = binding.how, binding.node, binding.scope
        if how == "value":
            return self._step_into(self.fold(node, scope), binding.path)
        if how == "element":
            row = self._pinned.get(id(node))
            return self._step_into(elements(self.fold(node, scope)) if row is None else row, binding.path)
        if how == "import":
            module, _, name = binding.text.partition(":")
            return self._imported(_absolute(module, scope.module()), name)
        if how == "parameter":
            return self._parameter(binding)
        if how == "class":
            return (Class(scope.opened_by(node), False),)
        if how == "function":
            return (Function(node, scope),)
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and isinstance(node.target, ast.Name):
            return self._grown(node, node.target.id, binding)
        return (Unknown(binding.text),)

    def _imported(self, module: str, name: str) -> Values:
        found = self._elsewhere(f"{module}.{name}" if name else module)
        return found or (_of_the_interpreter(imported(module, name) if name else canonical(module)),)

    def _elsewhere(self, name: str) -> Values:
        """What a name of another module of the repository is worth, where such modules are read along."""
        if self._others is None or len(self._calls) > _DEEPEST_CALL or self._following > _MOST_FOLLOWING:
            return ()
        module, *rest = self._others.split(name)
        scope = self._others.scope_of(module) if module and rest else None
        if scope is None or (id(scope), rest[0]) in self._busy or not self._binds(scope, rest[0]):
            return ()
        before, self._passed = self._passed, {}
        if not self._away:
            self._this_call = 0
        self._away += 1
        try:
            values = self.name(rest[0], scope)
            for attribute in rest[1:]:
                values = distinct(one for value in values for one in self.attribute_of(value, attribute, name))
        finally:
            self._away -= 1
            self._passed = before
        return values

    def _binds(self, scope: Scope, name: str) -> bool:
        return name in scope.bindings or any(
            self._elsewhere(f"{_absolute(star, scope)}.{name}") for star in scope.stars if self._others is not None
        )

    def _grown(self, node: ast.AugAssign, name: str, binding: Binding) -> Values:
        """`name += value`, done once: what the name was worth before, and the value."""
        every = binding.scope.bindings.get(name, [])
        before = [one for one in every if getattr(one.node, "lineno", 0) < node.lineno]
        if binding.conditional or not before or any(one.conditional or one.scope is not binding.scope for one in every):
            return (Unknown(binding.text),)
        worth = distinct(value for one in _that_reach(before, node) for value in self.bound(one))
        return _added(worth, self.fold(node.value, binding.scope))

    def _parameter(self, binding: Binding) -> Values:
        owner = binding.scope
        own_class = owner if owner.kind == "class" else None
        if isinstance(binding.node, ast.arg):
            if own_class is not None and binding.node.arg in ("self", "cls"):
                return (Class(own_class, binding.node.arg == "self"),)
            return (Unknown(f"it comes from parameter {binding.node.arg!r} of {binding.text}"),)
        return (*self.fold(binding.node, owner), Unknown(f"it comes from a parameter of {binding.text}"))

    def _step_into(self, values: Values, path: tuple[Step, ...]) -> Values:
        for step in path:
            if isinstance(step, int):
                values = item(values, step)
            else:
                first, last = (int(end) for end in step.split(":"))
                values = tuple(_between(value, first, last) for value in values)
        return values

    # --- expressions ----------------------------------------------------------------------------------------------

    def _constant(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.Constant)
        return (Known(node.value),)

    def _a_name(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.Name)
        return self.name(node.id, scope, node)

    def _walrus(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.NamedExpr)
        return self.fold(node.value, scope)

    def _either(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.IfExp)
        tests = {truth(value) for value in self.fold(node.test, scope)}
        branches = [node.body] if tests == {True} else [node.orelse] if tests == {False} else [node.body, node.orelse]
        return tuple(value for branch in branches for value in self.fold(branch, scope))

    def _any_of(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.BoolOp)
        skipped = not isinstance(node.op, ast.Or)
        found: list[Value] = []
        for operand in node.values:
            values = self.fold(operand, scope)
            last = operand is node.values[-1]
            found.extend(value for value in values if last or truth(value) is not skipped)
            if not last and all(truth(value) is (not skipped) for value in values):
                break
        return tuple(found)

    def _sequence(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, (ast.Tuple, ast.List, ast.Set))
        items: list[Values] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                items.extend(_spread_out(self.fold(element.value, scope)))
            else:
                items.append(self.fold(element, scope))
        return (Several(tuple(items)),)

    def _table(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.Dict)
        pairs: list[tuple[Values, Values]] = []
        for key, value in zip(node.keys, node.values):
            if key is not None:
                pairs.append((self.fold(key, scope), self.fold(value, scope)))
                continue
            for merged in self.fold(value, scope):
                unknown = as_text(merged)
                pairs.extend(
                    merged.pairs
                    if isinstance(merged, Table)
                    else [((unknown,), (unknown,))]
                    if isinstance(unknown, Unknown)
                    else []
                )
        return (Table(tuple(pairs)),)

    def _comprehension(self, node: ast.AST, scope: Scope) -> Values:
        inner = scope.opened_by(node)
        assert isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp))
        if isinstance(node, ast.DictComp):
            return (Table(((self.fold(node.key, inner), self.fold(node.value, inner)),)),)
        return (Several((self.fold(node.elt, inner),)),)

    def _f_string(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.JoinedStr)
        found: Values = (Known(""),)
        for part in node.values:
            found = joined(found, self._f_part(part, scope))
        return found

    def _f_part(self, part: ast.expr, scope: Scope) -> Values:
        if not isinstance(part, ast.FormattedValue):
            return self.fold(part, scope)
        values = self.fold(part.value, scope)
        if part.format_spec is not None or part.conversion not in (-1, ord("s")):
            return (Unknown(f"part of it is formatted ({shown(part.value)})"),)
        return tuple(
            Known(str(value.value)) if isinstance(value, Known) and isinstance(value.value, (int, float)) else value
            for value in values
        )

    def _operation(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.BinOp)
        if isinstance(node.op, ast.Add):
            operands: list[ast.expr] = []
            left: ast.expr = node
            while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
                operands.append(left.right)
                left = left.left
            found = self.fold(left, scope)
            for operand in reversed(operands):
                found = _added(found, self.fold(operand, scope))
            return found
        if isinstance(node.op, ast.Mod):
            return percent(self.fold(node.left, scope), self.fold(node.right, scope))
        if isinstance(node.op, ast.Div):  # Path("a") / "b"
            return tuple(
                applied(FUNCTIONS["os.path.join"], [self.fold(node.left, scope), self.fold(node.right, scope)])
            )
        if isinstance(node.op, ast.BitOr):
            sides = (*self.fold(node.left, scope), *self.fold(node.right, scope))
            return (
                Table(tuple(pair for side in sides if isinstance(side, Table) for pair in side.pairs)),
                *(side for side in sides if not isinstance(side, Table)),
            )
        return ()

    def _signed(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.UnaryOp)
        values = self.fold(node.operand, scope)
        if isinstance(node.op, ast.Not):
            return tuple(
                Unknown("it is a truth value") if truth(value) is None else Known(not truth(value)) for value in values
            )
        numbers = [value.value for value in values if isinstance(value, Known)]
        return tuple(Known(-number) for number in numbers if isinstance(number, int) and isinstance(node.op, ast.USub))

    def _attribute(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.Attribute)
        found: list[Value] = []
        for base in self.fold(node.value, scope):
            found.extend(self.attribute_of(base, node.attr, shown(node)))
        return tuple(found)

    def attribute_of(self, base: Value, attribute: str, text: str = "") -> Iterator[Value]:
        """What an attribute of a value may be worth."""
        if isinstance(base, Named):
            whole = canonical(f"{base.name}.{attribute}")
            if whole in _OWN_NAMES:
                yield Known(OWN)
            else:
                yield from self._elsewhere(whole) or (_of_the_interpreter(whole),)
        elif isinstance(base, Class):
            yield from self._of_class(base, attribute, text)
        elif isinstance(base, Made):
            yield base
        elif isinstance(base, Known) and isinstance(base.value, str) and attribute in PATH_ATTRIBUTES:
            yield from path_attribute(base.value, attribute)
        elif isinstance(base, Known) and isinstance(base.value, (str, bytes)):
            yield Unknown(f"it is what {text} returns")
        elif base == TOO_INVOLVED:
            yield base
        elif isinstance(base, Bound) and attribute == "func":
            yield from base.functions
        elif isinstance(base, Unknown) and base.reason.startswith("it comes from parameter"):
            yield base
        else:
            yield Unknown(f"it is read from {text}")

    def _of_class(self, base: Class, attribute: str, text: str) -> Iterator[Value]:
        key = (id(base.scope), f".{attribute}")
        if key in self._busy:
            yield Unknown(f"{text} is built up step by step")
            return
        self._busy.add(key)
        try:
            found = False
            for scope in self.ancestry(base.scope):
                bindings = scope.bindings.get(attribute, [])
                self.read.add((id(scope), attribute))
                for binding in (*bindings, *self._set_on(scope, attribute)):
                    found = True
                    if binding.how == "function" and is_property(binding.node):
                        yield from self.returned(Function(binding.node, binding.scope), NO_ARGUMENTS, skip=1)
                    else:
                        yield from self._as_changed(attribute, self.bound(binding))
            if not found:
                yield Unknown(f"it is read from {text}")
            elif base.instance:
                yield Unknown(f"a subclass or an instance may set {text} to something else")
        finally:
            self._busy.discard(key)

    def _set_on(self, scope: Scope, attribute: str) -> Iterator[Binding]:
        for target, binding in self.survey.attributes.get(attribute, ()):
            if any(
                isinstance(owner, Class) and owner.scope is scope for owner in self.fold(target.value, binding.scope)
            ):
                yield binding

    def ancestry(self, scope: Scope) -> list[Scope]:
        """A class and the classes of this file that it inherits from."""
        found = [scope]
        for current in found:
            owner = current.owner
            for base in owner.bases if isinstance(owner, ast.ClassDef) and current.parent else ():
                for value in self.fold(base, current.parent or current):
                    if isinstance(value, Class) and value.scope not in found and len(found) < 30:
                        found.append(value.scope)
        return found

    def _subscript(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.Subscript)
        bases = self.fold(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            return self._slice(bases, node.slice, scope)
        keys = self.fold(node.slice, scope)
        found: list[Value] = []
        for base in bases:
            for key in keys:
                if isinstance(base, Named) and base.name in NAMESPACES:
                    found.extend(of_namespace(self, base.name, key, scope))
                else:
                    found.extend(self.under(base, key, shown(node)))
        return tuple(found)

    def under(self, base: Value, key: Value, text: str) -> Iterator[Value]:
        """What stands under a key of a value."""
        if isinstance(base, Named):
            yield from under_named(base.name, key)
        elif isinstance(key, Known):
            yield from item((base,), key.value)
        elif isinstance(base, Several):
            yield from elements((base,))
        elif isinstance(base, Table):
            for _, held in base.pairs:
                yield from held
        else:
            reason = as_text(base)
            yield Unknown(reason.reason if isinstance(reason, Unknown) else f"it is read from {text}")

    def _slice(self, bases: Values, piece: ast.Slice, scope: Scope) -> Values:
        ends = [self.fold(end, scope) for end in (piece.lower, piece.upper, piece.step)]
        if all(len(end) == 1 and isinstance(end[0], Known) for end in ends):
            cut = slice(*(end[0].value for end in ends if isinstance(end[0], Known)))
            return tuple(_cut(base, cut) for base in bases)
        return ()

    # --- calls ----------------------------------------------------------------------------------------------------

    def _call(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.Call)
        found: list[Value] = []
        for function in self.fold(node.func, scope):
            found.extend(result_of(self, function, node, scope))
        if isinstance(node.func, ast.Attribute):
            found.extend(method_of(self, node.func, node, scope))
        known = [value for value in found if not (isinstance(value, Unknown) and value.reason == "")]
        return tuple(known) or (Unknown(f"it is what {shown(node)} returns"),)

    def _starred(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.Starred)
        return elements(self.fold(node.value, scope))

    def _lambda(self, node: ast.AST, scope: Scope) -> Values:
        return (Function(node, scope),)

    def _awaited(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.Await)
        return self.fold(node.value, scope)


def _that_reach(bindings: list[Binding], at: ast.AST) -> list[Binding]:
    """Of straight-line code the last binding before a use, with those behind it that may not have been made."""
    line = getattr(at, "lineno", 0)
    certain = [i for i, one in enumerate(bindings) if not one.conditional and 0 < getattr(one.node, "lineno", 0) < line]
    if len(bindings) < 2 or not certain:
        return bindings
    last = max(certain, key=lambda i: getattr(bindings[i].node, "lineno", 0))
    since = getattr(bindings[last].node, "lineno", 0)
    later = [one for one in bindings if one.conditional and getattr(one.node, "lineno", 0) >= since]
    return [bindings[last], *later]


def _is_before(binding: Binding, at: Optional[ast.AST]) -> bool:
    return 0 < getattr(binding.node, "lineno", 0) < getattr(at, "lineno", 0) and not binding.conditional


def is_property(node: ast.AST) -> bool:
    """Whether a function is called by reading it."""
    decorators = node.decorator_list if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    return any(getattr(one, "id", getattr(one, "attr", "")) in _PROPERTIES for one in decorators)


def _absolute(module: str, scope: Scope) -> str:
    """The name of an imported module; a relative one made absolute where the module around it has a name."""
    name = module.lstrip(".")
    if len(name) == len(module) or not scope.package:
        return module
    above = scope.package.split(".")
    above = above[: len(above) - (len(module) - len(name) - 1)]
    return ".".join([*above, name] if name else above)


def _of_the_interpreter(name: str) -> Value:
    """What has this name; the interpreter that runs is called by its usual name."""
    return Known("python") if name == "sys.executable" else Named(name)


def _added(left: Values, right: Values) -> Values:
    if any(isinstance(value, Several) for value in left):
        lists = [value for value in (*left, *right) if isinstance(value, Several)]
        rest = tuple(value for value in (*left, *right) if isinstance(value, Unknown))
        return (Several((*(position for one in lists for position in one.items), *((rest,) if rest else ()))),)
    return joined(left, right)


def _spread_out(values: Values) -> list[Values]:
    if len(values) == 1 and isinstance(values[0], Several):
        return list(values[0].items)
    return [elements(values)]


def _with_unknown(value: Value, unknown: Values) -> Value:
    if isinstance(value, Several):
        return Several((*((*held, *unknown) for held in value.items), unknown))
    if isinstance(value, Table):
        return Table((*value.pairs, (unknown, unknown)))
    return value


def _between(value: Value, first: int, last: int) -> Value:
    if isinstance(value, Several):
        return Several(value.items[first : len(value.items) + last])
    return value if isinstance(value, Unknown) else Unknown("it is unpacked from something that is not constant")


def _cut(base: Value, cut: slice) -> Value:
    if isinstance(base, Known) and isinstance(base.value, (str, bytes)) and OWN not in str(base.value):
        return Known(base.value[cut])
    if isinstance(base, Several):
        return Several(base.items[cut])
    reason = as_text(base)
    return Unknown(reason.reason if isinstance(reason, Unknown) else "it is cut from this module's own name")


def _only_later(bindings: list[Binding], at: Optional[ast.AST]) -> bool:
    """Whether a name is used, in its own scope, before anything there binds it: then it still means the outer one."""
    line = getattr(at, "lineno", None)
    return line is not None and all(getattr(binding.node, "lineno", 0) > line for binding in bindings)


_PROPERTIES = frozenset({"property", "cached_property", "classproperty"})
_BUILTIN_LOADERS = frozenset({"exec", "eval", "compile", "__import__", "getattr", "vars", "globals", "locals"})
_Rule = Callable[[Folding, ast.AST, Scope], Values]
_RULES: dict[str, _Rule] = {
    "Constant": Folding._constant,
    "Name": Folding._a_name,
    "NamedExpr": Folding._walrus,
    "IfExp": Folding._either,
    "BoolOp": Folding._any_of,
    "Tuple": Folding._sequence,
    "List": Folding._sequence,
    "Set": Folding._sequence,
    "Dict": Folding._table,
    "ListComp": Folding._comprehension,
    "SetComp": Folding._comprehension,
    "GeneratorExp": Folding._comprehension,
    "DictComp": Folding._comprehension,
    "JoinedStr": Folding._f_string,
    "BinOp": Folding._operation,
    "UnaryOp": Folding._signed,
    "Attribute": Folding._attribute,
    "Subscript": Folding._subscript,
    "Call": Folding._call,
    "Starred": Folding._starred,
    "Lambda": Folding._lambda,
    "Await": Folding._awaited,
}
