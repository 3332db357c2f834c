"""One child process that holds a node, and answers one query after the other through a pipe."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import threading
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from types import MappingProxyType
from typing import NamedTuple, Optional, Union

from runtime.orchestrator.node import NotBegun
from runtime.orchestrator.placement.faults import NodeLost, NodeRaised, NotPortable, OutOfTime
from runtime.orchestrator.placement.in_thread import BlockingNode, handled
from runtime.orchestrator.query import Query

_ONE_AT_A_TIME = threading.Lock()  # multiprocessing keeps its children in a set that no lock guards


class Raised(NamedTuple):
    """What the node raised: the exception itself where it survives the pipe, and its name, text and traceback."""

    error: Optional[Exception]
    kind: str
    text: str
    where: str


class Child:
    """The parent's end of one process. `ask` blocks, and belongs to one thread; `kill_if_still` to any."""

    def __init__(self, name: str, packed_node: bytes, start_method: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._current: Optional[threading.Event] = None
        context = starting(start_method)
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, packed_node), name=name, daemon=True)
        with _ONE_AT_A_TIME:
            self._process.start()
        theirs.close()
        self.alive = True

    def wait_until_ready(self) -> None:
        """Return when the node is unpacked there. Raises NodeLost when it is not to be had."""
        raised = self._received()
        if raised is not None:
            self.end(0.0)
            raise NodeLost(f"node '{self._name}' cannot be unpacked in a process of its own: {raised}")

    def ask(self, query: Query, given_up: threading.Event) -> Query:
        """What the node gives back. Raises what it raises, NotPortable, NodeLost when the process dies over it."""
        packed = packed_query(query)
        with self._lock:
            if given_up.is_set():
                raise OutOfTime(f"query {query.id} was given up before it was begun")
            self._current = given_up
        try:
            answer = self._exchange(packed)
        finally:
            with self._lock:
                self._current = None
        if isinstance(answer, Raised):
            raise raised_again(answer)
        return opened_query(answer, self._name)

    def kill_if_still(self, given_up: threading.Event) -> None:
        """End the process with no further question if it is still busy with this."""
        with self._lock:
            if self._current is given_up:
                self._process.kill()

    def kill(self) -> None:
        """End the process, whatever it does."""
        if self.alive:
            self._process.kill()

    def end(self, patience: float) -> None:
        """Let the process go: it ends when its pipe is closed, or is killed after `patience` seconds."""
        self._pipe.close()
        self._process.join(patience)
        self.kill()
        self._process.join()
        self.alive = False

    def _exchange(self, packed: bytes) -> object:
        try:
            self._pipe.send_bytes(packed)
        except OSError:
            raise self._lost() from None
        return self._received()

    def _received(self) -> object:
        try:
            packed = self._pipe.recv_bytes()
        except (EOFError, OSError):
            raise self._lost() from None
        return unpacked(packed, self._name)

    def _lost(self) -> NodeLost:
        self.end(1.0)
        return NodeLost(f"the process of node '{self._name}' died ({how_it_ended(self._process.exitcode)})")


def starting(method: str) -> Union[SpawnContext, ForkServerContext]:
    """How processes begin. Never by a bare fork: the threads of the service would leave their locks taken in it."""
    return multiprocessing.get_context("forkserver") if method == "forkserver" else multiprocessing.get_context("spawn")


def how_it_ended(code: Optional[int]) -> str:
    """An exit code in words."""
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def packed_query(query: Query) -> bytes:
    """The fields of a query for the pipe. Raises NotPortable."""
    try:
        return pickle.dumps(tuple(query._replace(found=dict(query.found))), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise NotPortable(f"query {query.id} does not go into another process: {error}") from error


def opened_query(answer: object, name: str) -> Query:
    """The query that came back."""
    if isinstance(answer, tuple) and len(answer) == len(Query._fields) and isinstance(answer[2], Mapping):
        query = Query(*answer)
        return query._replace(found=MappingProxyType(dict(query.found)))
    raise NotPortable(f"node '{name}' gave back {answer!r:.80}; a node gives back the Query")


def unpacked(packed: bytes, name: str) -> object:
    """What came through the pipe, of a process that we started ourselves. Raises NotPortable."""
    try:
        return pickle.loads(packed)
    except Exception as error:
        raise NotPortable(f"what node '{name}' gave back does not come out of its process: {error}") from error


def raised_again(raised: Raised) -> Exception:
    """The node's error as it may be raised here, with the traceback from there as its cause."""
    error = raised.error
    if error is None or isinstance(error, NotBegun):  # it was begun: no refusal comes out of it
        error = NodeRaised(raised.kind, raised.text)
    error.__cause__ = NodeRaised(raised.kind, f"in its process:\n{raised.where}")
    return error


def serve(pipe: Connection, packed_node: bytes) -> None:
    """The child: unpack the node, say so, and answer until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal says it to the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        node = pickle.loads(packed_node)
    except BaseException as error:  # noqa: BLE001 - it is said to the parent, who can say it to a person
        pipe.send_bytes(pickle.dumps(f"{type(error).__name__}: {error}"))
        return
    pipe.send_bytes(pickle.dumps(None))
    while True:
        try:
            question = pipe.recv_bytes()
            pipe.send_bytes(answered(node, question))
        except (EOFError, OSError):
            return


def answered(node: BlockingNode, question: bytes) -> bytes:
    """The answer for the pipe: a query, or what was raised. Nothing that a node raises ends the process."""
    try:
        answer = handled(node, opened_query(pickle.loads(question), node.name))
        if not isinstance(answer, Query):
            raise NotPortable(f"node '{node.name}' gave back {answer!r:.80}; a node gives back the Query")
        return packed_query(answer)
    except BaseException as error:  # noqa: BLE001 - SystemExit of a node fails one query, too
        return pickle.dumps(raised(error))


def raised(error: BaseException) -> Raised:
    """The error for the pipe; itself only where it comes out of it again."""
    where = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    kind, text = type(error).__name__, str(error)
    try:
        again = pickle.loads(pickle.dumps(error))
    except Exception as failure:  # noqa: BLE001 - many exceptions cannot be built from their args: name and text go
        return Raised(None, kind, text, f"{where}(it does not come out of a pipe again: {failure!r})")
    same = isinstance(again, Exception) and not isinstance(again, StopIteration)
    return Raised(again if same else None, kind, text, where)
