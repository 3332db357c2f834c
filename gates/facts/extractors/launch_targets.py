"""Which modules a roundabout call may load: read from commands, search paths, settings and dotted names."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Callable, Optional, Union

from gates.facts.extractors.arguments import Argument, Arguments
from gates.facts.extractors.commands import HOLE, Run, may_run_python, run_by, run_by_line, run_in
from gates.facts.extractors.contents import elements
from gates.facts.extractors.dynamic_loading import PATH
from gates.facts.extractors.known_values import (
    Class,
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
)
from gates.facts.extractors.launchers import OF_CONF, VARIABLES
from gates.facts.extractors.loader import Loader
from gates.facts.extractors.loaders import OWN
from gates.facts.extractors.loading_targets import Target, known_part, named, unknown
from gates.facts.extractors.paths import placed
from gates.facts.extractors.pickles import named_by
from gates.facts.extractors.short_text import quoted

_DEEPEST = 12
_LOADING_KEYS = frozenset(
    "|class|()|factory|BACKEND|ENGINE|loaders|context_processors|builtins|libraries|task|KEY_FUNCTION|filter".split("|")
)
_LOADING_KEY = re.compile(r"_(?:CLASS|CLASSES|BACKEND|BACKENDS|HANDLER|SERIALIZER|STORAGE)$")
# A patch of one of these changes what every later import gives.
_DECIDING = frozenset({"sys.modules", "sys.meta_path", "sys.path_hooks", "builtins.__import__"})
_PROMPT = re.compile(r"\s*(?:>>>|\.\.\.) ?(.*)")
_NOT_ALL = Unknown("part of it is not known")

NO_WORDS: Mapping[str, Argument] = {}
Launched = Union[Target, Run]
"""A target, or source text that is to be looked at in turn."""


def launched(loader: Loader, arguments: Arguments) -> Iterator[Launched]:
    """What a call with these arguments may load."""
    argument = arguments.get(loader.position, loader.keyword)
    if loader.kind.startswith("of "):  # the arguments of this program
        for value in argument.values if argument is not None else ():
            words = value.items if isinstance(value, Several) else ((value,),)
            yield from _command(
                Argument((Several(((Known(loader.kind[3:]),), *words)),), argument.text if argument else "")
            )
    elif loader.kind == "words":
        given = tuple(one.values for one in arguments.positional[loader.position :])
        if given:
            text = arguments.positional[loader.position].text
            yield from _command(Argument((Several(given),), text))
    elif loader.kind == "conf":
        yield from _conf(arguments)
    elif argument is not None and loader.kind == "attached":
        yield from _attached(arguments, argument)
    elif argument is not None and loader.kind == "command":
        yield from _command(argument, arguments.words)
    elif argument is not None:
        if loader.kind == "variable":
            yield from _variable(argument, arguments.get(1, "value"))
        else:
            yield from told(loader.kind, argument)


def what_decides(loader: Loader, arguments: Arguments) -> Iterator[Argument]:
    """The arguments by which a call that launches nothing known may launch something all the same."""
    argument = arguments.get(loader.position, loader.keyword)
    if loader.kind == "words":
        first = arguments.positional[loader.position : loader.position + 1]
        if first and any(may_run_python(_word(value)) for value in first[0].values):
            yield from arguments.positional[loader.position :]
    elif argument is not None and loader.kind == "command":
        heads = [value.items[0] if value.items else () for value in argument.values if isinstance(value, Several)]
        lines = [_word(value) for value in argument.values if not isinstance(value, Several)]
        if any(map(may_run_python, (*lines, *(_word(value) for held in heads for value in held)))):
            yield argument
    elif loader.kind == "variable":
        yield from (one for one in (arguments.get(1, "value"),) if one is not None and _says_what(argument))
    elif argument is not None:
        yield argument


def _says_what(variable: Optional[Argument]) -> bool:
    """Whether a variable of the environment is one that decides what is loaded."""
    values = variable.values if variable is not None else ()
    return any(getattr(value, "value", None) in VARIABLES for value in values)


def told(kind: str, argument: Argument) -> Iterator[Launched]:
    """What an argument, or the value of a setting, of this kind says."""
    return _KINDS[kind](argument)


def _variable(key: Argument, value: Union[Argument, None]) -> Iterator[Launched]:
    for one in key.values:
        kind = VARIABLES.get(one.value) if isinstance(one, Known) and isinstance(one.value, str) else None
        if kind is not None and value is not None:
            yield from told(kind, value)


def _command(argument: Argument, words: Mapping[str, Argument] = NO_WORDS) -> Iterator[Launched]:
    """What a command runs; `words` are the call's: the folder it runs in, its environment, and what it is fed."""
    folder = next(iter(_texts(words.get("cwd"))), "")
    for value in argument.values:
        lines = _spelled_out(value.items) if isinstance(value, Several) else ()
        for line in lines:
            yield from _of_runs(run_in(folder, run_by(line)), argument, words)
        if not isinstance(value, Several):
            text = as_text(value)
            line_of_shell = text.text if isinstance(text, Unknown) else text
            yield from _of_runs(run_in(folder, run_by_line(line_of_shell)), argument, words)
    for table in words["env"].values if "env" in words else ():
        for keys, held in table.pairs if isinstance(table, Table) else ():
            key = getattr(keys[0], "value", None) if len(keys) == 1 else None
            if isinstance(key, str) and key in VARIABLES:
                given = told(VARIABLES[key], Argument(held, argument.text))
                # (what a child is told beside its command, and nobody knows here, is mostly a folder of a test's own)
                yield from (one for one in given if not isinstance(one, Target) or one.name is not None)


