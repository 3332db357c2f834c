"""What each name of a Python file is there, bound or foreign, and what each text is: a key, a name, a value."""

from __future__ import annotations

import ast
import codecs
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple, Optional, Union

from gates.facts.modules import Modules

LOOKUP, READ, WRITTEN, ENVIRONMENT, CODE, PART, FORMATTED, BARE = (
    "lookup", "read", "written", "environment", "code", "part", "formatted", "bare"
)  # fmt: skip
"""How a text is used: it names something of Python; a key that is read, or written; a variable of the environment;
a command, a query, a pattern; a part of a path; put together at run time; or not known."""

_LOOK_UP = frozenset(
    "getattr setattr hasattr delattr attrgetter methodcaller object usefixtures parametrize cast TypeVar ForwardRef "
    "NewType namedtuple".split()
)
_READ_FIRST = frozenset("get pop setdefault itemgetter setitem delitem".split())
_ENVIRONMENT = frozenset("getenv putenv unsetenv setenv delenv".split())
_RUN = frozenset(
    "run call check_call check_output Popen system popen getoutput getstatusoutput execute executemany executescript "
    "exec eval raw".split()
)
_PARTS = frozenset("join joinpath Path PurePath PurePosixPath open glob rglob exists isfile isdir".split())
_LISTED = ("__all__", "__slots__", "__match_args__")
_FIELD = re.compile(r"\{([A-Za-z_]\w*)[^{}]*\}|%\(([A-Za-z_]\w*)\)|\(\?P[<=](\w+)|\$\{?([A-Za-z_]\w*)")
_HOLE = re.compile(r"\{\w*(?:[.!:\[][^{}]*)?\}|%[-+ #0-9.]*[sdrifgx]|%\(\w+\)[sdrif]|\0")
_LINE = re.compile(rb"\r\n|\n|\r")


class Text(NamedTuple):
    """A text that is written out: its place in the file, quotes included, what it is worth, how it is used."""

    start: int
    end: int
    value: str
    use: str


class Import(NamedTuple):
    """One statement. `names` is empty for `import a.b`, and ("*",) for all names."""

    line: int
    level: int
    module: str
    names: tuple[str, ...] = ()


@dataclass
class Uses:
    """The names and the texts of one file. `foreign` maps a name of another distribution to where it comes from."""

    every: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    """Bound where others can reach them: classes, functions, parameters, attributes, names of the module."""
    attributes: set[str] = field(default_factory=set)
    """Bound of an object, or in the body of a class."""
    top: set[str] = field(default_factory=set)
    """Bound at the top of the module, but for what is imported."""
    taken: set[str] = field(default_factory=set)
    """Imported at the top of the module."""
    foreign: dict[str, str] = field(default_factory=dict)
    imports: list[Import] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    """In their order; those within an f-string are in `values` only, for their places cannot be told on old Pythons."""
    values: set[tuple[str, str]] = field(default_factory=set)
    """(text, use) of all of them."""
    built: set[str] = field(default_factory=set)
    """Patterns of names that are put together at run time."""
    fields: set[str] = field(default_factory=set)
    """Fields of formats and groups of patterns, which are names in a text."""

    def text_at(self, place: int) -> Optional[Text]:
        """The text that holds a place of the file."""
        return next((text for text in self.texts if text.start <= place < text.end), None)


def uses(source: bytes, is_ours: Callable[[str], bool]) -> Uses:
    """What is in a file. `is_ours` tells of the first part of a module's name whether it lies here.

    SyntaxError, ValueError, RecursionError, MemoryError where this Python cannot read it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    found = Uses()
    labels: dict[int, str] = {}
    roots: dict[str, str] = {}
    for node, scope in _walked(tree):
        _bind(node, scope, found)
        _import(node, scope, found, roots, is_ours)
        labels.update((id(text), use) for text, use in _labelled(node))
    for node, _ in _walked(tree):
        _take(node, roots, found)
    _Texts(source, labels, found).read(tree)
    return found


def _walked(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Each node, with the nature of what it stands in: module, class or function."""
    waiting: list[tuple[ast.AST, str]] = [(tree, "module")]
    while waiting:
        node, scope = waiting.pop()
        yield node, scope
        within = scope
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            within = "function"
        elif isinstance(node, ast.ClassDef):
            within = "class"
        waiting.extend((child, within) for child in ast.iter_child_nodes(node))


