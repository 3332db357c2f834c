"""Paths as text: what `os.path` and `pathlib` make of constants, and of the place of the file that is being read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Callable, Optional, Union

from gates.facts.extractors.commands import HOLE
from gates.facts.extractors.known_values import MANY, Known, Several, Unknown, Value, Values, as_text
from gates.facts.extractors.loaders import OWN

# The folder of the file being read: facts never know the path. `__file__` is a file in it.
HERE = "\ufdd1here\ufdd1"
FILE_NAME = "\ufdd1file\ufdd1"
FILE = f"{HERE}/{FILE_NAME}"
# The top of the repository, from which the place of a module is known that is read along with the file.
TOP = "\ufdd1top\ufdd1"
ATTRIBUTES = frozenset("parent parents parts name stem suffix".split())
_MOST_UP = 12


def _joined(*parts: str) -> str:
    return posixpath.join(*(part.replace("\\", "/") for part in parts))


def folder_of(path: str) -> str:
    """`dirname`; above the file's own folder it goes on with `..`."""
    path = path.rstrip("/") or path
    if path == HERE or path.endswith("/.."):
        return f"{path}/.."
    return posixpath.dirname(path)


def _same(path: str) -> str:
    return path


def _normal(path: str) -> str:
    return path if HERE in path or TOP in path else posixpath.normpath(path)


FUNCTIONS: Mapping[str, Callable[..., Union[str, tuple[str, str]]]] = {
    "os.path.join": _joined,
    "os.path.dirname": folder_of,
    "os.path.basename": lambda path: posixpath.basename(path),
    "os.path.split": lambda path: (folder_of(path), posixpath.basename(path)),
    "os.path.normpath": _normal,
    **dict.fromkeys(("os.getcwd", "pathlib.Path.cwd"), lambda: "."),
    **dict.fromkeys(
        "os.path.abspath os.path.realpath os.path.expanduser os.path.expandvars os.fspath os.fsdecode".split(), _same
    ),
    **dict.fromkeys(
        "pathlib.Path pathlib.PurePath pathlib.PosixPath pathlib.PurePosixPath pathlib.WindowsPath "
        "pathlib.PureWindowsPath py.path.local".split(),
        lambda *parts: _joined(*parts) if parts else ".",
    ),
}
# Methods of a path; text has none of these names.
METHODS: Mapping[str, Callable[..., str]] = {
    **dict.fromkeys("resolve absolute expanduser as_posix __fspath__ __str__".split(), lambda path, *_: path),
    "joinpath": _joined,
    "with_name": lambda path, name: _joined(folder_of(path), name),
    "with_suffix": lambda path, suffix: posixpath.splitext(path)[0] + suffix,
    "with_stem": lambda path, stem: _joined(folder_of(path), stem + posixpath.splitext(path)[1]),
}


def applied(function: Callable[..., Union[str, tuple[str, str]]], arguments: list[Values]) -> Iterator[Value]:
    """What a function on paths may give for these arguments."""
    for chosen in islice(product(*arguments), MANY):
        texts = [as_text(value) for value in chosen]
        unknown = next((text for text in texts if isinstance(text, Unknown)), None)
        if unknown is not None:
            yield Unknown(unknown.reason)
            continue
        try:
            made = function(*texts)
            yield Several(tuple((Known(part),) for part in made)) if isinstance(made, tuple) else Known(made)
        except (TypeError, ValueError, IndexError):
            yield Unknown("it is no path")


def attribute(path: str, name: str) -> Iterator[Value]:
    """An attribute of a path."""
    if name == "parent":
        yield Known(folder_of(path))
    elif name == "parents":
        above, found = path, []
        for _ in range(_MOST_UP):
            above = folder_of(above)
            found.append((Known(above),))
        yield Several(tuple(found))
    elif name == "stem":
        yield Known(posixpath.splitext(posixpath.basename(path))[0])
    elif name == "name":
        yield Known(posixpath.basename(path))
    elif name == "suffix":
        yield Known(posixpath.splitext(path)[1])
    elif name == "parts":
        yield Several(tuple((Known(part),) for part in path.split("/") if part))


def placed(path: str) -> Optional[str]:
    """A path from the top of the repository, or ("./") from the file's own folder; "" outside, None where not known."""
    if path == TOP or path.startswith(f"{TOP}/"):
        inside = posixpath.normpath(path[len(TOP) :].lstrip("/") or ".")
        return "" if inside.startswith("..") else placed(inside)
    own = path.startswith(HERE)
    rest = path[len(HERE) :].lstrip("/") if own else path.replace("\\", "/")
    if HOLE in rest or HERE in rest or TOP in rest or OWN in rest or FILE_NAME in rest:
        return None
    if own:
        return f"./{rest}"
    is_outside = rest.startswith(("/", "~", "$", "-")) or rest[1:2] == ":"
    return "" if is_outside or not rest else posixpath.normpath(rest)
