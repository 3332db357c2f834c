"""The loading sites of a file, seen together with the modules of the repository that it uses.

A pure function of the contents of all of them. What one file alone leaves open (a constant, a loader or a function that
comes from another module) is followed there.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping, Set
from typing import Callable, NamedTuple, Optional, Union

from gates.facts.extractors.bindings import Survey
from gates.facts.extractors.constant_folding import Folding
from gates.facts.extractors.dynamic_loading import LoadingSite
from gates.facts.extractors.known_values import Class, Function, Value, Values
from gates.facts.extractors.loading_sites import Loads, Look, has_host, has_loader, in_order, is_within, owner_of
from gates.facts.extractors.places import Place, Scope
from gates.facts.extractors.syntax_tree import parsed

_MOST_MODULES = 60


class Module(NamedTuple):
    """A module of the repository: its dotted name, its path, and its content."""

    name: str
    path: str
    source: bytes

    @property
    def package(self) -> str:
        """The package from which its relative imports start."""
        is_package = self.path.endswith(("/__init__.py", "/__init__.pyi"))
        return self.name if is_package else self.name.rpartition(".")[0]


Handle = tuple[str, str]
"""By what others reach what a module loads with: the last part of the module's name (or the folder of the package
that the file is in, with a slash behind it), and the name in it."""


class Led(NamedTuple):
    """The names of a file from which something loads: as they are, as attributes of others, and as methods."""

    names: frozenset[str]
    hosts: Mapping[str, frozenset[str]]
    methods: frozenset[str] = frozenset()


Find = Callable[[str], Optional[Module]]
"""The module of a dotted name, where the repository has one."""


class Readings:
    """Modules that were parsed and looked at by themselves: done once for all the files that use them."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._found: dict[str, Optional[Module]] = {}
        self._surveys: dict[str, Optional[Survey]] = {}
        self._looks: dict[int, Look] = {}

    def module(self, name: str) -> Optional[Module]:
        """The module of this name."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def survey(self, name: str) -> Optional[Survey]:
        """What a module binds and holds; None for one that does not parse."""
        if name not in self._surveys:
            module = self.module(name)
            self._surveys[name] = None if module is None else _surveyed(module)
        return self._surveys[name]

    def look(self, survey: Survey) -> Look:
        """Where a module's functions load."""
        look = self._looks.get(id(survey))
        if look is None:
            look = self._looks[id(survey)] = Look(survey, 0)
            for _ in look.sites():
                pass
        return look


