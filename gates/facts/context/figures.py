"""Claims about figures held against the tree: counts, versions, ranges of Python, settings, what CI runs on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Optional

from gates.facts.context.counting import Counting
from gates.facts.context.held import UNKNOWN, YES, Answer, no
from gates.facts.context.project import Project, normal
from gates.facts.extractors.documents.claim import Claim

_FAR = 2
_LOWEST = re.compile(r"(?:>=|\^|~=|~|>)(3\.\d+)")


@dataclass
class Figures:
    """What the project and the tree say of figures that a context file states."""

    project: Project
    counting: Counting

    def count(self, path: str, claim: Claim) -> Answer:
        """A count of something that is known how to count; right by any way of counting is right."""
        number, noun, place, about, scope = int(claim.parts[0]), *claim.parts[1:]
        ways = self.counting.ways(path, noun, place, scope)
        if ways is None or claim.hedge:
            return UNKNOWN
        if any(agrees(number, about, counted) for counted in ways):
            return YES
        if scope == "" and not place and not self.counting.is_declared(noun):
            return UNKNOWN
        nearest = min(ways, key=lambda counted: abs(counted - number))
        return no(f"there are {nearest:,}" + (f" in {place}" if place else ""), f"{nearest:,}")

    def version(self, path: str, claim: Claim) -> Answer:
        """The version of the project itself; of anything else nothing is known."""
        said, who = claim.parts
        ours = self.project.version
        if not who and "/" in path:  # of the component that the folder holds, or of the document itself
            return UNKNOWN
        if not ours or (who and normal(who) not in (self.project.name, *_of(self.project.name))):
            return UNKNOWN
        if said == ours or ours.startswith(f"{said}.") or said.split("-")[0] == ours:
            return YES
        return UNKNOWN if claim.hedge or (who and said.count(".") < 2) else no(f"the version is {ours}", ours)

    def python(self, path: str, claim: Claim) -> Answer:
        """The Pythons that the project says it runs on; of several distributions each may be meant."""
        spec = re.sub(r"\s", "", self.project.requires_python)
        low = _LOWEST.search(spec)
        how, *said = claim.parts
        if not spec or low is None or ">3" in spec:
            return UNKNOWN
        for each in (spec, *self.project.all_requires_python):
            lowest = _LOWEST.search(each)
            if _same_spec(said[0], each) if how == "spec" else lowest is not None and said[0] == lowest[1]:
                return YES
        if claim.hedge:
            return UNKNOWN
        return no(f"requires-python is {spec}", spec if how == "spec" else low[1])

    def matrix(self, path: str, claim: Claim) -> Answer:
        """The Pythons that CI runs on."""
        tested = self.project.ci_pythons
        how, *said = claim.parts
        if tested is None or claim.hedge:
            return UNKNOWN
        if how == "range":
            for one in (tested, *self.project.pythons_by_workflow):  # one of several may be meant
                if set(said) == {min(one, key=_minor), max(one, key=_minor)}:
                    return YES
            return no(f"the workflows run on {_listed(tested)}", _listed(tested))
        if set(said) <= tested:
            return YES
        return no(f"the workflows run on {_listed(tested)}", _listed(tested))

    def setting(self, path: str, claim: Claim) -> Answer:
        """A value that a tool is told."""
        name, said = claim.parts
        values = self.project.values(name)
        if claim.hedge:
            return UNKNOWN
        if name == "mypy strict" and not values and self.project.values("mypy"):
            if self.project.runs_mypy_strictly:
                return YES
            if self.project.mypy_asks_for_types:  # what many call strict
                return UNKNOWN
            place = next(iter(self.project.values("mypy")))
            return no(f"{place.split(' ')[0]} does not set strict for mypy")
        if not values:
            return UNKNOWN
        if any(_same_value(said, value) for value in values.values()):
            return YES
        if re.fullmatch(r"key [a-z]+", name):  # so common a word that it may be another tool's
            return UNKNOWN
        place, value = next(iter(values.items()))
        return no(f"{place} is {_shown(value)}", _shown(value))


def _of(name: str) -> Iterable[str]:
    return [name.rpartition("-")[2]] if "-" in name else []


def agrees(number: int, about: str, counted: int) -> bool:
    """Whether a count bears out what is said of it; `about` is "at least", "nearly" or the like, "" for exactly."""
    checks: dict[str, Callable[[], bool]] = {
        "": lambda: number == counted,
        "at least": lambda: counted >= number,
        "over": lambda: counted >= number,
        "more than": lambda: counted > number,
        "up to": lambda: counted <= number,
        "at most": lambda: counted <= number,
        "fewer than": lambda: counted < number,
        "nearly": lambda: number / _FAR <= counted <= number,
        "almost": lambda: number / _FAR <= counted <= number,
    }
    check = checks.get(about)
    return check() if check is not None else number / _FAR <= counted <= number * _FAR


def _same_spec(said: str, spec: str) -> bool:
    return set(said.split(",")) == set(spec.split(",")) or said.split(",")[0] == spec.split(",")[0]


def _minor(version: str) -> int:
    return int(version.split(".")[1])


def _listed(versions: Iterable[str]) -> str:
    return ", ".join(sorted(versions, key=_minor))


def _same_value(said: str, value: object) -> bool:
    if isinstance(value, bool):
        return said.lower() == str(value).lower()
    number = _number(said)
    return number == _number(str(value)) if number is not None else said == str(value)


def _number(text: str) -> Optional[float]:
    try:
        return float(text)
    except ValueError:
        return None


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
