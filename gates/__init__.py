"""Gates: a green check that can be believed. The public names: run, Finding, Policy, Report."""

from __future__ import annotations

TYPE_CHECKING = False  # the typing module takes longer to import than an unchanged tree takes to judge
if TYPE_CHECKING:
    from typing import Any

    from gates.facts.checkout import Checkout as Checkout
    from gates.finding import Finding as Finding
    from gates.policy import Policy as Policy
    from gates.report import Report as Report
    from gates.running import run as run

__version__ = "0.1.0"

# Imported when asked for: an unchanged tree is answered before any of this is needed.
_PUBLIC = {
    "CannotPlant": "gates.errors",
    "Checkout": "gates.facts.checkout",
    "FactUnavailable": "gates.errors",
    "Finding": "gates.finding",
    "Globs": "gates.globs",
    "Modules": "gates.facts.modules",
    "Plant": "gates.checks.gate",
    "Policy": "gates.policy",
    "Report": "gates.report",
    "prove": "gates.proving",
    "run": "gates.running",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        from importlib import import_module

        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'gates' has no attribute '{name}'")
