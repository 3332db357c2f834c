"""What a plugin is called: "kind:name", and which entry-point group is which kind, by current and former name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from runtime.errors import PluginFault

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "lukhas.cognitive_nodes": "node",
        "lukhas.constellation_components": "constellation",
        "lukhas.adapters": "adapter",
        "lukhas.monitoring": "monitor",
    }
)
"""The kind of plugin that each entry-point group holds."""

FORMER_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "lukhas.agi_nodes": "lukhas.cognitive_nodes",
        "lukhas.agi_components": "lukhas.constellation_components",
    }
)
"""What a group was once called, with its current name: still read, and deprecated."""

KINDS = tuple(GROUPS.values())
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class PluginName(NamedTuple):
    """A kind and a name; `str` of it is what plugins are asked for by."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def of(cls, kind: str, name: str) -> PluginName:
        """Checked. PluginFault where there is no such kind, or the name is none."""
        if kind not in KINDS:
            raise PluginFault(no_kind(kind))
        if not _NAME.fullmatch(name):
            raise PluginFault(f"{quoted(name)} is no name of a {kind}: use letters, digits, '_', '-' and '.'")
        return cls(kind, name)

    @classmethod
    def parse(cls, text: str) -> PluginName:
        """Read "kind:name". PluginFault says what is wrong with another text."""
        kind, colon, name = text.partition(":")
        if not colon:
            example = text if _NAME.fullmatch(text) else "memory"
            raise PluginFault(f"{quoted(text)} names no kind; write kind:name, such as node:{example}")
        return cls.of(kind, name)


def group_kind(group: str) -> str:
    """The kind of a group by its current or former name. KeyError for a group that is not ours."""
    return GROUPS[FORMER_GROUPS.get(group, group)]


def no_kind(kind: str) -> str:
    """What is said of a kind that there is not."""
    return f"no kind is called {quoted(kind)}{did_you_mean(kind, KINDS)}; use one of {', '.join(KINDS)}"


def quoted(text: str, most: int = 80) -> str:
    """In quotes, on one line, and no longer than a person reads."""
    return repr(text if len(text) <= most else f"{text[: most - 3]}...")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ "; did you mean 'x'?" where something known is near, else nothing."""
    import difflib  # only where something is misspelt

    near = difflib.get_close_matches(word[:80], list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
