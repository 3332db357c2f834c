"""What is true of one file's bytes, worked out once per content and spread over processes.

An extractor is a module with `extract(source: bytes) -> value`: a pure function whose value is plain data, and None
where a cheap scan of the bytes is answer enough. What it gave is kept by blob id, so a file that only moved, or came
back, is never read again.
Of a file that an extractor cannot parse the value is a string: the reason.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import os
import pickle
import signal
import threading
import warnings
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, NoReturn, Optional

import msgspec

from gates.errors import CheckoutError, GatesError
from gates.facts.checkout import UNREADABLE, Checkout, File
from gates.facts.git import GitFailed, hash_files
from gates.facts.store import Store

if TYPE_CHECKING:  # imported where a pool is made: the few files of an edit need none
    from concurrent.futures import Future, ProcessPoolExecutor

# Below this many files a pool of processes costs more than it saves.
FEW_FILES = 200
_BATCH = 48
# From so many files on what is known is kept in one value, too.
_MANY = 500
# Bytes before each answer of a child that say how long it is.
_SIZE = 8
# Contents that do not stand in the work tree are fetched from git so many at a time.
_FETCHED = 200
# What a read of the work tree answers where nothing stands (sparse checkout, or taken away meanwhile).
_ABSENT = "does not stand in the work tree"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


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


class Extraction:
    """Per-file values of a checkout, by extractor: from memory, from the store, or from the files themselves.

    `version` stands for the code of every extractor; what was kept under another version is not looked at.
    `errors` are the files that could not be read, or that no extractor survived, with the reason.
    """

    def __init__(
        self,
        checkout: Checkout,
        store: Store,
        version: str,
        on_progress: Callable[[int, int], None] = lambda done, of: None,
        workers: Optional[int] = None,
    ) -> None:
        self._checkout = checkout
        self._store = store
        self.version = version
        self._on_progress = on_progress
        self._workers = workers if workers is not None else os.cpu_count() or 1
        self._known: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, str] = {}
        self.extracted = 0

    def of(self, extractor: str, files: Sequence[File]) -> dict[str, Any]:
        """Path to value, for the files where the extractor found anything. Those it could not read are in `errors`."""
        self.prefetch([(extractor, files)])
        known = self._known[extractor]
        return {file.path: known[file.blob] for file in files if known.get(file.blob)}

    def known(self, extractor: str, files: Sequence[File]) -> dict[str, Any]:
        """Path to value of all the files that could be read, None included."""
        self.prefetch([(extractor, files)])
        known = self._known[extractor]
        return {file.path: known[file.blob] for file in files if file.blob in known and file.path not in self.errors}

    def prefetch(self, wanted: Iterable[tuple[str, Sequence[File]]]) -> None:
        """Work out what is not known yet, reading each file once for all the extractors that want it."""
        jobs: dict[tuple[str, str], list[str]] = {}
        twins: dict[str, list[str]] = {}
        for extractor, files in wanted:
            for file in self._unknown(extractor, files):
                paths = twins.setdefault(file.blob, [])
                if file.path not in paths:
                    paths.append(file.path)
                extractors = jobs.setdefault((file.blob, paths[0]), [])
                if extractor not in extractors:
                    extractors.append(extractor)
        if jobs:
            self._work_off([Job(path, blob, tuple(extractors)) for (blob, path), extractors in jobs.items()], twins)

    def fill(self, extractors: Sequence[str], files: Sequence[File], shard: tuple[int, int]) -> int:
        """Work out one shard of the files, (2, 8) being the second of eight, and share it. Gives how many that are.

        Which shard a file is in depends on its content alone, so that all machines agree.
        """
        number, of = shard
        if not 1 <= number <= of:
            raise GatesError(f"there is no shard {number}/{of}; it must be I/N with I from 1 to N, like 2/8")
        mine = [file for file in files if zlib.crc32(file.blob.encode()) % of == number - 1]
        self.prefetch([(extractor, mine) for extractor in extractors])
        self._store.share()
        return len(mine)

    def _unknown(self, extractor: str, files: Sequence[File]) -> list[File]:
        known = self._known.setdefault(extractor, {})
        missing = [file for file in files if file.blob not in known and file.path not in self.errors]
        if not missing:
            return []
        if len(missing) >= _MANY:
            known.update(self._pack(extractor))
            missing = [file for file in missing if file.blob not in known]
        kept = self._store.get(self._kind(extractor), sorted({file.blob for file in missing}))
        known.update((blob, _decode(value) if value else None) for blob, value in kept.items())
        if len(kept) >= _MANY:
            self._keep_pack(extractor)
        return [file for file in missing if file.blob not in known]

    def _pack(self, extractor: str) -> dict[str, Any]:
        """What was known of a whole tree, in one value: much faster to take in than as many values as files."""
        kept = self._store.get_one("tree", self._kind(extractor))
        packed: dict[str, Any] = _decode(kept) if kept is not None else {}
        return packed

    def _keep_pack(self, extractor: str) -> None:
        if not self.is_overlaid:
            values = {blob: value for blob, value in self._known[extractor].items() if blob != UNREADABLE}
            self._store.put("tree", {self._kind(extractor): _encode(values)})

    def copied(self, checkout: Checkout) -> Extraction:
        """An extraction of another checkout (an overlay of this one) that knows what this one knows."""
        other = Extraction(checkout, self._store, self.version, workers=self._workers)
        other._known = {extractor: dict(values) for extractor, values in self._known.items()}
        other.errors = {path: why for path, why in self.errors.items() if path not in checkout.overlay}
        return other

    @property
    def is_overlaid(self) -> bool:
        """Whether some content is not what stands on disk."""
        return bool(self._checkout.overlay)

    def _kind(self, extractor: str) -> str:
        return f"fact/{extractor}/{self.version}"

    def _work_off(self, jobs: Sequence[Job], twins: Mapping[str, Sequence[str]]) -> None:
        fresh: dict[str, dict[str, bytes]] = {}
        odd: list[Yield] = []
        for done, result in enumerate(self._results(jobs), 1):
            self._on_progress(done, len(jobs))
            if result.error:
                odd.extend(self._failed(result, twins[result.job.blob]))
            elif result.actual != result.job.blob:
                odd.append(result)
            else:
                self._take(result, fresh)
        self._check_odd(odd)
        for result in odd:
            self._take(result, fresh)
        for extractor, values in fresh.items():
            self._store.put(self._kind(extractor), values)
            if len(values) >= _MANY:
                self._keep_pack(extractor)
        self.extracted += len(jobs)

    def _failed(self, result: Yield, paths: Sequence[str]) -> Iterator[Yield]:
        """Of several files with one content each is named; one that can be read after all is read for all of them."""
        self.errors[result.job.path] = result.error
        for path in paths:
            if path == result.job.path:
                continue
            if result.actual or result.job.blob == UNREADABLE:  # not the way to this one path is at fault
                self.errors[path] = result.error
                continue
            other = self._at_hand(result.job._replace(path=path))
            if other.error:
                self.errors[path] = other.error
            else:
                yield other

    def _take(self, result: Yield, fresh: dict[str, dict[str, bytes]]) -> None:
        for extractor, payload in zip(result.job.extractors, result.payloads):
            self._known[extractor][result.job.blob] = _decode(payload) if payload else None
            # Bytes that a filter made of the blob are not what the blob's id says; they are read anew every time.
            if result.job.path not in self._checkout.overlay and result.actual == result.job.blob:
                fresh.setdefault(extractor, {})[result.job.blob] = payload

    def _check_odd(self, odd: Sequence[Yield]) -> None:
        """Bytes that differ from the blob: one of git's filters explains it, or git was deceived."""
        odd = [result for result in odd if result.actual != result.job.blob]
        if not odd:
            return
        try:
            filtered = hash_files(self._checkout.root, [result.job.path for result in odd])
        except GitFailed:
            filtered = {}
        for result in odd:
            if filtered.get(result.job.path) != result.job.blob:
                why = "it changed while it was being read, or its time stamps were put back; touch it and run again"
                raise CheckoutError(f"{result.job.path}: is not what git takes it for; {why}")

    def _results(self, jobs: Sequence[Job]) -> Iterator[Yield]:
        overlay = self._checkout.overlay
        on_disk = [job for job in jobs if job.path not in overlay]
        for job in jobs:
            if job.path in overlay:
                yield self._overlaid(job)
        absent: list[Job] = []
        for result in self._read(on_disk):
            if result.error == _ABSENT:
                absent.append(result.job)
            else:
                yield result
        for start in range(0, len(absent), _FETCHED):
            yield from self._indexed(absent[start : start + _FETCHED])

    def _read(self, jobs: Sequence[Job]) -> Iterator[Yield]:
        root = str(self._checkout.root)
        for extractor in {extractor for job in jobs for extractor in job.extractors}:
            importlib.import_module(extractor)  # once, before any child is there
        if len(jobs) < FEW_FILES or self._workers < 2:
            yield from _one_by_one(root, jobs)
        else:
            yield from _spread(root, jobs, self._workers)

    def _at_hand(self, job: Job) -> Yield:
        (result,) = _one_by_one(str(self._checkout.root), [job])
        return next(self._indexed([job])) if result.error == _ABSENT else result

    def _overlaid(self, job: Job) -> Yield:
        try:
            return Yield(job, job.blob, _payloads(self._checkout.read(job.path), job.extractors), "")
        except CheckoutError as error:
            return Yield(job, "", (), str(error))
        except ExtractorFailed as error:
            return Yield(job, job.blob, (), str(error))

    def _indexed(self, jobs: Sequence[Job]) -> Iterator[Yield]:
        contents = self._checkout.indexed([job.blob for job in jobs])
        for job in jobs:
            if job.blob not in contents:
                yield Yield(job, "", (), f"cannot be read ({_ABSENT})")
            else:
                yield _yielded(job, job.blob, contents[job.blob])


