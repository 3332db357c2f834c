"""Files read and handed to extractors in other processes: one dies of a file, and the others' answers are kept."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import marshal
import os
import pickle
import select
import signal
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Callable, NamedTuple, NoReturn, Optional

import msgspec

from gates.facts.files import UNREADABLE

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_BATCH = 24
# The tickets of all batches fit into the smallest pipe at once.
_MOST_BATCHES = 1000
_TICKET = 4
_READ = 1 << 20
# Bytes before each answer of a child that say how long it is.
_SIZE = 8
# In bytes. A tree takes up to 400 times the room of its text ("1,1,1,"): beyond this a file is not parsed, rather than
# the machine brought down.
_MOST_MEMORY = 2 << 30
# What a read of the work tree answers where nothing stands (sparse checkout, or taken away meanwhile).
ABSENT = "does not stand in the work tree"
# What is said of a file that takes its reader along.
ENDED = "ends the process that parses it; it cannot be judged"

_encode = msgspec.msgpack.Encoder().encode


class Job(NamedTuple):
    """One file to be read once, for several extractors."""

    path: str
    blob: str
    extractors: tuple[str, ...]


class Yield(NamedTuple):
    """What one file gave: a payload for each extractor, the id of the bytes that were read, or what went wrong."""

    job: Job
    actual: str
    payloads: tuple[bytes, ...]
    error: str


class ExtractorFailed(Exception):
    """An extractor broke on a content: a fault of ours, that must not hide what other files hold."""


def payloads(source: bytes, extractors: Sequence[str]) -> tuple[bytes, ...]:
    """What each extractor says of a content, encoded; empty where a scan was answer enough. ExtractorFailed."""
    return tuple(_packed(_extracted(source, extractor), extractor) for extractor in extractors)


def _packed(value: Any, extractor: str) -> bytes:
    if value is None:
        return b""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return _encode(_encodable(value))
    except (TypeError, OverflowError) as error:
        raise ExtractorFailed(f"{extractor} gave what cannot be kept ({error})") from error


def _encodable(value: Any) -> Any:
    """The same with each half of a surrogate pair spelled out: source may hold one, and no encoding has it."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return [_encodable(item) for item in value] if isinstance(value, (tuple, list)) else value


def _extracted(source: bytes, extractor: str) -> Any:
    module, _, argument = extractor.partition("?")
    extract = importlib.import_module(module).extract
    try:
        return extract(source, argument) if argument else extract(source)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except MemoryError:
        return f"takes more than {_MOST_MEMORY >> 30} GiB of memory to parse"
    except (ValueError, RecursionError) as error:
        return str(error) or type(error).__name__
    except Exception as error:
        raise ExtractorFailed(f"{extractor} failed on it ({type(error).__name__}: {error})") from error


def yielded(job: Job, actual: str, source: bytes) -> Yield:
    """What a content gives, or the extractor's failure."""
    try:
        return Yield(job, actual, payloads(source, job.extractors), "")
    except ExtractorFailed as error:
        return Yield(job, actual, (), str(error))


def _work(root: str, job: Job) -> Yield:
    if job.blob == UNREADABLE:
        return Yield(job, "", (), "cannot be read")
    try:
        source = _content(root, job.path)
    except (FileNotFoundError, NotADirectoryError):
        return Yield(job, "", (), ABSENT)
    except OSError as error:
        return Yield(job, "", (), f"cannot be read ({error.strerror})")
    actual = _id(source, job.blob)
    if actual != job.blob and b"\r\n" in source:
        # Line ends as git keeps them: what is kept under the blob's id must not depend on the work tree's.
        plain = source.replace(b"\r\n", b"\n")
        if _id(plain, job.blob) == job.blob:
            return yielded(job, job.blob, plain)
    return yielded(job, actual, source)


