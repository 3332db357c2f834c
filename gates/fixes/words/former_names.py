"""The modules that keep former names alive for a release: each still works, and warns once (PEP 562)."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from typing import Optional

TABLE = "_former_names.py"

_MODULE = '''"""The former name of {now}{until}. Written by `gates fix`; .ci/aliases.json says when it goes."""

import importlib
import warnings

_NOW = "{now}"
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
        warnings.warn(f"{{__name__}} is now {{_NOW}}{until}", DeprecationWarning, stacklevel=2)
    return value


def __dir__() -> list:
    return sorted([*dir(importlib.import_module(_NOW)), *_FORMER])


_FORMER = {former}
'''

_TABLE = '''"""Former names of what is in this package{until}. Written by `gates fix`; .ci/aliases.json knows it."""

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
        warnings.warn(f"{{module}}.{{name}} is now {{now}}{until}", DeprecationWarning, stacklevel=3)
    return getattr(sys.modules[module], now)
'''

_DOOR = '''

def __getattr__(name: str) -> object:
    """Former names of this module."""
    from {table} import former

    return former(__name__, name)
'''


def module_for(now: str, former: Mapping[str, str], until: Optional[str]) -> bytes:
    """The module that stands where a renamed one stood. A package's says where its own modules went, too."""
    return _MODULE.format(now=now, former=_literal(former), until=_until(until)).encode()


def table_for(former: Mapping[str, Mapping[str, str]], until: Optional[str]) -> bytes:
    """The module that knows the former names of all modules of a package."""
    return _TABLE.format(former=_literal(former), until=_until(until)).encode()


def door_to(table: str) -> str:
    """What a module needs at its end, so that its former names are found."""
    return _DOOR.format(table=table)


def table_place(path: str, packages: Mapping[str, str]) -> Optional[tuple[str, str]]:
    """Path and dotted name of the table for a module: in its topmost package. None for one in no package."""
    folder = posixpath.dirname(path)
    top: Optional[str] = None
    while folder in packages:
        top, folder = folder, posixpath.dirname(folder)
    return None if top is None else (f"{top}/{TABLE}", f"{packages[top]}.{TABLE[:-3]}")


def _literal(value: object) -> str:
    return json.dumps(value, indent=4, sort_keys=True, ensure_ascii=True)


def _until(until: Optional[str]) -> str:
    return f", until release {until}" if until is not None else ""
