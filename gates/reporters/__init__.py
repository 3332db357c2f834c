"""What is done with a report: each reporter is one file with `render(report) -> str`."""

from __future__ import annotations

from typing import Callable

from gates.errors import GatesError, did_you_mean
from gates.report import Report

Render = Callable[[Report], str]


def _text() -> Render:
    from gates.reporters.text import render

    return render


def _json() -> Render:
    from gates.reporters.json import render

    return render


def _sarif() -> Render:
    from gates.reporters.sarif import render

    return render


def _github() -> Render:
    from gates.reporters.github import render

    return render


def _junit() -> Render:
    from gates.reporters.junit import render

    return render


def _markdown() -> Render:
    from gates.reporters.markdown import render

    return render


def _html() -> Render:
    from gates.reporters.html import render

    return render


# Imported when asked for, and by plain statements: a load by name would hide them from the layer contract.
_REPORTERS: dict[str, Callable[[], Render]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
    "junit": _junit,
    "markdown": _markdown,
    "html": _html,
}
NAMES = tuple(_REPORTERS)


def reporter(name: str) -> Render:
    """The `render` of the reporter of this name. GatesError where there is none."""
    if name not in _REPORTERS:
        hint = did_you_mean(name, NAMES) or f"; use one of {', '.join(NAMES)}"
        raise GatesError(f"no reporter is called '{name}'{hint}")
    return _REPORTERS[name]()