def _content(root: str, path: str) -> bytes:
    # A pipe that has taken a file's place meanwhile must not hold everything up.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(os.path.join(root, path), flags)
    with open(descriptor, "rb") as stream:
        return stream.read()


def _id(source: bytes, like: str) -> str:
    algorithm = "sha1" if len(like) == 40 else "sha256"
    total = hashlib.new(algorithm, b"blob %d\0" % len(source), usedforsecurity=False)
    total.update(source)
    return total.hexdigest()


def spread(root: str, jobs: Sequence[Job], workers: int) -> Iterator[Yield]:
    """Batches over processes, in the order in which they are done; whatever is lost with one is read again, by itself.

    Which batches are left stands in a pipe, from which each child takes the next: nobody waits for an assignment.
    """
    batches = list(_batches(jobs, workers))

    def work(number: int) -> list[Any]:
        return [tuple(_work(root, job)[1:]) for job in batches[number]]

    for number, results in side_by_side(work, len(batches), workers):
        if results is None:  # one of these files ended a child
            yield from one_by_one(root, batches[number])
        else:
            yield from (Yield(job, *result) for job, result in zip(batches[number], results))


def side_by_side(work: Callable[[int], Any], many: int, workers: int) -> Iterator[tuple[int, Optional[Any]]]:
    """What `work` gives for each number below `many`, in the order in which it is done; None where it ended its child.

    It runs in processes forked from this one, and gives what marshal can write: plain data, and never None.
    """
    waiting = list(range(many))
    while waiting:
        tickets = _Tickets(waiting)
        answered: set[int] = set()
        try:
            for number, result in _answers(work, tickets, min(workers, len(waiting))):
                answered.add(number)
                yield number, result
            untaken = tickets.left()
        finally:
            tickets.close()
        yield from ((number, None) for number in waiting if number not in answered and number not in untaken)
        waiting = [number for number in waiting if number in untaken]


