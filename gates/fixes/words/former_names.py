"""The modules that keep former names alive for a release: each still works, and warns once (PEP 562)."""

from __future__ import annotations

import ast
import json
import posixpath
from collections.abc import Mapping
from typing import Optional

TABLE = "_former_names.py"

_MODULE = '''"""The former name of {now}, until release {until}: written by `gates fix`, told in .ci/aliases.json."""

import importlib
import warnings

_NOW = "{now}"
_FORMER = {former}
_told = False


def __getattr__(name: str) -> object:
    global _told
    if name == "__path__":
        raise AttributeError(name)
    module = importlib.import_module(_NOW)
    if name == "__all__":
        return getattr(module, name, [one for one in dir(module) if not one.startswith("_")])
    value = getattr(module, _FORMER.get(name, name))
    if not _told:
        _told = True
        warnings.warn(f"{{__name__}} is now {{_NOW}}, until release {until}", DeprecationWarning, stacklevel=2)
    return value


def __dir__() -> list:
    return sorted([*dir(importlib.import_module(_NOW)), *_FORMER])
'''

_PROGRAM = """

if __name__ == "__main__":
    import runpy

    warnings.warn(f"this is now {_NOW}", DeprecationWarning, stacklevel=1)
    runpy.run_module(_NOW, run_name="__main__", alter_sys=True)
"""

_TABLE = '''"""Former names of this package, until release {until}: written by `gates fix`, told in .ci/aliases.json."""

import sys
import warnings

_FORMER = {former}
_told = set()


def former(module: str, name: str) -> object:
    """What a module's former name stands for; it warns once. AttributeError where it is none."""
    now = _FORMER.get(module, {{}}).get(name)
    if now is None:
        raise AttributeError(f"module {{module!r}} has no attribute {{name!r}}")
    if (module, name) not in _told:
        _told.add((module, name))
        warnings.warn(f"{{module}}.{{name}} is now {{now}}, until release {until}", DeprecationWarning, stacklevel=3)
    return getattr(sys.modules[module], now)
'''

_DOOR = '''

def __getattr__(name: str) -> object:
    """Former names of this module."""
    from {table} import former

    return former(__name__, name)
'''

Table = Mapping[str, Mapping[str, str]]
"""Module to former name to name."""


def module_for(now: str, former: Mapping[str, str], until: str, is_program: bool) -> bytes:
    """The module that stands where a renamed one stood; it still runs, where that was a program."""
    text = _MODULE.format(now=now, former=_literal(former), until=until)
    return (text + (_PROGRAM if is_program else "")).encode()


def table_for(former: Table, until: str) -> bytes:
    """The module that knows the former names of all modules of a package."""
    return _TABLE.format(former=_literal(former), until=until).encode()


def former_in(table: bytes) -> dict[str, dict[str, str]]:
    """The names that a table knows already. ValueError where it is not as it was written."""
    for statement in ast.parse(table).body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == "_FORMER":
            return dict(ast.literal_eval(statement.value))
    raise ValueError("it has no _FORMER")


def door_to(table: str, newline: str = "\n") -> bytes:
    """What a module needs at its end, so that its former names are found."""
    return _DOOR.format(table=table).replace("\n", newline).encode()


def table_place(path: str, packages: Mapping[str, str]) -> Optional[tuple[str, str]]:
    """Path and dotted name of the table for a module: in its topmost package. None for one in no package."""
    folder = posixpath.dirname(path)
    top = ""
    while folder in packages and posixpath.basename(folder).isidentifier():
        top, folder = folder, posixpath.dirname(folder)
    return (f"{top}/{TABLE}", f"{packages[top]}.{TABLE[:-3]}") if top else None


def _literal(value: object) -> str:
    return json.dumps(value, indent=4, sort_keys=True, ensure_ascii=True)