def _texts(argument: Optional[Argument]) -> Iterator[str]:
    for value in argument.values if argument is not None else ():
        text = value.value if isinstance(value, Known) else None
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if isinstance(text, str):
            yield text


def _spelled_out(positions: Iterable[Values]) -> Iterator[list[str]]:
    """The words of a command, each way that they may be; where there are too many, what is not certain is a hole."""
    lines: list[list[str]] = [[]]
    for values in positions:
        words = [_word(value) for value in values][:_DEEPEST]
        if len(lines) * len(words) > 64:
            words = [HOLE]
        lines = [[*line, *([word] if word is not None else [])] for line in lines for word in words or [HOLE]]
    yield from lines


def _word(value: Value) -> str:
    text = as_text(value)
    return text.text if isinstance(text, Unknown) else text


def _of_runs(runs: Iterable[Run], argument: Argument, words: Mapping[str, Argument] = NO_WORDS) -> Iterator[Launched]:
    for run in runs:
        if run.kind == "input":
            yield from (Run("source", text) for text in _texts(words.get("input")))
            continue
        if run.kind == "source":
            yield unknown(Unknown("part of its source text is not known"), argument) if HOLE in run.text else run
        elif run.kind == "script":
            yield from _path(run.text, argument)
        elif run.kind == "folders":
            for part in run.text.replace(";", ":").split(":"):
                yield from _path(part, argument) if part else ()
        else:
            yield from _name(run.text, argument, needs_dot=run.kind == "object")


def _name(text: str, argument: Argument, needs_dot: bool = False) -> Iterator[Target]:
    text = text.split(":")[0].split("[")[0].strip()
    if HOLE in text:
        if text.strip(f".{HOLE}") or text == HOLE:
            yield unknown(_NOT_ALL._replace(prefix=text.partition(HOLE)[0]), argument)
    elif text and (not needs_dot or "." in text) and all(part.isidentifier() for part in text.split(".")):
        yield named(text, argument)


def _path(text: str, argument: Argument) -> Iterator[Target]:
    place = placed(text)
    if place is None:
        yield Target(None, 0, "the path is not known", "", argument.text)
    elif place:
        yield Target(f"{PATH}{place}", 0, "", "", argument.text)


def _dotted(argument: Argument) -> Iterator[Launched]:
    for value in argument.values:
        text = as_text(value)
        if text in _DECIDING:
            yield Target(None, 0, "what a later import of a module gives is replaced", "", argument.text)
            continue
        if isinstance(text, Unknown):
            if HOLE not in text.prefix:
                yield Target(None, 0, text.reason, known_part(text.prefix), argument.text)
        elif "." in text or ":" in text:
            yield from _name(text.replace(":", "."), argument, needs_dot=True)


def _dotted_or_object(argument: Argument) -> Iterator[Launched]:
    """A text that names something, where the thing itself may stand as well."""
    texts = tuple(value for value in argument.values if isinstance(as_text(value), str))
    return _dotted(Argument(texts, argument.text))


def _name_or_object(argument: Argument) -> Iterator[Launched]:
    """The name of a module, where the module itself may stand as well."""
    return (one for one in _modules(argument) if not isinstance(one, Target) or one.name is not None)


def _examples(argument: Argument) -> Iterator[Launched]:
    """The source of the examples in a docstring."""
    for value in argument.values:
        text = as_text(value)
        if isinstance(text, str):
            lines = (_PROMPT.match(line) for line in text.splitlines())
            yield Run("source", textwrap.dedent("\n".join(line[1] for line in lines if line)))
        elif not isinstance(value, (Named, Function, Class)):
            yield Target(None, 0, text.reason, "", argument.text)


def _pickled(argument: Argument) -> Iterator[Launched]:
    """What a pickle names; one that is not known is taken for data."""
    for value in argument.values:
        held = dict(value.fields).get("buffer", ()) if isinstance(value, Record) else (value,)
        for one in held:
            data = one.value if isinstance(one, Known) else None
            for name in named_by(data) if isinstance(data, bytes) else ():
                yield from _name(name, argument)


