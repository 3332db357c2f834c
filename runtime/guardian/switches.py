"""Is it on? Every switch is asked here, through the OpenFeature SDK; what cannot be read is off, and says so."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Protocol

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from openfeature.provider import FeatureProvider

from runtime.guardian.file_provider import FileProvider
from runtime.guardian.switch_file import SwitchFile
from runtime.telemetry.events import Observer, SwitchRead, ignore

_DOMAINS = itertools.count()
# How long an answer that hangs on nobody is taken for fresh. A kill-switch acts within this time.
FRESH_SECONDS = 0.05
_NEARLY = 0.92


class Decision(NamedTuple):
    """Whether it is on, and by what rule. `varies` where another subject may get another answer."""

    value: bool
    reason: str
    varies: bool = False


class _Versioned(Protocol):
    def revision(self) -> int: ...


class Switches:
    """Switches of one service. `declared` are those that are on although no file names them: the modules of its lanes.

    Any OpenFeature provider may stand behind it. One that has `revision()` is asked again only when that changes, and
    at most every FRESH_SECONDS; any other is asked for every decision. One that has `names()`, too, is looked through
    for names that are nearly those of a switch.
    """

    def __init__(
        self,
        provider: FeatureProvider,
        observe: Observer = ignore,
        declared: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._observe = observe
        self._declared = set(declared)
        self._clock = clock
        self._provider = provider
        self._versioned: Optional[_Versioned] = provider if hasattr(provider, "revision") else None  # type: ignore[assignment]
        self._names: Callable[[], Iterable[str]] = getattr(provider, "names", tuple)
        domain = f"lukhas.runtime.{next(_DOMAINS)}"
        # Where the SDK can wait for a provider it must: until a provider is ready, every switch is off.
        getattr(api, "set_provider_and_wait", api.set_provider)(provider, domain)
        self._client = api.get_client(domain)
        self._known: dict[str, Decision] = {}
        self._said: dict[str, Decision] = {}
        self._fresh_until = float("-inf")
        self._revision = -1

    @classmethod
    def from_file(cls, path: Optional[Path], observe: Observer = ignore, declared: Iterable[str] = ()) -> Switches:
        """By the file provider. Without a path, what is declared is on and everything else off."""
        return cls(FileProvider(None if path is None else SwitchFile(path)), observe, declared)

    def declare(self, flags: Iterable[str]) -> None:
        """These are on where nothing is said of them."""
        self._declared.update(flags)
        self._known.clear()
        self._revision = -1

    @property
    def declared(self) -> tuple[str, ...]:
        """The switches that are on where nothing is said of them, sorted."""
        return tuple(sorted(self._declared))

    def is_on(self, flag: str, subject: str = "") -> bool:
        """Whether it is on for this subject (a tenant, a user, a query); never raises."""
        return self.decide(flag, subject).value

    def decide(self, flag: str, subject: str = "") -> Decision:
        """The same with its reason. An observer is told of every answer that differs from the one before."""
        self._refresh()
        known = self._known.get(flag)
        if known is not None and not known.varies:
            return known
        decision = self._ask(flag, subject)
        if self._versioned is not None:
            self._known[flag] = decision
        if self._said.get(flag) != decision:
            self._said[flag] = decision
            self._observe(SwitchRead(flag, decision.value, decision.reason))
        return decision

    def states(self) -> Mapping[str, Decision]:
        """Every declared switch, asked without a subject: what an operator looks at."""
        return {flag: self.decide(flag) for flag in self.declared}

    def _refresh(self) -> None:
        if self._versioned is None:
            return
        now = self._clock()
        if now < self._fresh_until:
            return
        self._fresh_until = now + FRESH_SECONDS
        revision = self._versioned.revision()
        if revision != self._revision:
            self._revision = revision
            self._known.clear()
            self._say_misspelt()

    def _say_misspelt(self) -> None:
        """A switch that nobody asks changes nothing; where it is nearly one that is asked, another was meant."""
        for name in self._names():
            near = get_close_matches(name, self._declared, n=1, cutoff=_NEARLY)
            if near and name not in self._declared:
                self._observe(SwitchRead(name, False, f"nothing is called so; did you mean {near[0]}?"))

    def _ask(self, flag: str, subject: str) -> Decision:
        details = self._client.get_boolean_details(flag, False, EvaluationContext(targeting_key=subject or None))
        if details.error_code == ErrorCode.FLAG_NOT_FOUND and flag in self._declared:
            return Decision(True, "declared by its lane, and no switch names it")
        if details.error_code is not None:
            return Decision(False, f"off, because it cannot be read: {details.error_message or details.error_code}")
        reason = str(details.reason or "unknown").rsplit(".", 1)[-1].lower()
        return Decision(bool(details.value), reason, details.reason not in (Reason.STATIC, Reason.DISABLED))
