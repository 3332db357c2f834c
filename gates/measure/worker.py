"""One launch of the benchmarks: a process of its own that times a function whenever it is told to.

Run as a script, by the interpreter of the project that is measured, so it knows nothing but the standard library and,
for benchmarks that are tests, pytest. Head and base each have one; whoever started them says on a pipe, round by
round, whose turn it is, so that what disturbs the machine disturbs both. JSON lines:

    told: {"at": ID, "seconds": 0.0016}    {"seconds": 0.0031, "each": [0.0016, 0.0015]}    {"ended": 0, "loaded": []}
    asked: {"round": 2}    {"instructions": 3}    {"memory": 1}    {"leave": 1}

The fixture `benchmark` is the one of pytest-benchmark by its face; what times is here.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable, Optional

Call = Callable[[], Any]
# A first call imports, connects and fills caches; these come before anything is timed.
WARM_CALLS = 3
WARM_SECONDS = 0.05
IDLE_PLUGINS = ("gates.recorder", "hypothesispytest", "pytest_cov", "xdist", "xdist.looponfail")


class Parent:
    """The process that started this one: told what there is, and asked what to do."""

    def __init__(self, read: int, write: int) -> None:
        self._asked = os.fdopen(read, "r", encoding="ascii")
        self._told = os.fdopen(write, "w", encoding="ascii")

    def tell(self, what: dict[str, Any]) -> None:
        """One line to the parent."""
        self._told.write(json.dumps(what) + "\n")
        self._told.flush()

    def asks(self) -> dict[str, Any]:
        """The next line of the parent; where there is none it is gone, and so is the reason to go on."""
        line = self._asked.readline()
        if not line:
            os._exit(1)  # pragma: no cover - the process that measures coverage would end, until 2027-11-30
        asked: dict[str, Any] = json.loads(line)
        return asked

    def close(self) -> None:
        """Nothing more is said."""
        self._asked.close()
        self._told.close()


def serve(parent: Parent, name: str, call: Call, one: Optional[Callable[[], float]] = None) -> None:
    """Time `call` whenever the parent says so, until it says leave; `one` times a call that needs preparing."""
    one = one or _timed(call)
    began = time.perf_counter()
    seconds = [one()]
    while len(seconds) < WARM_CALLS or (time.perf_counter() - began < WARM_SECONDS and len(seconds) < 1000):
        seconds.append(one())
    gc.collect()
    gc.freeze()
    parent.tell({"at": name, "seconds": min(seconds)})
    while True:
        asked = parent.asks()
        if "round" in asked:
            each = [one() for _ in range(asked["round"])]
            parent.tell({"seconds": sum(each), "each": each[:1]})
        elif "instructions" in asked:
            parent.tell({"instructions": [instructions_of(call) for _ in range(asked["instructions"])]})
        elif "native" in asked:
            parent.tell({"native": counted_by_valgrind(call, asked["native"])})
        elif "memory" in asked:
            parent.tell({"memory": memory_of(call)})
        else:
            gc.unfreeze()
            return


def _timed(call: Call) -> Callable[[], float]:
    clock = time.perf_counter

    def one() -> float:
        began = clock()
        call()
        return clock() - began

    return one


def instructions_of(call: Call) -> int:
    """How many bytecode instructions one call executes, in this thread and in those that it starts."""
    with _uncollected():
        return _monitored(call) if hasattr(sys, "monitoring") else _traced(call)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles, which runs when it likes, and finalizers and callbacks with it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _traced(call: Call) -> int:
    many = 0

    def local(frame: Any, event: str, argument: Any) -> Any:
        nonlocal many
        many += event == "opcode"
        return local

    def entered(frame: Any, event: str, argument: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    before: Any = sys.gettrace()
    threading.settrace(entered)
    sys.settrace(entered)
    try:
        call()
    finally:
        sys.settrace(before)
        threading.settrace(before)
    return many


def _monitored(call: Call) -> int:  # pragma: no cover - on Python 3.12 and newer, until 2027-11-30
    monitoring = getattr(sys, "monitoring")  # noqa: B009  (what Python 3.12 brought; mypy reads this as 3.9)
    tool, event = 4, monitoring.events.INSTRUCTION
    many = 0

    def counted(code: Any, offset: int) -> None:
        nonlocal many
        many += 1

    monitoring.use_tool_id(tool, "gates measure")
    try:
        monitoring.register_callback(tool, event, counted)
        monitoring.set_events(tool, event)
        call()
        monitoring.set_events(tool, 0)
        monitoring.register_callback(tool, event, None)
    finally:
        monitoring.free_tool_id(tool)
    return many


def memory_of(call: Call) -> int:
    """The bytes that one call holds at once, at most, of what Python allocates."""
    import tracemalloc

    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


# What valgrind.h makes of a client request on x86-64: four rotations that together do nothing, and an exchange of a
# register with itself. `rax` holds the request, `rdx` comes back with the answer.
_REQUEST = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
_RUNNING_ON_VALGRIND = 0x1001
_DUMP, _START, _STOP = ((ord("C") << 24) + (ord("T") << 16) + number for number in (0, 4, 5))


def counted_by_valgrind(call: Call, many: int) -> int:
    """Let callgrind count so many calls, each written to a file of its own; how many it counted: 0 without it."""
    import ctypes
    import mmap

    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(_REQUEST)
    machine_code = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)(ctypes.addressof(ctypes.c_char.from_buffer(page)))

    def request(what: int) -> int:
        said = (ctypes.c_ulong * 6)(what)
        return int(machine_code(ctypes.addressof(said)))

    if not request(_RUNNING_ON_VALGRIND):
        return 0
    with _uncollected():  # pragma: no cover - below valgrind, in another process, until 2027-11-30
        for _ in range(many):
            request(_START)
            call()
            request(_STOP)
            request(_DUMP)
    return many  # pragma: no cover - below valgrind, in another process, until 2027-11-30


class Benchmark:
    """What a test is given as `benchmark`: pytest-benchmark's fixture by its face, timed when the parent says so."""

    def __init__(self, parent: Parent, node: Any) -> None:
        self._parent = parent
        self.name = node.name
        self.fullname = node.nodeid
        self.param = node.callspec.id if hasattr(node, "callspec") else None
        self.params = node.callspec.params if hasattr(node, "callspec") else None
        self.group = None
        self.extra_info: dict[str, Any] = {}
        self.enabled, self.disabled, self.stats = True, False, None
        self.was_called = False

    def __call__(self, function_to_benchmark: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Time `function(*args, **kwargs)`, and give what it gives."""
        self.was_called = True
        serve(self._parent, self.fullname, lambda: function_to_benchmark(*args, **kwargs))
        return function_to_benchmark(*args, **kwargs)

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Any = (),
        kwargs: Optional[dict[str, Any]] = None,
        setup: Optional[Callable[[], Any]] = None,
        teardown: Optional[Callable[..., Any]] = None,
        rounds: int = 1,
        warmup_rounds: int = 0,
        iterations: int = 1,
    ) -> Any:
        """The same with a preparation before each call, which is not timed; how often, the parent says."""
        self.was_called = True
        given: list[Any] = [tuple(args), dict(kwargs or {})]

        def prepare() -> None:
            made = setup() if setup is not None else None
            if made:
                given[:] = made

        def call() -> Any:
            positional, named = given
            return target(*positional, **named)

        def one() -> float:
            prepare()
            began = time.perf_counter()
            call()
            seconds = time.perf_counter() - began
            if teardown is not None:
                teardown(*given[0], **given[1])
            return seconds

        def whole() -> Any:
            prepare()
            result = call()
            if teardown is not None:
                teardown(*given[0], **given[1])
            return result

        serve(self._parent, self.fullname, whole, one)
        return whole()


class Plugin:
    """Runs the tests that ask for `benchmark`, those that were named, in their order."""

    def __init__(self, parent: Parent, names: Optional[list[str]]) -> None:
        self._parent = parent
        self._names = names
        self.collected: list[tuple[str, str, int]] = []

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Leave what was named, in that order; all of them are known afterwards."""
        found = {item.nodeid: item for item in items if "benchmark" in getattr(item, "fixturenames", ())}
        for name, item in found.items():
            path, line, _ = item.location
            self.collected.append((name, path.replace(os.sep, "/"), (line or 0) + 1))
        kept = [] if self._names is None else [found[name] for name in self._names if name in found]
        items[:] = kept

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Tell of a test that failed or was skipped: it cannot be measured."""
        if report.failed or report.skipped:
            told = report.longrepr
            why = (
                told[2] if isinstance(told, tuple) else getattr(getattr(told, "reprcrash", None), "message", str(told))
            )
            self._parent.tell({"failed": report.nodeid, "why": str(why).splitlines()[0][:300] if why else "failed"})


class Face:
    """Stands where pytest-benchmark would, with its options, its hooks and its mark: what uses them runs as it is."""

    def __init__(self, parent: Parent) -> None:
        self._parent = parent
        self._given: dict[str, Benchmark] = {}

    def pytest_addoption(self, parser: Any) -> None:
        """Take its options, and leave them."""
        _of_pytest_benchmark("pytest_addoption", parser)

    def pytest_addhooks(self, pluginmanager: Any) -> None:
        """Know its hooks, and call none."""
        _of_pytest_benchmark("pytest_addhooks", pluginmanager)

    def pytest_configure(self, config: Any) -> None:
        """Give the fixture."""
        import pytest

        parent, given = self._parent, self._given
        config.addinivalue_line("markers", "benchmark: what pytest-benchmark is told")

        class Fixtures:
            @pytest.fixture
            def benchmark(self, request: Any) -> Benchmark:
                made = given[request.node.nodeid] = Benchmark(parent, request.node)
                return made

        config.pluginmanager.register(Fixtures())

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Tell of a test that passed and measured nothing."""
        given = self._given.get(report.nodeid)
        if report.when == "call" and report.passed and given is not None and not given.was_called:
            self._parent.tell({"failed": report.nodeid, "why": "asks for the fixture benchmark and never calls it"})


def _of_pytest_benchmark(hook: str, given: Any) -> None:
    if _has("pytest_benchmark"):
        from pytest_benchmark import plugin

        getattr(plugin, hook)(given)


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _tests(parent: Parent, asked: dict[str, Any]) -> None:
    import pytest

    plugin = Plugin(parent, asked["names"])
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:randomly"]
    words += _without_plugins() if asked["lean"] else _with_plugins()
    code = int(pytest.main([*words, *asked["tests"]], plugins=[plugin, Face(parent)]))
    parent.tell({"ended": code, "loaded": _loaded(), "collected": plugin.collected})


def _without_plugins() -> list[str]:
    """Plugins that do nothing for a benchmark; to import them takes longer than all the rest of a launch."""
    return [word for plugin in IDLE_PLUGINS for word in ("-p", f"no:{plugin}")]


def _with_plugins() -> list[str]:
    """The same where pytest's configuration names their options, and so needs them."""
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        return []
    return [word for module, word in (("xdist", "-n0"), ("pytest_cov", "--no-cov")) if _has(module)]


def _loaded() -> list[str]:
    modules = [module for name, module in list(sys.modules.items()) if name != "__main__"]
    files = (getattr(module, "__file__", None) for module in modules)
    return sorted({os.path.realpath(file) for file in files if isinstance(file, str)})


def work(amount: int) -> int:
    """Something of the kind that programs in Python do, in proportion to `amount`: about 0.8 ms for 1,000."""
    held: dict[int, str] = {}
    total = 0
    for number in range(amount):
        held[number % 97] = f"{number}:{total % 1013}"
        total += len(held[number % 97]) + (number * 31) % 7
    return total


def main() -> None:
    """Talk over the two descriptors that the command line names."""
    parent = Parent(int(sys.argv[1]), int(sys.argv[2]))
    sys.path[0] = os.getcwd()  # in place of this script's own folder
    asked = parent.asks()
    if "work" in asked:
        serve(parent, "work", lambda: work(asked["work"]))
        parent.tell({"ended": 0, "loaded": [], "collected": []})
    else:
        _tests(parent, asked)
    parent.close()


if __name__ == "__main__":
    main()  # pragma: no cover - in a process of its own, until 2027-11-30
