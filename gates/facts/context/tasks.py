"""Claims about commands held against what the repository offers: targets, scripts, modules, extras, groups."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional

from gates.errors import did_you_mean
from gates.facts.context.held import UNKNOWN, YES, Answer, no
from gates.facts.context.names import Names
from gates.facts.context.places import stands_for_another
from gates.facts.context.project import Project, normal
from gates.facts.extractors.documents.claim import Claim

_HINT = "; did you mean '"


@dataclass
class Tasks:
    """What the project says of commands that a context file names."""

    project: Project
    names: Names

    def command(self, path: str, claim: Claim) -> Answer:
        """One command."""
        runner, target, folder = claim.parts
        if runner in ("make", "just"):
            return self._target(path, claim, runner, target, folder)
        if runner in ("npm", "maybe npm"):
            return self._npm(claim, runner, target)
        if runner in ("tox", "nox", "poe"):
            known = self.project.tasks(runner)
            if known is None or claim.hedge or stands_for_another(target):
                return UNKNOWN
            same = (
                target in known
                or target.replace("_", "-") in known
                or target.partition("-")[0].partition("(")[0] in known
            )
            plain = runner == "tox" and target.startswith("py")
            return YES if same or plain else _none_of(f"{runner} has no '{target}'", target, known)
        if runner == "python -m":
            return self._module(claim, target)
        if runner == "script":
            return self._script(claim, target)
        return UNKNOWN

    def _target(self, path: str, claim: Claim, runner: str, target: str, folder: str) -> Answer:
        places = dict.fromkeys(
            [
                folder,
                posixpath.normpath(posixpath.join(posixpath.dirname(path), folder))
                if folder
                else posixpath.dirname(path),
            ]
        )
        every: frozenset[str] = frozenset()
        known: Optional[frozenset[str]] = None
        for place in places:
            here, every = self.project.targets(runner, "" if place == "." else place)
            known = here if known is None else known | (here or frozenset())
            if here is not None and target in here:
                return YES
        if target in every:
            return YES
        if claim.hedge or folder == "?" or stands_for_another(target):
            return UNKNOWN
        if known is None:
            none = runner == "make" and not self.project.has_makefiles and not folder
            return no("there is no makefile") if none else UNKNOWN
        if runner == "make" and ("/" in target or "." in target):
            return UNKNOWN
        return _none_of(f"the {'makefile' if runner == 'make' else 'justfile'} has no target '{target}'", target, known)

    def _npm(self, claim: Claim, runner: str, target: str) -> Answer:
        packages = self.project.packages
        scripts = frozenset(name for value in packages.values() for name in value[0])
        if target in scripts:
            return YES
        if claim.hedge or runner != "npm" or stands_for_another(target):
            return UNKNOWN
        if not packages:
            return no("there is no package.json")
        return _none_of(f"no package.json has a script '{target}'", target, scripts)

    def _module(self, claim: Claim, target: str) -> Answer:
        root = target.partition(".")[0]
        if root not in self.names.roots and target not in self.names.modules.index:
            return UNKNOWN
        path, rest = self.names.module(target)
        if path and not rest:
            if (
                posixpath.basename(path).startswith("__init__.")
                and f"{target}.__main__" not in self.names.modules.index
            ):
                return no(f"{posixpath.dirname(path)}/ has no __main__.py") if not claim.hedge else UNKNOWN
            return YES
        if target in self.names.packages:
            return YES if f"{target}.__main__" in self.names.modules.index else UNKNOWN
        if claim.hedge:
            return UNKNOWN
        return _none_of(f"there is no module {target}", target, self.names.modules.index)

    def _script(self, claim: Claim, target: str) -> Answer:
        """A first word: a console script of this project, or one that is called like it and is none."""
        scripts = self.project.scripts
        name = self.project.name
        if scripts is None or not name:
            return UNKNOWN
        if target in scripts:
            return YES
        programs = {program for value in self.project.packages.values() for program in value[1]}
        alike = normal(target).startswith(f"{name}-") or any(
            normal(target).startswith(f"{normal(script)}-") and len(script) > 3 for script in scripts
        )
        is_other = (
            target in programs or "Cargo.toml" in self.project.checkout.files or "go.mod" in self.project.checkout.files
        )
        ends = (
            any(file.rpartition("/")[2].partition(".")[0] == target for file in self.project.checkout.files)
            if alike
            else False
        )
        if not alike or not scripts or is_other or ends or claim.hedge or normal(target) in self.project.names:
            return UNKNOWN
        return _none_of(f"the project has no console script '{target}'", target, scripts)

    def extra(self, path: str, claim: Claim) -> Answer:
        """An extra or a group of dependencies of a distribution of this repository."""
        who, extra, kind = claim.parts
        if who not in ("", ".") and normal(posixpath.basename(who)) not in self.project.names:
            return UNKNOWN
        known = self.project.extras(kind)
        if known is None or normal(extra) in known or extra in known:
            return YES if known is not None else UNKNOWN
        if claim.hedge or stands_for_another(extra):
            return UNKNOWN
        what = "extra" if kind == "extra" else "group of dependencies"
        return _none_of(f"the project has no {what} '{extra}'", extra, known)


def _none_of(evidence: str, word: str, known: Iterable[str]) -> Answer:
    hint = did_you_mean(word, known)
    return no(evidence, hint[len(_HINT) : -2] if hint else "")
