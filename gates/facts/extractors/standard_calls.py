"""What functions of the standard library give where not all that they are given need be known."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice, permutations, product
from typing import Callable, Optional

from gates.facts.extractors.arguments import Argument, Arguments, Call, Folder, rows_for
from gates.facts.extractors.contents import added, alone, elements, in_order, positions, table_of
from gates.facts.extractors.instances import members
from gates.facts.extractors.known_values import (
    MANY,
    Bound,
    Class,
    Content,
    Getter,
    Known,
    Layout,
    Named,
    Record,
    Several,
    Table,
    Tree,
    Unknown,
    Value,
    Values,
    as_text,
    distinct,
    truth,
    why,
)
from gates.facts.extractors.loaders import HOSTS, names_a_loader
from gates.facts.extractors.places import Scope
from gates.facts.extractors.plain_values import applied
from gates.facts.extractors.pure_functions import pure
from gates.facts.extractors.short_text import shown
from gates.facts.extractors.text_folding import percent

Rule = Callable[[Folder, Call], Iterator[Value]]
_CLASSES: Mapping[str, tuple[type, ...]] = {
    "builtins.str": (str,),
    "builtins.bytes": (bytes,),
    "builtins.int": (int,),
    "builtins.bool": (bool,),
    "builtins.float": (float,),
}


def _opened(folding: Folder, call: Call, position: int = 0, word: str = "iterable") -> Values:
    return folding.opened(call.value(position, word))


def _bag(values: Values) -> Several:
    """Any number of these."""
    return Several((elements(values),), exact=False)


# --- lists, and what goes through them ------------------------------------------------------------------------------


def _sequence(folding: Folder, call: Call) -> Iterator[Value]:
    if not call.given.positional:
        yield Several(())
    for value in _opened(folding, call):
        held = positions(value)
        yield Several(held) if held is not None else value if isinstance(value, Several) else _bag((value,))


def _unordered(folding: Folder, call: Call) -> Iterator[Value]:
    for value in _sequence(folding, call):
        yield Several(value.items, len(value.items) < 2) if isinstance(value, Several) else value


def _reversed(folding: Folder, call: Call) -> Iterator[Value]:
    for value in _sequence(folding, call):
        yield Several(value.items[::-1], value.exact) if isinstance(value, Several) else value


def _sorted(folding: Folder, call: Call) -> Iterator[Value]:
    for value in _sequence(folding, call):
        if "key" not in call.given.words:
            words = {"reverse": call.value(-1, "reverse") or (Known(False),)}
            found = list(applied(lambda parts, reverse: sorted(parts, reverse=reverse), ((value,),), words))
            if all(isinstance(one, Several) for one in found):
                yield from found
                continue
        yield Several(value.items, len(value.items) < 2) if isinstance(value, Several) else value


def _enumerated(folding: Folder, call: Call) -> Iterator[Value]:
    start = next((one.value for one in call.value(1, "start") if isinstance(one, Known)), 0)
    held = alone(_opened(folding, call))
    if held is None or not isinstance(start, int):
        yield Several(((Several(((Unknown("it is a number"),), elements(_opened(folding, call)))),),), exact=False)
    else:
        yield Several(tuple((Several(((Known(start + index),), one)),) for index, one in enumerate(held)))


def _zipped(folding: Folder, call: Call) -> Iterator[Value]:
    lists = [folding.opened(one.values) for one in call.given.positional]
    columns = [held for held in map(alone, lists) if held is not None]
    if len(columns) == len(lists):
        yield Several(tuple((Several(row),) for row in zip(*columns)))
    else:
        yield Several(((Several(tuple(map(elements, lists))),),), exact=False)


def _mapped(folding: Folder, call: Call) -> Iterator[Value]:
    rows, exact = rows_for([folding.opened(one.values) for one in call.given.positional[1:]])
    for function in call.value(0):
        yield Several(tuple(folding.called(function, row, call.scope) for row in rows), exact)


def _starmapped(folding: Folder, call: Call) -> Iterator[Value]:
    held = alone(_opened(folding, call, 1))
    rows = [alone(row) for row in held or ()]
    for function in call.value(0):
        if held is None or len(rows) > MANY:
            yield Unknown(f"it is what {_shown(call)} returns")
        else:
            given = [
                Arguments(tuple(Argument(one, "...") for one in row or ()), {}, row is None)  #
                for row in rows
            ]
            yield Several(tuple(folding.called(function, one, call.scope) for one in given))


def _filtered(wanted: bool) -> Rule:
    def rule(folding: Folder, call: Call) -> Iterator[Value]:
        for value in _opened(folding, call, 1):
            held = positions(value)
            if held is None or len(held) > MANY:
                yield value if isinstance(value, Several) else _bag((value,))
                continue
            kept = [(one, _holds(folding, call, one)) for one in held]
            left = tuple(one for one, holds in kept if holds is not (not wanted))
            yield Several(left, all(holds is not None for _, holds in kept))

    return rule


def _holds(folding: Folder, call: Call, values: Values) -> Optional[bool]:
    """Whether a predicate holds of these values, where that is known."""
    answers: set[Optional[bool]] = set()
    for function in call.value(0):
        if function == Known(None):
            answers |= set(map(truth, values))
        else:
            given = Arguments((Argument(values, "..."),), {}, False)
            answers |= set(map(truth, folding.called(function, given, call.scope)))
    return answers.pop() if len(answers) == 1 else None


def _cut(folding: Folder, call: Call) -> Iterator[Value]:
    """`takewhile`, `dropwhile`, `islice` of what is not known: some of it."""
    for value in folding.opened(call.value(1, "")):
        yield _bag((value,))


def _sliced(folding: Folder, call: Call) -> Iterator[Value]:
    ends = [one.values for one in call.given.positional[1:]]
    for value in _opened(folding, call):
        held = positions(value)
        sure = held is not None and all(len(end) == 1 and isinstance(end[0], Known) for end in ends)
        cut = [getattr(end[0], "value", None) for end in ends] if sure else []
        if held is not None and sure and all(one is None or (isinstance(one, int) and one >= 0) for one in cut):
            yield Several(tuple(islice(held, *cut)))
        else:
            yield _bag((value,))


def _next(folding: Folder, call: Call) -> Iterator[Value]:
    yield from elements(_opened(folding, call, 0, ""))
    yield from call.value(1)


def _chained(folding: Folder, call: Call) -> Iterator[Value]:
    yield _concatenated([folding.opened(one.values) for one in call.given.positional], call.given.open)


def _chained_from(folding: Folder, call: Call) -> Iterator[Value]:
    for value in _opened(folding, call):
        held = positions(value)
        lists = [folding.opened(one) for one in held] if held is not None else [folding.opened(elements((value,)))]
        yield _concatenated(lists, held is None)


def _concatenated(lists: Sequence[Values], is_open: bool) -> Value:
    parts = [in_order(values) for values in lists]
    exact = not is_open and all(sure for _, sure in parts)
    return Several(tuple(position for held, _ in parts for position in held), exact)


def _multiplied(folding: Folder, call: Call) -> Iterator[Value]:
    times = next((one.value for one in call.value(-1, "repeat") if isinstance(one, Known)), 1)
    lists = [folding.opened(one.values) for one in call.given.positional]
    held = [one for one in map(alone, lists) if one is not None]
    if len(held) < len(lists) or not isinstance(times, int) or not 0 <= times <= 8:
        yield Several(((Several(tuple(map(elements, lists))),),), exact=False)
        return
    rows = list(islice(product(*held * times), MANY + 1))
    if len(rows) > MANY:
        yield Several(((Several(tuple(map(elements, lists)) * times),),), exact=False)
    else:
        yield Several(tuple((Several(row),) for row in rows))


def _arranged(arrange: Callable[..., Iterator[tuple[Values, ...]]]) -> Rule:
    def rule(folding: Folder, call: Call) -> Iterator[Value]:
        size = next((one.value for one in call.value(1, "r") if isinstance(one, Known)), None)
        held = alone(_opened(folding, call))
        if held is None or not (size is None or (isinstance(size, int) and 0 <= size <= 8)):
            yield Several(((_bag(_opened(folding, call)),),), exact=False)
            return
        length = len(held) if size is None else size
        rows = list(islice(arrange(held, length), MANY + 1))
        if len(rows) > MANY:
            yield Several(((Several((elements(_opened(folding, call)),) * length),),), exact=False)
        else:
            yield Several(tuple((Several(row),) for row in rows))

    return rule


def _repeated(folding: Folder, call: Call) -> Iterator[Value]:
    times = next((one.value for one in call.value(1, "times") if isinstance(one, Known)), None)
    exact = isinstance(times, int) and 0 <= times <= MANY
    yield Several((call.value(0, "object"),) * (times if exact and isinstance(times, int) else 1), exact)


def _some(folding: Folder, call: Call) -> Iterator[Value]:
    """Any of them, any number of times."""
    yield _bag(_opened(folding, call, 0, "population"))


def _any_of(folding: Folder, call: Call) -> Iterator[Value]:
    yield from elements(_opened(folding, call, 0, "seq"))


def _reduced(folding: Folder, call: Call) -> Iterator[Value]:
    for value in _opened(folding, call, 1):
        held = positions(value)
        if held is None or len(held) > MANY:
            yield Unknown(f"it is what {_shown(call)} returns")
            continue
        rest = list(held)
        found = call.value(2, "initial") or (rest.pop(0) if rest else ())
        for one in rest:
            given = Arguments((Argument(found, "..."), Argument(one, "...")), {}, False)
            found = distinct(part for each in call.value(0) for part in folding.called(each, given, call.scope))
        yield from found


def _summed(folding: Folder, call: Call) -> Iterator[Value]:
    held = alone(_opened(folding, call))
    found = call.value(1, "start") or (Known(0),)
    for one in held if held is not None and len(held) <= MANY else ():
        found = added(found, one)
    yield from found if held is not None else ()


def _greatest(choose: Callable[..., object]) -> Rule:
    def rule(folding: Folder, call: Call) -> Iterator[Value]:
        lists = [one.values for one in call.given.positional]
        if not call.given.words:
            found = list(applied(choose, lists, {}))
            if not any(isinstance(one, Unknown) for one in found):
                yield from found
                return
        yield from elements(folding.opened(lists[0])) if len(lists) == 1 else (one for each in lists for one in each)
        yield from call.value(-1, "default")

    return rule


def _counted(folding: Folder, call: Call) -> Iterator[Value]:
    held = alone(_opened(folding, call, 0, ""))
    yield Unknown("it is a number") if held is None else Known(len(held))


# --- dicts and records ----------------------------------------------------------------------------------------------


def _dict(folding: Folder, call: Call) -> Iterator[Value]:
    yield from _dict_of(call, call.value(0, ""))


def _default_dict(folding: Folder, call: Call) -> Iterator[Value]:
    yield from _dict_of(call, call.value(1, ""))


def _dict_of(call: Call, first: Values) -> Iterator[Value]:
    words = [((Known(word),), one.values) for word, one in call.given.words.items()]
    unsure = call.given.open and (Unknown("its arguments are unpacked from something that is not constant"),)
    more = [(unsure, unsure)] if unsure else []
    for value in first or (Table(()),):
        if isinstance(value, Named):
            yield value  # dict(sys.modules), dict(vars(importlib)): as it is
        else:
            yield table_of([*_pairs(value), *words, *more])


def _pairs(value: Value) -> Iterator[tuple[Values, Values]]:
    if isinstance(value, Table):
        yield from value.pairs
        return
    rows = value.items if isinstance(value, Several) else ()
    if not isinstance(value, Several):
        unknown = (Unknown(why(value)),)
        yield unknown, unknown
    for row in rows:
        for one in row:
            held = positions(one)
            if held is not None and len(held) == 2:
                yield held[0], held[1]
            else:
                unknown = (Unknown(why(one)),)
                yield unknown, unknown


def _dict_from_keys(folding: Folder, call: Call) -> Iterator[Value]:
    held = call.value(1, "value") or (Known(None),)
    for value in _opened(folding, call):
        keys = positions(value)
        yield Table(tuple((key, held) for key in keys) if keys is not None else ((elements((value,)), held),))


def _merged(folding: Folder, call: Call) -> Iterator[Value]:
    """ChainMap: the first that has a key."""
    pairs = [pair for one in reversed(call.given.positional) for value in one.values for pair in _pairs(value)]
    yield table_of(pairs)


def _namespace(folding: Folder, call: Call) -> Iterator[Value]:
    fields = {word: one.values for word, one in call.given.words.items()}
    if not call.given.open:
        yield Record(tuple(fields.items()))


def _field_names(values: Values) -> Optional[tuple[str, ...]]:
    found: list[str] = []
    for position in alone(values) or ():
        text = as_text(position[0]) if len(position) == 1 else Unknown("")
        if isinstance(text, Unknown):
            return None
        found.append(text)
    return tuple(found)


def _named_tuple(folding: Folder, call: Call) -> Iterator[Value]:
    listed = call.value(1, "field_names")
    text = as_text(listed[0]) if len(listed) == 1 else Unknown("")
    names = tuple(text.replace(",", " ").split()) if isinstance(text, str) else _field_names(listed)
    if names:
        yield Layout(names, alone(call.value(-1, "defaults")) or ())


def _typed_tuple(folding: Folder, call: Call) -> Iterator[Value]:
    """`NamedTuple("Name", [("field", type), ...])`."""
    rows = [alone(row) for row in alone(call.value(1, "fields")) or ()]
    names = _field_names((Several(tuple(row[0] for row in rows if row)),))
    if names:
        yield Layout(names)


def _held_text(name: str) -> Rule:
    """An object around one text: `Template(text)`, `re.compile(text)`, `StringIO(text)`."""

    def rule(folding: Folder, call: Call) -> Iterator[Value]:
        if len(call.given.positional) == 1 and not call.given.words and not call.given.open:
            yield Record(((name, call.value(0)),))

    return rule


def _layout_of_instance(folding: Folder, call: Call) -> Iterator[Value]:
    """`dataclasses.asdict(instance)`."""
    for value in call.value(0, "obj"):
        yield members(folding, value) if isinstance(value, Class) else Unknown(why(value))


# --- attributes and calls by other means ----------------------------------------------------------------------------


def _getattr(folding: Folder, call: Call) -> Iterator[Value]:
    default = call.value(2)
    for base in call.value(0):
        for attribute in call.value(1):
            yield from got(folding, base, attribute, default)


def got(folding: Folder, base: Value, attribute: Value, default: Values = ()) -> Iterator[Value]:
    """`getattr(base, attribute, default)`."""
    text = as_text(attribute)
    if isinstance(text, str):
        yield from folding.attribute_of(base, text, f"getattr(..., {text!r})")
        if isinstance(base, (Class, Unknown)):
            yield from default
    elif isinstance(base, Named):
        if (base.name in HOSTS or base.name == "sys") and names_a_loader(base.name, text.prefix):
            yield Named(f"{base.name}.?")
    elif isinstance(base, (Class, Record, Table)):
        table = members(folding, base) if isinstance(base, Class) else base
        held = table.pairs if isinstance(table, Table) else table.fields
        yield from (value for _, values in held for value in values)
        yield Unknown(text.reason)


def _vars(folding: Folder, call: Call) -> Iterator[Value]:
    if not call.given.positional:
        yield Named("vars()")
    for base in call.value(0):
        if isinstance(base, Named):
            yield Named(f"{base.name}.__dict__")
        elif isinstance(base, Class):
            yield members(folding, base)
        elif isinstance(base, Record):
            yield Table(tuple(((Known(name),), held) for name, held in base.fields))


def _under(folding: Folder, call: Call) -> Iterator[Value]:
    for base in call.value(0):
        for key in call.value(1):
            yield from folding.under(base, key, _shown(call))


def _getter(kind: str) -> Rule:
    def rule(folding: Folder, call: Call) -> Iterator[Value]:
        if call.node is not None:
            yield Getter(kind, call.node, call.scope)

    return rule


def _bound(folding: Folder, call: Call) -> Iterator[Value]:
    if call.node is not None:
        yield Bound(call.value(0, "func"), call.node, call.scope)


def _call(folding: Folder, call: Call) -> Iterator[Value]:
    given = call.given._replace(positional=call.given.positional[1:])
    yield from (one for function in call.value(0) for one in folding.called(function, given, call.scope))


def _type(folding: Folder, call: Call) -> Iterator[Value]:
    """What something is; or, of a name, bases and a dict, a class with what the dict holds."""
    if len(call.given.positional) == 3:
        for table in call.value(2):
            names = [(as_text(keys[0]), held) for keys, held in getattr(table, "pairs", ()) if len(keys) == 1]
            yield Record(tuple((name, held) for name, held in names if isinstance(name, str)))
    if len(call.given.positional) == 1:
        for value in call.value(0):
            yield from folding.attribute_of(value, "__class__", _shown(call))


def _is_instance(folding: Folder, call: Call) -> Iterator[Value]:
    classes = [name for one in call.value(1) for name in _class_names(one)]
    for value in call.value(0):
        plain = type(value.value) if isinstance(value, Known) else None
        if plain is None or not classes or not all(name in _CLASSES for name in classes):
            yield Unknown("it is a truth value")
        else:
            yield Known(any(issubclass(plain, _CLASSES[name]) for name in classes))


def _class_names(value: Value) -> list[str]:
    if isinstance(value, Several):
        return [name for position in value.items for one in position for name in _class_names(one)]
    return [value.name if isinstance(value, Named) else ""]


def _super(folding: Folder, call: Call) -> Iterator[Value]:
    """`super()`: the class above, as one that an instance is of."""
    scope: Optional[Scope] = call.scope
    while scope is not None and scope.kind != "class":
        scope = scope.parent
    if scope is None or not isinstance(scope.owner, ast.ClassDef):
        return
    for base in scope.owner.bases:
        for value in folding.fold(base, scope.parent or scope):
            yield Class(value.scope, True) if isinstance(value, Class) else value


# --- files, frames, settings ----------------------------------------------------------------------------------------


def _file(folding: Folder, call: Call) -> Iterator[Value]:
    for value in call.value(0, "file") or call.value(-1, "filename"):
        text = as_text(value)
        yield Content(text) if isinstance(text, str) else Unknown(f"it is what a file holds: {text.reason}")


def _parsed(folding: Folder, call: Call) -> Iterator[Value]:
    yield from (Tree(value) for value in call.value(0, "source"))


def _frame(folding: Folder, call: Call) -> Iterator[Value]:
    yield Named("sys._getframe()" if not call.given.positional else "sys._getframe().f_back")


def _environment(folding: Folder, call: Call) -> Iterator[Value]:
    yield from call.value(1, "default")
    for key in call.value(0, "key"):
        yield from folding.variable(key)
    text = call.given.positional[0].text if call.given.positional else ""
    yield Unknown(f"it comes from the environment ({text})")


def _added(folding: Folder, call: Call) -> Iterator[Value]:
    yield from added(call.value(0), call.value(1))


def _percent(folding: Folder, call: Call) -> Iterator[Value]:
    yield from percent(call.value(0), call.value(1))


def _argument(position: int) -> Rule:
    def rule(folding: Folder, call: Call) -> Iterator[Value]:
        yield from call.value(position)

    return rule


def _as_text(folding: Folder, call: Call) -> Iterator[Value]:
    if len(call.given.positional) == 1 and not call.given.words:
        for value in call.value(0):
            text = as_text(value)
            plain = value.value if isinstance(value, Known) else None
            if isinstance(text, str):
                yield Known(text)
            elif isinstance(plain, (bool, int, float)):
                yield Known(str(plain))
            elif isinstance(value, (Unknown, Content)):
                yield value
            elif isinstance(text, Unknown) and isinstance(value, Named):
                yield text
    else:
        words = {word: one.values for word, one in call.given.words.items()}
        yield from pure("builtins.str", [one.values for one in call.given.positional], words)


def _entering(folding: Folder, call: Call) -> Iterator[Value]:
    """`contextlib.nullcontext(thing)`: what a with statement is given."""
    yield Record((("__enter__", call.value(0, "enter_result") or call.value(0, "thing") or (Known(None),)),))


def _docstring(folding: Folder, call: Call) -> Iterator[Value]:
    for value in call.value(0, "object"):
        yield from folding.attribute_of(value, "__doc__", _shown(call))


def _shown(call: Call) -> str:
    return shown(call.node) if call.node is not None else "a call"


def _all(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


RULES: Mapping[str, Rule] = {
    **_all("builtins.list builtins.tuple builtins.iter collections.deque collections.UserList", _sequence),
    **_all("builtins.set builtins.frozenset", _unordered),
    "builtins.reversed": _reversed,
    "builtins.sorted": _sorted,
    "builtins.enumerate": _enumerated,
    "builtins.zip": _zipped,
    "builtins.map": _mapped,
    "itertools.starmap": _starmapped,
    "builtins.filter": _filtered(True),
    "itertools.filterfalse": _filtered(False),
    **_all("itertools.takewhile itertools.dropwhile", _cut),
    "itertools.islice": _sliced,
    "builtins.next": _next,
    "builtins.anext": _next,
    "itertools.chain": _chained,
    "itertools.chain.from_iterable": _chained_from,
    "itertools.product": _multiplied,
    "itertools.permutations": _arranged(permutations),
    "itertools.combinations": _arranged(combinations),
    "itertools.repeat": _repeated,
    **_all("itertools.cycle random.sample random.choices", _some),
    **_all("random.choice secrets.choice", _any_of),
    "functools.reduce": _reduced,
    "builtins.sum": _summed,
    "builtins.min": _greatest(min),
    "builtins.max": _greatest(max),
    "builtins.len": _counted,
    **_all("builtins.dict collections.OrderedDict collections.UserDict", _dict),
    "collections.defaultdict": _default_dict,
    **_all("builtins.dict.fromkeys collections.OrderedDict.fromkeys", _dict_from_keys),
    "collections.ChainMap": _merged,
    **_all("types.SimpleNamespace argparse.Namespace", _namespace),
    "collections.namedtuple": _named_tuple,
    "typing.NamedTuple": _typed_tuple,
    "string.Template": _held_text("template"),
    "re.compile": _held_text("pattern"),
    **_all("io.StringIO io.BytesIO", _held_text("buffer")),
    "dataclasses.asdict": _layout_of_instance,
    **_all(
        "builtins.getattr inspect.getattr_static builtins.object.__getattribute__ builtins.type.__getattribute__ "
        "types.ModuleType.__getattribute__",
        _getattr,
    ),
    "builtins.vars": _vars,
    **_all(
        "operator.getitem builtins.dict.get builtins.dict.__getitem__ builtins.dict.pop builtins.list.__getitem__",
        _under,
    ),
    "operator.attrgetter": _getter("attribute"),
    "operator.itemgetter": _getter("item"),
    "operator.methodcaller": _getter("method"),
    **_all("functools.partial functools.partialmethod types.MethodType", _bound),
    "operator.call": _call,
    "builtins.type": _type,
    "builtins.isinstance": _is_instance,
    "builtins.super": _super,
    **_all("builtins.open io.open io.open_code codecs.open tokenize.open", _file),
    "ast.parse": _parsed,
    **_all("sys._getframe inspect.currentframe", _frame),
    **_all("os.environ.get os.getenv os.environ.setdefault os.environ.pop os.environb.get", _environment),
    **_all("operator.add operator.concat operator.iadd operator.iconcat", _added),
    **_all("operator.mod operator.imod", _percent),
    **_all("contextlib.nullcontext contextlib.closing contextlib.aclosing", _entering),
    "typing.cast": _argument(1),
    "pkgutil.extend_path": _argument(0),
    "builtins.str": _as_text,
    "inspect.getdoc": _docstring,
}
