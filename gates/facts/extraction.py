"""What is true of one file's bytes, worked out once per content and spread over processes.

An extractor is a module with `extract(source: bytes) -> value`: a pure function whose value is plain data, and None
where a cheap scan of the bytes is answer enough. What it gave is kept by blob id, so a file that only moved, or came
back, is never read again. One that has to be told what to look for is named with its argument, "module?argument", and
has `extract(source: bytes, argument: str) -> value`. One that imports more when it is first used has `prepare`, which
does it before many files are read.
Of a file that an extractor cannot parse the value is a string: the reason.
"""

from __future__ import annotations

import importlib
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable, Optional

import msgspec

from gates.errors import CheckoutError, GatesError
from gates.facts.checkout import Checkout
from gates.facts.files import UNREADABLE, File
from gates.facts.git import GitFailed, hash_files
from gates.facts.reading import (
    ABSENT,
    ENDED,
    ExtractorFailed,
    Job,
    Yield,
    one_by_one,
    payloads,
    side_by_side,
    spread,
    yielded,
)
from gates.facts.store import Store

# Below this many files a second process costs more than it saves.
FEW_FILES = 16
# Contents that do not stand in the work tree are fetched from git so many at a time.
_FETCHED = 200

# So many numbers a pipe holds anywhere.
_MOST_PARTS = 1000

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Extraction:
    """Per-file values of a checkout, by extractor: from memory, from the store, or from the files themselves.

    `version` stands for the code of every extractor; what was kept under another version is not looked at.
    `errors` are the files that could not be read, or that no extractor survived, with the reason. What few files give
    is waited for only when it is asked for.
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
        self._errors: dict[str, str] = {}
        self._begun: list[tuple[Sequence[Job], Mapping[str, Sequence[str]], Iterator[Yield]]] = []
        self._underway: set[tuple[str, File]] = set()
        self._extracted = 0

    @property
    def errors(self) -> Mapping[str, str]:
        """Path to reason."""
        self._settle()
        return self._errors

    @property
    def extracted(self) -> int:
        """How many files were read."""
        self._settle()
        return self._extracted

    def of(self, extractor: str, files: Sequence[File]) -> dict[str, Any]:
        """Path to value, for the files where the extractor found anything. Those it could not read are in `errors`."""
        self.prefetch([(extractor, files)])
        self._settle(extractor)
        known = self._known[extractor]
        return {file.path: known[file.blob] for file in files if known.get(file.blob)}

    def known(self, extractor: str, files: Sequence[File]) -> dict[str, Any]:
        """Path to value of all the files that could be read, None included."""
        self.prefetch([(extractor, files)])
        self._settle(extractor)
        known = self._known[extractor]
        return {file.path: known[file.blob] for file in files if file.blob in known and file.path not in self._errors}

    def of_blobs(self, extractor: str, blobs: Sequence[str]) -> dict[str, Any]:
        """Blob to value, for contents that git has and the work tree need not: files as they were at another commit.

        What no extractor survives is left out, and so is what git does not have.
        """
        kind = self._kind(extractor)
        kept = self._store.get(kind, blobs)
        missing = [blob for blob in blobs if blob not in kept]
        contents = list(self._checkout.indexed(missing).items())
        importlib.import_module(extractor.partition("?")[0])  # once, before any child is there
        many = min(len(contents), _MOST_PARTS)

        def work(number: int) -> bytes:
            results = (yielded(Job("", blob, (extractor,)), blob, content) for blob, content in contents[number::many])
            return _encode({result.actual: result.payloads[0] for result in results if not result.error})

        fresh: dict[str, bytes] = {}
        for _, answer in self.side_by_side(work, many):
            fresh.update(_decode(answer) if answer else {})
        self._store.put(kind, fresh)
        return {blob: _decode(value) for blob, value in {**kept, **fresh}.items() if value}

    def prefetch(self, wanted: Iterable[tuple[str, Sequence[File]]]) -> None:
        """Begin to work out what is not known yet, reading each file once for all the extractors that want it."""
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
                self._underway.add((extractor, file))
        if jobs:
            todo = [Job(path, blob, tuple(extractors)) for (blob, path), extractors in jobs.items()]
            self._begun.append((todo, twins, self._results(todo)))
            if len(todo) >= FEW_FILES:  # they take every processor there is
                self._settle()

    def _settle(self, extractor: str = "") -> None:
        """Take in what was begun; nothing, where an extractor is named that none of it is for."""
        if extractor and not any(begun == extractor for begun, _ in self._underway):
            return
        while self._begun:
            self._work_off(*self._begun.pop(0))
        self._underway.clear()

    def fill(self, wanted: Mapping[str, Sequence[File]], shard: tuple[int, int]) -> int:
        """Work out one shard of what extractors are asked about, (2, 8) being the second of eight, and share it.

        Gives how many files that are. Which shard a file is in depends on its content alone, so that all machines
        agree.
        """
        number, of = shard
        if not 1 <= number <= of:
            raise GatesError(f"there is no shard {number}/{of}; it must be I/N with I from 1 to N, like 2/8")
        mine = {
            extractor: [file for file in files if zlib.crc32(file.blob.encode()) % of == number - 1]
            for extractor, files in wanted.items()
        }
        self.prefetch(mine.items())
        self._settle()
        self._store.share()
        return len({file for files in mine.values() for file in files})

    def _unknown(self, extractor: str, files: Sequence[File]) -> list[File]:
        known = self._known.setdefault(extractor, {})
        missing = [file for file in files if file.blob not in known and file.path not in self._errors]
        if self._underway:
            missing = [file for file in missing if (extractor, file) not in self._underway]
        if not missing:
            return []
        kept = self._store.get(self._kind(extractor), sorted({file.blob for file in missing}))
        known.update((blob, _decode(value) if value else None) for blob, value in kept.items())
        return [file for file in missing if file.blob not in known]

    def copied(self, checkout: Checkout) -> Extraction:
        """An extraction of another checkout (an overlay of this one) that knows what this one knows."""
        self._settle()
        other = Extraction(checkout, self._store, self.version, workers=self._workers)
        other._known = {extractor: dict(values) for extractor, values in self._known.items()}
        other._errors = {path: why for path, why in self.errors.items() if path not in checkout.overlay}
        return other

    def side_by_side(self, work: Callable[[int], bytes], many: int) -> Iterator[tuple[int, bytes]]:
        """What `work` gives for each number below `many`, in no order, on as many processors as there are.

        Empty for a number that ended its process.
        """
        if self._workers < 2 or not hasattr(os, "fork"):
            return ((number, work(number)) for number in range(many))
        return ((number, result or b"") for number, result in side_by_side(work, many, self._workers))

    @property
    def is_overlaid(self) -> bool:
        """Whether some content is not what stands on disk."""
        return bool(self._checkout.overlay)

    def _kind(self, extractor: str) -> str:
        return f"fact/{extractor}/{self.version}"

    def _work_off(self, jobs: Sequence[Job], twins: Mapping[str, Sequence[str]], results: Iterator[Yield]) -> None:
        fresh: dict[str, dict[str, bytes]] = {}
        odd: list[Yield] = []
        try:
            for done, result in enumerate(results, 1):
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
        finally:  # Ctrl-C, too, keeps what was worked out
            for extractor, values in fresh.items():
                self._store.put(self._kind(extractor), values)
        self._extracted += len(jobs)

    def _failed(self, result: Yield, paths: Sequence[str]) -> Iterator[Yield]:
        """Of several files with one content each is named; one that can be read after all is read for all of them."""
        self._errors[result.job.path] = result.error
        if result.error == ENDED and len(result.job.extractors) > 1:  # one of them did; the others may answer
            alone = (self._at_hand(result.job._replace(extractors=(each,))) for each in result.job.extractors)
            yield from (answer for answer in alone if not answer.error)
        for path in paths:
            if path == result.job.path:
                continue
            if result.actual or result.job.blob == UNREADABLE:  # not the way to this one path is at fault
                self._errors[path] = result.error
                continue
            other = self._at_hand(result.job._replace(path=path))
            if other.error:
                self._errors[path] = other.error
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
        """What reading them gives; the reading begins at once."""
        overlay = self._checkout.overlay
        read = self._read([job for job in jobs if job.path not in overlay])
        return self._completed([job for job in jobs if job.path in overlay], read)

    def _completed(self, overlaid: Sequence[Job], read: Iterator[Yield]) -> Iterator[Yield]:
        for job in overlaid:
            yield self._overlaid(job)
        absent: list[Job] = []
        for result in read:
            if result.error == ABSENT:
                absent.append(result.job)
            else:
                yield result
        for start in range(0, len(absent), _FETCHED):
            yield from self._indexed(absent[start : start + _FETCHED])

    def _read(self, jobs: Sequence[Job]) -> Iterator[Yield]:
        root = str(self._checkout.root)
        names = {extractor.partition("?")[0] for job in jobs for extractor in job.extractors}
        modules = [importlib.import_module(name) for name in sorted(names)]  # once, before any child is there
        if len(jobs) < FEW_FILES or self._workers < 2 or not hasattr(os, "fork"):
            return one_by_one(root, jobs)
        for module in modules:
            if hasattr(module, "prepare"):
                module.prepare()
        return spread(root, jobs, self._workers)

    def _at_hand(self, job: Job) -> Yield:
        (result,) = one_by_one(str(self._checkout.root), [job])
        return next(self._indexed([job])) if result.error == ABSENT else result

    def _overlaid(self, job: Job) -> Yield:
        try:
            return Yield(job, job.blob, payloads(self._checkout.read(job.path), job.extractors), "")
        except CheckoutError as error:
            return Yield(job, "", (), str(error))
        except ExtractorFailed as error:
            return Yield(job, job.blob, (), str(error))

    def _indexed(self, jobs: Sequence[Job]) -> Iterator[Yield]:
        contents = self._checkout.indexed([job.blob for job in jobs])
        for job in jobs:
            if job.blob not in contents:
                yield Yield(job, "", (), f"cannot be read ({ABSENT})")
            else:
                yield yielded(job, job.blob, contents[job.blob])
