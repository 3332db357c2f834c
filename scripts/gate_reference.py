#!/usr/bin/env python3
"""The gate reference, docs/gates/, from the gates themselves: scripts/gate_reference.py --check, or --write.

A page a gate: what it looks for, why, what to do instead, its keys with their types and defaults, the facts that it
looks at. A page that nothing generates any more is removed by --write, and found by --check.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gates import catalogue
from gates.facts.fact import parameters
from gates.scaffold.policy_text import needed_fields

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "gates"
_MARK = "<!-- written by scripts/gate_reference.py -->"


def pages() -> Mapping[str, str]:
    """File name to text, of every gate of this distribution, and of the list of them."""
    gates = sorted(entry.name for entry in catalogue.own())
    return {"README.md": _list(gates), **{f"{name}.md": _page(name) for name in gates}}


def _list(gates: list[str]) -> str:
    rows = [f"| [{name}]({name}.md) | {_first(name)} | {_mended(name)} |" for name in gates]
    head = ["# The gates", "", _MARK, "", "| gate | what it finds | `gates fix` |", "| --- | --- | --- |"]
    return "\n".join([*head, *rows, ""])


def _first(name: str) -> str:
    return catalogue.explain(name).split("\n", 1)[0]


def _mended(name: str) -> str:
    return "mends what is certain" if name in catalogue.mendable() else ""


def _page(name: str) -> str:
    kind = catalogue.catalogue()[name].load()
    parts = [f"# {name}", _MARK, *_about(catalogue.explain(name)), "## In the policy", *_policy(name, kind)]
    parts += ["## What it looks at", *_looked_at(kind)]
    if _mended(name):
        parts += ["## Fix", f"`gates fix --gate {name}` {_mended(name)}, and lists the rest with the reason."]
    return "\n\n".join([*parts, ""]).rstrip("\n") + "\n"


def _about(text: str) -> Iterator[str]:
    """The docstring's paragraphs; what begins with a word and a colon has that word in bold."""
    for paragraph in text.strip().split("\n\n"):
        yield re.sub(r"^(Why|Instead):", r"**\1:**", paragraph, flags=re.MULTILINE).replace(
            "\n**Instead", "\n\n**Instead"
        )


def _policy(name: str, kind: type) -> Iterator[str]:
    needed = needed_fields(kind)
    yield f'```toml\n[gates.{name}]\nlevel = "block"\n```'
    if kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("):
        yield inspect.cleandoc(kind.__doc__)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    if fields:
        hints = typing.get_type_hints(kind)
        rows = [f"| `{field.name}` | {_type(hints[field.name])} | {_default(field, needed)} |" for field in fields]
        yield "\n".join(["| key | type | default |", "| --- | --- | --- |", *rows])
    yield "Every section may also say `level`, `when_broken` and `may_be_empty`."


def _type(hint: Any) -> str:
    plain = {str: "text", int: "number", float: "number", bool: "true or false"}
    if hint in plain:
        return plain[hint]
    inside = typing.get_args(hint)
    if typing.get_origin(hint) is typing.Union:
        return " or ".join(_type(each) for each in inside if each is not type(None))
    if typing.get_origin(hint) is tuple:
        return "list of globs" if "Glob" in str(hint) else f"list of {_type(inside[0])}"
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(f"`{each}`" for each in inside)
    return "text" if "Glob" not in str(hint) else "glob"


def _default(field: Any, needed: list[str]) -> str:
    if field.name in needed or field.default is dataclasses.MISSING:
        return "required"
    if field.default is None:
        return "not set"
    if isinstance(field.default, tuple):
        return f"`[{', '.join(map(repr, field.default))}]`"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default!r}`"


def _looked_at(kind: Any) -> Iterator[str]:
    facts = [fact for fact in parameters(kind.check).values() if hasattr(fact, "unit")]
    yield "\n".join(f"- {fact.unit}: {(inspect.getdoc(fact) or '').split(chr(10), 1)[0]}" for fact in facts)


def main() -> int:
    """Write the pages, or say which of them are not what the gates say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--check", action="store_true")
    how.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    wanted = pages()
    there = {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.md")}
    stale = sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))
    if asked.check:
        for name in stale:
            print(
                f"docs/gates/{name} is not what the gates say; run scripts/gate_reference.py --write", file=sys.stderr
            )
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], "utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
