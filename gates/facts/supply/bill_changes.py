"""What a change does to what is locked: distributions added, removed, upgraded, or under another licence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Callable, NamedTuple, Optional

# The licence of a release; "" where it says none for certain, None where nothing is known of that release.
Licence = Callable[[str, str], Optional[str]]


class Change(NamedTuple):
    """A distribution whose locked versions, or whose licence, differ. `before` and `now` are empty where it is not."""

    name: str
    before: tuple[str, ...]
    now: tuple[str, ...]
    licences_before: tuple[Optional[str], ...]
    licences_now: tuple[Optional[str], ...]

    @property
    def kind(self) -> str:
        """What happened to it."""
        if not self.before:
            return "added"
        return "removed" if not self.now else "upgraded" if self.before != self.now else "of the same version"

    @property
    def is_other_licence(self) -> Optional[bool]:
        """Whether it is under another licence than before; None where one of the two is not known."""
        if not self.before or not self.now:
            return False
        if None in self.licences_before or None in self.licences_now:
            return None
        return set(self.licences_before) != set(self.licences_now)


def changes(
    before: Iterable[tuple[str, str]], now: Iterable[tuple[str, str]], licence_before: Licence, licence_now: Licence
) -> Iterator[Change]:
    """What differs between two sets of names and versions, by name."""
    then, here = _by_name(before), _by_name(now)
    for name in sorted(then.keys() | here.keys()):
        old, new = then.get(name, ()), here.get(name, ())
        change = Change(
            name,
            old,
            new,
            tuple(licence_before(name, version) for version in old),
            tuple(licence_now(name, version) for version in new),
        )
        if old != new or change.is_other_licence:
            yield change


def _by_name(locked: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for name, version in locked:
        found.setdefault(name, set()).add(version)
    return {name: tuple(sorted(versions)) for name, versions in found.items()}
