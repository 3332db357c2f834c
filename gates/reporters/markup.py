"""Elements of HTML and SVG as text, with whatever is put into them escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Union

from gates.reporters.printable import printable

_WITHOUT_END = frozenset({"meta", "br"})


class Markup(str):
    """Text that is markup already, and is put into an element as it stands."""


Child = Union[str, Markup]


def element(name: str, /, *children: Child, **attributes: object) -> Markup:
    """`element("a", "x < y", href="#x", class_="near")`; an attribute that is None is left out."""
    head = "".join(f' {_name(key)}="{_text(str(value))}"' for key, value in attributes.items() if value is not None)
    if name in _WITHOUT_END:
        return Markup(f"<{name}{head}>")
    return Markup(f"<{name}{head}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """These beside each other."""
    return Markup("".join(child if isinstance(child, Markup) else _text(child) for child in children))


def _name(key: str) -> str:
    # class_, and aria_label for aria-label; SVG has names in two cases, which Python can spell.
    return key.rstrip("_").replace("_", "-")


def _text(text: str) -> str:
    # A quote of another's tree may hold anything, also what a terminal obeys, and half a surrogate pair.
    return html.escape(printable(text), quote=True)