class ExtractorFailed(Exception):
    """An extractor broke on a content: a fault of ours, that must not hide what other files hold."""


def _payloads(source: bytes, extractors: Sequence[str]) -> tuple[bytes, ...]:
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
    extract = importlib.import_module(extractor).extract
    try:
        return extract(source)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or type(error).__name__
    except Exception as error:
        raise ExtractorFailed(f"{extractor} failed on it ({type(error).__name__}: {error})") from error


def _yielded(job: Job, actual: str, source: bytes) -> Yield:
    try:
        return Yield(job, actual, _payloads(source, job.extractors), "")
    except ExtractorFailed as error:
        return Yield(job, actual, (), str(error))


def _work(root: str, job: Job) -> Yield:
    if job.blob == UNREADABLE:
        return Yield(job, "", (), "cannot be read")
    try:
        source = _content(root, job.path)
    except (FileNotFoundError, NotADirectoryError):
        return Yield(job, "", (), _ABSENT)
    except OSError as error:
        return Yield(job, "", (), f"cannot be read ({error.strerror})")
    actual = _id(source, job.blob)
    if actual != job.blob and b"\r\n" in source:
        # Line ends as git keeps them: what is kept under the blob's id must not depend on the work tree's.
        plain = source.replace(b"\r\n", b"\n")
        if _id(plain, job.blob) == job.blob:
            return _yielded(job, job.blob, plain)
    return _yielded(job, actual, source)


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


