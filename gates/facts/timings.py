"""What the benchmarks took, head beside base, as a recording tells; and whether it still tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from re import Pattern
from typing import ClassVar, Optional

from gates.errors import PolicyError
from gates.facts.checkout import Checkout
from gates.facts.diff import EMPTY_TREE, Diff
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.facts.modules import Modules
from gates.facts.recording_file import RecordingError, held, refuse_outside
from gates.facts.timing.deciding import TOLERATED, Compared, decide
from gates.facts.timing.quantiles import Bounds, bounds
from gates.facts.timing.recording import Timed, Timing, parse
from gates.globs import Glob, Globs, any_of

DEFAULT_FILE = ".gates/recordings/timings.json"


@dataclass(frozen=True)
class TimingsSettings:
    """`[facts.timings]`: the recording, what it is made of, and what it must still be of."""

    policy_section: ClassVar[str] = "timings"
    file: str = DEFAULT_FILE
    """Path below the root, tracked or not: what `gates measure` wrote, or pytest-benchmark with --benchmark-json."""
    made_by: str = "gates measure"
    """The command that makes it, for whoever has none yet, or an old one."""
    tests: tuple[str, ...] = ("tests",)
    """What pytest is asked to run: files and folders with tests that use the fixture `benchmark`."""
    paths: Globs = (Glob("**"),)
    """The modules that the benchmarks run: where one of them was changed since, the recording is old."""
    compare: bool = True
    """Whether the benchmarks must have stood beside those of the base; without it budgets alone are judged."""
    tolerated: float = TOLERATED
    """By how much a benchmark may become slower: 0.01 is 1 %."""

    def __post_init__(self) -> None:
        refuse_outside(self.file)
        if not self.tests:
            raise PolicyError("tests is empty; name what pytest should run")
        if not 0 <= self.tolerated < 1:
            raise PolicyError(f"tolerated is {self.tolerated}; it must be from 0 up to 1, such as 0.01 for 1 %")


@dataclass
class Timings:
    """The benchmarks of the recording. What it cannot tell stands in `lacking`, with the remedy."""

    checkout: Checkout = field(repr=False)
    modules: Modules
    diff: Diff = field(repr=False)
    settings: TimingsSettings
    unit: ClassVar[str] = "benchmarks"
    may_be_none: ClassVar[bool] = True  # a recording that holds none stands in `lacking`, with the remedy

    @classmethod
    def gather(cls, checkout: Checkout, modules: Modules, diff: Diff, settings: TimingsSettings) -> Timings:
        """Nothing is read until it is asked for."""
        return cls(checkout, modules, diff, settings)

    @property
    def reads(self) -> tuple[str, ...]:
        """The recording."""
        return (f":(literal){self.settings.file}",)

    @cached_property
    def digest(self) -> str:
        """Of the recording, and of what it is compared with."""
        content, why = self._content
        return digest_of(repr(self.settings), content or why, self.modules.digest, self.diff.base, self.checkout.commit)

    def __len__(self) -> int:
        return len(self.benchmarks)

    def account(self) -> dict[str, int]:
        """How many launches and calls were timed."""
        launches = max((len(each.seconds) for each in self.benchmarks), default=0)
        return {"launches": launches, "calls": sum(len(calls) for each in self.benchmarks for calls in each.seconds)}

    @property
    def lacking(self) -> Mapping[str, str]:
        """What cannot be told: a recording that is missing, damaged, or of other code."""
        why = self._content[1] or self._damage or self._stale
        return {self.settings.file: f"{why}; run `{self.settings.made_by}`"} if why else {}

    @property
    def benchmarks(self) -> tuple[Timed, ...]:
        """Every benchmark that the recording holds; none where it cannot be read."""
        return self._timing.benchmarks if self._timing is not None else ()

    @cached_property
    def compared(self) -> Mapping[str, Compared]:
        """What can be said of the benchmarks that stood beside the base, by name."""
        paired = {each.name: each.ratios for each in self.benchmarks if each.ratios}
        return decide(paired, self.settings.tolerated)

    def bounds(self, benchmark: Timed, quantile: float) -> Optional[Bounds]:
        """Between what a quantile of its calls lies, in seconds; None where no call was timed alone."""
        launches = [calls for calls in benchmark.seconds if calls]
        return bounds(launches, quantile) if launches else None

    @cached_property
    def _parsed(self) -> tuple[Optional[Timing], str]:
        content = self._content[0]
        if content is None:
            return None, ""
        try:
            return parse(content), ""
        except RecordingError as error:
            return None, str(error)

    @property
    def _timing(self) -> Optional[Timing]:
        return self._parsed[0]

    @property
    def _damage(self) -> str:
        return self._parsed[1] or ("holds no benchmark" if self._timing is not None and not self.benchmarks else "")

    @cached_property
    def _stale(self) -> str:
        """Why the recording is of other code than what is judged."""
        timing = self._timing
        if timing is None:
            return ""
        base = self.diff.base if self.diff.base != EMPTY_TREE else ""
        if base and timing.base is None and self.settings.compare:
            return "was not compared with the base"
        if base and timing.base not in (None, base):
            return f"was compared with {str(timing.base)[:12]}, and the base is {base[:12]}"
        if timing.files is None:
            return self._other_commit(timing)
        ours = {file.path: file.blob for file in self._files}
        changed = sorted(path for path, blob in ours.items() if timing.files.get(path) != blob)
        gone = sorted(path for path in timing.files if path not in ours and self._pattern.fullmatch(path))
        return f"is older than {(changed or gone)[0]}" if changed or gone else ""

    def _other_commit(self, timing: Timing) -> str:
        if timing.commit is None:
            return "does not say of which commit it is"
        if timing.commit != self.checkout.commit:
            return f"is of commit {timing.commit[:12]}"
        changed = [path for path in self.checkout.dirty if path.endswith(".py") and self._pattern.fullmatch(path)]
        if timing.dirty or changed:
            return f"is of a commit, and {changed[0] if changed else 'the tree that was measured'} differs from it"
        return ""

    @cached_property
    def _pattern(self) -> Pattern[str]:
        return any_of(self.settings.paths)

    @property
    def _files(self) -> list[File]:
        return [file for file in self.modules.files if self._pattern.fullmatch(file.path)]

    @cached_property
    def _content(self) -> tuple[Optional[bytes], str]:
        return held(self.checkout, self.settings.file)


def identified(modules: Modules, settings: TimingsSettings) -> dict[str, str]:
    """The modules that the benchmarks run, each with the id of its content: what a recording is stamped with."""
    pattern = any_of(settings.paths)
    return {file.path: file.blob for file in modules.files if pattern.fullmatch(file.path)}
