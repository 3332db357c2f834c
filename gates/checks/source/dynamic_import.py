"""A module is loaded by name at run time.

Why: a load by name hides a dependency from the lane contract and from every reader; the usual bridge between lanes
is one line of importlib.
Instead: register the class, and ask for it with `resolve("kind:name")`; keep loaders in the modules that the policy
names in `allowed_in`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Optional

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.dynamic_imports import DynamicImports
from gates.facts.imported import Imported
from gates.facts.modules import Modules
from gates.facts.recorded_sites import RecordedSites
from gates.facts.unparsed import line_of
from gates.finding import Finding
from gates.globs import Globs

_PLANTED = "gates_planted_module"
_FEW = 3
_GROUPS = {
    "lukhas.cognitive_nodes": "node",
    "lukhas.constellation_components": "constellation",
    "lukhas.adapters": "adapter",
    "lukhas.monitoring": "monitor",
}


@dataclass(frozen=True)
class DynamicImport:
    """`allowed_in`: the files that may load modules by name.

    `recorded_is_known`: what a recorded run saw an opaque load do is taken for all that it does.

    For `gates fix`: `resolve`, like "lukhas.registry:resolve", is the function that is asked for a plugin; it `gives`
    the "plugin", built, or its "class"; `groups` names the kind of plugin that each group of entry points holds.
    """

    allowed_in: Globs = ()
    """The files that may load modules by name."""
    resolve: Optional[str] = None
    """For `gates fix`: the function that is asked for a plugin, as module:function."""
    gives: Literal["plugin", "class"] = "plugin"
    """For `gates fix`: what `resolve` gives."""
    groups: Mapping[str, str] = field(default_factory=lambda: dict(_GROUPS))
    """For `gates fix`: the kind of plugin that each group of entry points holds."""
    recorded_is_known: bool = False
    """Whether an opaque load is no finding where a recorded run saw it load only what its lane may import."""

    def check(self, dynamic_imports: DynamicImports, recorded: RecordedSites) -> Iterator[Finding]:
        registered = dynamic_imports.registered(self.groups)
        for path, site in dynamic_imports.outside(self.allowed_in):
            known = site.target is not None
            if known and site.is_roundabout:
                continue  # what it enters is for the lanes to judge; a command is no offence
            if self.recorded_is_known and recorded.is_answered(path, site):
                continue
            forbidden = recorded.forbidden(path, site)
            message = f"`{site.spelling}` outside the allowed modules"
            if forbidden:
                message += f": when it was run, it loaded {_listed(forbidden)}, which its lane may not import"
            elif not known:
                message += f": what it loads cannot be known here ({site.reason})"
                message += _seen(recorded.loaded(path, site))
            yield Finding(
                path,
                site.line,
                message,
                subject=site.spelling,
                column=site.column,
                fix=_asked(registered.get(dynamic_imports.absolute(path, site), ())),
                verdict="violation" if known or forbidden else "opaque",
            )
        for path, reason in dynamic_imports.unknown(self.allowed_in):
            message = f"mentions a loader and cannot be parsed ({reason})"
            yield Finding(path, line_of(reason), message, subject="cannot be parsed", verdict="opaque")

    def plant(self, checkout: Checkout, modules: Modules) -> Plant:
        """Append a load by name to the first module outside the allowed ones."""
        for file in modules.outside(self.allowed_in):
            if file.path.endswith(".py"):
                planted = f"\nimport importlib\nimportlib.import_module({_PLANTED!r})\n".encode()
                overlay = {file.path: checkout.read(file.path) + planted}
                return Plant(overlay, file.path, f"importlib.import_module({_PLANTED!r})")
        raise CannotPlant("allowed_in covers every module: the policy forbids nothing")


def _seen(ran: Sequence[Imported]) -> str:
    names = dict.fromkeys(one.name or str(one.path) for one in ran)
    return f"; when it was run, it loaded {_listed(tuple(names))}" if names else ""


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _FEW
    return ", ".join(names[:_FEW]) + (f" and {more} more" if more > 0 else "")


def _asked(names: Sequence[str]) -> Optional[str]:
    return " or ".join(f'resolve("{name}")' for name in names[:_FEW]) or None