def _work_batch(root: str, batch: Sequence[Job]) -> list[Yield]:
    return [_work(root, job) for job in batch]


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    gc.disable()  # looking for cycles costs half of parsing, and syntax trees hold none
    warnings.simplefilter("ignore")
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _pool(workers: int) -> ProcessPoolExecutor:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    return ProcessPoolExecutor(workers, multiprocessing.get_context(method), initializer=_begin_worker)


def _spread(root: str, jobs: Sequence[Job], workers: int) -> Iterator[Yield]:
    """Batches over processes. Where one dies, what was being read is read again, each file by itself if need be."""
    waiting = deque(jobs[start : start + _BATCH] for start in range(0, len(jobs), _BATCH))
    while waiting:
        suspects: list[Sequence[Job]] = []
        yield from _until_one_dies(root, waiting, workers, suspects)
        for batch in suspects:
            yield from _one_by_one(root, batch)


def _until_one_dies(
    root: str, waiting: deque[Sequence[Job]], workers: int, suspects: list[Sequence[Job]]
) -> Iterator[Yield]:
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures.process import BrokenProcessPool

    pool = _pool(workers)
    running: dict[Future[list[Yield]], Sequence[Job]] = {}
    try:
        while (waiting or running) and not suspects:
            while waiting and len(running) < workers + 1:  # few, so that few are suspects when one dies
                try:
                    with _uninterrupted():
                        future = pool.submit(_work_batch, root, waiting[0])
                    running[future] = waiting[0]
                except BrokenProcessPool:  # those that are running say so, too
                    break
                waiting.popleft()
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                batch = running.pop(future)
                try:
                    yield from future.result()
                except BrokenProcessPool:
                    suspects.append(batch)
        for future, batch in running.items():
            try:
                yield from future.result()
            except BrokenProcessPool:
                suspects.append(batch)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one_by_one(root: str, jobs: Sequence[Job]) -> Iterator[Yield]:
    """Read by a child, one after the other: a file that kills its reader must not take this process along.

    Where one does, the next child goes on behind it. A child costs less than a pool; the few files of an edit are few.
    """
    at = 0
    while at < len(jobs):
        for result in _from_child(root, jobs[at:]) if hasattr(os, "fork") else _here(root, jobs):
            yield result
            at += 1
        if at < len(jobs):
            yield Yield(jobs[at], jobs[at].blob, (), "ends the process that parses it; it cannot be judged")
            at += 1


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, none of whose locks the child takes
        with _uninterrupted():
            child = os.fork()
    if child == 0:
        _answer(root, jobs, writing)
    os.close(writing)
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
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with os.fdopen(writing, "wb") as answers:
            for result in _here(root, jobs):
                answer = pickle.dumps(result)
                answers.write(len(answer).to_bytes(_SIZE, "big") + answer)
                answers.flush()
    finally:
        os._exit(0)  # nothing that the parent has open is the child's to close
