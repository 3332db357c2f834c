"""One requirement, and whether a version satisfies it on a Python; PEP 508 and 440 as `packaging` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from packaging.markers import Marker

PLATFORMS: Mapping[str, tuple[str, str]] = {
    "linux": ("posix", "Linux"),
    "darwin": ("posix", "Darwin"),
    "win32": ("nt", "Windows"),
}


class Asked(NamedTuple):
    """A requirement taken apart: `name` is normalised, `specifier` and `marker` are as they were written."""

    name: str
    extras: tuple[str, ...]
    specifier: str
    marker: str
    url: str

    @property
    def pinned(self) -> str:
        """The version that it asks for and no other; "" where there may be others."""
        match = re.fullmatch(r"={2,3}\s*([^,*\s]+)", self.specifier)
        return match[1] if match else ""

    @property
    def text(self) -> str:
        """As somebody would write it."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras}{f' {self.specifier}' if self.specifier else ''}"

    def applies(self, environments: Iterable[Mapping[str, str]], extras: Iterable[str] = ("",)) -> bool:
        """Whether its marker holds in any of the environments, with any of the extras."""
        if not self.marker:
            return True
        marker = _marker(self.marker)
        return any(marker.evaluate({**place, "extra": extra}) for place in environments for extra in extras)

    def is_satisfied_by(self, version: str) -> bool:
        """Whether the version is one of those that it asks for. A version that is none satisfies nothing."""
        from packaging.specifiers import SpecifierSet
        from packaging.version import InvalidVersion

        try:
            return SpecifierSet(self.specifier).contains(version, prereleases=True)
        except InvalidVersion:
            return False


def normalised(name: str) -> str:
    """A distribution's name as the registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def asked_for(text: str) -> Asked:
    """A requirement, read. ValueError with what is wrong with it."""
    from packaging.requirements import Requirement

    read = Requirement(text)  # InvalidRequirement is a ValueError
    marker = str(read.marker) if read.marker is not None else ""
    return Asked(normalised(read.name), tuple(sorted(read.extras)), str(read.specifier), marker, read.url or "")


def environments(pythons: Iterable[str], platform: str) -> tuple[dict[str, str], ...]:
    """What markers are held against: CPython of each version ("3.11"), on one platform of PLATFORMS."""
    os_name, system = PLATFORMS[platform]
    fixed = {
        "implementation_name": "cpython",
        "os_name": os_name,
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": system,
        "platform_version": "",
        "sys_platform": platform,
    }
    return tuple(
        {
            **fixed,
            "python_version": python,
            "python_full_version": f"{python}.0",
            "implementation_version": f"{python}.0",
        }
        for python in pythons
    )


@cache
def _marker(text: str) -> Marker:
    from packaging.markers import Marker

    return Marker(text)