def _modules(argument: Argument) -> Iterator[Launched]:
    for value in argument.values:
        if isinstance(value, (Several, Table)):
            for one in elements((value,)):
                yield from _module(one, argument)
        else:
            yield from _module(value, argument)


def _module(value: Value, argument: Argument) -> Iterator[Launched]:
    text = as_text(value)
    if isinstance(text, Unknown):
        if not (isinstance(value, Known) and value.value is None):
            yield Target(None, 0, text.reason, known_part(text.prefix), argument.text)
    elif OWN in text:
        return
    else:
        for part in text.split(","):
            yield from _name(part.strip(), argument)


def _conf(arguments: Arguments) -> Iterator[Launched]:
    """`app.conf.update(imports=[...])`, or with a dict of them."""
    given = [(word, one) for word, one in arguments.words.items()]
    for table in arguments.positional[0].values if arguments.positional else ():
        for keys, held in table.pairs if isinstance(table, Table) else ():
            given.append((str(getattr(keys[0], "value", "")), Argument(held, arguments.positional[0].text)))
    for name, one in given:
        yield from told(OF_CONF[name], one) if name in OF_CONF else ()


def _attached(arguments: Arguments, argument: Argument) -> Iterator[Launched]:
    """`lazy_loader.attach(package, submodules, submod_attrs)`: what is below the package."""
    listed = arguments.get(1, "submodules")
    table = arguments.get(2, "submod_attrs")
    names = [as_text(one) for one in elements(listed.values if listed is not None else ())]
    for value in table.values if table is not None else ():
        names += [as_text(key) for keys, _ in value.pairs for key in keys] if isinstance(value, Table) else []
    known = [name for name in names if isinstance(name, str)]
    packages = [text for text in map(as_text, argument.values) if isinstance(text, str)]
    yield from (named(f"{package}.{name}", argument) for package in packages for name in known)
    if len(known) < len(names) or not known or len(packages) < len(argument.values):
        yield from _modules(argument)


def _expression(argument: Argument) -> Iterator[Launched]:
    yield from (Run("source", text) for text in _texts(argument))


def _folders(argument: Argument) -> Iterator[Launched]:
    for value in argument.values:
        if isinstance(value, Several):
            for one in elements((value,)):
                yield from _folder(one, argument)
        else:
            yield from _folder(value, argument)


def _folder(value: Value, argument: Argument) -> Iterator[Launched]:
    text = as_text(value)
    if isinstance(text, Unknown):
        for part in text.text.split(":") if ":" in text.text else ():  # "candidate:" and the rest
            yield from _path(part, argument) if part and HOLE not in part else ()
        if "sys.path" not in text.reason and "__path__" not in text.reason:
            yield Target(None, 0, text.reason, "", argument.text)
        return
    for part in text.split(":"):
        yield from _path(part, argument) if part else ()


def _script(argument: Argument) -> Iterator[Launched]:
    for value in argument.values:
        text = as_text(value)
        if isinstance(text, str):
            yield from _path(text, argument)


def says_what_to_load(key: str) -> bool:
    """Whether what stands under this key of a table of settings is loaded; "" is the whole of a setting."""
    return key in _LOADING_KEYS or _LOADING_KEY.search(key) is not None


def _settings(argument: Argument, key: str = "", depth: int = 0) -> Iterator[Launched]:
    """Every dotted name in a table of settings under a key that says so; what is not known is somebody's option."""
    for value in argument.values:
        inside: Iterable[tuple[Values, str]] = ()
        if isinstance(value, Several):
            inside = ((held, key) for held in value.items)
        elif isinstance(value, Table):
            inside = ((held, str(getattr(under, "value", ""))) for keys, held in value.pairs for under in keys[:1])
        elif isinstance(value, Known) and isinstance(value.value, str):
            text = value.value
            is_external = text.startswith("ext://")
            if is_external or (says_what_to_load(key) and "." in text):
                name = text[len("ext://") :] if is_external else text
                yield from _name(name, Argument(argument.values, quoted(text)), needs_dot=True)
        for values, under in inside if depth < _DEEPEST else ():
            yield from _settings(Argument(values, argument.text), under, depth + 1)


_KINDS: dict[str, Callable[[Argument], Iterator[Launched]]] = {
    "command": _command,
    "object": _dotted,
    "object?": _dotted_or_object,
    "name": _modules,
    "name?": _name_or_object,
    "examples": _examples,
    "pickled": _pickled,
    "expression": _expression,
    "names": _modules,
    "folder": _folders,
    "folders": _folders,
    "script": _script,
    "settings": _settings,
}
