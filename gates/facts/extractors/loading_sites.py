"""The exact look for loads by name: every place where a loader is called, or handed on where nobody can follow it."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Callable, Optional, Union

from gates.facts.extractors.arguments import NO_ARGUMENTS, Argument, Arguments, arguments_of, bound_arguments
from gates.facts.extractors.bindings import Survey
from gates.facts.extractors.call_folding import calls_of, keys_of
from gates.facts.extractors.constant_folding import Folding
from gates.facts.extractors.dynamic_loading import LoadingSite
from gates.facts.extractors.handing import SAME, handed, hander_of
from gates.facts.extractors.instances import GIVING_DEFAULTS, as_method
from gates.facts.extractors.keeping import ITEMS, is_asked, keeps, names_within, reasons_within
from gates.facts.extractors.known_values import (
    TOO_INVOLVED,
    Bound,
    Class,
    Content,
    Function,
    Getter,
    Known,
    Made,
    Named,
    Record,
    Several,
    Table,
    Tree,
    Unknown,
    Value,
    Values,
    as_text,
)
from gates.facts.extractors.launch_targets import Launched, launched, says_what_to_load, told, what_decides
from gates.facts.extractors.launchers import LAUNCHERS, METHODS, OF_CONF, OWNERS, SETTINGS, launchers_of, roots_of
from gates.facts.extractors.loader import Loader
from gates.facts.extractors.loaders import HOOKS, HOSTS, TELLING_HOSTS, loader_of, names_a_loader, roots, spelled
from gates.facts.extractors.loading_targets import Target, known_part, loaded, of_content, targets
from gates.facts.extractors.places import (
    ARGUMENT,
    AWAY,
    DROPPED,
    FOLLOWED,
    HARMLESS,
    STORED,
    TARGET,
    Binding,
    Link,
    Place,
    Scope,
)
from gates.facts.extractors.short_text import quoted, shown

Sites = Iterator[LoadingSite]
Loads = dict[int, tuple[Place, set[tuple[Optional[str], int]]]]
Loading = dict[int, Loads]
"""Of each function that loads, by id: the places within it, and what was seen of them without any call of it."""

# Reasons for which what is loaded is up to the caller of a function.
_TOLD = (
    "it comes from parameter",
    "it comes from a parameter",
    "part of",
    "the path is not known",
    "it loads a file whose",
)
_ELSEWHERE = "another module ("
_DEEPEST_SOURCE = 3
_DEEPEST_WRAPPING = 4
_DEEPEST_PART = 20
# What these give was made by nothing in this file: `for finder in getattr(sys, "meta_path")`.
_FROM_ELSEWHERE = (Named, Bound, Getter)
_LITERALS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
_PARTIAL = frozenset({"functools.partial", "functools.partialmethod", "types.MethodType"})
_HARMLESS_CALLS = frozenset(
    "bool callable classmethod dir getattr hasattr hash id isinstance issubclass len print repr staticmethod str type "
    "vars".split()
)
_TYPE = Named("builtins.type")
# They say whether there is a module. To whoever asks no more than that, what the name enters is a matter of lanes.
_FINDERS = frozenset({"importlib.util.find_spec", "importlib.find_loader", "pkgutil.find_loader"})
# They are told which modules there are, and give none of them away.
_LOOKERS = frozenset({"pprint", "pformat", "assertIn", "assertNotIn"})
# These take a module out of sys.modules, which loads nothing: what they give is the module only where it is used.
_REMOVERS = frozenset({"sys.modules.pop", "sys.modules.popitem"})
_REMOVING = frozenset({"delitem"})
_CLEANING_UP = frozenset({"addCleanup", "addClassCleanup", "addModuleCleanup"})
_AN_ANNOTATION = "an annotation, evaluated: "
# What these are given is an expression.
_EVALUATING = frozenset(
    {"builtins.eval", "typing.ForwardRef", "annotationlib.ForwardRef", "typing_extensions.ForwardRef", _AN_ANNOTATION}
)
_ITERATORS = frozenset({"sorted", "list", "set", "tuple", "frozenset", "enumerate", "iter"})
_IMPORT_START = re.compile(r"(?:^|[;\n])\s*(?:import|from)\s+([\w.]+)$")


def loading_sites(tree: ast.Module) -> tuple[LoadingSite, ...]:
    """Every loading site of a parsed file, in the order of its lines."""
    return sites_of(Look(Survey(tree), 0))


def sites_of(look: Look) -> tuple[LoadingSite, ...]:
    """What a look sees; the first site says by what others reach them."""
    return in_order(look.sites(), look.reached_by)


def in_order(sites: Iterable[LoadingSite], reached_by: Callable[[], tuple[str, ...]]) -> tuple[LoadingSite, ...]:
    """Each site once, in the order of the lines."""
    found: dict[tuple[int, int, str, bool, str], LoadingSite] = {}
    for site in sites:
        # A call that is opaque for several reasons is one opaque site.
        what = f"{site.level} {site.target} {site.is_tentative}"
        key = (site.line, site.column, site.spelling, site.target is None, what)
        known = found.setdefault(key, site)
        if known.prefix != site.prefix:
            found[key] = known._replace(prefix="")
    ordered = sorted(found.values(), key=_order)
    names = reached_by()
    if names and not ordered:
        ordered = [LoadingSite(1, 1, "", None, 0, "what it imports may be used by others", "", True, True)]
    if names:
        ordered[0] = ordered[0]._replace(reached_by=names)
    return tuple(ordered)


def _order(site: LoadingSite) -> tuple[int, int, str, str, str]:
    return site.line, site.column, site.spelling, site.target or "", site.reason


class Look:
    """One exact look at a surveyed tree."""

    def __init__(
        self,
        survey: Survey,
        depth: int,
        names: frozenset[str] = frozenset(),
        is_expression: bool = False,
        given: Optional[Table] = None,
    ) -> None:
        self._survey = survey
        self._depth = depth
        self._drops = not is_expression  # what eval is given is no statement: its value goes somewhere
        self._folding = Folding(survey)
        self.loading: Loading = {}
        self._up_to_callers: list[Place] = []  # where a caller says what is loaded
        self.by_place: dict[int, tuple[Place, list[LoadingSite]]] = {}
        reached = roots(survey.imports()) | roots_of(survey.imports(), survey.mentions)
        if given is not None:
            reached |= self._folding.give(survey.scope, given)
        self._concerned = survey.concern(names | reached)

    def sites(self) -> Iterator[LoadingSite]:
        """Every site that the look comes upon; one that can be seen in several ways comes several times."""
        numbers = count(1)
        looked_at: dict[int, int] = {}  # when each place was looked at
        wrappers: dict[str, int] = {}  # and when it was seen that what has this name loads
        for _ in range(_DEEPEST_WRAPPING):
            known = len(wrappers)
            again = self._looked_at_too_early(looked_at, wrappers)
            for seen in self._survey.places:
                place = Place(*seen)
                at = id(place.within)
                if not place.within.concerned or (at in looked_at and at not in again):
                    continue
                looked_at[at] = next(numbers)
                for site in self._at(place):
                    for name in self._note(site, place):
                        wrappers.setdefault(name, looked_at[at])
                    self.by_place.setdefault(id(place.node), (place, []))[1].append(site)
                    yield site
            if len(wrappers) == known:
                break
            # A call of a function that loads is a place like one of the loader itself.
            self._concerned |= self._survey.concern(wrappers)
        yield from self._never_called()
        yield from self._settings()
        yield from self._annotations()

    def _looked_at_too_early(self, looked_at: Mapping[int, int], wrappers: Mapping[str, int]) -> set[int]:
        """The places with a name of which it was not known yet that what has it loads."""
        return {
            at
            for name, since in wrappers.items()
            for at in self._survey.uses_of(name)
            if looked_at.get(at, since + 1) <= since
        }

    def reached_by(self) -> tuple[str, ...]:
        """The names at the top of the module that stand for a loader, or for what loads what it is told."""
        found = set()
        for name, bindings in self._survey.scope.bindings.items():
            if any(self._is_reached_by(name, one) for one in bindings) and not name.startswith(("test_", "Test")):
                found.add(name)  # (nobody calls a test)
        return tuple(sorted(found))

    def _is_reached_by(self, name: str, binding: Binding) -> bool:
        if binding.how in ("function", "class"):
            return self.is_open_ended(binding.node) or (binding.how == "class" and self._holds_a_loader(binding))
        is_made = isinstance(binding.node, (ast.Call, ast.Name)) and bool(self._up_to_callers)
        if name not in self._concerned and not is_made:
            return False
        values = self._folding.bound(binding)
        if any(isinstance(one, (Class, Function)) and self.is_open_ended(owner_of(one)) for one in values):
            return True
        # (what is called as it always is, is known wherever it is imported from: see loaders.canonical)
        return has_loader(values) or (binding.how == "import" and name not in TELLING_HOSTS and has_host(values))

    def is_open_ended(self, node: Optional[ast.AST]) -> bool:
        """Whether it is up to the callers of this function, or of a method of this class, what is loaded there."""
        return any(is_within(place.scope, node) for place in self._up_to_callers)

    def _holds_a_loader(self, binding: Binding) -> bool:
        inner = binding.scope.opened_by(binding.node)
        held = (one for name, held in inner.bindings.items() if name in self._concerned for one in held)
        return any(one.how in ("value", "import") and has_loader(self._folding.bound(one)) for one in held)

    def methods_that_load(self, of: Class) -> Iterator[str]:
        """The names by which instances of a class load what they are told: of methods, and of loaders that it holds."""
        owner = of.scope.owner
        for place in self._up_to_callers:
            scope: Optional[Scope] = place.scope
            while scope is not None and scope.parent is not None and scope.parent.owner is not owner:
                scope = scope.parent
            if (
                scope is not None
                and scope.parent is not None
                and not getattr(scope.owner, "name", "__").startswith("__")
            ):
                yield getattr(scope.owner, "name", "")
        for name, bindings in of.scope.bindings.items():
            if any(one.how in ("value", "import") and has_loader(self._folding.bound(one)) for one in bindings):
                yield name

    def _note(self, site: LoadingSite, place: Place) -> Iterator[str]:
        """Keep where each function loads; the names by which those functions are called."""
        if site.target is None and site.reason.startswith(_TOLD):
            self._up_to_callers.append(place)
        scope: Optional[Scope] = place.scope
        while scope is not None and scope.parent is not None:
            if scope.kind == "function":
                within = self.loading.setdefault(id(scope.owner), {})
                within.setdefault(id(place.node), (place, set()))[1].add((site.target, site.level))
                name = getattr(scope.owner, "name", "")
                yield from (name, f".{name}") if name else ()
                if name in ("__init__", "__call__", "__enter__", "__new__"):
                    yield getattr(scope.parent.owner, "name", "")
            scope = scope.parent

    def _at(self, place: Place) -> Iterator[LoadingSite]:
        node = place.node
        if isinstance(node, (ast.Call, ast.Subscript)) and self._may_load(node, place.scope):
            yield from self._called_or_read(place)
        if isinstance(node, ast.Call) and self._is_of_no_account(node, place):
            return
        values = self._folding.fold(node, place.scope)
        if place.becomes == TARGET:
            yield from self._set(node, values, place)
            return
        if place.becomes not in (HARMLESS, DROPPED):
            yield from self._hooked(values, place)
        if place.becomes in (ARGUMENT, AWAY, STORED):
            yield from self._escaped(values, place)

    def _is_of_no_account(self, node: ast.Call, place: Place) -> bool:
        """Whether what a call gives goes no further, or is what a function of ours gives: its names are seen, too."""
        if place.becomes == FOLLOWED:
            return not any(isinstance(one, _FROM_ELSEWHERE) for one in self._folding.fold(node.func, place.scope))
        return place.becomes in (HARMLESS, DROPPED)

    def _may_load(self, node: Union[ast.Call, ast.Subscript], scope: Scope) -> bool:
        """Whether it is worth going through the rounds of the loops around: none gives more than all of them."""
        if isinstance(node, ast.Subscript):
            held = self._folding.fold(node.value, scope)
            return Named("sys.modules") in held or TOO_INVOLVED in held
        says = isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
        return says or any(map(self._may_be_one_that_loads, self._folding.fold(node.func, scope)))

    def _may_be_one_that_loads(self, function: Value) -> bool:
        if isinstance(function, Named):
            name = function.name.partition(".__get__")[0]  # bound to something, to be called later
            return bool(_loaders_of(Named(name))) or name in ITEMS or name in _PARTIAL
        if isinstance(function, (Function, Class)):
            return any(self._loads_of(one) for one in self._run_by(function))
        return isinstance(function, (Bound, Getter)) or function == TOO_INVOLVED

    # --- calls ----------------------------------------------------------------------------------------------------

    def _called(self, node: ast.Call, place: Place) -> Iterator[LoadingSite]:
        functions = self._folding.fold(node.func, place.scope)
        for function in functions:
            if function == TOO_INVOLVED:
                yield _site(place, shown(node.func), Target(None, 0, TOO_INVOLVED.reason, "", "..."))
            elif isinstance(function, Named):
                yield from self._named_call(function.name, node, place)
                if not _loaders_of(function):
                    yield from self._method_call(node, place)
            elif isinstance(function, Unknown):
                yield from self._method_call(node, place)
            elif isinstance(function, (Function, Class)):
                if any(
                    self._loads_of(one) for one in self._run_by(function)
                ):  # (else what it is given does not matter)
                    given = arguments_of(node, self._folding, place.scope)
                    yield from self._wrapped(function, given, place)
            elif isinstance(function, (Bound, Getter)):
                yield from self._through(function, arguments_of(node, self._folding, place.scope), place)

    def _through(self, called: Value, given: Arguments, place: Place, before: Arguments = NO_ARGUMENTS) -> Sites:
        """A call of something that does not go by its name; `before` is what a partial gave it, and was seen there."""
        if isinstance(called, Bound):
            first = bound_arguments(called, self._folding)
            for inner in called.functions:
                yield from self._through(inner, given.after(first), place, first.after(before))
        elif isinstance(called, Getter):
            for function, passed_on in calls_of(self._folding, called, given):
                yield from self._through(function, passed_on, place)
            for key in keys_of(self._folding, called, given) if called.kind == "item" else ():
                yield from self._taken_from(given.get(0, ""), key, place)
        elif isinstance(called, (Function, Class)):
            seen = {(site.target, site.level) for site in self._wrapped(called, before, place)} if before.any else ()
            yield from (site for site in self._wrapped(called, given, place) if (site.target, site.level) not in seen)
        else:
            for loader in _loaders_of(called):
                if not _is_given(loader, before):
                    yield from self._loads(getattr(called, "name", ""), loader, given, place)

    def _wrapped(self, called: Value, given: Arguments, place: Place) -> Iterator[LoadingSite]:
        """What a function of this file loads of what a call passes it: seen where the call stands."""
        if isinstance(called, Class):
            for function in self._run_by(called):
                yield from self._wrapped(function, given, place)
            return
        within = self._loads_of(called) if isinstance(called, Function) else None
        if within is None or not isinstance(called, Function):
            return
        line, column = place.anchor.lineno, place.anchor.col_offset + 1
        # Who calls what another module makes of a wrapper of a third one loads nothing by name; the lane still counts.
        is_far = self._folding.is_in_a_call and bool(called.scope.module().module_name)
        with self._folding.calling(called, given) as goes:
            for inner, plain in list(within.values()) if goes else ():
                if not isinstance(inner.node, (ast.Call, ast.Subscript)):
                    continue
                for site in self._called_or_read(inner):
                    if site.target is not None and (site.target, site.level) not in plain:
                        yield site._replace(line=line, column=column, is_roundabout=site.is_roundabout or is_far)
                    elif site.target is None and _is_up_to_another(site, called):
                        yield site._replace(line=line, column=column, is_roundabout=True, is_tentative=True)

    def _run_by(self, called: Union[Function, Class]) -> list[Function]:
        """What runs when something of this file is called: of a class its constructor."""
        if isinstance(called, Function):
            return [called]
        method = "__call__" if called.instance else "__init__"
        instance = called._replace(instance=True)
        return [one for one in self._folding.attribute_of(instance, method) if isinstance(one, Function)]

    def _loads_of(self, function: Function) -> Optional[Loads]:
        """Where a function loads."""
        return self.loading.get(id(function.node))

    def _called_or_read(self, place: Place) -> Iterator[LoadingSite]:
        node = place.node
        for _ in self._folding.rounds(place.within.loops()):
            if isinstance(node, ast.Call):
                yield from self._called(node, place)
            elif isinstance(node, ast.Subscript):
                yield from self._read(node, place)

    def _named_call(self, name: str, node: ast.Call, place: Place) -> Iterator[LoadingSite]:
        if name.endswith(".__get__"):
            yield from self._named_call(name[: -len(".__get__")], node, place)  # bound to its name, to be called later
            return
        loader = loader_of(name)
        if loader is not None and (name not in _REMOVERS or place.becomes != DROPPED or not self._drops):
            yield from self._loads(name, loader, arguments_of(node, self._folding, place.scope), place)
        if launchers_of(name):
            arguments = arguments_of(node, self._folding, place.scope)
            for launcher in launchers_of(name):
                yield from self._loads(name, launcher, arguments, place)
        if name in ITEMS:
            arguments = arguments_of(node, self._folding, place.scope)
            yield from self._taken_from(arguments.get(0, ""), arguments.get(1, ""), place)
        if name in _PARTIAL and node.args:
            given = arguments_of(node, self._folding, place.scope, skip=1)
            for inner in self._folding.fold(node.args[0], place.scope):
                if isinstance(inner, Function):
                    yield from self._wrapped(as_method(inner) if name.endswith("method") else inner, given, place)
                for loader in _loaders_of(inner):
                    if _is_given(loader, given):
                        yield from self._loads(getattr(inner, "name", ""), loader, given, place)

    def _loads(self, name: str, loader: Loader, arguments: Arguments, place: Place) -> Iterator[LoadingSite]:
        if loader.kind == "source":
            yield from self._runs(name, loader, arguments, place)
        elif loader.is_roundabout:
            said = list(self._launches(name, launched(loader, arguments), place))
            yield from said
            if not any(site.target is None for site in said):
                yield from self._left_open(name, loader, arguments, place)
        else:
            is_asked_for = name in _FINDERS and self._is_only_tested(place)
            for target in targets(loader, arguments):
                yield _site(place, spelled(name), target._replace(is_by_chance=target.is_by_chance or is_asked_for))

    def _launches(self, name: str, items: Iterable[Launched], place: Place) -> Iterator[LoadingSite]:
        for one in items:
            if isinstance(one, Target):
                yield _site(place, spelled(name), one)._replace(is_roundabout=True)
            else:
                yield from (site._replace(is_roundabout=True) for site in self._inside(name, one.text, place))

    @staticmethod
    def _left_open(name: str, loader: Loader, arguments: Arguments, place: Place) -> Iterator[LoadingSite]:
        """What a caller, or another module, may make a launch of what is not known here."""
        for one in what_decides(loader, arguments):
            for reason in reasons_within(one.values):
                if reason.startswith(_TOLD) or _ELSEWHERE in reason:
                    target = Target(None, 0, reason, "", one.text)
                    yield _site(place, spelled(name), target)._replace(is_roundabout=True, is_tentative=True)

    def _method_call(self, node: ast.Call, place: Place) -> Iterator[LoadingSite]:
        """A method of something unknown that says by its name what it loads: `mocker.patch("a.b")`."""
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in METHODS:
            return
        (loader, is_sure), called = METHODS[node.func.attr], node.func.attr
        if called in OWNERS and not self._is_usual(node.func.value, called):
            return
        if called in ("setattr", "delattr") and _is_of_a_thing(called, node):
            return
        arguments = arguments_of(node, self._folding, place.scope)
        if called == "exec_module" and any(isinstance(one, Made) for one in _first(arguments)):
            return  # (what made the module says which it is)
        for site in self._loads(shown(node.func), loader, arguments, place):
            if site.target is not None or is_sure or site.is_tentative:
                yield site
            elif site.reason.startswith(_TOLD) or _ELSEWHERE in site.reason:
                yield site._replace(is_tentative=True)

    def _is_usual(self, owner: ast.expr, called: str) -> bool:
        name = getattr(owner, "id", getattr(owner, "attr", ""))
        patches = called != "load_module" and "MonkeyPatch" in self._survey.mentions
        return patches or OWNERS[called].search(name) is not None

    def _runs(self, name: str, loader: Loader, arguments: Arguments, place: Place) -> Iterator[LoadingSite]:
        """exec, eval and compile: what the source text itself imports, where the text is known."""
        for site in self._of_source(name, loader, arguments, place):
            yield site._replace(is_roundabout=loader.is_roundabout)

    def _of_source(self, name: str, loader: Loader, arguments: Arguments, place: Place) -> Iterator[LoadingSite]:
        source = arguments.get(loader.position, loader.keyword)
        flags = arguments.get(3, "flags") if not loader.is_roundabout else None
        if source is None or (flags and any(_only_parses(value) for value in flags.values)):
            return
        names = _names_given(arguments)
        for given in source.values:
            value = given.source if isinstance(given, Tree) else given
            constant = value.value if isinstance(value, Known) else None
            if isinstance(constant, (str, bytes)):
                yield from self._inside(name, constant, place, names)
            elif isinstance(value, Content):
                yield _site(place, spelled(name), of_content(value.path, source))
            elif not isinstance(value, (Made, Known, Function)):
                text = as_text(value)
                why = text if isinstance(text, Unknown) else Unknown("it is not a text")
                found = _IMPORT_START.search(why.prefix)
                prefix = known_part(found.group(1)) if found else ""
                yield _site(place, spelled(name), Target(None, 0, why.reason, prefix, source.text))

    def _inside(
        self, name: str, text: Union[str, bytes], place: Place, names: Optional[Table] = None
    ) -> Iterator[LoadingSite]:
        label = f"{spelled(name)}({quoted(text)})"
        line, column = place.anchor.lineno, place.anchor.col_offset + 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if name in _EVALUATING:
                    # A statement is refused by eval and so loads nothing: a text that is no expression is no site.
                    ast.parse(text.strip(), mode="eval")
                tree = ast.parse(text.strip() if name in _EVALUATING else text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if name not in _EVALUATING or not isinstance(error, SyntaxError):
                yield LoadingSite(line, column, label, None, 0, "its source text does not parse here", "")
            return
        if self._depth >= _DEEPEST_SOURCE:
            yield LoadingSite(line, column, label, None, 0, "it is source text within source text", "")
            return
        survey = Survey(tree, Scope("module", place.scope))
        survey.changed |= self._survey.changed
        look = Look(survey, self._depth + 1, frozenset(self._concerned), name in _EVALUATING, names)
        for found in (*look.sites(), *_static_imports(tree)):
            yield found._replace(line=line, column=column, spelling=label)
        self._folding.read |= look._folding.read

    # --- what is not a call ----------------------------------------------------------------------------------------

    def _read(self, node: ast.Subscript, place: Place) -> Iterator[LoadingSite]:
        """`sys.modules[key]`."""
        if not isinstance(node.ctx, ast.Load) or Named("sys.modules") not in self._folding.fold(
            node.value, place.scope
        ):
            return
        for target in loaded(Argument(self._folding.fold(node.slice, place.scope), shown(node.slice))):
            yield _site(place, "sys.modules", target, "[]")

    @staticmethod
    def _taken_from(held: Optional[Argument], key: Optional[Argument], place: Place) -> Iterator[LoadingSite]:
        """`operator.getitem(sys.modules, key)`."""
        if held is not None and key is not None and Named("sys.modules") in held.values:
            for target in loaded(key):
                yield _site(place, "sys.modules", target, "[]")

    def _set(self, node: ast.expr, values: Values, place: Place) -> Iterator[LoadingSite]:
        """An assignment to an attribute or item that holds a loader, or that decides what loads."""
        replaced = Target(None, 0, "what a later import of a module gives is replaced", "", "")
        if isinstance(node, ast.Subscript):
            for base in self._folding.fold(node.value, place.scope):
                if base in (Named("sys.modules"), Named("sys.path_importer_cache")):
                    yield _site(place, "sys.modules", replaced._replace(shown=shown(node.slice)), "[]")
        held = self._folding.fold(node.value, place.scope) if isinstance(node, (ast.Attribute, ast.Subscript)) else ()
        yield from self._told(node, values, held, place)
        for value in values if any(isinstance(base, Named) for base in held) else ():
            name = value.name if isinstance(value, Named) else ""
            if loader_of(name) or name in HOOKS or name == "sys.modules":
                yield _site(place, spelled(name), replaced, " =")

    def _told(self, node: ast.expr, values: Values, held: Values, place: Place) -> Iterator[LoadingSite]:
        """`sys.path += [...]`, `sys.path[:0] = [...]`, `os.environ["PYTHONPATH"] = ...`."""
        value, scope = self._survey.given.get(id(node), (None, place.scope))
        if value is None:
            return
        given = Argument(self._folding.fold(value, scope), shown(value))
        if Named("sys.path") in values or (isinstance(node, ast.Subscript) and Named("sys.path") in held):
            yield from self._launches("sys.path", told("folders", given), place)
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and _is_conf(node.value):
            name = node.attr if isinstance(node, ast.Attribute) else str(getattr(node.slice, "value", ""))
            yield from self._in_parts(name, OF_CONF[name], value, scope) if name in OF_CONF else ()
        elif isinstance(node, ast.Subscript) and Named("os.environ") in held:
            key = Argument(self._folding.fold(node.slice, place.scope), shown(node.slice))
            words = Arguments((key, given), {}, False)
            spelling = f"os.environ[{key.text}] = {given.text}"
            for site in self._launches("os.environ", launched(LAUNCHERS["os.environ.setdefault"][0], words), place):
                yield site._replace(spelling=spelling)

    def _settings(self) -> Iterator[LoadingSite]:
        """Names at the top of a module that a framework reads."""
        if self._survey.scope.kind != "module" or self._survey.scope.parent is not None:
            return
        for name, bindings in self._survey.scope.bindings.items():
            kind = SETTINGS.get(name)
            for binding in bindings if kind else ():
                value = binding.node.value if isinstance(binding.node, ast.AugAssign) else binding.node
                if kind and isinstance(value, ast.expr) and binding.how in ("value", "unknown"):
                    yield from self._in_parts(name, kind, value, binding.scope)

        yield from self._changed_settings()

    def _changed_settings(self) -> Iterator[LoadingSite]:
        """`INSTALLED_APPS.append("a.b")`, `LOGGING["handlers"]["x"] = {...}`: whoever made the list or the dict."""
        changed = frozenset(SETTINGS).intersection(self._survey.mentions)
        for node, scope, becomes, *_ in self._survey.places if changed else ():
            if scope.kind != "module":
                continue
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                name, values = _root_of(node.func.value), list(_added_by(node))
            elif isinstance(node, ast.Subscript) and becomes == TARGET and id(node) in self._survey.given:
                key = str(getattr(node.slice, "value", ""))
                name, values = _root_of(node.value), [(self._survey.given[id(node)][0], key)]
            else:
                continue
            for value, key in values if name in changed else ():
                yield from self._in_parts(name, SETTINGS[name], value, scope, key)

    def _annotations(self) -> Iterator[LoadingSite]:
        """Annotations that are text and load: whoever asks for the types evaluates them."""
        for node, scope in self._survey.annotations:
            place = Place(node, scope, AWAY, None, node, Link(None))
            for site in self._inside(_AN_ANNOTATION, str(getattr(node, "value", "")), place):
                yield site._replace(spelling=quoted(str(getattr(node, "value", ""))), is_roundabout=True)

    def _in_parts(self, name: str, kind: str, value: ast.expr, scope: Scope, key: str = "") -> Iterator[LoadingSite]:
        """Each part of a list or table of settings, where it stands; `key` is that under which all of it stands."""
        for part, under in self._parts(value, scope, key):
            if kind == "names" or says_what_to_load(under):
                given = Argument(self._folding.fold(part, scope), shown(part))
                place = Place(part, scope, AWAY, None, part, Link(None))
                yield from self._launches(name, told(kind, given), place)

    def _parts(self, node: ast.expr, scope: Scope, key: str = "", depth: int = 0) -> Iterator[tuple[ast.expr, str]]:
        """The leaves of a literal, each with the key that it stands under."""
        inside: list[tuple[Optional[ast.expr], str]] = []
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            inside = [(part, key) for part in node.elts]
        elif isinstance(node, ast.Dict):
            inside = [(part, str(getattr(under, "value", ""))) for under, part in zip(node.keys, node.values)]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "dict":
            inside = [(word.value, word.arg or "") for word in node.keywords]
        elif isinstance(node, ast.Starred):
            inside = [(node.value, key)]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.BitOr)):
            inside = [(node.left, key), (node.right, key)]
        elif isinstance(node, ast.Name):
            inside = [(value, key) for value in _literals_of(node, scope)]
        if depth > _DEEPEST_PART or not (inside or isinstance(node, _LITERALS)):
            yield node, key
            return
        for part, under in inside:
            if part is not None:
                yield from self._parts(part, scope, under, depth + 1)

    def _hooked(self, values: Values, place: Place) -> Iterator[LoadingSite]:
        for value in values:
            if isinstance(value, Named) and value.name in HOOKS:
                reason = "what every later import gives may be changed or asked for through it"
                yield _site(place, value.name, Target(None, 0, reason, "", ""), "")

    def _escaped(self, values: Values, place: Place) -> Iterator[LoadingSite]:
        """A loader, or a module full of loaders, that goes where this file does not show its use."""
        if place.becomes == STORED and self._is_followed(place):
            return
        if place.becomes == ARGUMENT and isinstance(place.decided_by, ast.Call):
            calls = self._handed(place.decided_by, place)
            if calls:
                for value, given in ((value, given) for given in calls for value in values):
                    yield from self._through(value, given, place)
                return
            inside = list(self._inside_of(place.decided_by, place)) if has_loader(values) else []
            if inside:
                yield from inside
                return
        for name in _loaders_in(values):
            if place.becomes != ARGUMENT or not self._is_harmless(name, place):
                yield _site(place, spelled(name), Target(None, 0, _REASONS[place.becomes], "", ""), "")

    def _inside_of(self, call: ast.Call, place: Place) -> Iterator[LoadingSite]:
        """What a function of this file does with a loader that a call hands to it."""
        given = arguments_of(call, self._folding, place.scope)
        line, column = place.anchor.lineno, place.anchor.col_offset + 1
        for function in self._folding.fold(call.func, place.scope):
            if not isinstance(function, Function):
                continue
            inner = function.scope.opened_by(function.node)
            with self._folding.calling(function, given) as goes:
                for seen in self._survey.places if goes else ():
                    if isinstance(seen[0], ast.Call) and seen[1] is inner:
                        for site in self._called(seen[0], Place(*seen)):
                            yield site._replace(line=line, column=column)

    def _handed(self, call: ast.Call, place: Place) -> list[Arguments]:
        """With which arguments a call that takes functions will call the one that stands here."""
        for function in self._folding.fold(call.func, place.scope):
            if isinstance(function, (Named, Unknown, Made)):
                hander = hander_of(function.name if isinstance(function, Named) else "", call)
                if hander is not None:
                    return handed(hander, call, place.node, self._folding, place.scope)
        return []

    def _is_followed(self, place: Place) -> bool:
        target = place.decided_by
        if not isinstance(target, ast.Attribute):
            return False
        owners = self._folding.fold(target.value, place.scope)
        return bool(owners) and all(isinstance(owner, Class) for owner in owners)

    def _is_harmless(self, name: str, place: Place) -> bool:
        """Whether the call that a loader is handed to is known to do nothing with it, or is a site itself."""
        call = place.decided_by
        if not isinstance(call, ast.Call):
            return False
        called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name == "sys.modules" and (called in _LOOKERS or called in _REMOVING):
            return True
        if name in _REMOVERS and called in _CLEANING_UP and call.args[:1] == [place.node]:
            return True
        functions = self._folding.fold(call.func, place.scope)
        makes_a_class = functions == (_TYPE,) and len(call.args) > 1
        if makes_a_class:
            return name in names_within(self._folding.fold(call, place.scope))
        if functions and all(isinstance(one, Named) and self._takes_no_part(one.name, name) for one in functions):
            return True
        if any(isinstance(one, Named) and one.name in _PARTIAL for one in functions) and call.args[:1] == [place.node]:
            return True
        if functions and all(map(keeps, functions)):
            return name in names_within(self._folding.fold(call, place.scope))
        first = self._folding.fold(call.args[0], place.scope) if call.args else ()
        if functions and all(is_asked(one, first) or _is_told(one, first) for one in functions):
            return True
        return name in HOSTS and _names_something_else(name, call)

    def _is_only_tested(self, place: Place) -> bool:
        """Whether a value is asked for nothing but whether it is one: `find_spec("x") is None`."""
        if place.becomes != ARGUMENT or not isinstance(place.decided_by, ast.Call):
            return place.becomes in (DROPPED, HARMLESS)
        return self._folding.fold(place.decided_by.func, place.scope) == (Named("builtins.bool"),)

    @staticmethod
    def _takes_no_part(function: str, name: str) -> bool:
        if function in SAME or function in GIVING_DEFAULTS:
            return True
        short = function[len("builtins.") :] if function.startswith("builtins.") else ""
        if short in _HARMLESS_CALLS or function.startswith(("logging.", "pprint.")):
            return True
        if name == "sys.modules" and short in _ITERATORS:
            return True
        loader = loader_of(function)
        return loader is not None and loader.kind in ("module", "made", "file")

    # --- loaders under another name that nobody here uses -----------------------------------------------------------

    def _never_called(self) -> Iterator[LoadingSite]:
        seen: list[Scope] = []
        waiting = [self._survey.scope]
        while waiting:
            scope = waiting.pop()
            seen.append(scope)
            waiting.extend(scope.inner())
        for scope in seen:
            for name, bindings in scope.bindings.items():
                if name not in self._concerned or (id(scope), name) in self._folding.read:
                    continue
                for binding in bindings:
                    if binding.how in ("value", "import"):
                        yield from self._unused(name, binding.node, self._folding.bound(binding))

    def _unused(self, name: str, node: ast.AST, values: Values) -> Iterator[LoadingSite]:
        for loader in _loaders_in(values, hosts=False):
            reason = f"it is kept as {name!r}, which nothing in this file uses: others may call it"
            line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
            yield LoadingSite(line, column, spelled(loader), None, 0, reason, "")


def _site(place: Place, name: str, target: Target, brackets: str = "()") -> LoadingSite:
    text = f"{name}{brackets[0]}{target.shown}{brackets[1]}" if brackets in ("()", "[]") else f"{name}{brackets}"
    line, column = place.anchor.lineno, place.anchor.col_offset + 1
    known = (target.name, target.level, target.reason, target.prefix)
    return LoadingSite(line, column, text, *known, is_roundabout=target.is_by_chance)


def _loaders_in(values: Iterable[Value], hosts: bool = True, depth: int = 0) -> Iterator[str]:
    """The names of the loaders (and modules full of them) among these values and what they hold."""
    for value in values:
        if isinstance(value, Named):
            if loader_of(value.name) is not None or (hosts and value.name in HOSTS):
                yield value.name
        elif isinstance(value, Several) and depth < 4:
            yield from _loaders_in((one for held in value.items for one in held), hosts, depth + 1)
        elif isinstance(value, Table) and depth < 4:
            yield from _loaders_in((one for _, held in value.pairs for one in held), hosts, depth + 1)
        elif isinstance(value, (Record, Class)) and depth < 4:
            yield from (name for name in names_within((value,)) if loader_of(name) or (hosts and name in HOSTS))
        elif isinstance(value, Bound) and not value.call.args[1:] and depth < 4:
            yield from _loaders_in(value.functions, hosts, depth + 1)


def _loaders_of(value: Value) -> tuple[Loader, ...]:
    """What loads, of a function that goes by a name: one of the loaders, or of the launchers."""
    if not isinstance(value, Named):
        return ()
    loader = loader_of(value.name)
    return (loader,) if loader is not None else launchers_of(value.name)


def _is_up_to_another(site: LoadingSite, called: Function) -> bool:
    """Whether what a call passes on is in turn up to the caller of what it stands in."""
    own = f" of {getattr(called.node, 'name', 'a lambda')}"
    return site.reason.startswith(_TOLD) and not site.reason.endswith(own)


def owner_of(value: Union[Function, Class]) -> Optional[ast.AST]:
    """The definition of a function or a class."""
    return value.node if isinstance(value, Function) else value.scope.owner


def is_within(scope: Optional[Scope], owner: Optional[ast.AST]) -> bool:
    """Whether a scope is that of a function or class, or stands in it."""
    while scope is not None:
        if scope.owner is owner:
            return True
        scope = scope.parent
    return False


def _first(arguments: Arguments) -> Values:
    return arguments.positional[0].values if arguments.positional else ()


def _root_of(node: ast.expr) -> str:
    """`LOGGING` of `LOGGING["handlers"]`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _added_by(call: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    """What a method of a list or a dict adds to it, and under which key."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if called in ("append", "extend", "update", "add") and call.args:
        yield call.args[0], ""
    elif called in ("insert", "setdefault") and len(call.args) > 1:
        yield call.args[1], str(getattr(call.args[0], "value", "")) if called == "setdefault" else ""
    for word in call.keywords if called == "update" else ():
        yield word.value, word.arg or ""


def _is_conf(node: ast.expr) -> bool:
    """`app.conf`: the settings of a Celery application."""
    return getattr(node, "attr", getattr(node, "id", "")) == "conf"


def _literals_of(name: ast.Name, scope: Scope) -> list[ast.expr]:
    """The list or table that a name stands for, where it is bound once."""
    bound = scope.bindings.get(name.id) or scope.module().bindings.get(name.id) or []
    values = [one.node for one in bound if one.how == "value" and not one.path]
    return [value for value in values if isinstance(value, _LITERALS)] if len(bound) == 1 else []


def has_loader(values: Values) -> bool:
    """Whether a loader is among these values."""
    return next(_loaders_in(values, hosts=False), None) is not None


def has_host(values: Values) -> bool:
    """Whether a module full of loaders is among these values."""
    return any(isinstance(value, Named) and value.name in HOSTS for value in values)


def _is_given(loader: Loader, arguments: Arguments) -> bool:
    return arguments.get(loader.position, loader.keyword) is not None


def _is_told(function: Value, first: Values) -> bool:
    """Whether a function runs a text that is known, in which what it is told is followed."""
    loaders = _loaders_of(function)
    texts = [one.source if isinstance(one, Tree) else one for one in first]
    known = all(isinstance(one, Known) and isinstance(one.value, (str, bytes)) for one in texts)
    return bool(loaders and texts) and known and all(loader.kind == "source" for loader in loaders)


def _names_given(arguments: Arguments) -> Optional[Table]:
    """The names that `exec(text, names)` gives to the text, where they are known."""
    found = arguments.get(1, "globals")
    names = found.values[0] if found is not None and len(found.values) == 1 else None
    return names if isinstance(names, Table) else None


def _is_of_a_thing(called: str, node: ast.Call) -> bool:
    """`monkeypatch.setattr(thing, "name", value)`, `delattr(thing, "name")`: no text that is imported."""
    given = [word.arg for word in node.keywords if word.arg != "raising"]
    return len(node.args) + len(given) > (2 if called == "setattr" else 1)


def _only_parses(value: Value) -> bool:
    return value == Named("ast.PyCF_ONLY_AST") or (isinstance(value, Known) and value.value == 1024)


def _names_something_else(host: str, call: ast.Call) -> bool:
    """`patch.object(builtins, "open")`: the text beside the module names what is meant, and it is no loader."""
    texts = [node.value for node in call.args if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return bool(texts) and host != "sys.modules" and not any(names_a_loader(host, text) for text in texts[:1])


def _static_imports(tree: ast.AST) -> Iterator[LoadingSite]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield LoadingSite(0, 0, "", alias.name, 0, "", "")
        elif isinstance(node, ast.ImportFrom):
            module = f"{node.module}." if node.module else ""
            for alias in node.names:
                name = module[:-1] if alias.name == "*" else module + alias.name
                if name:
                    yield LoadingSite(0, 0, "", name, node.level, "", "")


_REASONS = {
    ARGUMENT: "the loader is handed to a call: what it will load is not known here",
    AWAY: "the loader is given away: what it will load is not known here",
    STORED: "the loader is stored where its use cannot be followed",
}
