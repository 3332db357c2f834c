"""One walk over a file's tree: what each name may be bound to, and every expression in the place where it stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Callable, Optional

from gates.facts.extractors.places import (
    ARGUMENT,
    AWAY,
    CALLED,
    DROPPED,
    FOLLOWED,
    HARMLESS,
    PART,
    STORED,
    TARGET,
    Binding,
    Link,
    Of,
    Scope,
    Step,
    Under,
    Unpacked,
)

_CHANGES = frozenset("append extend insert add update setdefault pop popitem remove clear discard sort reverse".split())
# `case str(name)` captures the whole of it.
_CAPTURING_ITSELF = frozenset("bool bytes dict float int list set str tuple".split())
_MAPPING = frozenset("map filter imap imap_unordered filterfalse takewhile dropwhile".split())
_LOADS = re.compile(r"\b(?:__import__|import_module|exec|eval|compile)\(")
_READERS = frozenset(
    "len sorted list tuple set frozenset print enumerate reversed zip isinstance str repr iter next any all min max "
    "sum map filter chain join count index run call check_call check_output Popen execv execve spawnv posix_spawn "
    "dictConfig loadTestsFromNames getattr hasattr vars type dict asdict astuple copy deepcopy format".split()
)


class Survey:
    """Everything that one walk over a tree sees: bindings go to their scopes, expressions to `places`."""

    def __init__(self, tree: ast.AST, scope: Optional[Scope] = None) -> None:
        self.places: list[_Seen] = []  # the fields of each Place; few files need more than a few of them
        self.attributes: dict[str, list[tuple[ast.Attribute, Binding]]] = {}
        self.changed: set[str] = set()
        self.loop_ends: dict[int, int] = {}  # what a for statement goes over, by id, to the statement's last line
        self.scope = scope if scope is not None else Scope("module")
        self.scope.owner = self.scope.owner or tree
        # Of a function, by id: what it returns, and what it yields.
        self.results: dict[int, tuple[list[ast.expr], list[ast.expr]]] = {}
        # Of an attribute or item that is assigned to, by id: the value.
        self.given: dict[int, tuple[ast.expr, Scope]] = {}
        # Of each variable of the environment that is set: its name and its value, and from where they are seen.
        self.environment: list[tuple[ast.expr, ast.expr, Scope]] = []
        # A name, or an attribute with a dot before it, to where it is used, and the scope around.
        self.mentions: dict[str, list[tuple[Link, Scope]]] = {}
        # Texts in annotations that spell a loader.
        self.annotations: list[tuple[ast.expr, Scope]] = []
        self._given_to: dict[int, dict[str, Binding]] = {}  # what the one call of a lambda gives its parameters
        self._anchor: Optional[ast.expr] = None
        self._conditional = False
        self._within: Optional[Link] = None
        self._stack: list[_Entry] = []
        self._push([tree], self.scope)
        stack = self._stack
        while stack:
            node, inside, becomes, decided_by, self._anchor, self._conditional, self._within = stack.pop()
            see = _EXPRESSIONS.get(type(node))
            if see is not None:
                see(self, node, inside, becomes, decided_by)
            elif isinstance(node, ast.expr):
                self._compound(node, inside, becomes, decided_by)
            else:
                _STATEMENTS.get(type(node), Survey._children)(self, node, inside)

    def _push(
        self,
        nodes: Iterable[Optional[ast.AST]],
        scope: Scope,
        becomes: str = AWAY,
        decided_by: Optional[ast.expr] = None,
        conditional: Optional[bool] = None,
    ) -> None:
        """Visit these next, in this order; a constant holds nothing to see."""
        held = self._conditional if conditional is None else conditional
        anchor, within = self._anchor, self._within
        entries = [
            (node, scope, becomes, decided_by, anchor, held, within)
            for node in nodes
            if node is not None and type(node) not in _SKIPPED
        ]
        if len(entries) > 1:
            entries.reverse()
        self._stack += entries

    def concern(self, names: Iterable[str]) -> set[str]:
        """Mark every place that may have to do with these names, through whatever other names; all of those names."""
        concerned: set[str] = set()
        seen: set[tuple[str, int]] = set()
        waiting: list[tuple[str, Optional[Scope]]] = [(name, None) for name in names]
        while waiting:
            name, home = waiting.pop()
            if (name, 0) in seen or (name, id(home) if home else 0) in seen:
                continue
            seen.add((name, id(home) if home else 0))
            concerned.add(name)
            for link, scope in self.mentions.get(name, ()):
                current: Optional[Link] = link if home is None or home.is_around(scope) else None
                while current is not None and not current.concerned:
                    current.concerned = True
                    waiting.extend((led, None if led[:1] == "." else current.scope) for led in current.leads_to)
                    current = current.outer
        return concerned

    def uses_of(self, name: str) -> Iterator[int]:
        """The places where a name is used, and those that they stand in, by the ids of their links."""
        for link, _ in self.mentions.get(name, ()):
            current: Optional[Link] = link
            while current is not None:
                yield id(current)
                current = current.outer

    def imports(self) -> Iterator[tuple[str, str]]:
        """Each name that an import statement binds, in any scope, and what it imports (`module:name` or `module`)."""
        waiting = [self.scope]
        while waiting:
            scope = waiting.pop()
            waiting.extend(scope.inner())
            yield from ((f"{star}:*", f"{star}:*") for star in scope.stars)
            for name, bindings in scope.bindings.items():
                yield from ((name, binding.text) for binding in bindings if binding.how == "import")

    def take_in(self, other: Survey) -> None:
        """Know of another module what the following of constants asks for."""
        for name, found in other.attributes.items():
            self.attributes.setdefault(name, []).extend(found)
        self.changed |= other.changed
        self.loop_ends.update(other.loop_ends)
        self.results.update(other.results)
        self.given.update(other.given)
        self.environment += other.environment

    def _children(self, node: ast.AST, scope: Scope) -> None:
        self._push(ast.iter_child_nodes(node), scope)

    # --- bindings -----------------------------------------------------------------------------------------------

    def _bind(self, scope: Scope, name: str, binding: Binding) -> None:
        home = scope.elsewhere.get(name, scope)
        home.bindings.setdefault(name, []).append(binding._replace(conditional=self._conditional))

    def _assign(
        self, target: ast.expr, how: str, value: ast.expr, scope: Scope, seen_from: Optional[Scope] = None
    ) -> str:
        """Bind a target and everything in it; what becomes of the value."""
        inside = scope if seen_from else scope.holder()
        seen_from = seen_from or scope
        becomes = FOLLOWED
        names: list[str] = []
        home: Optional[Scope] = inside
        waiting: list[tuple[ast.expr, tuple[Step, ...]]] = [(target, ())]
        while waiting:
            node, path = waiting.pop()
            if isinstance(node, ast.Name):
                home = None if node.id in inside.elsewhere else home
                self._bind(inside, node.id, Binding(how, value, seen_from, path))
                names += [node.id, f".{node.id}"] if inside.kind == "class" else [node.id]
            elif isinstance(node, (ast.Tuple, ast.List)):
                waiting.extend(_unpacked(node.elts, path))
            elif isinstance(node, ast.Attribute):
                becomes = STORED if becomes == FOLLOWED else becomes
                binding = Binding(how, value, scope, path)
                names.append(f".{node.attr}")
                self.attributes.setdefault(node.attr, []).append((node, binding))
                self.given[id(node)] = (value, seen_from)
                self._push([node], scope, TARGET)
            elif isinstance(node, ast.Subscript):
                becomes = AWAY
                self.given[id(node)] = (value, seen_from)
                self._touch(node.value)
                home = None
                self._set_under_a_key(node, Binding(how, value, scope, path), names)
                self._push([node], scope, TARGET)
        self._leads_to(names, home)
        return becomes

    def _set_under_a_key(self, node: ast.Subscript, binding: Binding, names: list[str]) -> None:
        """`self.__dict__["name"] = ...`, `globals()["name"] = ...`, `os.environ["NAME"] = ...`."""
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        held, called = node.value, getattr(getattr(node.value, "func", None), "id", "")
        if getattr(held, "attr", getattr(held, "id", "")) == "environ" and isinstance(binding.node, ast.expr):
            self.environment.append((node.slice, binding.node, binding.scope))
        elif isinstance(key, str) and isinstance(held, ast.Attribute) and held.attr == "__dict__":
            self._attribute_set(held.value, key, binding)
            names.append(f".{key}")
        elif isinstance(key, str) and isinstance(held, ast.Call) and called == "vars" and len(held.args) == 1:
            self._attribute_set(held.args[0], key, binding)
            names.append(f".{key}")
        elif isinstance(key, str) and called == "globals":
            binding.scope.module().bindings.setdefault(key, []).append(binding._replace(conditional=True))
            names.append(key)

    def _attribute_set(self, owner: ast.expr, name: str, binding: Binding) -> ast.Attribute:
        target = ast.copy_location(ast.Attribute(owner, name, ast.Store()), owner)
        self.attributes.setdefault(name, []).append((target, binding))
        return target

    def _leads_to(self, names: Sequence[str], home: Optional[Scope] = None) -> None:
        """What is pushed next gives these names their value, which are seen in that scope alone."""
        is_local = home is not None and home.kind in ("function", "comprehension")
        self._within = Link(self._within, names, scope=home if is_local else None)

    def _touch(self, node: ast.expr) -> None:
        """Remember that the list or dict of this name is changed after it is made."""
        if isinstance(node, ast.Name):
            self.changed.add(node.id)
        elif isinstance(node, ast.Attribute):
            self.changed.add(node.attr)

    def _function(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        inner = Scope("function", scope, node)
        arguments = node.args
        positional = [*getattr(arguments, "posonlyargs", []), *arguments.args]
        pairs = list(zip(reversed(positional), reversed(arguments.defaults)))
        pairs += [(arg, value) for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults) if value is not None]
        defaults = {arg.arg: value for arg, value in pairs}
        everything = [*positional, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        called = getattr(node, "name", "a lambda")
        given = self._given_to.pop(id(node), {})
        for arg in everything:
            if arg is not None:
                default = defaults.get(arg.arg)
                parameter = Binding("parameter", default or arg, scope, text=called)
                if given and default is not None:
                    parameter = Binding("value", default, scope)
                self._bind(inner, arg.arg, given.get(arg.arg, parameter))
        if isinstance(node, ast.Lambda):
            self._push([node.body], inner, conditional=False)
        else:
            self._bind(scope, node.name, Binding("function", node, scope))
            self.results[id(node)] = ([], [])
            self._push(node.body, inner, conditional=False)
            annotations = [arg.annotation for arg in everything if arg is not None]
            self._push([*annotations, node.returns], scope, HARMLESS)
            self._evaluated([*annotations, node.returns], scope)
            self._push(node.decorator_list, scope)
        self._leads_to(list(defaults), inner)
        self._push([*arguments.defaults, *arguments.kw_defaults], scope, FOLLOWED)

    def _evaluated(self, annotations: Iterable[Optional[ast.expr]], scope: Scope) -> None:
        for node in (part for one in annotations if one is not None for part in ast.walk(one)):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(node, ast.expr) and isinstance(text, str) and _LOADS.search(text):
                self.annotations.append((node, scope))

    def _class(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.ClassDef)
        inner = Scope("class", scope, node)
        self._bind(scope, node.name, Binding("class", node, scope))
        self._push(node.body, inner, conditional=False)
        self._push([*node.decorator_list, *node.bases, *(word.value for word in node.keywords)], scope)

    def _assignment(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Assign)
        # The links of several targets stand in each other: the value leads to them all.
        ends = [self._assign(target, "value", node.value, scope) for target in node.targets]
        becomes = AWAY if AWAY in ends else STORED if STORED in ends else FOLLOWED
        stored = [target for target in node.targets if isinstance(target, ast.Attribute)]
        self._push([node.value], scope, becomes, stored[0] if stored else None)

    def _annotated(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.AnnAssign)
        self._push([node.annotation], scope, HARMLESS)
        self._evaluated([node.annotation], scope)
        if node.value is not None:
            becomes = self._assign(node.target, "value", node.value, scope)
            stored = node.target if isinstance(node.target, ast.Attribute) else None
            self._push([node.value], scope, becomes, stored)

    def _augmented(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.AugAssign)
        if isinstance(node.target, ast.Name):
            reason = f"{node.target.id!r} is built up step by step"
            self._bind(scope, node.target.id, Binding("unknown", node, scope, text=reason))
        else:
            self._touch(node.target)
        self.given[id(node.target)] = (node.value, scope)
        self._push([node.target], scope, TARGET)
        self._push([node.value], scope)

    def _for(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, (ast.For, ast.AsyncFor))
        self.loop_ends[id(node.iter)] = node.end_lineno or node.lineno
        around, conditional = self._within, self._conditional
        self._within = Link(around, loop=node.iter, scope=scope)
        self._push([*node.body, *node.orelse], scope, conditional=True)
        self._within, self._conditional = around, True
        self._assign(node.target, "element", node.iter, scope)
        self._conditional = conditional
        self._push([node.iter], scope, FOLLOWED)

    def _with(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, (ast.With, ast.AsyncWith))
        self._push(node.body, scope)
        around = self._within
        for item in reversed(node.items):
            if item.optional_vars is not None:
                becomes = self._assign(item.optional_vars, "entered", item.context_expr, scope)
                self._push([item.context_expr], scope, becomes)
            else:
                self._push([item.context_expr], scope)
            self._within = around

    def _branches(self, node: ast.AST, scope: Scope) -> None:
        test: Optional[ast.expr] = getattr(node, "test", None)
        for field in ("finalbody", "orelse", "handlers", "body"):
            self._push(getattr(node, field, ()), scope, conditional=True)
        self._push([test], scope, DROPPED)

    def _handler(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.ExceptHandler)
        if node.name:
            self._bind(scope, node.name, Binding("unknown", node, scope, text=f"{node.name!r} is an exception"))
        self._push(node.body, scope)
        self._push([node.type], scope, HARMLESS)

    def _import(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Import)
        for alias in node.names:
            bound = alias.asname or alias.name.split(".")[0]
            self._bind(scope, bound, Binding("import", node, scope, text=alias.name if alias.asname else bound))

    def _import_from(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.ImportFrom)
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                scope.stars.append(module)
            else:
                binding = Binding("import", node, scope, text=f"{module}:{alias.name}")
                self._bind(scope, alias.asname or alias.name, binding)

    def _global(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, (ast.Global, ast.Nonlocal))
        for name in node.names:
            home = scope.module() if isinstance(node, ast.Global) else _outer_function(scope, name)
            if home is not scope:
                scope.elsewhere[name] = home

    def _return(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Return)
        if node.value is not None and id(scope.owner) in self.results:
            self.results[id(scope.owner)][0].append(node.value)
        self._push([node.value], scope)

    def _yield(self, node: ast.AST, scope: Scope, becomes: str, decided_by: Optional[ast.expr]) -> None:
        assert isinstance(node, (ast.Yield, ast.YieldFrom))
        home = scope.holder()
        if node.value is not None and id(home.owner) in self.results:
            self.results[id(home.owner)][1].append(node.value)
        self._push([node.value], scope)

    def _delete(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Delete)
        targets = list(node.targets)
        for target in targets:
            if isinstance(target, ast.Name):
                inside = scope.elsewhere.get(target.id, scope)
                held = inside.bindings.get(target.id, [])
                inside.bindings[target.id] = [binding._replace(conditional=True) for binding in held]
            elif isinstance(target, ast.Subscript):
                self._touch(target.value)
                self._push([target.value], scope, PART)
                self._push([target.slice], scope, HARMLESS)
            elif isinstance(target, ast.Attribute):
                self._push([target.value], scope, PART)
            elif isinstance(target, (ast.Tuple, ast.List)):
                targets.extend(target.elts)

    def _pattern(self, node: ast.AST, scope: Scope) -> None:
        self._push(ast.iter_child_nodes(node), scope, HARMLESS)

    def _match(self, node: ast.AST, scope: Scope) -> None:
        subject: ast.expr = node.subject  # type: ignore[attr-defined]
        names: list[str] = []
        becomes = FOLLOWED
        cases: list[ast.AST] = list(node.cases)  # type: ignore[attr-defined]
        conditional, self._conditional = self._conditional, True
        for case in cases:
            captured, is_followed = self._captured(case.pattern, subject, scope)  # type: ignore[attr-defined]
            names += captured
            becomes = becomes if is_followed else AWAY
        self._conditional = conditional
        self._push(cases, scope, conditional=True)
        around = self._within
        self._leads_to(names)
        self._push([subject], scope, becomes)
        self._within = around

    def _captured(self, pattern: ast.AST, subject: ast.expr, scope: Scope) -> tuple[list[str], bool]:
        """Bind what a pattern captures: the names, and whether it is known what each of them takes."""
        names: list[str] = []
        is_followed = True
        waiting: list[tuple[ast.AST, Optional[tuple[Step, ...]]]] = [(pattern, ())]
        while waiting:
            node, path = waiting.pop()
            for field in ("name", "rest"):
                name = getattr(node, field, None)
                if name:
                    known = field == "name" and path is not None
                    reason = f"{name!r} is captured by a pattern"
                    binding = Binding("value", subject, scope, path or ())
                    self._bind(scope, name, binding if known else Binding("unknown", node, scope, text=reason))
                    names.append(name)
                    is_followed = is_followed and known
            waiting += _parts_of_pattern(node, path)
        return names, is_followed

    # --- expressions --------------------------------------------------------------------------------------------

    def _a_name(self, node: ast.AST, scope: Scope, becomes: str, decided_by: Optional[ast.expr]) -> None:
        assert isinstance(node, ast.Name)
        if not isinstance(node.ctx, ast.Store) or becomes == TARGET:
            self.mentions.setdefault(node.id, []).append((self._note(node, scope, becomes, decided_by), scope))

    def _a_call(self, node: ast.AST, scope: Scope, becomes: str, decided_by: Optional[ast.expr]) -> None:
        assert isinstance(node, ast.Call)
        self._note(node, scope, becomes, decided_by)
        self._call(node, scope)

    def _attribute(self, node: ast.AST, scope: Scope, becomes: str, decided_by: Optional[ast.expr]) -> None:
        assert isinstance(node, ast.Attribute)
        self.mentions.setdefault(f".{node.attr}", []).append((self._note(node, scope, becomes, decided_by), scope))
        self._push((node.value,), scope, PART)

    def _subscript(self, node: ast.AST, scope: Scope, becomes: str, decided_by: Optional[ast.expr]) -> None:
        assert isinstance(node, ast.Subscript)
        link = self._note(node, scope, becomes, decided_by)
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if isinstance(key, str) and getattr(node.value, "attr", "") == "__dict__":
            self.mentions.setdefault(f".{key}", []).append((link, scope))
        elif isinstance(key, str) and isinstance(node.value, ast.Call):
            called = getattr(node.value.func, "id", "")
            name = {"vars": f".{key}", "globals": key}.get(called)
            if name:
                self.mentions.setdefault(name, []).append((link, scope))
        self._push((node.value,), scope, PART)
        self._push((node.slice,), scope, HARMLESS)

    def _walrus(self, node: ast.AST, scope: Scope, becomes: str, decided_by: Optional[ast.expr]) -> None:
        assert isinstance(node, ast.NamedExpr)
        self._note(node, scope, becomes, decided_by)
        self._assign(node.target, "value", node.value, scope)
        self._push((node.value,), scope, FOLLOWED)

    def _lambda(self, node: ast.AST, scope: Scope, becomes: str, decided_by: Optional[ast.expr]) -> None:
        self._function(node, scope)

    def _note(self, node: ast.expr, scope: Scope, becomes: str, decided_by: Optional[ast.expr]) -> Link:
        link = Link(self._within)
        self.places.append((node, scope, becomes, decided_by, self._anchor or node, link))
        self._within = link
        return link

    def _call(self, node: ast.Call, scope: Scope) -> None:
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if isinstance(node.func, ast.Attribute) and called in _CHANGES:
            self._touch(node.func.value)
        if called in ("setattr", "__setattr__") and self._sets_attribute(node, scope):
            return
        self._sets_variable(node, called, scope)
        self._gives_to_lambda(node, called, scope)
        named = node.args[1] if len(node.args) > 1 else None
        if isinstance(named, ast.Constant) and isinstance(named.value, str) and self._within is not None:
            self.mentions.setdefault(f".{named.value}", []).append((self._within, scope))  # getattr(x, "load")
        if called not in _READERS:
            for handed in node.args:
                self._touch(handed)
        self._push([*node.args, *(word.value for word in node.keywords)], scope, ARGUMENT, node)
        self._push([node.func], scope, CALLED)

    def _sets_attribute(self, node: ast.Call, scope: Scope) -> bool:
        """`setattr(thing, "name", value)`, as the assignment that it is."""
        parts = list(node.args)
        if isinstance(node.func, ast.Attribute) and len(parts) == 2:  # thing.__setattr__("name", value)
            parts.insert(0, node.func.value)
        name = parts[1].value if len(parts) == 3 and isinstance(parts[1], ast.Constant) else None
        if not isinstance(name, str) or isinstance(parts[2], ast.Starred):
            return False
        if isinstance(node.func, ast.Attribute) and node.func.attr == "setattr":  # monkeypatch.setattr
            return False
        target = self._attribute_set(parts[0], name, Binding("value", parts[2], scope))
        around = self._within
        self._leads_to([f".{name}"])
        self._push([parts[2]], scope, STORED, target)
        self._within = around
        self._push([node.args[0]], scope, ARGUMENT, node)
        self._push([node.func], scope, CALLED)
        return True

    def _sets_variable(self, node: ast.Call, called: str, scope: Scope) -> None:
        """`os.environ.setdefault("NAME", value)` and kin."""
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        is_environment = getattr(owner, "attr", getattr(owner, "id", "")) == "environ"
        if (called in ("putenv", "setenv") or (is_environment and called == "setdefault")) and len(node.args) == 2:
            self.environment.append((node.args[0], node.args[1], scope))
        elif is_environment and called == "update":
            for word in node.keywords:
                if word.arg:
                    self.environment.append((ast.copy_location(ast.Constant(word.arg), node), word.value, scope))
            for table in node.args:
                for key, value in zip(table.keys, table.values) if isinstance(table, ast.Dict) else ():
                    if key is not None:
                        self.environment.append((key, value, scope))

    def _gives_to_lambda(self, node: ast.Call, called: str, scope: Scope) -> None:
        """What the only calls of a lambda give it: of one that is called where it stands, or handed to `map`."""
        plain = not node.keywords and not any(isinstance(one, ast.Starred) for one in node.args)
        if isinstance(node.func, ast.Lambda) and plain:
            arguments = [Binding("value", one, scope) for one in node.args]
            self._given_to[id(node.func)] = _by_parameter(node.func, arguments)
        elif called in _MAPPING and plain and len(node.args) > 1 and isinstance(node.args[0], ast.Lambda):
            arguments = [Binding("element", one, scope) for one in node.args[1:]]
            self._given_to[id(node.args[0])] = _by_parameter(node.args[0], arguments)
        elif called == "reduce" and plain and len(node.args) > 1 and isinstance(node.args[0], ast.Lambda):
            before = Binding("unknown", node, scope, text="it is what was worked out before")
            arguments = [before, Binding("element", node.args[1], scope)]
            self._given_to[id(node.args[0])] = _by_parameter(node.args[0], arguments)

    def _comprehension(self, node: ast.AST, scope: Scope, becomes: str, decided_by: Optional[ast.expr]) -> None:
        assert isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp))
        inner = Scope("comprehension", scope, node)
        for index, generator in enumerate(node.generators):
            outside, around = (scope if index == 0 else inner), self._within
            self._push(generator.ifs, inner, DROPPED)
            self._assign(generator.target, "element", generator.iter, inner, outside)
            self._push([generator.iter], outside, FOLLOWED)
            self._within = Link(around, loop=generator.iter, scope=outside)
        results = [getattr(node, field, None) for field in ("elt", "key", "value")]
        self._push(results, inner, becomes, decided_by)

    def _compound(self, node: ast.expr, scope: Scope, becomes: str, decided_by: Optional[ast.expr]) -> None:
        if isinstance(node, (ast.Tuple, ast.List, ast.Set, ast.Dict)):
            keys = node.keys if isinstance(node, ast.Dict) else []
            items = node.values if isinstance(node, ast.Dict) else node.elts
            held = FOLLOWED if becomes in (PART, CALLED, HARMLESS, DROPPED) else becomes
            self._push(keys, scope, HARMLESS)
            self._push(items, scope, held, decided_by)
        elif isinstance(node, ast.IfExp):
            self._push([node.body, node.orelse], scope, becomes, decided_by)
            self._push([node.test], scope, DROPPED)
        elif isinstance(node, ast.BoolOp):
            self._push(node.values, scope, becomes, decided_by)
        elif isinstance(node, ast.Starred):
            self._push([node.value], scope, becomes, decided_by)
        elif isinstance(node, ast.Compare):
            # `x is None` learns nothing else of x.
            held = DROPPED if all(isinstance(sign, (ast.Is, ast.IsNot)) for sign in node.ops) else HARMLESS
            self._push([node.left, *node.comparators], scope, held)
        elif isinstance(node, ast.UnaryOp):
            self._push([node.operand], scope, DROPPED if isinstance(node.op, ast.Not) else HARMLESS)
        elif isinstance(node, ast.FormattedValue):
            self._push([node.value, node.format_spec], scope, HARMLESS)
        elif isinstance(node, ast.JoinedStr):
            # Before 3.12 the places inside an f-string are wrong: the string's own place stands for them.
            self._anchor = self._anchor or node
            self._push(node.values, scope, HARMLESS)
        elif isinstance(node, ast.BinOp):
            held = HARMLESS if isinstance(node.op, ast.Mod) else becomes
            self._push([node.left, node.right], scope, held, decided_by)
        else:
            self._children(node, scope)


def _unpacked(elements: Sequence[ast.expr], path: tuple[Step, ...]) -> list[tuple[ast.expr, tuple[Step, ...]]]:
    """Each target of an unpacking, with the position that it takes (counted from the end after a starred one)."""
    starred = [index for index, element in enumerate(elements) if isinstance(element, ast.Starred)]
    found: list[tuple[ast.expr, tuple[Step, ...]]] = []
    for index, element in enumerate(elements):
        if isinstance(element, ast.Starred):
            found.append((element.value, (*path, f"{index}:{index - len(elements) + 1}")))
        else:
            after = bool(starred) and index > starred[0]
            step = index - len(elements) if after else index if starred else Unpacked(index, len(elements))
            found.append((element, (*path, step)))
    return found


def _by_parameter(function: ast.Lambda, given: Sequence[Binding]) -> dict[str, Binding]:
    parameters = [*getattr(function.args, "posonlyargs", []), *function.args.args]
    return {parameter.arg: one for parameter, one in zip(parameters, given)}


def _parts_of_pattern(
    node: ast.AST, path: Optional[tuple[Step, ...]]
) -> list[tuple[ast.AST, Optional[tuple[Step, ...]]]]:
    """The patterns inside one, each with the way to what it is matched with; None where that is not known."""
    kind = type(node).__name__
    inside = [child for child in ast.iter_child_nodes(node) if type(child).__name__.startswith("Match")]
    if path is None:
        return [(child, None) for child in inside]
    if kind in ("MatchOr", "MatchAs"):
        return [(child, path) for child in inside]
    if kind == "MatchSequence":
        starred = [index for index, child in enumerate(inside) if type(child).__name__ == "MatchStar"]
        return [(child, (*path, _position(index, len(inside), starred))) for index, child in enumerate(inside)]
    if kind == "MatchMapping":
        keys = [getattr(key, "value", None) for key in node.keys]  # type: ignore[attr-defined]
        return [(child, (*path, Under(key))) for child, key in zip(inside, keys)]
    if kind == "MatchClass":
        words: list[str] = node.kwd_attrs  # type: ignore[attr-defined]
        first = len(inside) - len(words)
        named = [(child, (*path, Of(word))) for child, word in zip(inside[first:], words)]
        is_itself = first == 1 and getattr(node.cls, "id", "") in _CAPTURING_ITSELF  # type: ignore[attr-defined]
        return [*((child, path if is_itself else None) for child in inside[:first]), *named]
    return [(child, None) for child in inside]


def _position(index: int, many: int, starred: Sequence[int]) -> Step:
    if not starred:
        return Unpacked(index, many)
    if index == starred[0]:
        return f"{index}:{index - many + 1}"
    return index - many if index > starred[0] else index


def _outer_function(scope: Scope, name: str) -> Scope:
    """Where a nonlocal name lives: the nearest function around that has it, else simply the nearest."""
    outer = scope.parent
    nearest: Optional[Scope] = None
    while outer is not None and outer.kind != "module":
        if outer.kind == "function":
            nearest = nearest or outer
            if name in outer.bindings:
                return outer
        outer = outer.parent
    return nearest or scope


def _dropped(self: Survey, node: ast.AST, scope: Scope) -> None:
    self._push(ast.iter_child_nodes(node), scope, DROPPED)


def _harmless(self: Survey, node: ast.AST, scope: Scope) -> None:
    self._push(ast.iter_child_nodes(node), scope, HARMLESS)


_Entry = tuple[ast.AST, Scope, str, Optional[ast.expr], Optional[ast.expr], bool, Optional[Link]]
_Seen = tuple[ast.expr, Scope, str, Optional[ast.expr], ast.expr, Link]
_See = Callable[[Survey, ast.AST, Scope, str, Optional[ast.expr]], None]
_Visit = Callable[[Survey, ast.AST, Scope], None]
_STATEMENTS: dict[type, _Visit] = {
    ast.FunctionDef: Survey._function,
    ast.AsyncFunctionDef: Survey._function,
    ast.ClassDef: Survey._class,
    ast.Assign: Survey._assignment,
    ast.AnnAssign: Survey._annotated,
    ast.AugAssign: Survey._augmented,
    ast.For: Survey._for,
    ast.AsyncFor: Survey._for,
    ast.With: Survey._with,
    ast.AsyncWith: Survey._with,
    ast.If: Survey._branches,
    ast.While: Survey._branches,
    ast.Try: Survey._branches,
    ast.ExceptHandler: Survey._handler,
    ast.Import: Survey._import,
    ast.ImportFrom: Survey._import_from,
    ast.Global: Survey._global,
    ast.Nonlocal: Survey._global,
    ast.Delete: Survey._delete,
    ast.Return: Survey._return,
    ast.Expr: _dropped,
    ast.Assert: _harmless,
    ast.Raise: _harmless,
}
# Not every Python has these.
_LATER: dict[str, _Visit] = {
    "TryStar": Survey._branches,
    "Match": Survey._match,
    "MatchAs": Survey._pattern,
    "MatchStar": Survey._pattern,
    "MatchMapping": Survey._pattern,
}
_STATEMENTS.update({getattr(ast, name): visit for name, visit in _LATER.items() if hasattr(ast, name)})
_EXPRESSIONS: dict[type, _See] = {
    ast.Name: Survey._a_name,
    ast.Call: Survey._a_call,
    ast.Attribute: Survey._attribute,
    ast.Subscript: Survey._subscript,
    ast.NamedExpr: Survey._walrus,
    ast.Yield: Survey._yield,
    ast.YieldFrom: Survey._yield,
    ast.Lambda: Survey._lambda,
    ast.ListComp: Survey._comprehension,
    ast.SetComp: Survey._comprehension,
    ast.GeneratorExp: Survey._comprehension,
    ast.DictComp: Survey._comprehension,
}
_SKIPPED = frozenset((ast.Constant, ast.Pass, ast.Load, ast.Store, ast.Del))
