"""What the modules of a repository import from the top, and which former names of maturity are still among it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gates.facts.extraction import Extraction
from gates.facts.extractors.import_statements import unpacked
from gates.facts.imports import BY_NAME, EXACT, SCAN
from gates.facts.modules import Modules
from gates.scaffold.maturity import Kind, maturity_formerly, word_of


def seen_imports(modules: Modules, extraction: Extraction) -> dict[str, frozenset[str]]:
    """Path to absolute dotted names, by the wide look: it may see too many, never too few (of files that parse)."""
    extraction.prefetch([(SCAN, modules.files), (BY_NAME, modules.files)])
    by_name = extraction.of(BY_NAME, modules.files)
    seen: dict[str, frozenset[str]] = {}
    for path, entries in extraction.of(SCAN, modules.files).items():
        if entries[0] != "?":  # of a file that does not parse, any word may be there
            seen[path] = frozenset(name for entry in entries if entry[0] != "." for name in _dotted(entry))
    for path, sites in by_name.items():
        seen[path] = seen.get(path, frozenset()) | frozenset(_loaded(sites))
    return {path: names for path, names in sorted(seen.items()) if names}


def _dotted(entry: str) -> Iterator[str]:
    """`a.b:c,d` as `a.b.c` and `a.b.d`, which may be modules."""
    module, names = unpacked(entry)
    yield from (f"{module}.{name}" for name in names)
    if not names:
        yield module


def _loaded(sites: Any) -> Iterator[str]:
    """The absolute names that are loaded at run time, of those that are known."""
    if not isinstance(sites, str):
        yield from (target for _, _, _, target, level, *_ in sites if target and not level)


def former_names(
    modules: Modules, extraction: Extraction, seen: Mapping[str, frozenset[str]]
) -> dict[Kind, frozenset[str]]:
    """Words of maturity that imports use, and that nothing in the tree is called any more."""
    tops = {name.split(".", 1)[0] for name in modules.index}
    suspects: dict[str, set[str]] = {}
    for path, names in seen.items():
        for top in {name.split(".", 1)[0] for name in names} - tops:
            if maturity_formerly(word_of(top)) is not None and top.isidentifier():
                suspects.setdefault(top, set()).add(path)
    former: dict[Kind, set[str]] = {}
    for top, paths in sorted(suspects.items()):
        kind = maturity_formerly(word_of(top))
        if kind is not None and _is_imported(top, paths, modules, extraction):
            former.setdefault(kind, set()).add(top)
    return {kind: frozenset(names) for kind, names in former.items()}


def _is_imported(top: str, paths: Iterable[str], modules: Modules, extraction: Extraction) -> bool:
    """Whether the exact look confirms that one of the files imports the name."""
    wanted = set(paths)
    files = [file for file in modules.files if file.path in wanted]
    exact = extraction.of(EXACT, files)
    static = (name for found in exact.values() if not isinstance(found, str) for _, _, name, _ in found)
    loaded = (name for sites in extraction.of(BY_NAME, files).values() for name in _loaded(sites))
    return any(name.split(".", 1)[0] == top for names in (static, loaded) for name in names)
