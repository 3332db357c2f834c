"""What of a process a test can leave changed for the next one: looked at before and after it."""

from __future__ import annotations

import builtins
import logging
import os
import signal
import socket
import sys
import threading
import types
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_SHOWN = 40
_DEEP = 3
_LONG = 200
# Replaced by tests that patch by hand; whatever else of the library is changed is its own business.
_PATCHED = ("builtins", "datetime", "io", "json", "locale", "os", "os.path", "random", "shutil", "socket", "subprocess",
            "sys", "tempfile", "threading", "time")  # fmt: skip
_RESTLESS = frozenset(("PYTEST_CURRENT_TEST", "os.environ['PYTEST_CURRENT_TEST']"))


def state(root: str) -> dict[str, str]:
    """Name to what is there now, as text that differs where it does. Of the project: the globals of its modules."""
    return {name: value for name, value in _state(root) if name not in _RESTLESS}


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What was left changed, `shared.CONFIG: 'prod' -> 'debug'`."""
    told = []
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one != other:
            told.append(f"{name}: {_short(one)} -> {_short(other)}")
    return told


def _short(value: object) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _state(root: str) -> Iterator[tuple[str, str]]:
    yield from ((f"os.environ[{name!r}]", repr(value)) for name, value in os.environ.items())
    yield "the working directory", _folder()
    yield "sys.path", repr(sys.path)
    yield "warnings.filters", _mark(warnings.filters)
    logger = logging.getLogger()
    yield "the level of the root logger", repr(logger.level)
    yield "logging.disable", repr(logger.manager.disable)
    yield "the default timeout of sockets", repr(socket.getdefaulttimeout())
    yield "the umask", oct(_umask())
    yield "the handler of SIGINT", repr(signal.getsignal(signal.SIGINT))
    yield "threads", repr(sorted(thread.name for thread in threading.enumerate() if thread.is_alive()))
    for name in _PATCHED:
        module = sys.modules.get(name)
        held = vars(module).items() if module is not None else ()
        yield from ((f"{name}.{key}", _identity(value)) for key, value in held if callable(value))
    yield from (
        (f"sys.modules[{name!r}]", "loaded") for name, module in list(sys.modules.items()) if module is not None
    )
    yield from _of_project(root)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "one that is gone"


def _umask() -> int:
    held = os.umask(0)
    os.umask(held)
    return held


def _of_project(root: str) -> Iterator[tuple[str, str]]:
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(module, types.ModuleType) or not isinstance(file, str) or not file.startswith(root):
            continue
        if f"{os.sep}site-packages{os.sep}" in file:
            continue
        for key, value in list(vars(module).items()):
            if key.startswith(("__", "@")):
                continue
            yield f"{name}.{key}", _mark(value)
            if isinstance(value, type) and value.__module__ == name:
                own = ((each, held) for each, held in list(vars(value).items()) if not each.startswith("__"))
                yield from ((f"{name}.{key}.{each}", _mark(held)) for each, held in own)


def _identity(value: object) -> str:
    return f"{type(value).__name__} at {id(value):x}"


def _mark(value: Any, depth: int = _DEEP) -> str:
    """A text that tells the value from another: plain data by content, anything else by which object it is."""
    if isinstance(value, _PLAIN):
        return repr(value)[:_LONG]
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        parts = [_mark(item, depth - 1) for item in list(value)[:_LONG]]
        ordered = sorted(parts) if isinstance(value, (set, frozenset)) else parts
        return f"{type(value).__name__} of {len(value)}: {', '.join(ordered)}"
    if depth and isinstance(value, dict):
        pairs = (f"{_mark(key, 0)}: {_mark(item, depth - 1)}" for key, item in list(value.items())[:_LONG])
        return f"{type(value).__name__} of {len(value)}: {', '.join(pairs)}"
    if isinstance(value, (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)):
        return _identity(value)
    held = getattr(value, "__dict__", None)
    if depth and type(held) is dict and type(value).__module__ != builtins.__name__:
        return f"{_identity(value)} with {_mark(held, depth - 1)}"
    return _identity(value)
