"""The loads that cannot be known from the text, and what a recorded run loaded there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from gates.facts.dynamic_imports import DynamicImports
from gates.facts.extractors.dynamic_loading import LoadingSite
from gates.facts.fact import digest_of
from gates.facts.imported import STATEMENT, Imported
from gates.facts.lanes import Lanes
from gates.facts.recorded_imports import RecordedImports


@dataclass
class RecordedSites:
    """For each opaque loading site what was seen to be loaded by it.

    A recording says which line imported, not which part of it: a line with several sites is answered for none of them.
    """

    dynamic_imports: DynamicImports
    recorded: RecordedImports
    lanes: Lanes
    unit: ClassVar[str] = "modules"
    reads: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def gather(cls, dynamic_imports: DynamicImports, recorded: RecordedImports, lanes: Lanes) -> RecordedSites:
        """Nothing is read until it is asked for."""
        return cls(dynamic_imports, recorded, lanes)

    @cached_property
    def digest(self) -> str:
        """Of the sites, the recording and the lanes; without a recording, of nothing."""
        if self.recorded.settings.file is None:
            return self.recorded.digest
        return digest_of(self.dynamic_imports.digest, self.recorded.digest, self.lanes.digest)

    def __len__(self) -> int:
        return len(self.dynamic_imports)

    def account(self) -> dict[str, int]:
        """How many opaque loads were run over, with nothing seen that the lanes forbid."""
        answered = (self._are_allowed(path, ran) for path, lines in self._seen.items() for ran in lines.values())
        return {"opaque but recorded": sum(answered)}

    def loaded(self, path: str, site: LoadingSite) -> tuple[Imported, ...]:
        """What was loaded at an opaque site; nothing where it was not run, or changed since."""
        return self._seen.get(path, {}).get(site.line, ()) if site.target is None else ()

    def is_answered(self, path: str, site: LoadingSite) -> bool:
        """Whether something was loaded at the site, and all of it may be imported from its lane."""
        return self._are_allowed(path, self.loaded(path, site))

    def forbidden(self, path: str, site: LoadingSite) -> tuple[str, ...]:
        """The names of what was loaded at the site and may not be imported from its lane, or is in none."""
        names = (one.name or str(one.path) for one in self.loaded(path, site) if not self._may_enter(path, one))
        return tuple(dict.fromkeys(names))

    def _are_allowed(self, path: str, ran: Sequence[Imported]) -> bool:
        return bool(ran) and all(self._may_enter(path, one) for one in ran)

    def _may_enter(self, path: str, imported: Imported) -> bool:
        if imported.path is None:  # it lies outside the repository
            return True
        mine, other = self.lanes.of(path), self.lanes.of(imported.path)
        return mine is not None and other in self.lanes.may_import[mine]

    @cached_property
    def _seen(self) -> Mapping[str, Mapping[int, tuple[Imported, ...]]]:
        """Path and line of each opaque site that was run, with what was imported there."""
        found: dict[str, dict[int, tuple[Imported, ...]]] = {}
        by_file = self.recorded.by_file
        for path, sites in self._opaque(by_file).items():
            for site in sites:
                ran = tuple(one for one in by_file[path] if one.line == site.line)
                if any(_did(site, one) for one in ran):
                    found.setdefault(path, {})[site.line] = ran
        return found

    def _opaque(self, files: Mapping[str, object]) -> Mapping[str, list[LoadingSite]]:
        """The opaque sites of these files that stand alone on their line."""
        found: dict[str, list[LoadingSite]] = {}
        for path, site in self.dynamic_imports.outside(()) if files else ():
            if path in files:
                found.setdefault(path, []).append(site)
        for path, sites in found.items():
            many = Counter(site.line for site in sites)
            found[path] = [site for site in sites if site.target is None and many[site.line] == 1]
        return found


def _did(site: LoadingSite, imported: Imported) -> bool:
    """Whether the site itself imported it: by a call of the line's own, or through the library that it is a call of."""
    by_library = imported.through not in ("", STATEMENT) and site.spelling.startswith(f"{imported.through}.")
    return not imported.through or by_library
