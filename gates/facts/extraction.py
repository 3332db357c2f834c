"""What is true of one file's bytes, worked out once per content and spread over processes.

An extractor is a module with `extract(source: bytes) -> value`: a pure function whose value is plain data, None or
empty for most files. What it gave is kept by blob id, so a file that only moved, or came back, is never read again.
Of a file that an extractor cannot parse the value is a string: the reason.
"""

from __future__ import annotations

import hashlib
import importlib
import multiprocessing
import os
import signal
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Callable, NamedTuple, Optional

import msgspec

from gates.errors import CheckoutError
from gates.facts.checkout import UNREADABLE, Checkout, File
from gates.facts.git import GitFailed, hash_files
from gates.facts.store import Store

# Below this many files a pool of processes costs more than it saves.
FEW_FILES = 200
_BATCH = 48

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
        """Path to value, for the files where the extractor found anything (see `errors` for those it could not read)."""
        self.prefetch([(extractor, files)])
        known = self._known[extractor]
        return {file.path: known[file.blob] for file in files if known.get(file.blob)}

    def prefetch(self, wanted: Iterable[tuple[str, Sequence[File]]]) -> None:
        """Work out what is not known yet, reading each file once for all the extractors that want it."""
        jobs: dict[str, tuple[str, list[str]]] = {}
        for extractor, files in wanted:
            for file in self._unknown(extractor, files):
                extractors = jobs.setdefault(file.blob, (file.path, []))[1]
                if extractor not in extractors:
                    extractors.append(extractor)
        if jobs:
            self._work_off([Job(path, blob, tuple(extractors)) for blob, (path, extractors) in jobs.items()])

    def _unknown(self, extractor: str, files: Sequence[File]) -> list[File]:
        known = self._known.setdefault(extractor, {})
        missing = [file for file in files if file.blob not in known and file.path not in self.errors]
        if not missing:
            return []
        kept = self._store.get(self._kind(extractor), sorted({file.blob for file in missing}))
        known.update((blob, _decode(value) if value else None) for blob, value in kept.items())
        return [file for file in missing if file.blob not in known]

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

    def _work_off(self, jobs: Sequence[Job]) -> None:
        fresh: dict[str, dict[str, bytes]] = {}
        odd: list[Yield] = []
        for done, result in enumerate(self._results(jobs), 1):
            self._on_progress(done, len(jobs))
            if result.error:
                self.errors[result.job.path] = result.error
            elif result.actual != result.job.blob:
                odd.append(result)
            else:
                self._take(result, fresh)
        self._check_odd(odd)
        for result in odd:
            self._take(result, fresh)
        for extractor, values in fresh.items():
            self._store.put(self._kind(extractor), values)
        self.extracted += len(jobs)

    def _take(self, result: Yield, fresh: dict[str, dict[str, bytes]]) -> None:
        for extractor, payload in zip(result.job.extractors, result.payloads):
            self._known[extractor][result.job.blob] = _decode(payload) if payload else None
            if result.job.path not in self._checkout.overlay:
                fresh.setdefault(extractor, {})[result.job.blob] = payload

    def _check_odd(self, odd: Sequence[Yield]) -> None:
        """Bytes that differ from the blob: git's filters (line ends) explain it, or the file changed under our eyes."""
        if not odd:
            return
        try:
            filtered = hash_files(self._checkout.root, [result.job.path for result in odd])
        except GitFailed:
            filtered = {}
        for result in odd:
            if filtered.get(result.job.path) != result.job.blob:
                raise CheckoutError(f"{result.job.path}: changed while it was being read; run again")

    def _results(self, jobs: Sequence[Job]) -> Iterator[Yield]:
        overlaid = [job for job in jobs if job.path in self._checkout.overlay]
        missing = [job for job in jobs if not os.path.lexists(self._checkout.root / job.path)]
        aside = {job.path for job in (*overlaid, *missing)}
        for job in jobs:
            if job.path in aside:
                yield self._in_memory(job)
        on_disk = [job for job in jobs if job.path not in aside]
        root = str(self._checkout.root)
        if len(on_disk) < FEW_FILES or self._workers < 2:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a file's invalid escapes are not for this tool's user
                for job in on_disk:
                    yield _work(root, job)
        else:
            yield from _spread(root, on_disk, self._workers)

    def _in_memory(self, job: Job) -> Yield:
        try:
            source = self._checkout.read(job.path)
        except CheckoutError as error:
            return Yield(job, job.blob, (), str(error))
        return Yield(job, job.blob, _payloads(source, job.extractors), "")


def _payloads(source: bytes, extractors: Sequence[str]) -> tuple[bytes, ...]:
    found = [_extracted(source, extractor) for extractor in extractors]
    return tuple(_encode(value) if value else b"" for value in found)


def _extracted(source: bytes, extractor: str) -> Any:
    try:
        return importlib.import_module(extractor).extract(source)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or type(error).__name__


def _work(root: str, job: Job) -> Yield:
    if job.blob == UNREADABLE:
        return Yield(job, job.blob, (), "cannot be read")
    try:
        with open(os.path.join(root, job.path), "rb") as stream:
            source = stream.read()
    except OSError as error:
        return Yield(job, "", (), f"cannot be read ({error.strerror})")
    algorithm = "sha1" if len(job.blob) == 40 else "sha256"
    actual = hashlib.new(algorithm, b"blob %d\0" % len(source), usedforsecurity=False)
    actual.update(source)
    return Yield(job, actual.hexdigest(), _payloads(source, job.extractors), "")


def _work_batch(root: str, batch: Sequence[Job]) -> list[Yield]:
    return [_work(root, job) for job in batch]


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    warnings.simplefilter("ignore")


def _pool(workers: int) -> ProcessPoolExecutor:
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    return ProcessPoolExecutor(workers, multiprocessing.get_context(method), initializer=_begin_worker)


def _spread(root: str, jobs: Sequence[Job], workers: int) -> Iterator[Yield]:
    batches = [jobs[start : start + _BATCH] for start in range(0, len(jobs), _BATCH)]
    suspects: list[Job] = []
    pool = _pool(workers)
    try:
        running: dict[Future[list[Yield]], Sequence[Job]] = {
            pool.submit(_work_batch, root, batch): batch for batch in batches
        }
        for future in as_completed(running):
            try:
                yield from future.result()
            except BrokenProcessPool:
                suspects.extend(running[future])
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    for job in suspects:
        yield _alone(root, job)


def _alone(root: str, job: Job) -> Yield:
    """One file in a process of its own: the one that kills its reader must not take others along."""
    with _pool(1) as pool:
        try:
            return pool.submit(_work, root, job).result()
        except BrokenProcessPool:
            return Yield(job, job.blob, (), "ends the process that parses it; it cannot be judged")
