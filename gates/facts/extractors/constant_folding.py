"""What an expression may be worth, worked out from one file: constants are followed, the unknown keeps its reason."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Sequence
from typing import Callable, Optional, Protocol, Union

from gates.facts.extractors import attributes
from gates.facts.extractors.arguments import (
    NO_ARGUMENTS,
    Argument,
    Arguments,
    By,
    Call,
    CallInProgress,
    Kept,
    Nature,
    Passed,
    Situation,
    passed,
)
from gates.facts.extractors.bindings import Survey
from gates.facts.extractors.call_folding import result_of
from gates.facts.extractors.class_natures import nature_of
from gates.facts.extractors.contents import added, elements, item, positions, rows_of, unsure
from gates.facts.extractors.expressions import rule_for
from gates.facts.extractors.instances import attribute_of_class, members_of
from gates.facts.extractors.known_values import (
    TOO_INVOLVED,
    Class,
    Content,
    Function,
    Known,
    Named,
    Record,
    Several,
    Table,
    Tree,
    Unknown,
    Value,
    Values,
    distinct,
    why,
)
from gates.facts.extractors.loaders import HOSTS, OWN, canonical, imported, loader_of
from gates.facts.extractors.paths import FILE, TOP
from gates.facts.extractors.places import Binding, Of, Scope, Step, Under, Unpacked
from gates.facts.extractors.short_text import Spelling, shown

_DEEPEST = 90
_LONGEST_WORK = 20_000
_MOST_ROUNDS = 256
_DEEPEST_CALL = 3
# So much work is spent on what one call returns, or on one name of another module, and so much on all of a file's:
# then they are taken for unknown.
_LONGEST_CALL = 1_500
_MOST_FOLLOWING = 30_000
Key = tuple[Union[int, str], ...]
"""A name, an attribute or a call that is being worked out: its scope's id, and what it is."""
_NOT_FOLLOWED = Unknown("it is worked out in too many steps to be followed")
# Deeper than every name: what is worked out depends on nothing that is in progress.
_WHOLE = 1_000_000
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
    """Follows constants through the names, attributes and calls of one file.

    What a name is worth is kept. While names are worked out in terms of each other, what depends on one that is in
    progress (`_cut` is the outermost of them) is kept only until that one is done.
    """

    def __init__(self, survey: Survey, others: Optional[Others] = None) -> None:
        self.survey = survey
        self.read: set[tuple[int, str]] = set()
        self.natures: dict[int, Nature] = {}
        self._others = others
        self._busy: dict[Key, int] = {}
        self._cut = _WHOLE
        self._passed: Passed = {}
        self._pinned: dict[int, Values] = {}
        self._kept = Kept()
        self._kept_for_all = self._kept
        self._calls: tuple[CallInProgress, ...] = ()
        self._namespaces: list[Scope] = []  # (kept, because what they bind is known by their ids)
        self._nodes: list[ast.AST] = []  # (like these)
        self._in_environment = False
        self._depth = 0
        self._work = 0
        self._away = 0  # how deep in calls and other modules
        self._this_call = 0
        self._following = 0

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
                self._cut = -1
                return (_NOT_FOLLOWED,)
        else:
            self._work += 1
            if self._depth > _DEEPEST or self._work > _LONGEST_WORK:
                self._cut = -1
                return (TOO_INVOLVED,)
        self._depth += 1
        try:
            if isinstance(node, ast.Name):
                found = self.name(node.id, scope, node)
            elif isinstance(node, ast.Call):
                found = self._result(node, scope)
            else:
                found = self._by_rule(node, scope)
            return found or (Unknown(f"it is worked out by {shown(node)}"),)
        except RecursionError:  # (Python's own limit, where a call of ours stands deep)
            if self._depth > 1:
                raise
            return (TOO_INVOLVED,)
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._kept.provisional.clear()
                self._cut = _WHOLE

    def _by_rule(self, node: ast.AST, scope: Scope) -> Values:
        rule = rule_for(node)
        return distinct(rule(self, node, scope)) if rule else ()

    def _result(self, node: ast.Call, scope: Scope) -> Values:
        """What a call gives: kept like what a name is worth."""
        key = (id(scope), "()", id(node))
        if key in self._busy:
            return self._by_rule(node, scope)
        by = (*key, 0)
        kept = self._known(by, scope)
        if kept is not None:
            return kept
        self._nodes.append(node)
        return self._kept_as(key, by, lambda: self._by_rule(node, scope))

    def opened(self, values: Values) -> Values:
        """What is looped over: an enumeration gives its members, an instance what its `__iter__` gives."""
        if not any(isinstance(value, Class) for value in values):
            return values
        return distinct(one for value in values for one in self._opened(value))

    def _opened(self, value: Value) -> Iterator[Value]:
        if not isinstance(value, Class):
            yield value
        elif not value.instance:
            yield members_of(self, value.scope) if nature_of(self, value.scope).is_enumeration else value
        else:
            nature = nature_of(self, value.scope)
            if nature.fields is not None and value.made is not None:
                yield Several(tuple(distinct(self.attribute_of(value, name, name)) for name in nature.fields))
            for function in self.attribute_of(value, "__iter__", "__iter__") if nature.fields is None else ():
                if isinstance(function, Function):
                    yield from self.returned(function, NO_ARGUMENTS)
                else:
                    yield Unknown(why(function))

    def rounds(self, loops: Sequence[tuple[ast.expr, Scope]]) -> Iterator[bool]:
        """Go through the loops around a place round by round: names bound by one loop change together.

        Whether the round is gone through for certain, and once.
        """
        if not loops:
            yield True
            return
        (over, scope), *inner = loops
        values = self.opened(self.fold(over, scope))
        rows = rows_of(values)
        sure = len(values) == 1 and positions(values[0]) is not None
        # (an empty list may be one that others fill)
        if not rows or len(rows) * max(1, len(self._pinned)) > _MOST_ROUNDS:
            yield from (False for _ in self.rounds(inner))
            return
        for row in rows:
            before = self.situation()
            self._enter(before._replace(pinned={**before.pinned, id(over): row}, kept=Kept()))
            try:
                yield from (sure and rest for rest in self.rounds(inner))
            finally:
                self._enter(before)

    # --- calls of this file's own functions ---------------------------------------------------------------------------

    def situation(self) -> Situation:
        """The calls and rounds that are gone through now."""
        return Situation(self._passed, self._pinned, self._kept, self._calls, self._away > 0)

    def _enter(self, situation: Situation) -> None:
        self._passed, self._pinned, self._kept, self._calls, _ = situation

    @contextlib.contextmanager
    def again(self, situation: Situation) -> Iterator[None]:
        """Inside, what was gone through then is gone through."""
        before, away, this_call = self.situation(), self._away, self._this_call
        self._enter(situation)
        if not situation.is_away:  # what a call is given is no part of what the call costs
            self._away = 0
        try:
            yield
        finally:
            self._enter(before)
            self._away = away
            if not situation.is_away:
                self._this_call = this_call

    @contextlib.contextmanager
    def calling(self, function: Function, given: Optional[Arguments]) -> Iterator[bool]:
        """Inside, the parameters of a function are worth what a call gives them; False where calls go too deep.

        Of no call (None) only the instance is known whose method it is.
        """
        node = function.node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield False
            return
        repeated = [depth for one, depth in self._calls if one is node]
        if repeated or len(self._calls) >= _DEEPEST_CALL or self._following > _MOST_FOLLOWING:
            self._cut = min(self._cut, repeated[0] - 1 if repeated else -1)
            yield False
            return
        taken = passed(node, function.scope, given, self, function.owner)
        before = self.situation()
        calls = (*before.calls, (node, len(self._busy)))
        self._enter(before._replace(passed={**before.passed, **taken}, kept=Kept(), calls=calls))
        self._go_away()
        try:
            yield True
        finally:
            self._away -= 1
            self._enter(before)

    @property
    def is_in_a_call(self) -> bool:
        """Whether a function is gone through now."""
        return bool(self._calls)

    def _go_away(self) -> None:
        if not self._away:
            self._this_call = 0
        self._away += 1

    def called(self, function: Value, given: Arguments, scope: Scope) -> Values:
        """What a call of a value with these arguments may return."""
        found = distinct(result_of(self, function, Call(None, scope, self, given)))
        return found or (Unknown("it is what a call returns"),)

    def returned(self, function: Function, given: Arguments) -> Values:
        """What a call of a function of this file may return; of a generator what it may yield."""
        if given.any or function.owner is not None or function.scope.parent is not None or self._pinned:
            return self._returned(function, given)
        key = (id(function.scope), "a call of", id(function.node))  # it gives the same wherever it is called
        if key in self._busy:
            return self._returned(function, given)
        with self.again(self.situation()._replace(passed={}, kept=self._kept_for_all)):
            by = (*key, 0)
            return self._known(by, function.scope) or self._kept_as(key, by, lambda: self._returned(function, given))

    def _returned(self, function: Function, given: Arguments) -> Values:
        node = function.node
        with self.calling(function, given) as goes:
            if not goes:
                return (Unknown(f"it is what {getattr(node, 'name', 'a lambda')}() returns"),)
            inner = function.scope.opened_by(node)
            if isinstance(node, ast.Lambda):
                return self.fold(node.body, inner)
            returns, yields = self.survey.results.get(id(node), ((), ()))
            if yields:
                return (Several(tuple(self.fold(one, inner) for one in yields), exact=False),)
            return distinct(value for one in returns for value in self.fold(one, inner)) or (Known(None),)

    # --- names ----------------------------------------------------------------------------------------------------

    def name(self, name: str, scope: Scope, at: Optional[ast.AST] = None) -> Values:
        """What a name may stand for, seen from a scope."""
        start = scope.elsewhere.get(name, scope)
        current: Optional[Scope] = start
        found: Values = ()
        is_bound = False
        while current is not None:
            bindings = current.bindings.get(name)
            if bindings and (current.kind != "class" or current is start):
                if current is start and current.kind in ("module", "class") and _only_later(bindings, at):
                    current = current.parent
                    continue
                if current is start and at is not None and all(binding.scope is scope for binding in bindings):
                    bindings = _that_reach(bindings, at)
                is_bound = True
                values, is_all = self._bound_in(current, name, bindings, at)
                found = _together(found, values)
                if is_all:
                    return found
            values = self._by_star(name, current) if current.stars else ()
            if values:
                return _together(found, values)
            current = current.parent
        if is_bound and name not in _BUILTIN_LOADERS:
            return found
        return _together(found, (self._of_itself(name, scope),))

    def _bound_in(self, scope: Scope, name: str, bindings: list[Binding], at: Optional[ast.AST]) -> tuple[Values, bool]:
        """What a name is worth in the scope where it is bound; and whether no scope around has a say in it."""
        key = (id(scope), name)
        self.read.add(key)
        if key not in self._busy:
            values = self._variable(key, name, scope, bindings)
            return values, scope.kind == "function" or not all(binding.conditional for binding in bindings)
        if key in self._passed:
            return self._passed[key].values, True
        if len(bindings) == 1 and _is_before(bindings[0], at):
            self._cut = min(self._cut, self._busy[key])
            return distinct(self.bound(bindings[0])), True  # `name = name + ".x"`
        if name not in _BUILTIN_LOADERS or scope.kind == "function":
            self._cut = min(self._cut, self._busy[key])
            return (Unknown(f"{name!r} is built up step by step"),), True
        return (), False

    def _by_star(self, name: str, scope: Scope) -> Values:
        """What a name is worth that a star import may bring in."""
        for star in reversed(scope.stars):
            values = self._elsewhere(f"{_absolute(star, scope.module())}.{name}")
            if values:
                return values
            for whole in (canonical(f"{star}.{name}"), imported(star, name)):
                if loader_of(whole) is not None or whole in HOSTS:
                    return (Named(whole),)
        return ()

    def _of_itself(self, name: str, scope: Scope) -> Value:
        """What a name is that nothing in the file binds."""
        module = scope.module()
        if name in ("__builtins__", "__builtin__"):
            return Named("builtins")
        if f"builtins.{name}" in _OWN_NAMES:
            return Known((module.package if name == "__package__" else module.module_name) or OWN)
        if name == "__file__":
            return Known(f"{TOP}/{module.path}" if module.path else FILE)
        if name == "__doc__":
            return attributes.docstring_of(module)
        return Named(f"builtins.{name}")

    def _variable(self, key: tuple[int, str], name: str, scope: Scope, bindings: list[Binding]) -> Values:
        by = (*key, id(bindings[0].node), len(bindings))
        kept = self._known(by, scope)
        if kept is not None:
            return kept
        if key in self._passed:
            bindings = [binding for binding in bindings if binding.how != "parameter"]
            if not bindings or isinstance(scope.owner, ast.Lambda):
                return self._passed[key].values
        return self._kept_as(key, by, lambda: self._worth_of(key, name, bindings))

    def _worth_of(self, key: tuple[int, str], name: str, bindings: list[Binding]) -> Values:
        reaching = self._reaching(bindings) if self._pinned else bindings
        found = distinct(value for binding in reaching for value in self.bound(binding))
        if key in self._passed and all(binding.conditional for binding in reaching):
            found = distinct((*found, *self._passed[key].values))
        return self._as_changed(name, found)

    def _known(self, by: By, scope: Scope) -> Optional[Values]:
        found = self._kept.whole.get(by)
        if found is None and scope.parent is None and not self._pinned:
            found = self._kept_for_all.whole.get(by)  # what stands at the top of a module depends on no call
        if found is None and by in self._kept.provisional:
            until, found = self._kept.provisional[by]
            self._cut = min(self._cut, until)
        return found

    def _kept_as(self, key: Key, by: By, work: Callable[[], Values]) -> Values:
        """What some work gives, kept as long as it holds."""
        around = self._begin(key)
        try:
            found = work()
        except BaseException:
            self._busy.pop(key)
            raise
        return self._end(key, by, found, around)

    def _begin(self, key: Key) -> int:
        """Begin to work on a name or attribute; what `_end` is told."""
        around, self._cut = self._cut, _WHOLE
        self._busy[key] = len(self._busy)
        return around

    def _end(self, key: Key, by: By, found: Values, around: int) -> Values:
        """What was worked out is kept, as long as it holds."""
        depth = self._busy.pop(key)
        cut, self._cut = self._cut, min(around, self._cut)
        if cut >= depth or (depth == 0 and not self._calls):
            self._kept.keep(by, found, depth)
            self._cut = around
        else:
            self._kept.provisional[by] = (cut, found)
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
        return tuple(unsure(value, unknown) for value in values)

    def bound(self, binding: Binding) -> Values:
        """What one binding gives to its name."""
        how, node, scope = binding.how, binding.node, binding.scope
        if how == "value":
            found = self._step_into(self.fold(node, scope), binding.path)
            return tuple(_A_TREE if isinstance(value, Tree) else value for value in found)
        if how == "element":
            row = self._pinned.get(id(node))
            return self._step_into(elements(self.opened(self.fold(node, scope))) if row is None else row, binding.path)
        if how == "entered":
            return self._step_into(
                distinct(one for value in self.fold(node, scope) for one in self._entered(value)), binding.path
            )
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

    def _entered(self, value: Value) -> Iterator[Value]:
        """What a with statement is given by its `__enter__`."""
        if isinstance(value, Content):
            yield value
        elif isinstance(value, Several) and not value.exact:  # (a generator, made into a context manager)
            yield from elements((value,))
        elif isinstance(value, Record):
            yield from dict(value.fields).get("__enter__", (_ENTERED,))
        elif isinstance(value, Class) and value.instance:
            for function in self.attribute_of(value, "__enter__", "__enter__"):
                yield from self.returned(function, NO_ARGUMENTS) if isinstance(function, Function) else (_ENTERED,)
        else:
            yield _ENTERED

    def _imported(self, module: str, name: str) -> Values:
        found = self._elsewhere(f"{module}.{name}" if name else module)
        return found or (_of_the_interpreter(imported(module, name) if name else canonical(module)),)

    def _elsewhere(self, name: str) -> Values:
        """What a name of another module of the repository is worth, where such modules are read along."""
        if (
            self._others is None
            or loader_of(name) is not None
            or len(self._calls) > _DEEPEST_CALL
            or self._following > _MOST_FOLLOWING
        ):
            return ()
        module, *rest = self._others.split(name)
        scope = self._others.scope_of(module) if module and rest else None
        if scope is None or (id(scope), rest[0]) in self._busy or not self._binds(scope, rest[0]):
            return ()
        self._go_away()
        try:
            kept = self._kept if self._pinned else self._kept_for_all
            with self.again(self.situation()._replace(passed={}, kept=kept)):
                values = self.name(rest[0], scope)
                for attribute in rest[1:]:
                    values = distinct(one for value in values for one in self.attribute_of(value, attribute, name))
        finally:
            self._away -= 1
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
        return added(worth, self.fold(node.value, binding.scope))

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
            values = self.opened(values)
            if isinstance(step, Unpacked):
                fitting = tuple(value for value in values if _may_hold(value, step.of))
                values = item(fitting, step.position) or (Unknown("it is unpacked into another number of names"),)
            elif isinstance(step, Under):
                values = distinct(one for value in values for one in self.under(value, Known(step.key), "a pattern"))
            elif isinstance(step, Of):
                values = distinct(one for value in values for one in self.attribute_of(value, step.attribute))
            elif isinstance(step, int):
                values = item(values, step)
            else:
                first, last = (int(end) for end in step.split(":"))
                values = tuple(_between(value, first, last) for value in values)
        return values

    # --- attributes and items -----------------------------------------------------------------------------------------

    def attribute_of(self, base: Value, attribute: str, text: Spelling = "") -> Iterator[Value]:
        """What an attribute of a value may be worth."""
        if not isinstance(base, Named):
            yield from attributes.attribute_of(self, base, attribute, text)
            return
        whole = attributes.of_named(base.name, attribute)
        if whole in _OWN_NAMES:
            yield Known(OWN)
        elif attribute == "__name__" and self._is_module(base.name):
            yield Known(base.name)
        else:
            yield from self._elsewhere(whole) or (_of_the_interpreter(whole),)

    def _is_module(self, name: str) -> bool:
        """Whether this is the name of a module, and so what its `__name__` is."""
        return "." not in name or (self._others is not None and self._others.split(name) == [name])

    def of_class(self, base: Class, attribute: str, text: Spelling) -> Iterator[Value]:
        """What an attribute of a class of this file, or of an instance of it, may be worth."""
        key = (id(base.scope), f".{attribute} of {id(base.made)} {base.instance}")
        if key in self._busy:
            self._cut = min(self._cut, self._busy[key])
            yield Unknown(f"{attribute!r} is built up step by step")
        else:
            by = (*key, id(base.scope), 0)
            found = self._known(by, base.scope) if base.made is None else None
            if found is None:
                self._depth += 1
                try:
                    found = self._kept_as(key, by, lambda: distinct(attribute_of_class(self, base, attribute, text)))
                finally:
                    self._depth -= 1
            yield from found

    def namespace(self, outer: Scope, names: Table) -> Scope:
        """A module of its own, in which these names are bound: what `eval(text, names)` gives to the text."""
        scope = Scope("module", outer)
        self._namespaces.append(scope)
        self.give(scope, names)
        return scope

    def give(self, scope: Scope, names: Table) -> set[str]:
        """Bind names in a scope to what they are worth from the beginning; the names."""
        given: set[str] = set()
        for keys, held in names.pairs:
            name = keys[0].value if len(keys) == 1 and isinstance(keys[0], Known) else None
            if isinstance(name, str):
                given.add(name)
                scope.bindings.setdefault(name, []).insert(0, Binding("parameter", ast.arg(name), scope))
                self._passed = {**self._passed, (id(scope), name): Argument(held, name)}
        return given

    def variable(self, key: Value) -> Iterator[Value]:
        """What this file itself gives a variable of the environment."""
        if self._in_environment or not isinstance(key, Known):
            return
        self._in_environment = True
        try:
            for name, value, scope in self.survey.environment:
                if key in self.fold(name, scope):
                    yield from self.fold(value, scope)
        finally:
            self._in_environment = False

    def under(self, base: Value, key: Value, text: Spelling) -> Iterator[Value]:
        """What stands under a key of a value."""
        yield from attributes.under(self, base, key, text)


