"""Functions that call what they are handed, and with which arguments: threads, executors, callbacks, `map` and kin."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import NamedTuple, Optional

from gates.facts.extractors.arguments import Argument, Arguments, Folder, arguments_of, rows_for
from gates.facts.extractors.contents import elements
from gates.facts.extractors.known_values import Several, Table, Unknown, Value
from gates.facts.extractors.places import Scope


class Hander(NamedTuple):
    """Where the function is in a call, and where its arguments are.

    `how`: "rest" (behind it, one by one), "tuple" (a tuple and a dict), "each" (one call for each element), "reduced"
    (the same, behind what came out before), "spread" (one call for each tuple of arguments), "key" (the function is the
    word `key`, the elements come first).
    """

    function: int
    word: str
    how: str
    arguments: int = -1
    arguments_word: str = "args"
    words: str = "kwargs"


_REST = Hander(0, "", "rest")
_SECOND = Hander(1, "", "rest")
_EACH = Hander(0, "func", "each", 1, "iterable")
_APPLIED = Hander(0, "func", "tuple", 1, "args", "kwds")
# By the last part of the name, and (where a name is a common word) by the module that it must come from.
HANDERS: Mapping[str, Hander] = {
    "submit": _REST,
    "to_thread": _REST,
    "run_sync": _REST,
    "run_in_executor": _SECOND,
    "callback": _REST,
    "call_soon": _REST,
    "call_soon_threadsafe": _REST,
    "call_later": _SECOND,
    "call_at": _SECOND,
    "add_callback": _REST,
    "apply": _APPLIED,
    "apply_async": _APPLIED,
    "imap": _EACH,
    "imap_unordered": _EACH,
    "map_async": _EACH,
    "map": _EACH,
    "starmap": Hander(0, "func", "spread", 1, "iterable"),
    "starmap_async": Hander(0, "func", "spread", 1, "iterable"),
    "filter": _EACH,
    "filterfalse": _EACH,
    "takewhile": _EACH,
    "dropwhile": _EACH,
    "functools.reduce": Hander(0, "function", "reduced", 1, "iterable"),
    "atexit.register": _REST,
    "weakref.finalize": _SECOND,
    "operator.call": _REST,
    "threading.Thread": Hander(1, "target", "tuple", 3),
    "threading.Timer": Hander(1, "function", "tuple", 2),
    "multiprocessing.Process": Hander(1, "target", "tuple", 3),
    "multiprocessing.Pool": Hander(1, "initializer", "tuple", 2, "initargs", ""),
    "concurrent.futures.ThreadPoolExecutor": Hander(2, "initializer", "tuple", 3, "initargs", ""),
    "concurrent.futures.ProcessPoolExecutor": Hander(2, "initializer", "tuple", 3, "initargs", ""),
    "Process": Hander(1, "target", "tuple", 3),
    "Pool": Hander(1, "initializer", "tuple", 2, "initargs", ""),
    "ThreadPoolExecutor": Hander(2, "initializer", "tuple", 3, "initargs", ""),
    "ProcessPoolExecutor": Hander(2, "initializer", "tuple", 3, "initargs", ""),
    "multiprocessing.pool.Pool": Hander(1, "initializer", "tuple", 2, "initargs", ""),
    "builtins.sorted": Hander(-1, "key", "key"),
    "builtins.min": Hander(-1, "key", "key"),
    "builtins.max": Hander(-1, "key", "key"),
    "list.sort": Hander(-1, "key", "key"),
    "_thread.start_new_thread": Hander(0, "", "tuple", 1),
}
# They give back the function that they are given, or one that does the same.
SAME = frozenset(
    "functools.lru_cache functools.cache functools.wraps functools.update_wrapper functools.singledispatch "
    "contextlib.contextmanager asyncio.coroutine types.coroutine builtins.staticmethod builtins.classmethod".split()
)


def hander_of(name: str, call: ast.Call) -> Optional[Hander]:
    """How a call hands on: by the function's whole name, or by that of the method."""
    if name in HANDERS:
        return HANDERS[name]
    module, _, last = name.rpartition(".")
    if module in ("builtins", "itertools"):
        return HANDERS.get(last)
    return HANDERS.get(call.func.attr) if isinstance(call.func, ast.Attribute) else None


def handed(hander: Hander, call: ast.Call, node: ast.AST, folding: Folder, scope: Scope) -> list[Arguments]:
    """The arguments of each call that a hander will make of the function at `node`; none where it is something else."""
    positions = [position for position, one in enumerate(call.args) if one is node]
    words = [word.arg for word in call.keywords if word.value is node]
    if positions[:1] != [hander.function] and words[:1] != [hander.word]:
        return []
    given = arguments_of(call, folding, scope)
    if hander.how == "rest":
        named = {word: one for word, one in given.words.items() if word != hander.word}
        return [Arguments(given.positional[hander.function + 1 :], named, given.open)]
    if hander.how == "reduced":  # each time with what came out before, and one element
        before = Argument((Unknown("it is what was worked out before"),), "...")
        lists = given.get(hander.arguments, hander.arguments_word)
        each = elements(folding.opened(lists.values)) if lists is not None else ()
        return [Arguments((before, Argument((one,), "...")), {}, False) for one in each]
    if hander.how == "key":
        return _for_each(given.positional[0].values) if given.positional else []
    found = given.get(hander.arguments, hander.arguments_word)
    if hander.how == "tuple":
        table = given.words.get(hander.words)
        return [_unpacked(found, table)]
    if found is None:
        return []
    if hander.how == "spread":
        rows = elements(found.values)
        return [_unpacked(Argument((row,), found.text), None) for row in rows]
    rest = given.positional[hander.arguments + 1 :]
    if rest:  # map(function, first, second)
        return rows_for([folding.opened(one.values) for one in (found, *rest)])[0]
    return [Arguments((Argument(elements(found.values), found.text),), {}, False)]


def _for_each(values: tuple[Value, ...]) -> list[Arguments]:
    return [Arguments((Argument(elements(values), "..."),), {}, False)]


def _unpacked(positional: Optional[Argument], words: Optional[Argument]) -> Arguments:
    given: list[Argument] = []
    is_open = False
    for value in positional.values if positional is not None else ():
        if isinstance(value, Several) and not given:
            given = [Argument(held, positional.text if positional else "...") for held in value.items]
        else:
            is_open = True
    by_word: dict[str, Argument] = {}
    for value in words.values if words is not None else ():
        for keys, held in value.pairs if isinstance(value, Table) else ():
            name = getattr(keys[0], "value", None) if len(keys) == 1 else None
            if isinstance(name, str):
                by_word[name] = Argument(held, "...")
            else:
                is_open = True
        is_open = is_open or not isinstance(value, Table)
    return Arguments(tuple(given), by_word, is_open)