def _batches(jobs: Sequence[Job], workers: int) -> Iterator[Sequence[Job]]:
    """Jobs from all over in each: neighbours are alike, and a folder of heavy files would keep one process busy."""
    size = max(min(_BATCH, len(jobs) // (4 * workers)), len(jobs) // _MOST_BATCHES + 1)
    many = -(-len(jobs) // size)
    return (jobs[start::many] for start in range(many))


class _Tickets:
    """Numbers in a pipe, at most as many as there may be batches."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.reading, writing = os.pipe()
        os.write(writing, b"".join(number.to_bytes(_TICKET, "big") for number in numbers))
        os.close(writing)

    def next(self) -> Optional[int]:
        taken = os.read(self.reading, _TICKET)
        return int.from_bytes(taken, "big") if taken else None

    def left(self) -> set[int]:
        return set(iter(self.next, None))

    def close(self) -> None:
        os.close(self.reading)


def _answers(work: Callable[[int], Any], tickets: _Tickets, workers: int) -> Iterator[tuple[int, Any]]:
    """Each number with what it gave, until every child has ended in one way or another."""
    children: dict[int, int] = {}
    try:
        for _ in range(workers):
            reading, writing = os.pipe()
            child = _forked()
            if child == 0:
                for theirs in (reading, *children):  # else nobody would notice that the parent is gone
                    os.close(theirs)
                _take_tickets(work, tickets, writing)
            os.close(writing)
            children[reading] = child
        said = {reading: bytearray() for reading in children}
        while said:
            for reading in select.select(list(said), (), ())[0]:
                some = os.read(reading, _READ)
                if not some:
                    del said[reading]  # what it had begun to say is lost with it
                    continue
                said[reading] += some
                yield from _whole_answers(said[reading])
    finally:
        for reading, child in children.items():
            os.close(reading)
            os.kill(child, signal.SIGKILL)  # it has said all, or nobody listens any more
            os.waitpid(child, 0)


def _whole_answers(said: bytearray) -> Iterator[Any]:
    at = 0
    while len(said) >= at + _SIZE:
        end = at + _SIZE + int.from_bytes(said[at : at + _SIZE], "big")
        if len(said) < end:
            break
        yield marshal.loads(bytes(said[at + _SIZE : end]))
        at = end
    del said[:at]


def _take_tickets(work: Callable[[int], Any], tickets: _Tickets, writing: int) -> NoReturn:
    try:
        _settle_in()
        warnings.simplefilter("ignore")
        with os.fdopen(writing, "wb") as answers:
            for number in iter(tickets.next, None):
                answer = marshal.dumps((number, work(number)))
                answers.write(len(answer).to_bytes(_SIZE, "big") + answer)
                answers.flush()
    finally:
        os._exit(0)  # nothing that the parent has open is the child's to close


def _settle_in() -> None:
    """What a child does first."""
    gc.disable()  # looking for cycles costs half of parsing, and syntax trees hold none
    if resource is not None:
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        least = _inherited() + _MOST_MEMORY
        if most == resource.RLIM_INFINITY or most > least:
            resource.setrlimit(resource.RLIMIT_DATA, (least, most))


def _inherited() -> int:
    """How many bytes of data this process has from its parent, which the limit counts as well; 0 where nobody says."""
    try:
        with open("/proc/self/statm", "rb") as stream:
            return int(stream.read().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def one_by_one(root: str, jobs: Sequence[Job]) -> Iterator[Yield]:
    """Read by a child, one after the other: a file that kills its reader must not take this process along.

    Where one does, the next child goes on behind it. The first begins at once, whoever waits for it.
    """
    return _going_on(root, jobs, _begun(root, jobs) if jobs else iter(()))


def _begun(root: str, jobs: Sequence[Job]) -> Iterator[Yield]:
    return _from_child(root, jobs) if hasattr(os, "fork") else _here(root, jobs)


def _going_on(root: str, jobs: Sequence[Job], results: Iterator[Yield]) -> Iterator[Yield]:
    at = 0
    while at < len(jobs):
        for result in results:
            yield result
            at += 1
        if at < len(jobs):
            yield Yield(jobs[at], jobs[at].blob, (), ENDED)
            at += 1
            if at < len(jobs):
                results = _begun(root, jobs[at:])


def _forked() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, none of whose locks the child takes
        with _uninterrupted():
            child = os.fork()
            if child == 0:  # before it may be interrupted: Ctrl-C is the parent's to handle
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            return child


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """While a process forks Ctrl-C waits: what Python runs then would swallow it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _here(root: str, jobs: Sequence[Job]) -> Iterator[Yield]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file's invalid escapes are not for this tool's user
        for job in jobs:
            yield _work(root, job)


def _from_child(root: str, jobs: Sequence[Job]) -> Iterator[Yield]:
    reading, writing = os.pipe()
    child = _forked()
    if child == 0:
        os.close(reading)  # else it would not notice that the parent is gone
        _answer(root, jobs, writing)
    os.close(writing)
    return _heard(reading, child)


def _heard(reading: int, child: int) -> Iterator[Yield]:
    try:
        with os.fdopen(reading, "rb") as answers:
            while True:
                size = int.from_bytes(answers.read(_SIZE), "big")
                answer = answers.read(size)
                if not size or len(answer) < size:
                    return
                result: Yield = pickle.loads(answer)
                yield result
    finally:
        os.kill(child, signal.SIGKILL)  # it has said all, or nobody listens any more
        os.waitpid(child, 0)


def _answer(root: str, jobs: Sequence[Job], writing: int) -> NoReturn:
    try:
        _settle_in()
        with os.fdopen(writing, "wb") as answers:
            for result in _here(root, jobs):
                answer = pickle.dumps(result)
                answers.write(len(answer).to_bytes(_SIZE, "big") + answer)
                answers.flush()
    finally:
        os._exit(0)  # nothing that the parent has open is the child's to close
