"""The Fact protocol, and the Gatherer that hands facts out: facts are asked for by type, by gates and by facts."""

from __future__ import annotations

import functools
import hashlib
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Optional, Protocol, TypeVar

from gates.errors import FactUnavailable

T = TypeVar("T")
EVERYTHING = "*"
"""The pathspec of all that git lists."""


class Fact(Protocol):
    """Something true of the checkout, gathered once.

    `unit` is what `len()` counts ("modules"): what was searched, never what was found. `digest` is of everything that
    the fact was derived from, tool versions included. Gathering must be cheap: what is dear is worked out when asked
    for, so that a kept verdict costs no more than the digest. `gather` takes other facts, read by type; it raises
    FactUnavailable with the remedy where the fact cannot be had. A fact that is looked at beside others, and of which a
    repository may have none, says so with `may_be_none = True`.

    What it should have been told and was not stands in `lacking`, by path; `is_settled` is False where asking again
    could do better with the same files. For the memo of an unchanged tree: `depends_on_the_day`, and `is_watched`,
    False where something was looked at that the memo does not see change.
    """

    unit: str

    @property
    def digest(self) -> str:
        """Of everything that the fact was derived from."""

    def __len__(self) -> int: ...


class Gatherer:
    """Hands out facts by type, each gathered once.

    `given` are values that exist already (the checkout, the store, the date). A parameter whose type has
    `policy_file` or `policy_section` is filled from the policy by `settings`.
    """

    def __init__(self, given: Iterable[object], settings: Callable[[type[Any]], Any]) -> None:
        self._values: dict[type, Any] = {kind: value for value in given for kind in type(value).__mro__[:-1]}
        self._unavailable: dict[type, FactUnavailable] = {}
        self._settings = settings

    def get(self, kind: type[T]) -> T:
        """The fact of this type; FactUnavailable, the same one every time, where it cannot be had."""
        if kind in self._unavailable:
            raise self._unavailable[kind]
        if kind not in self._values:
            try:
                self._values[kind] = self._gathered(kind)
            except FactUnavailable as unavailable:
                self._unavailable[kind] = unavailable
                raise
        value: T = self._values[kind]
        return value

    def named(self, name: str) -> Optional[Any]:
        """The fact whose type has this name, if it was asked for and could be had."""
        return next((value for kind, value in self._values.items() if kind.__name__ == name), None)

    def reads(self) -> tuple[str, ...]:
        """Git pathspecs of the files whose content the facts looked at.

        A fact says it with an attribute `reads`; one that only looks at other facts has it empty. Where one does not
        say, or could not be had, that is everything git lists, and what the others name besides: git may ignore it.
        """
        derived = (value for value in self._values.values() if hasattr(type(value), "gather"))
        said = [getattr(value, "reads", None) for value in derived]
        named = {pathspec for reads in said for pathspec in reads or ()}
        if self._unavailable or any(reads is None for reads in said):
            named.add(EVERYTHING)
        return tuple(sorted(named))

    def _gathered(self, kind: type[Any]) -> Any:
        if is_settings(kind):
            return self._settings(kind)
        gather = kind.gather
        return gather(**{name: self.get(wanted) for name, wanted in parameters(gather).items()})


def is_settings(kind: type) -> bool:
    """Whether a parameter of this type is filled from the policy."""
    return hasattr(kind, "policy_file") or hasattr(kind, "policy_section")


def parameters(function: Callable[..., Any]) -> dict[str, type]:
    """The parameters of a `check`, `plant` or `gather`, with the types that they ask for."""
    return _hinted(getattr(function, "__func__", function))


@functools.cache
def _hinted(function: Callable[..., Any]) -> dict[str, type]:
    hints = typing.get_type_hints(function)
    return {name: kind for name, kind in hints.items() if name not in ("return", "self", "cls")}


def closure(kinds: Iterable[type]) -> set[type]:
    """The facts, and all that they ask for in turn."""
    seen: set[type] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        gather = getattr(kind, "gather", None)
        if gather is not None:
            waiting.extend(parameters(gather).values())
    return seen


def digest_of(*parts: object) -> str:
    """SHA-256 over the parts, each with its length, so that no two different lists of parts give one text."""
    total = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        total.update(b"%d:" % len(content))
        total.update(content)
    return total.hexdigest()


Overlay = Mapping[str, Optional[bytes]]
"""Files laid over a checkout: path to content; None takes a file away."""