def _bind(node: ast.AST, scope: str, found: Uses) -> None:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        _bound(node.name, scope, found)
    elif isinstance(node, ast.arg):
        _bound(node.arg, "parameter", found)
    elif isinstance(node, ast.Name):
        found.every.add(node.id)
        if not isinstance(node.ctx, ast.Load):
            _bound(node.id, scope, found)
    elif isinstance(node, ast.Attribute):
        found.every.add(node.attr)
        if not isinstance(node.ctx, ast.Load):
            _bound(node.attr, "class", found)
    elif isinstance(node, ast.keyword) and node.arg is not None:
        found.every.add(node.arg)
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        for name in node.names:
            _bound(name, "module", found)
    else:  # `except ... as name`, and what a pattern captures
        for captured in (getattr(node, "name", None), getattr(node, "rest", None)):
            if isinstance(captured, str) and not isinstance(node, ast.alias):
                _bound(captured, scope, found)


def _bound(name: str, scope: str, found: Uses) -> None:
    found.every.add(name)
    found.bound.add(name)
    if scope != "function":
        found.members.add(name)
    if scope == "class":
        found.attributes.add(name)
    if scope == "module":
        found.top.add(name)


def _import(node: ast.AST, scope: str, found: Uses, roots: dict[str, str], is_ours: Callable[[str], bool]) -> None:
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        ours = node.level > 0 or is_ours(module.split(".")[0])
        names = tuple(alias.name for alias in node.names)
        found.imports.append(Import(node.lineno, node.level, module, names))
        _from(module.split(".") if module else [], module, ours, found)
        _from([name for name in names if name != "*"], module, ours, found)
        if not ours:
            roots.update((alias.asname or alias.name, module) for alias in node.names)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            ours = is_ours(alias.name.split(".")[0])
            found.imports.append(Import(node.lineno, 0, alias.name))
            _from(alias.name.split("."), alias.name, ours, found)
            if not ours:
                roots[alias.asname or alias.name.split(".")[0]] = alias.name
    else:
        return
    for alias in node.names:
        if alias.asname is not None:
            _bound(alias.asname, "function", found)
        if scope == "module":
            found.taken.add(alias.asname or alias.name.split(".")[0])


def _from(names: list[str], module: str, ours: bool, found: Uses) -> None:
    found.every.update(names)
    if not ours:
        for name in names:
            found.foreign.setdefault(name, module)


def _take(node: ast.AST, roots: dict[str, str], found: Uses) -> None:
    """What is reached by way of something foreign is foreign: its attributes, the parameters of its functions."""
    if isinstance(node, ast.Attribute) and _root(node) in roots:
        found.foreign.setdefault(node.attr, roots[_root(node)])
    if isinstance(node, ast.Call) and _root(node.func) in roots:
        for keyword in node.keywords:
            if keyword.arg is not None:
                found.foreign.setdefault(keyword.arg, roots[_root(node.func)])


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def absolute(modules: Modules, path: str, one: Import) -> str:
    """The dotted name of the module that a statement names."""
    if not one.level:
        return one.module
    package = modules.package_of(path).split(".")
    return ".".join([*package[: len(package) - one.level + 1], *([one.module] if one.module else [])])


# How texts are used