def linked_sites(
    source: bytes, own: str, is_package: bool, readings: Readings, loading: Set[Handle], used: dict[str, None]
) -> tuple[LoadingSite, ...]:
    """The sites of a file whose module is called `own`. Raises what parsing raises.

    `loading` are the names by which others load; `used` is told the names of the modules that were looked into. Which
    others there are matters, too.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        survey = Survey(parsed(source))
    alone = Look(survey, 0)
    elsewhere = [site for site in alone.sites() if not any(site in sites for _, sites in alone.by_place.values())]
    survey.scope.package = own if is_package else own.rpartition(".")[0]
    led = _imported(survey, loading)
    together = _Together(survey, readings, used, alone, loading)
    sites = [*elsewhere, *together.seen(led), *together.handed_on(led.names)]
    known = (site for site in sites if not site.is_tentative or site.prefix)
    return in_order(known, lambda: tuple(sorted({*alone.reached_by(), *together.reached_by(led.names)})))


def _imported(survey: Survey, loading: Set[Handle]) -> Led:
    """The names by which a file imports what others load with; and modules, with the names of theirs that do."""
    by_module: dict[str, set[str]] = {}
    for module, name in loading:
        by_module.setdefault("" if module.endswith("/") else module, set()).add(name)
    names: set[str] = set()
    hosts: dict[str, set[str]] = {}
    for bound, text in survey.imports():
        module, _, name = text.partition(":")
        held = by_module.get(module.rpartition(".")[2], set())
        if name == "*":
            names |= held
        elif name in held:
            names.add(bound)
        for whole in (name,) if name else module.split("."):
            hosts.setdefault(bound, set()).update(by_module.get(whole, ()))
    return Led(frozenset(names), {bound: frozenset(held) for bound, held in hosts.items() if held})


def _surveyed(module: Module) -> Optional[Survey]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            survey = Survey(ast.parse(module.source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    survey.scope.module_name = module.name
    survey.scope.package = module.package
    survey.scope.path = module.path
    return survey


class _Together(Look):
    """A look at one file that goes on in the modules to which its names lead."""

    def __init__(
        self, survey: Survey, readings: Readings, used: dict[str, None], alone: Look, loading: Set[Handle]
    ) -> None:
        super().__init__(survey, 0)
        self._handles = loading
        self._calls: dict[int, Loads] = {}
        self._alone = alone
        self._readings = readings
        self._used = used
        self._taken_in: dict[str, Optional[Survey]] = {}
        self._folding = Folding(survey, self)
        self.loading = alone.loading

    def seen(self, led: Led) -> Iterator[LoadingSite]:
        """The sites at each place: again where one was open, and where something that was imported so is called."""
        known = set(self._alone.by_place)
        for place, sites in self._alone.by_place.values():
            yield from self._at(place) if any(self._is_open(site) for site in sites) else sites
        attributes = frozenset().union(*led.hosts.values())
        values = [value for name in led.names for value in self._worth(name)]
        values += [one for host, held in led.hosts.items() for name in held for one in self._worth(host, name)]
        methods = frozenset(method for value in values for method in self._methods_of(value))
        names = led.names | self._other_names(led.names | attributes | methods)
        led = Led(names, led.hosts, methods)
        concerned = names | attributes | methods | led.hosts.keys()
        self._survey.concern({*concerned, *(f".{name}" for name in concerned)})
        reads = self._may_read_modules()
        for seen in list(self._survey.places):
            place = Place(*seen)
            if isinstance(place.node, ast.Subscript) and not reads:
                continue
            if place.within.concerned and id(place.node) not in known and _leads_from(place.node, led):
                for site in self._called_or_read(place):
                    for _ in self._note(site, place):
                        pass
                    yield site

    def _may_read_modules(self) -> bool:
        """Whether an item of something may be one of `sys.modules`: where that is had by another name, it is said."""
        surveys = (self._survey, *(one for one in self._taken_in.values() if one is not None))
        return any("modules" in survey.mentions or ".modules" in survey.mentions for survey in surveys)

    def reached_by(self, names: Set[str] = frozenset()) -> tuple[str, ...]:
        """Those of the imported names that stand for a loader, or for what loads what it is told."""
        found = {name for name in names if any(self._is_one(value) for value in self._worth(name))}
        for name, bindings in self._survey.scope.bindings.items():
            if any(one.how in ("function", "class") and self.is_open_ended(one.node) for one in bindings):
                found.add(name)
        return tuple(sorted(found))

    def handed_on(self, names: Set[str]) -> Iterator[LoadingSite]:
        """Loaders that are imported from a module of the repository, and that nothing here uses."""
        for name in sorted(names):
            for binding in self._survey.scope.bindings.get(name, ()):
                if binding.how == "import" and (id(self._survey.scope), name) not in self._folding.read:
                    yield from self._unused(name, binding.node, self._folding.bound(binding))

    def _worth(self, name: str, attribute: str = "") -> Values:
        """What an imported name, or an attribute of it, stands for."""
        held = self._survey.scope.bindings.get(name, ())
        found = tuple(value for one in held if one.how == "import" for value in self._folding.bound(one))
        found = found or (self._folding.name(name, self._survey.scope) if self._survey.scope.stars else ())
        if attribute:
            return tuple(one for value in found for one in self._folding.attribute_of(value, attribute))
        return found

    def _is_one(self, value: Value) -> bool:
        if isinstance(value, (Function, Class)):
            look = self._look_at(value)
            return look is not None and look.is_open_ended(owner_of(value))
        return has_loader((value,)) or has_host((value,))

    def _methods_of(self, value: Value) -> Iterator[str]:
        look = self._look_at(value) if isinstance(value, Class) else None
        yield from look.methods_that_load(value) if look is not None and isinstance(value, Class) else ()

    def _other_names(self, names: Set[str]) -> set[str]:
        """What else is bound to something that one of these names stands for, or to what a call of it gives."""
        found: set[str] = set()
        waiting = [self._survey.scope]
        while waiting:
            scope = waiting.pop()
            waiting.extend(scope.inner())
            for name, bindings in scope.bindings.items():
                if any(one.how == "value" and _is_reached(one.node, names) for one in bindings):
                    found.add(name)
        return found

    def _look_at(self, value: Union[Function, Class]) -> Optional[Look]:
        """The look at the other module in which something stands."""
        survey = self._taken_in.get(value.scope.module().module_name)
        return self._readings.look(survey) if survey is not None else None

    def _is_open(self, site: LoadingSite) -> bool:
        return site.target is None or self._readings.module(site.spelling.partition(".")[0]) is not None

    def _loads_of(self, function: Function) -> Optional[Loads]:
        if function.scope.module().module_name:
            look = self._look_at(function)
            loads = look.loading.get(id(function.node), {}) if look is not None else {}
            return {**loads, **self._calls_of(function)} or None
        return super()._loads_of(function)

    def _calls_of(self, function: Function) -> Loads:
        """Where a function of another module calls what that one imports from yet another, and what loads there."""
        found = self._calls.get(id(function.node))
        if found is None:
            found = self._calls[id(function.node)] = {}
            survey = self._taken_in.get(function.scope.module().module_name)
            led = _imported(survey, self._handles) if survey is not None else Led(frozenset(), {})
            for seen in survey.places if survey is not None and (led.names or led.hosts) else ():
                place = Place(*seen)
                if is_within(place.scope, function.node) and _leads_from(place.node, led):
                    found[id(place.node)] = (place, set())
        return found

    def split(self, name: str) -> list[str]:
        """The module that a dotted name begins with, the longest there is, and the rest of its parts."""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            module = ".".join(parts[:length])
            if self._readings.module(module) is not None:
                return [module, *parts[length:]]
        return ["", *parts]

    def scope_of(self, module: str) -> Optional[Scope]:
        """What a module binds; None for one that does not parse, or where too many were read already."""
        if module not in self._taken_in:
            self._used[module] = None
            survey = self._readings.survey(module) if len(self._taken_in) < _MOST_MODULES else None
            self._taken_in[module] = survey
            if survey is not None:
                self._survey.take_in(survey)
        taken = self._taken_in[module]
        return None if taken is None else taken.scope


def _is_reached(node: ast.AST, names: Set[str]) -> bool:
    """Whether an expression is one of these names, an attribute of one, or a call with one."""
    handed = node.args if isinstance(node, ast.Call) else []
    while isinstance(node, (ast.Attribute, ast.Call)):
        if isinstance(node, ast.Attribute) and node.attr in names:
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return any(isinstance(one, ast.Name) and one.id in names for one in (node, *handed))


def _leads_from(node: ast.expr, led: Led) -> bool:
    """Whether a call or subscript is of something reached so, or is handed something of it."""
    if not isinstance(node, (ast.Call, ast.Subscript)):
        return False
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in led.methods:
        return bool(node.args or node.keywords)
    handed = [*node.args, *(word.value for word in node.keywords)] if isinstance(node, ast.Call) else []
    return any(_is_led(one, led) for one in (node.func if isinstance(node, ast.Call) else node.value, *handed))


def _is_led(base: ast.AST, led: Led) -> bool:
    attributes: set[str] = set()
    while isinstance(base, (ast.Call, ast.Subscript, ast.Attribute, ast.Await)):
        attributes |= {base.attr} if isinstance(base, ast.Attribute) else set()
        base = base.func if isinstance(base, ast.Call) else base.value
    if not isinstance(base, ast.Name):
        return False
    return base.id in led.names or not attributes.isdisjoint(led.names | led.hosts.get(base.id, frozenset()))
