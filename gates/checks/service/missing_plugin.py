"""A plugin without which the service is not one did not load when it booted.

Why: a boot goes on without a plugin that fails, is misnamed or lies in another lane, so that a service without its
memory starts, is healthy, and answers nothing.
Instead: mend what the boot says of the plugin, and boot again with `LUKHAS_PLUGIN_DISCOVERY=auto`: the recording that
this gate reads holds every plugin and what became of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.boot import LOADED, Boot
from gates.finding import Finding


@dataclass(frozen=True)
class MissingPlugin:
    """`required`: plugins that must be loaded, like "node:recall"; a kind alone, like "node", means any of it."""

    required: tuple[str, ...] = ()
    """Plugins that must be loaded, like "node:recall"; a kind alone, like "node", means any of it."""
    needs: ClassVar[tuple[str, ...]] = ("required",)

    def check(self, boot: Boot) -> Iterator[Finding]:
        if boot.lacking:
            return
        for name in self.required:
            if not any(each.state == LOADED and _is(each.plugin, name) for each in boot.plugins):
                yield Finding(boot.settings.file, 0, f"{_why(boot, name)} (lane {boot.lane})", subject=name)

    def plant(self, boot: Boot) -> Plant:
        """A recording of the files as they are, of a boot in which everything was loaded but one."""
        if not self.required:
            raise CannotPlant("required names no plugin: the policy forbids nothing")
        gone, *others = self.required
        states = {name if ":" in name else f"{name}:gates-planted": LOADED for name in others if not _is(name, gone)}
        return Plant({boot.settings.file: boot.rendered(states)}, boot.settings.file, gone)


def _is(plugin: str, name: str) -> bool:
    return plugin == name or plugin.partition(":")[0] == name


def _why(boot: Boot, name: str) -> str:
    """What the boot says of it."""
    seen = [each for each in boot.plugins if _is(each.plugin, name)]
    if not seen:
        return f"{name} is unknown to the registry" if ":" in name else f"there is no plugin of the kind {name}"
    return "; ".join(f"{each.plugin} is {each.state}{f': {each.reason}' if each.reason else ''}" for each in seen[:3])
