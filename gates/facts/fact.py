"""The Fact protocol, and the Gatherer that hands facts out: facts are asked for by type, by gates and by facts."""

from __future__ import annotations

import hashlib
import typing
from typing import Any, Callable, Iterable, Mapping, Optional, Protocol, Type, TypeVar

from gates.errors import FactUnavailable

T = TypeVar("T")


class Fact(Protocol):
    """Something true of the checkout, gathered once.

    `unit` is what `len()` counts ("modules"): what was searched, never what was found. `digest` is of everything that
    the fact was derived from, tool versions included. Gathering must be cheap: what is dear is worked out when asked
    for, so that a kept verdict costs no more than the digest. `gather` takes other facts, read by type; it raises
    FactUnavailable with the remedy where the fact cannot be had.
    """

    unit: str

    @property
    def digest(self) -> str: ...

    def __len__(self) -> int: ...


class Gatherer:
    """Hands out facts by type, each gathered once.

    `given` are values that exist already (the checkout, the store, the date). A parameter whose type has
    `policy_file` or `policy_section` is filled from the policy by `settings`.
    """

    def __init__(self, given: Iterable[object], settings: Callable[[Type[Any]], Any]) -> None:
        self._values: dict[type, Any] = {type(value): value for value in given}
        self._unavailable: dict[type, FactUnavailable] = {}
        self._settings = settings

    def get(self, kind: Type[T]) -> T:
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

    def _gathered(self, kind: Type[Any]) -> Any:
        if is_settings(kind):
            return self._settings(kind)
        gather = kind.gather
        return gather(**{name: self.get(wanted) for name, wanted in parameters(gather).items()})


def is_settings(kind: type) -> bool:
    """Whether a parameter of this type is filled from the policy."""
    return hasattr(kind, "policy_file") or hasattr(kind, "policy_section")


def parameters(function: Callable[..., Any]) -> dict[str, type]:
    """The parameters of a `check`, `plant` or `gather`, with the types that they ask for."""
    hints = typing.get_type_hints(getattr(function, "__func__", function))
    hints.pop("return", None)
    return hints


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
        content = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogateescape")
        total.update(b"%d:" % len(content))
        total.update(content)
    return total.hexdigest()


Overlay = Mapping[str, Optional[bytes]]
"""Files laid over a checkout: path to content; None takes a file away."""
