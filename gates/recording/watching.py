"""The import functions, wrapped, and an audit hook: who imports what, as it happens.

An import that finds its module loaded already raises no event, and `import_module` raises none that names it: so the
functions that every import goes through are wrapped. What runs a file without them (a loader's `exec_module`, `runpy`,
`exec` of a compiled file, `reload`) is seen by the audit event of `exec`.
"""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Iterator
from importlib import _bootstrap as _import_system
from importlib.machinery import ModuleSpec
from opcode import opmap
from typing import Any, Callable, NamedTuple, Optional

from gates.facts.imported import STATEMENT
from gates.recording.places import ELSEWHERE, IMPORT_SYSTEM, TEXT, Places

_Key = tuple[Any, ...]
_Target = tuple[str, Optional[str]]
_bootstrap: Any = _import_system
_IMPORT_NAME = opmap["IMPORT_NAME"]
# `warnings` leaves frames of such a file out when it counts stack levels: a warning that a module gives about whoever
# imports it is said of the same line with us as without us.
_WRAPPED = "<frozen importlib._bootstrap, seen by gates>"
_PASSED = (IMPORT_SYSTEM, TEXT)
_C = "<C>"
_FROZEN = "<frozen importlib"
_PARENT = "_call_with_frames_removed"


class Ran(NamedTuple):
    """One import that happened: the path and line that asked for it, and what was imported, as `Imported` has it."""

    importer: str
    line: int
    name: str
    path: Optional[str]
    through: str


class _Asked(NamedTuple):
    """What an import function was asked for; `held` are the globals of whoever asks, where it is relative to them.

    `plain` is what a library's import of a library is known by, which is of no interest ever again. By name: through
    `import_module`. From C: as PyImport_Import asks, for what some function written in C wants.
    """

    name: str
    held: Any
    level: int
    entries: tuple[str, ...]
    plain: Optional[_Key] = None
    is_by_name: bool = False
    is_from_c: bool = False


