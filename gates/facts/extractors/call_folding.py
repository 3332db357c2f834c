"""What calls return, as far as one file tells: of its own classes and functions, of loaders, and of pure functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gates.facts.extractors.arguments import Argument, Arguments, Call, Folder, bound_arguments
from gates.facts.extractors.attributes import under_named, values_of_named
from gates.facts.extractors.class_natures import nature_of
from gates.facts.extractors.contents import elements, is_missing, item, table_of
from gates.facts.extractors.handing import SAME
from gates.facts.extractors.instances import Construction, made, members
from gates.facts.extractors.known_values import (
    MANY,
    TOO_INVOLVED,
    Bound,
    Class,
    Content,
    Function,
    Getter,
    Known,
    Layout,
    Made,
    Method,
    Named,
    Record,
    Several,
    Table,
    Unknown,
    Value,
    Values,
    as_text,
)
from gates.facts.extractors.launchers import INSTANCES
from gates.facts.extractors.loaders import OWN, canonical, loader_of
from gates.facts.extractors.paths import FUNCTIONS, METHODS, applied
from gates.facts.extractors.places import Scope
from gates.facts.extractors.pure_functions import PURE, UNCHANGED, pure
from gates.facts.extractors.standard_calls import RULES, got
from gates.facts.extractors.text_folding import method

NAMESPACES = ("globals()", "locals()", "vars()")
_LOADED = frozenset({"name", "object", "loaded"})
# These compile a text and are sites for that: what they give is not another.
_COMPILERS = frozenset({"code.compile_command", "codeop.compile_command"})
_UNBOUND = tuple(f"builtins.{name}." for name in ("str", "bytes", "list", "dict", "tuple"))
_GETS = frozenset({"get", "pop", "setdefault", "__getitem__"})
_SUBSTITUTES = {"substitute": "string.Template.substitute", "safe_substitute": "string.Template.safe_substitute"}
_SEARCHES = {"sub": "re.sub", "split": "re.split", "findall": "re.findall"}


def result_of(folding: Folder, function: Value, call: Call) -> Iterator[Value]:
    """What a call of this function may return."""
    if isinstance(function, Class):
        if function.instance:
            for method_ in folding.attribute_of(function, "__call__"):
                if isinstance(method_, Function):
                    yield from folding.returned(method_, call.given)
        else:
            yield from made(folding, function, call)
    elif isinstance(function, Function):
        yield from folding.returned(function, call.given)
    elif isinstance(function, Bound):
        given = call.given.after(bound_arguments(function, folding))
        yield from (one for inner in function.functions for one in folding.called(inner, given, call.scope))
    elif isinstance(function, Method):
        yield from _by_method(folding, function.base, function.name, call)
    elif isinstance(function, Getter):
        yield from _asked(folding, function, call)
    elif isinstance(function, Layout):
        yield from _record(function, call.given)
    elif (
        isinstance(function, Record) and not function.is_tuple
    ):  # a class that `type` made: an instance has what it has
        yield function
    elif isinstance(function, Made) or function == TOO_INVOLVED:
        yield function
    elif isinstance(function, Named):
        yield from _by_name(folding, function.name, call)


def _by_name(folding: Folder, name: str, call: Call) -> Iterator[Value]:
    loader = loader_of(name)
    if name in RULES:
        yield from RULES[name](folding, call)
    elif name in PURE:
        if not call.given.open:
            words = {word: one.values for word, one in call.given.words.items()}
            yield from pure(name, [one.values for one in call.given.positional], words)
    elif name in UNCHANGED:
        yield from call.value(0)
    elif name in ("builtins.globals", "builtins.locals"):
        yield Named(f"{name[len('builtins.') :]}()")
    elif name in SAME:
        yield from call.value(0) or (Named(name),)  # `lru_cache(maxsize=2)` is what takes the function
    elif name in FUNCTIONS:
        yield from applied(FUNCTIONS[name], [one.values for one in call.given.positional])
    elif name in INSTANCES:
        yield Named(name)
    elif name in ("ctypes.PyDLL", "ctypes.CDLL") and call.value(0, "name") == (Known(None),):
        yield Named("ctypes.pythonapi")
    elif name in ("pkgutil.iter_modules", "pkgutil.walk_packages"):
        names = (Unknown("it is what a folder holds"),)
        fields = (("module_finder", (Named("pkgutil.finder"),)), ("name", names), ("ispkg", names))
        yield Several(((Record(fields, is_tuple=True),),), exact=False)
    elif name in _COMPILERS:
        yield Made(name)
    elif name == "importlib.util.resolve_name":
        yield from _resolved(call.value(0, "name"), call.value(1, "package"))
    elif name == "enum.auto":
        yield Named("enum.auto()")
    elif loader is not None:
        yield from _loaded(folding, name, loader.kind, call)
    elif name.startswith(_UNBOUND) and name.count(".") == 2:
        rest = call.given._replace(positional=call.given.positional[1:])
        for base in call.value(0):
            yield from _by_method(folding, base, name.rpartition(".")[2], Call(None, call.scope, folding, rest))
    else:
        yield from _by_last_name(folding, *name.rpartition(".")[::2], call)


def _by_last_name(folding: Folder, host: str, last: str, call: Call) -> Iterator[Value]:
    """A method of something that goes by a name: of a module, of a namespace."""
    if last == "__getattribute__":
        for attribute in call.value(0):
            yield from got(folding, Named(host), attribute)
    elif last == "__get__":
        yield from _tied(Named(host), call)
    elif last == "__subclasses__" and host == "builtins.object":
        yield Several(((Named("builtins.object.__subclasses__.?"),),), exact=False)
    elif host in NAMESPACES or host == "builtins":
        yield from _of_namespace(folding, host, last, call)
    elif host.endswith(".__dict__"):
        if last in _GETS:
            yield from (one for key in call.value(0) for one in under_named(host, key))
        elif last in ("values", "items", "copy"):
            held = values_of_named(host)
            row = (Several(((Unknown("it is any name of a module"),), held)),) if last == "items" else held
            if last == "copy":
                yield Named(host)
            elif held:
                yield Several((row,), exact=False)


def _of_namespace(folding: Folder, host: str, last: str, call: Call) -> Iterator[Value]:
    if last in _GETS:
        for key in call.value(0):
            yield from of_namespace(folding, host, key, call.scope)
    elif last in ("values", "items", "copy") and host in NAMESPACES:
        scope = call.scope.module() if host == "globals()" else call.scope
        names = list(scope.bindings)[:MANY]
        table = Table(tuple(((Known(name),), folding.name(name, scope)) for name in names))
        yield from _of_table(table, last, call)


def of_namespace(folding: Folder, name: str, key: Value, scope: Scope) -> Iterator[Value]:
    """What a key of `globals()`, `locals()` or the builtins stands for."""
    if isinstance(key, Known) and isinstance(key.value, str):
        if name == "builtins":
            yield Named(canonical(f"builtins.{key.value}"))
        else:
            yield from folding.name(key.value, scope.module() if name == "globals()" else scope)


def _tied(function: Value, call: Call) -> Iterator[Value]:
    """`function.__get__(first)`: a function with its first argument given."""
    node = call.node
    if node is not None and isinstance(node.func, ast.Attribute) and node.args:
        given = ast.Call(node.func, [node.func.value, node.args[0]], [])
        yield Bound((function,), ast.copy_location(given, node), call.scope)


def _loaded(folding: Folder, name: str, kind: str, call: Call) -> Iterator[Value]:
    first = call.value(0)
    if kind == "import":
        listed = call.given.get(3, "fromlist")
        bottom = listed is not None and any(one != Known(None) for one in listed.values)
        for text in map(as_text, first or call.value(-1, "name")):
            if isinstance(text, str):
                yield Named(canonical(text if bottom else text.split(".")[0]))
    elif kind in _LOADED and "find" not in name:
        for text in map(as_text, first or call.value(-1, "name")):
            if isinstance(text, str):
                yield Named(canonical(text.replace(":", ".")))
    elif name == "builtins.eval":
        names = call.value(1, "globals")
        table = names[0] if len(names) == 1 and isinstance(names[0], Table) else Table(())
        for text in map(as_text, first):
            yield from _evaluated(folding, text, call.scope, table) if isinstance(text, str) else ()
    elif name == "builtins.compile" and any(_only_parses(value) for value in call.value(3, "flags")):
        yield from first
    elif name == "imp.find_module":
        yield Several(((Made(name),),) * 3, is_fixed=True)
    elif kind != "opaque" and name != "builtins.exec":
        yield Made(name)


def _resolved(names: Values, packages: Values) -> Iterator[Value]:
    """A relative name, made absolute."""
    for name, package in ((as_text(one), as_text(other)) for one in names for other in packages):
        if isinstance(name, Unknown) or not name.startswith("."):
            yield name if isinstance(name, Unknown) else Known(name)
        elif isinstance(package, Unknown) or OWN in package:
            yield package if isinstance(package, Unknown) else Unknown("it is relative to this module's own package")
        else:
            rest = name.lstrip(".")
            above = package.split(".")[: len(package.split(".")) - (len(name) - len(rest) - 1)]
            yield Known(".".join([*above, rest] if rest else above))


def _only_parses(value: Value) -> bool:
    return value == Named("ast.PyCF_ONLY_AST") or (isinstance(value, Known) and value.value == ast.PyCF_ONLY_AST)


def _evaluated(folding: Folder, text: str, scope: Scope, names: Table) -> Values:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return folding.fold(tree.body, folding.namespace(scope, names))


# --- methods --------------------------------------------------------------------------------------------------------


def _by_method(folding: Folder, base: Value, name: str, call: Call) -> Iterator[Value]:
    """What a method of something constant returns."""
    given = call.given
    if given.open and name != "format":
        return
    arguments = [folding.opened(one.values) if name == "join" else one.values for one in given.positional]
    words = {word: one.values for word, one in given.words.items()}
    if isinstance(base, Table):
        yield from _of_table(base, name, call)
    elif isinstance(base, Several):
        yield from _of_list(base, name, call)
    elif isinstance(base, Content):
        yield base
    elif isinstance(base, Record):
        yield from _of_record(folding, base, name, call)
    elif isinstance(base, Class):
        yield from _of_instance(folding, base, name, call)
    elif isinstance(base, Function):
        yield from _tied(base, call)
    elif isinstance(base, Known) and isinstance(base.value, str) and name in METHODS:
        yield from applied(METHODS[name], [(base,), *arguments])
    elif isinstance(base, Known) and isinstance(base.value, str) and name in ("open", "read_text", "read_bytes"):
        yield Content(base.value)
    elif not given.open:
        yield from method(base, name, arguments, words)


def _of_table(table: Table, called: str, call: Call) -> Iterator[Value]:
    if called in _GETS:
        for key in call.value(0):
            if isinstance(key, Known):
                yield from (value for value in item((table,), key.value) if not is_missing(value))
            else:
                yield from (value for _, held in table.pairs for value in held)
        yield from call.value(1)
    elif called == "items":
        yield Several(tuple((Several(pair),) for pair in table.pairs))
    elif called == "values":
        yield Several(tuple(held for _, held in table.pairs))
    elif called in ("keys", "__iter__"):
        yield Several(tuple(keys for keys, _ in table.pairs))
    elif called == "popitem":
        yield from (Several(pair) for pair in table.pairs)
    elif called == "copy":
        yield table
    elif called == "__or__":
        for other in call.value(0):
            yield table_of([*table.pairs, *other.pairs]) if isinstance(other, Table) else Unknown("it is no dict")


def _of_list(held: Several, called: str, call: Call) -> Iterator[Value]:
    if called == "pop":
        yield from elements((held,))
    elif called in ("copy", "__iter__"):
        yield held
    elif called == "__getitem__":
        for key in call.value(0):
            yield from item((held,), key.value) if isinstance(key, Known) else elements((held,))
    else:
        yield Unknown("it is a number")


def _of_record(folding: Folder, record: Record, called: str, call: Call) -> Iterator[Value]:
    fields = dict(record.fields)
    arguments = [one.values for one in call.given.positional]
    words = {word: one.values for word, one in call.given.words.items()}
    if "template" in fields and called in _SUBSTITUTES:
        yield from pure(_SUBSTITUTES[called], [fields["template"], *arguments], words)
    elif "pattern" in fields and called in _SEARCHES:
        yield from pure(_SEARCHES[called], [fields["pattern"], *arguments], words)
    elif "buffer" in fields and called in ("read", "getvalue"):
        yield from fields["buffer"]
    elif called == "_asdict":
        yield Table(tuple(((Known(name),), held) for name, held in record.fields))
    elif called == "_replace":
        yield record._replace(fields=tuple((name, words.get(name, held)) for name, held in record.fields))
    elif called == "__getattribute__":
        for attribute in call.value(0):
            yield from got(folding, record, attribute)
    elif called == "__getitem__":
        for key in call.value(0):
            yield from folding.under(record, key, called)


def _of_instance(folding: Folder, base: Class, called: str, call: Call) -> Iterator[Value]:
    if called == "__getattribute__":
        for attribute in call.value(0):
            yield from got(folding, base, attribute)
    elif called == "_asdict":
        yield members(folding, base)
    elif called == "_replace" and isinstance(base.made, Construction):
        names = nature_of(folding, base.scope).fields or ()
        before = {name: Argument(tuple(folding.attribute_of(base, name, name)), "...") for name in names}
        yield base._replace(made=Construction(None, Arguments((), {**before, **call.given.words}, False)))


def _record(layout: Layout, given: Arguments) -> Iterator[Value]:
    fields: list[tuple[str, Values]] = []
    for position, name in enumerate(layout.names):
        found = given.get(position, name)
        behind = position - len(layout.names)
        default = layout.defaults[behind] if -behind <= len(layout.defaults) else ()
        fields.append((name, found.values if found else default or (Unknown(f"{name!r} is not given"),)))
    yield Record(tuple(fields), is_tuple=True)


# --- what asks something of its argument ----------------------------------------------------------------------------


def _asked(folding: Folder, getter: Getter, call: Call) -> Iterator[Value]:
    """What `attrgetter(...)`, `itemgetter(...)` or `methodcaller(...)` gives of what it is called with."""
    for function, given in calls_of(folding, getter, call.given):
        yield from folding.called(function, given, call.scope)
    wanted = Call(getter.call, getter.scope, folding).given.positional if getter.kind != "method" else ()
    found = [tuple(_one_asked(folding, getter.kind, call.value(0), one)) for one in wanted]
    if len(found) == 1:
        yield from found[0]
    elif found:
        yield Several(tuple(found))


def _one_asked(folding: Folder, kind: str, bases: Values, wanted: Argument) -> Iterator[Value]:
    for key in wanted.values:
        text = as_text(key)
        values = bases
        if kind == "item":
            yield from (one for base in bases for one in folding.under(base, key, wanted.text))
        elif isinstance(text, str):
            for part in text.split("."):
                values = tuple(one for base in values for one in folding.attribute_of(base, part, text))
            yield from values
        else:
            yield from (one for base in bases for one in got(folding, base, key))


def calls_of(folding: Folder, getter: Getter, given: Arguments) -> Iterator[tuple[Value, Arguments]]:
    """Each call that `methodcaller(name, ...)` makes of a method of what it is given."""
    if getter.kind == "method" and given.positional:
        named = Call(getter.call, getter.scope, folding).given
        for base in given.positional[0].values:
            for name in named.positional[0].values if named.positional else ():
                for function in got(folding, base, name):
                    yield function, bound_arguments(getter, folding)


def keys_of(folding: Folder, getter: Getter, given: Arguments) -> Iterator[Argument]:
    """The keys that `itemgetter(...)` takes from what it is given."""
    yield from Call(getter.call, getter.scope, folding).given.positional if given.positional else ()