def _together(some: Values, others: Values) -> Values:
    return distinct((*some, *others)) if some else others


def _that_reach(bindings: list[Binding], at: ast.AST) -> list[Binding]:
    """Of the bindings in one scope those that may hold at a place: the last certain one before it hides the earlier."""
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
    text = _TEXTS.get(name)
    return Known(text) if text is not None else Named(name)


def _between(value: Value, first: int, last: int) -> Value:
    held = positions(value)
    if held is not None:
        return Several(held[first : len(held) + last])
    if isinstance(value, Several):
        return Several((elements((value,)),), exact=False)
    return value if isinstance(value, Unknown) else Unknown("it is unpacked from something that is not constant")


def _may_hold(value: Value, size: int) -> bool:
    held = positions(value)
    return held is None or len(held) == size


def _only_later(bindings: list[Binding], at: Optional[ast.AST]) -> bool:
    """Whether a name is used, in its own scope, before anything there binds it: then it still means the outer one."""
    line = getattr(at, "lineno", None)
    return line is not None and all(getattr(binding.node, "lineno", 0) > line for binding in bindings)


# (as they are where tests and services run)
_TEXTS = {
    "sys.executable": "python",
    **dict.fromkeys(("os.sep", "os.path.sep", "posixpath.sep"), "/"),
    **dict.fromkeys(("os.pathsep", "os.path.pathsep"), ":"),
    **dict.fromkeys(("os.extsep", "os.path.extsep", "os.curdir", "os.path.curdir"), "."),
    **dict.fromkeys(("os.pardir", "os.path.pardir"), ".."),
    "os.linesep": "\n",
}
_ENTERED = Unknown("it is bound by a with statement")
_A_TREE = Unknown("it is a tree, which may be changed before it is compiled")
_BUILTIN_LOADERS = frozenset({"exec", "eval", "compile", "__import__", "getattr", "vars", "globals", "locals"})
