"""What a plugin may ask for: services, found by the type of an argument and then by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, Optional

from runtime.registry.wanted import ANYTHING, Wanted

_NONE_OF_THEM = object()


class Given(NamedTuple):
    """What an argument is given; `lacking` says why it is given nothing."""

    value: object = None
    lacking: Optional[str] = None


class Services(Mapping[str, object]):
    """Services by name; they do not change. An argument called `services`, or of this type, is given all of them."""

    def __init__(self, by_name: Optional[Mapping[str, object]] = None) -> None:
        self._by_name = MappingProxyType(dict(by_name or {}))
        self._offered: Mapping[str, object] = MappingProxyType({"services": self, **self._by_name})
        self.plans: dict[int, object] = {}
        """What construction keeps: a plan for each class, by id; a plan holds its class, so the id stays its own."""

    @classmethod
    def of(cls, services: Mapping[str, object]) -> Services:
        """The same, with a memory for plans."""
        return services if isinstance(services, cls) else cls(services)

    def __getitem__(self, name: str) -> object:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def find(self, name: str, kind: Wanted = ANYTHING) -> Given:
        """The one service of this type; where several are, or types tell nothing, the one of this name that fits.

        A service of the right name and a wrong type is not given: the plugin would fail later, and elsewhere.
        """
        fitting = self._fitting(kind)
        if name in fitting:
            return Given(self._offered[name])
        if len(fitting) == 1:
            return Given(fitting.popitem()[1])
        if fitting:
            return Given(lacking=f"'{name}' may be any of the services {_listed(fitting)}; name the argument after one")
        named = self._offered.get(name, _NONE_OF_THEM)
        if named is _NONE_OF_THEM:
            of_type = f" and none is a {kind}" if kind.telling else ""
            unread = f" (its annotation does not resolve: {kind.unresolved})" if kind.unresolved else ""
            return Given(lacking=f"no service is called '{name}'{of_type}{unread}")
        if not kind.accepts(named):
            return Given(lacking=f"'{name}' has to be a {kind}, and the service is a {type(named).__qualname__}")
        return Given(named)

    def _fitting(self, kind: Wanted) -> dict[str, object]:
        if not kind.telling:
            return {}
        by_type = Wanted(kind.telling)
        found = {name: value for name, value in self._offered.items() if value is not None and by_type.accepts(value)}
        exact = {name: value for name, value in found.items() if type(value) in kind.telling}
        return exact if len(exact) == 1 else found


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))
