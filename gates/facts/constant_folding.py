"""What an expression may be worth, worked out from one file: constants are followed, the unknown keeps its reason."""

from __future__ import annotations

import ast
from typing import Callable, Iterator, Optional

from gates.facts.bindings import Binding, Scope, Step, Survey
from gates.facts.known_values import (
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
    truth,
)
from gates.facts.loaders import HOSTS, OWN, canonical, imported, loader_of, names_a_loader
from gates.facts.short_text import shown
from gates.facts.text_folding import PURE, method, percent

_DEEPEST = 90
_LONGEST_WORK = 20_000
TOO_INVOLVED = Unknown("it is too involved to be followed")
_OWN_NAMES = frozenset(
    {"builtins.__name__", "builtins.__package__", "builtins.__spec__.name", "builtins.__spec__.parent"}
)
_ENVIRONMENT = frozenset({"os.environ.get", "os.getenv", "os.environ.setdefault", "os.environ.pop"})
_SAME_ELEMENTS = frozenset({"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"})
_LOADED = frozenset({"name", "object", "loaded"})


class Folding:
    """Follows constants through the names, attributes and calls of one file."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.read: set[tuple[int, str]] = set()
        self._busy: set[tuple[int, str]] = set()
        self._kept: dict[tuple[int, str], Values] = {}
        self._depth = 0
        self._work = 0

    def fold(self, node: Optional[ast.AST], scope: Scope) -> Values:
        """Everything that this expression may be worth; what is not known is among it, with the reason."""
        if node is None:
            return (Known(None),)
        if self._depth == 0:
            self._work = 0
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

    # --- names ----------------------------------------------------------------------------------------------------

    def name(self, name: str, scope: Scope, at: Optional[ast.AST] = None) -> Values:
        """What a name may stand for, seen from a scope."""
        return distinct(self._name(name, scope, at))

    def _name(self, name: str, scope: Scope, at: Optional[ast.AST]) -> Iterator[Value]:
        current: Optional[Scope] = scope.elsewhere.get(name, scope)
        start = current
        while current is not None:
            bindings = current.bindings.get(name)
            if bindings and (current.kind != "class" or current is start):
                if current is start and current.kind != "function" and _only_later(bindings, at):
                    current = current.parent
                    continue
                key = (id(current), name)
                self.read.add(key)
                if key not in self._busy:
                    yield from self._variable(key, name, bindings)
                    if not all(binding.conditional for binding in bindings) or current.kind == "function":
                        return
                elif name not in _BUILTIN_LOADERS or current.kind == "function":
                    yield Unknown(f"{name!r} is built up step by step")
                    return
            for star in reversed(current.stars):
                whole = canonical(f"{star}.{name}")
                if loader_of(whole) or whole in HOSTS:
                    yield Named(whole)
                    return
                if loader_of(imported(star, name)):
                    yield Named(imported(star, name))
                    return
            current = current.parent
        if name in ("__builtins__", "__builtin__"):
            yield Named("builtins")
        elif f"builtins.{name}" in _OWN_NAMES:
            yield Known(OWN)
        else:
            yield Named(f"builtins.{name}")

    def _variable(self, key: tuple[int, str], name: str, bindings: list[Binding]) -> Values:
        if key in self._kept:
            return self._kept[key]
        alone = not self._busy
        self._busy.add(key)
        try:
            found = distinct(value for binding in bindings for value in self.bound(binding))
        finally:
            self._busy.discard(key)
        found = self._as_changed(name, found)
        if alone:
            self._kept[key] = found
        return found

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
            return self._step_into(elements(self.fold(node, scope)), binding.path)
        if how == "import":
            module, _, name = binding.text.partition(":")
            return (Named(imported(module, name) if name else canonical(module)),)
        if how == "parameter":
            return self._parameter(binding)
        if how == "class":
            return (Class(scope.opened_by(node), False),)
        if how == "function":
            return (Function(node, scope),)
        return (Unknown(binding.text),)

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
                pairs.extend(merged.pairs if isinstance(merged, Table) else [((unknown,), (unknown,))] if isinstance(unknown, Unknown) else [])
        return (Table(tuple(pairs)),)

    def _comprehension(self, node: ast.AST, scope: Scope) -> Values:
        inner = scope.opened_by(node)
        if isinstance(node, ast.DictComp):
            return (Table(((self.fold(node.key, inner), self.fold(node.value, inner)),)),)
        return (Several((self.fold(getattr(node, "elt"), inner),)),)

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
        if isinstance(node.op, ast.BitOr):
            sides = (*self.fold(node.left, scope), *self.fold(node.right, scope))
            return (Table(tuple(pair for side in sides if isinstance(side, Table) for pair in side.pairs)), *(side for side in sides if not isinstance(side, Table)))
        return ()

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
            yield Known(OWN) if whole in _OWN_NAMES else Named(whole)
        elif isinstance(base, Class):
            yield from self._of_class(base, attribute, text)
        elif isinstance(base, Made):
            yield base
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
                    yield from self._as_changed(attribute, self.bound(binding))
            if not found:
                yield Unknown(f"it is read from {text}")
            elif base.instance:
                yield Unknown(f"a subclass or an instance may set {text} to something else")
        finally:
            self._busy.discard(key)

    def _set_on(self, scope: Scope, attribute: str) -> Iterator[Binding]:
        for target, binding in self.survey.attributes.get(attribute, ()):
            if any(isinstance(owner, Class) and owner.scope is scope for owner in self.fold(target.value, binding.scope)):
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
                if isinstance(base, Named) and base.name in _NAMESPACES:
                    found.extend(self._of_namespace(base.name, key, scope))
                else:
                    found.extend(self.under(base, key, shown(node)))
        return tuple(found)

    def under(self, base: Value, key: Value, text: str) -> Iterator[Value]:
        """What stands under a key of a value."""
        if isinstance(base, Named):
            yield from _under_named(base.name, key)
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
            found.extend(self._result(function, node, scope))
        if isinstance(node.func, ast.Attribute):
            found.extend(self._method(node.func, node, scope))
        known = [value for value in found if not (isinstance(value, Unknown) and value.reason == "")]
        return tuple(known) or (Unknown(f"it is what {shown(node)} returns"),)

    def _result(self, function: Value, node: ast.Call, scope: Scope) -> Iterator[Value]:
        if isinstance(function, Class) and not function.instance:
            yield Class(function.scope, True)
        elif isinstance(function, Function) and isinstance(function.node, ast.Lambda):
            yield from self.fold(function.node.body, function.scope.opened_by(function.node))
        elif isinstance(function, Made) or function == TOO_INVOLVED:
            yield function
        elif isinstance(function, Named):
            yield from self._named_result(function.name, node, scope)

    def _named_result(self, name: str, node: ast.Call, scope: Scope) -> Iterator[Value]:
        arguments = [self.fold(argument, scope) for argument in node.args[:3] if not isinstance(argument, ast.Starred)]
        first: Values = arguments[0] if arguments else ()
        short = name[len("builtins.") :] if name.startswith("builtins.") else name
        loader = loader_of(name)
        if short == "getattr" and len(arguments) > 1:
            for base in first:
                for attribute in arguments[1]:
                    yield from self._got(base, attribute, arguments)
        elif short == "vars" and first:
            yield from (Named(f"{base.name}.__dict__") for base in first if isinstance(base, Named))
        elif short in ("globals", "locals", "vars"):
            yield Named(f"{short}()")
        elif short in _SAME_ELEMENTS:
            yield from (value if isinstance(value, Several) else Several((elements((value,)),)) for value in first)
        elif short == "enumerate":
            yield Several(((Several(((Unknown("it is a number"),), elements(first))),),))
        elif short == "zip":
            yield Several(((Several(tuple(elements(argument) for argument in arguments)),),))
        elif short == "next":
            yield from elements(first)
        elif name in _ENVIRONMENT:
            yield from arguments[1] if len(arguments) > 1 else ()
            yield Unknown(f"it comes from the environment ({shown(node.args[0]) if node.args else ''})")
        elif name in ("functools.partial", "functools.partialmethod"):
            yield Bound(first, node, scope)
        elif short in ("staticmethod", "classmethod"):
            yield from first
        elif short in PURE:
            yield from PURE[short](arguments)
        elif loader is not None:
            yield from self._loaded(name, loader.kind, first, node, scope)
        elif name.endswith((".__dict__.get", ".__dict__.__getitem__")):
            for key in first:
                yield from _under_named(name.rpartition(".")[0], key)

    def _got(self, base: Value, attribute: Value, arguments: list[Values]) -> Iterator[Value]:
        if isinstance(attribute, Known) and isinstance(attribute.value, str):
            yield from self.attribute_of(base, attribute.value, f"getattr(..., {attribute.value!r})")
            if len(arguments) > 2 and isinstance(base, (Class, Unknown)):
                yield from arguments[2]
        elif isinstance(base, Named):
            text = as_text(attribute)
            prefix = text.prefix if isinstance(text, Unknown) else ""
            if (base.name in HOSTS or base.name == "sys") and names_a_loader(base.name, prefix):
                yield Named(f"{base.name}.?")

    def _loaded(self, name: str, kind: str, first: Values, node: ast.Call, scope: Scope) -> Iterator[Value]:
        if kind == "import":
            bottom = len(node.args) > 3 or any(word.arg == "fromlist" for word in node.keywords)
            for text in map(as_text, first):
                if isinstance(text, str):
                    yield Named(canonical(text if bottom else text.split(".")[0]))
        elif kind in _LOADED and "find" not in name:
            for text in map(as_text, first):
                if isinstance(text, str):
                    yield Named(canonical(text.replace(":", ".")))
        elif name == "builtins.eval":
            for text in map(as_text, first):
                yield from self._evaluated(text, scope) if isinstance(text, str) else ()
        elif kind != "opaque" and name != "builtins.exec":
            yield Made(name)

    def _evaluated(self, text: str, scope: Scope) -> Values:
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ()
        return self.fold(tree.body, scope)

    def _method(self, function: ast.Attribute, node: ast.Call, scope: Scope) -> Iterator[Value]:
        arguments = [self.fold(argument, scope) for argument in node.args if not isinstance(argument, ast.Starred)]
        words = {word.arg: self.fold(word.value, scope) for word in node.keywords if word.arg}
        if len(arguments) != len(node.args) or len(words) != len(node.keywords):
            return
        for base in self.fold(function.value, scope):
            if isinstance(base, Table):
                yield from _of_table(base, function.attr, arguments)
            elif isinstance(base, Named) and base.name in (*_NAMESPACES, "builtins"):
                if function.attr in ("get", "__getitem__") and arguments:
                    for key in arguments[0]:
                        yield from self._of_namespace(base.name, key, scope)
            else:
                yield from method(base, function.attr, arguments, words)

    def _of_namespace(self, name: str, key: Value, scope: Scope) -> Iterator[Value]:
        if isinstance(key, Known) and isinstance(key.value, str):
            if name == "builtins":
                yield Named(canonical(f"builtins.{key.value}"))
            else:
                yield from self.name(key.value, scope.module() if name == "globals()" else scope)

    def _starred(self, node: ast.AST, scope: Scope) -> Values:
        assert isinstance(node, ast.Starred)
        return elements(self.fold(node.value, scope))

    def _lambda(self, node: ast.AST, scope: Scope) -> Values:
        return (Function(node, scope),)

    def _awaited(self, node: ast.AST, scope: Scope) -> Values:
        return self.fold(getattr(node, "value"), scope)


def _under_named(name: str, key: Value) -> Iterator[Value]:
    text = as_text(key)
    if name == "sys.modules":
        if isinstance(text, str) and OWN not in text:
            yield Named(canonical(text))
    elif name.endswith(".__dict__") or name == "builtins":
        host = name[: -len(".__dict__")] if name.endswith(".__dict__") else name
        if isinstance(text, str):
            yield Named(canonical(f"{host}.{text}"))
        elif (host in HOSTS or host == "sys") and names_a_loader(host, text.prefix):
            yield Named(f"{host}.?")
    elif name.startswith("os.environ"):
        yield Unknown("it comes from the environment")
    else:
        reason = as_text(Named(name))
        yield reason if isinstance(reason, Unknown) else Unknown("")


def _of_table(table: Table, called: str, arguments: list[Values]) -> Iterator[Value]:
    if called in ("get", "pop", "setdefault", "__getitem__") and arguments:
        for key in arguments[0]:
            if isinstance(key, Known):
                found = item((table,), key.value)
                yield from (value for value in found if not (isinstance(value, Unknown) and "not a key" in value.reason))
            else:
                for _, held in table.pairs:
                    yield from held
        yield from arguments[1] if len(arguments) > 1 else ()
    elif called == "items":
        yield Several(tuple((Several(pair),) for pair in table.pairs))
    elif called == "values":
        yield Several(tuple(held for _, held in table.pairs))
    elif called == "keys":
        yield Several(tuple(keys for keys, _ in table.pairs))
    elif called == "copy":
        yield table


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
        return Several((*(tuple((*held, *unknown)) for held in value.items), unknown))
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


_NAMESPACES = ("globals()", "locals()", "vars()")
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
    "Attribute": Folding._attribute,
    "Subscript": Folding._subscript,
    "Call": Folding._call,
    "Starred": Folding._starred,
    "Lambda": Folding._lambda,
    "Await": Folding._awaited,
}