def _labelled(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """The texts right below a node, by what it does with them."""
    if isinstance(node, ast.Dict):
        yield from ((key, WRITTEN) for key in node.keys if key is not None)
    elif isinstance(node, ast.Subscript):
        use = READ if isinstance(node.ctx, ast.Load) else WRITTEN
        yield node.slice, ENVIRONMENT if _last(node.value) == "environ" else use
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        yield node.left, READ
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield from ((side, PART) for side in (node.left, node.right))
    elif isinstance(node, ast.Call):
        yield from _arguments(node)
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is not None and any(_last(target) in _LISTED for target in targets):
            yield from ((text, LOOKUP) for text in ast.walk(node.value))
    if isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None:
        yield from ((text, LOOKUP) for text in ast.walk(node.annotation))
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
        yield from ((text, LOOKUP) for text in ast.walk(node.returns))


def _arguments(call: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    name = _last(call.func)
    owner = _last(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    everything = [*call.args, *(keyword.value for keyword in call.keywords)]
    if name in _ENVIRONMENT or owner == "environ":
        yield from ((text, ENVIRONMENT) for text in call.args[:1])
    elif name in _READ_FIRST:
        yield from ((text, READ) for text in call.args[: 2 if name in ("setitem", "delitem") else 1])
    elif name in _LOOK_UP or (name in ("setattr", "delattr") and owner):
        yield from ((text, LOOKUP) for text in call.args)
    elif name in _RUN or owner == "re":
        yield from ((text, CODE) for one in everything for text in ast.walk(one))
    elif name in _PARTS:
        yield from ((text, PART) for text in call.args)
    yield from ((keyword.value, ENVIRONMENT) for keyword in call.keywords if keyword.arg in ("envvar", "env"))


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


class _Texts:
    """The texts of a file, with their places."""

    def __init__(self, source: bytes, labels: dict[int, str], found: Uses) -> None:
        self._labels = labels
        self._found = found
        mark = codecs.BOM_UTF8 if source.startswith(codecs.BOM_UTF8) else b""
        source = source[len(mark) :]
        ends = [match.end() for match in _LINE.finditer(source)]
        self._lines = [source[start:end] for start, end in zip([0, *ends], [*ends, len(source)])]
        widths = (len(line.decode("utf-8", "replace")) for line in self._lines)
        self._starts = [*accumulate(widths, initial=1 if mark else 0)]

    def read(self, tree: ast.Module) -> None:
        waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
        while waiting:
            node, is_inside = waiting.pop()
            if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
                self._constant(node, is_inside)
            elif isinstance(node, ast.JoinedStr):
                self._joined(node, is_inside)
                fields = [value for value in node.values if isinstance(value, ast.FormattedValue)]
                waiting.extend((value.value, True) for value in fields)
                continue
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
                self._built(node)
            elif isinstance(node, ast.Call) and _last(node.func) in ("dict", "update"):
                self._found.values.update((one.arg, WRITTEN) for one in node.keywords if one.arg is not None)
            waiting.extend((child, is_inside) for child in ast.iter_child_nodes(node))
        self._found.texts.sort()

    def _constant(self, node: ast.Constant, is_inside: bool) -> None:
        value = node.value.decode("latin-1") if isinstance(node.value, bytes) else str(node.value)
        use = self._labels.get(id(node), BARE)
        self._found.values.add((value, use))
        self._found.fields.update(part for match in _FIELD.finditer(value) for part in match.groups() if part)
        if not re.search(r"\s", value) and _HOLE.search(value):
            self._pattern(_HOLE.split(value))
        if not is_inside:
            self._placed(node, value, use)

    def _joined(self, node: ast.JoinedStr, is_inside: bool) -> None:
        parts = [str(one.value) if isinstance(one, ast.Constant) else "\0" for one in node.values]
        value = "".join(parts)
        if not re.search(r"\s", value):
            self._pattern(value.split("\0"))
        if not is_inside:
            use = self._labels.get(id(node), FORMATTED)
            self._placed(node, value, use if use in (CODE, ENVIRONMENT) else FORMATTED)

    def _built(self, node: ast.BinOp) -> None:
        for side, joint in ((node.left, "{}\0"), (node.right, "\0{}")):
            if isinstance(side, ast.Constant) and isinstance(side.value, str) and not re.search(r"\s", side.value):
                self._pattern(joint.format(side.value).split("\0"))

    def _pattern(self, parts: list[str]) -> None:
        if any(re.search(r"\w{3}", part) for part in parts):
            self._found.built.add(r"\w*".join(map(re.escape, parts)))

    def _placed(self, node: Union[ast.Constant, ast.JoinedStr], value: str, use: str) -> None:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._place(node.lineno, node.col_offset)
        self._found.texts.append(Text(start, self._place(node.end_lineno, node.end_col_offset), value, use))

    def _place(self, line: int, column: int) -> int:
        """Of a position in the decoded file; the parser counts bytes of a line, and leaves the mark out."""
        return self._starts[line - 1] + len(self._lines[line - 1][:column].decode("utf-8", "replace"))