class Watch:
    """What happens between `start` and `stop`, in every thread of this process.

    `faults` are the recorder's own: whatever they are, they reach no import.
    """

    def __init__(self, root: str) -> None:
        self.ran: set[Ran] = set()
        self.faults: list[str] = []
        self._places = Places(root)
        self._settled: set[_Key] = set()
        self._seen: set[_Key] = set()
        self._is_on = False
        self._import: Callable[..., Any] = builtins.__import__
        self._by_name: Callable[..., Any] = _bootstrap._gcd_import
        self._wrapped_import = self._wrap_import(self._import)
        self._wrapped_by_name = self._wrap_by_name(self._by_name)

    def start(self) -> None:
        """Begin to see."""
        self._is_on = True
        sys.addaudithook(self._hook())  # stays for as long as the process runs
        builtins.__import__ = self._wrapped_import
        _bootstrap._gcd_import = self._wrapped_by_name  # what import_module calls, whoever holds a reference to it

    def stop(self) -> None:
        """See no more; a function that somebody else has wrapped since stays as it is."""
        self._is_on = False
        if builtins.__import__ is self._wrapped_import:
            builtins.__import__ = self._import
        if _bootstrap._gcd_import is self._wrapped_by_name:
            _bootstrap._gcd_import = self._by_name

    # --- what is called for every import ------------------------------------------------------------------------------

    def _wrap_import(self, original: Callable[..., Any]) -> Callable[..., Any]:
        seen, settled, frame_of = self._seen, self._settled, sys._getframe

        def watched(
            name: str,
            globals: Any = None,  # noqa: A002  (the names are those of the function that it stands for)
            locals: Any = None,  # noqa: A002
            fromlist: Any = (),
            level: int = 0,
        ) -> Any:
            __tracebackhide__ = True
            try:
                module = original(name, globals, locals, fromlist, level)
            except BaseException as error:
                self._failed(frame_of(1), error, is_by_name=False)
                raise
            # From here on: the price of every import that was seen before. Strings know their hash, and a frame costs
            # two audit events; some libraries import within their innermost loops.
            plain: Optional[_Key] = None
            if globals.__class__ is dict and fromlist.__class__ is not list:
                plain = (globals.get("__name__"), name, level, fromlist)
                if plain in settled:
                    return module
            frame = frame_of(1)
            code = frame.f_code
            key: _Key = (code.co_filename, code.co_firstlineno, frame.f_lasti, name, level)
            if fromlist.__class__ is tuple:
                key += fromlist
            elif fromlist:
                key += tuple(map(str, fromlist))
            if key not in seen:
                is_from_c = fromlist.__class__ is list and not fromlist and globals is not None
                self._imported(frame, key, _Asked(name, globals, level, key[5:], plain, is_from_c=is_from_c))
            return module

        return _unseen(watched)

    def _wrap_by_name(self, original: Callable[..., Any]) -> Callable[..., Any]:
        frame_of = sys._getframe

        def watched(name: str, package: Optional[str] = None, level: int = 0) -> Any:
            __tracebackhide__ = True
            frame = frame_of(1)
            code = frame.f_code
            if code.co_name == _PARENT and code.co_filename.startswith(_FROZEN):
                # A package on the way to the module that somebody asked for.
                return original(name, package, level)
            try:
                module = original(name, package, level)
            except BaseException as error:
                self._failed(frame, error, is_by_name=True)
                raise
            self._imported(frame, (), _Asked(name, {"__package__": package}, level, (), is_by_name=True))
            return module

        return _unseen(watched)

    def _hook(self) -> Callable[[str, tuple[Any, ...]], None]:
        frame_of = sys._getframe

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "exec" and self._is_on:
                self._executed(frame_of(1), arguments[0])

        return hook

    # --- what is called for what was not seen before ------------------------------------------------------------------

    def _imported(self, frame: types.FrameType, key: _Key, asked: _Asked) -> None:
        if not self._is_on:
            return
        try:
            self._note(frame, key, asked)
        except Exception as error:  # noqa: BLE001  (a fault of the recorder fails no test; the recording says it)
            self._fault(error)

    def _note(self, frame: types.FrameType, key: _Key, asked: _Asked) -> None:
        asking = self._asking(frame)
        if asking is None:
            return
        code = asking.f_code
        name = _absolute(asked)
        through = "" if asked.is_by_name else _C if asked.is_from_c else self._how(frame)
        if asked.is_by_name or asking is not frame:
            key = (code.co_filename, code.co_firstlineno, asking.f_lasti, name, 0, *asked.entries)
            if key in self._seen:
                return
        targets = [(target, self._path_of(target)) for target in _entered(name, asked.entries)]
        place = self._places.of_code(code.co_filename)
        if place != ELSEWHERE:
            # What a statement takes from elsewhere is nobody's question; what a call or a text takes answers one.
            self._add(place, asking.f_lineno, targets if through == "" else _inside(targets), through)
        elif _inside(targets):
            self._add_for_caller(asking, _inside(targets), through)
            return  # the next time it may be somebody else who called the library
        elif asking is frame and asked.plain is not None:
            self._settled.add(asked.plain)
            return
        self._seen.add(key)

    def _how(self, frame: types.FrameType) -> str:
        """How a frame asks the import function itself, as `Imported.through` says it."""
        place = self._places.of_code(frame.f_code.co_filename)
        if place == IMPORT_SYSTEM:
            return _library(frame)
        is_statement = frame.f_code.co_code[frame.f_lasti] == _IMPORT_NAME
        return STATEMENT if is_statement and place != TEXT else ""

    def _asking(self, frame: Optional[types.FrameType]) -> Optional[types.FrameType]:
        """The first frame from here on that is neither the import system's nor of code without a file."""
        while frame is not None and self._places.of_code(frame.f_code.co_filename) in _PASSED:
            frame = frame.f_back
        return frame

    def _add_for_caller(self, frame: types.FrameType, targets: list[_Target], how: str) -> None:
        for caller, place, through in self._callers(frame, how):
            if place != ELSEWHERE and place not in _PASSED:
                self._add(place, caller.f_lineno, targets, through)
                return

    def _callers(
        self, frame: Optional[types.FrameType], through: str = ""
    ) -> Iterator[tuple[types.FrameType, str, str]]:
        """Each frame with its place, and the library that it called, or else `through`."""
        while frame is not None:
            place = self._places.of_code(frame.f_code.co_filename)
            yield frame, place, through
            if place == ELSEWHERE:
                through = _library(frame)
            frame = frame.f_back

    def _add(self, importer: str, line: int, targets: list[_Target], through: str) -> None:
        self.ran.update(Ran(importer, line, name, path, through) for name, path in targets if path != importer)

    def _executed(self, frame: types.FrameType, code: Any) -> None:
        try:
            if code.co_name == "<module>":
                path = self._places.path_of(code.co_filename)
                if path is not None:
                    self._note_execution(frame, path)
        except Exception as error:  # noqa: BLE001  (raised from a hook, it would reach whoever runs code)
            self._fault(error)

    def _note_execution(self, frame: types.FrameType, path: str) -> None:
        is_others = False
        for caller, place, through in self._callers(frame):
            if caller.f_code.co_filename == _WRAPPED and not is_others:
                return  # the wrapped function says it when it is done, with the name
            if place == ELSEWHERE:
                is_others = is_others or caller.f_code.co_name == "<module>"
            elif place not in _PASSED:
                self._add(place, caller.f_lineno, [("", path)], through)
                return

    def _failed(self, frame: types.FrameType, error: BaseException, is_by_name: bool) -> None:
        """An import that was given up: the file that it ran until there is in the traceback."""
        if not self._is_on:
            return
        try:
            trace = error.__traceback__
            while trace is not None:
                code = trace.tb_frame.f_code
                path = self._places.path_of(code.co_filename) if code.co_name == "<module>" else None
                if path is not None and trace.tb_frame is not frame:
                    self._add_for_caller(frame, [("", path)], "" if is_by_name else self._how(frame))
                    return
                trace = trace.tb_next
        except Exception as fault:  # noqa: BLE001  (the error that is under way is the one to be heard of)
            self._fault(fault)

    def _fault(self, error: Exception) -> None:
        fault = f"the recorder failed: {type(error).__name__}: {error}"
        if fault not in self.faults:
            self.faults.append(fault)

    def _path_of(self, name: str) -> Optional[str]:
        """Where the loaded module of this name lies; see Ran."""
        module = sys.modules.get(name)
        if module is None:
            return ""
        try:
            # Past any __getattr__ of the module's own: a lazy module is not to be loaded by being looked at.
            held = object.__getattribute__(module, "__dict__")
        except AttributeError:
            return ""
        spec = held.get("__spec__")
        if isinstance(spec, ModuleSpec) and spec.has_location and spec.origin:
            return self._places.path_of(spec.origin)
        if isinstance(held.get("__file__"), str):
            return self._places.path_of(held["__file__"])
        if not isinstance(spec, ModuleSpec):
            return ""
        portions = spec.submodule_search_locations
        inside = portions is not None and any(self._places.path_of(str(portion)) for portion in portions)
        return "" if inside else None


def _inside(targets: list[_Target]) -> list[_Target]:
    return [target for target in targets if target[1] is not None]


def _library(frame: types.FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _entered(name: str, entries: tuple[str, ...]) -> Iterator[str]:
    """The modules that `from name import entries` enters: those of the entries that are modules, else `name` itself."""
    for entry in entries or ("",):
        below = f"{name}.{entry}"
        yield below if entry and below in sys.modules else name


def _absolute(asked: _Asked) -> str:
    """The name that an import relative to a module means."""
    name, held, level = asked[:3]
    if not level:
        return name
    package = held.get("__package__")
    if package is None:
        spec = held.get("__spec__")
        inside = held["__name__"] if "__path__" in held else held["__name__"].rpartition(".")[0]
        package = inside if spec is None else spec.parent
    base = package.rsplit(".", level - 1)[0] if level > 1 else package
    return f"{base}.{name}" if name else base


def _unseen(function: Any) -> Callable[..., Any]:
    """The same function; its frames look like the import system's own."""
    function.__code__ = function.__code__.replace(co_filename=_WRAPPED)
    wrapped: Callable[..., Any] = function
    return wrapped
