"""What Python source imports that stands in a file of another kind."""

from __future__ import annotations

from collections.abc import Iterator

from gates.facts.extractors import dynamic_loading
from gates.facts.extractors.carriers.use import FILE, IMPORTS, LOADS, NAME, Use
from gates.facts.extractors.import_statements import statements


def imported(source: str) -> Iterator[Use]:
    """What it imports and loads by name, by line of the source. SyntaxError, ValueError where it cannot be parsed."""
    content = source.encode("utf-8", "surrogatepass")
    for statement in statements(content):
        if not statement.module.startswith("."):
            for name in statement.names or ("",):
                whole = f"{statement.module}.{name}" if name and name != "*" else statement.module
                yield Use(statement.line, statement.column, NAME, whole, IMPORTS)
    for site in dynamic_loading.extract(content) or ():
        if site.target is None or site.level:
            continue
        if site.target.startswith(dynamic_loading.PATH):
            yield Use(site.line, site.column, FILE, site.target[len(dynamic_loading.PATH) :], LOADS)
        else:
            yield Use(site.line, site.column, NAME, site.target, LOADS)
