"""Claims about names held against what modules define: dotted names, imports, names in a file, tests."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional

from gates.facts.context.held import CONTRADICTED, UNKNOWN, YES, Answer, no
from gates.facts.context.names import Names
from gates.facts.context.places import Places, stands_for_any
from gates.facts.context.tree import undotted
from gates.facts.extractors.documents.claim import Claim

# First parts of dotted names that are as often a variable as a package.
_VARIABLES = frozenset(
    "app config settings utils core data db api models tests test request response server client self cls"
    " logger log os sys np pd plt torch"
    " main cli common lib src docs scripts examples tools setup conf env".split()
)
# How a test is called that stands for any.
_ANY_TEST = ("_name", "_specific", "_something", "_foo", "_xxx")
_DOMAINS = frozenset("com org net io dev ai app co uk de me sh gg us eu info".split())


@dataclass
class Symbols:
    """What modules say of names that a context file names."""

    names: Names
    places: Places

    def symbol(self, path: str, claim: Claim) -> Answer:
        """A name: in a file that is named, below a package of the repository, a member of a class, or anywhere."""
        name, file, how = claim.parts
        if file:
            return self._in_file(path, claim, name, file)
        root = name.partition(".")[0]
        if "." not in name:
            return YES if name in self.names.every else UNKNOWN
        if root in self.names.roots:
            return self._dotted(claim, name, root in _VARIABLES)
        if name.count(".") == 1 and root[:1].isupper():
            return self._member(claim, root, name.partition(".")[2])
        return YES if how == "call" and name.rpartition(".")[2] in self.names.every else UNKNOWN

    def _in_file(self, path: str, claim: Claim, name: str, file: str) -> Answer:
        found = self.places.find(path, file)
        if found is None or found not in self.places.tree.files:
            return UNKNOWN
        matches = [
            there for there in self.places.tree.ending_in(undotted(file)) if there in self.places.tree.files
        ] or [found]
        last = name.rpartition(".")[2]
        told = [self.names.words(there) for there in matches]
        if any(words is None or last in words[1] for words in told):
            return YES
        if claim.hedge or any(self.names.is_open(there) for there in matches if there.endswith(".py")) or len(last) < 3:
            return UNKNOWN
        words = told[0][1] if told[0] else frozenset[str]()
        defined = (
            [known.rpartition(".")[2] for known in self.names.defined_in(found)]
            if found.endswith(".py")
            else sorted(words)
        )
        return _no_name(f"{found} does not have the word", last, defined)

    def _dotted(self, claim: Claim, name: str, is_doubtful: bool) -> Answer:
        path, rest = self.names.module(name)
        if path and not rest:
            return YES
        if name in self.names.packages:
            return YES
        doubtful = claim.hedge or is_doubtful or name.rpartition(".")[2] in _DOMAINS
        if not path:
            held = name.rpartition(".")[0]
            if doubtful or held not in self.names.modules.index:  # a namespace may go on in another distribution
                return UNKNOWN
            return _no_name(f"{held} has no module", name, self.names.modules.index)
        return self._attribute(path, rest, claim.hedge or ("doubtful" if doubtful else ""))

    def _attribute(self, path: str, rest: str, hedge: str) -> Answer:
        """What is left of a dotted name behind a module: a name of it, and a member of that where it is a class."""
        first, _, more = rest.partition(".")
        told = self.names.words(path)
        if told is None:
            return UNKNOWN
        defined = self.names.defined_in(path)
        if first not in told[1]:
            if hedge or self.names.is_open(path) or _is_dunder(first):
                return UNKNOWN
            return _no_name(f"{path} does not define", first, (name for name in defined if "." not in name))
        kind = defined.get(first, "")
        if more and kind == "class " and more.partition(".")[0] not in told[1] and not _is_dunder(more):
            members = [name.partition(".")[2] for name in defined if name.startswith(f"{first}.")]
            return UNKNOWN if hedge else _no_name(f"{first} in {path} has no", more, members)
        return YES

    def _member(self, claim: Claim, owner: str, member: str) -> Answer:
        """`Class.member`, of a class that one module defines."""
        places = self.names.classes.get(owner, ())
        told = [self.names.words(place) for place in places]
        if not places or any(words is None for words in told):
            return UNKNOWN
        if any(words is not None and member in words[1] for words in told):
            return YES
        if len(places) > 1 or claim.hedge or self.names.is_open(places[0]) or _is_dunder(member):
            return UNKNOWN
        defined = self.names.defined_in(places[0])
        bases = [
            bases for name, bases in defined.items() if name.rpartition(".")[2] == owner and bases.startswith("class")
        ]
        if any(base != "class " for base in bases):
            return UNKNOWN
        if _is_camel(member) or self.places.tree.speaks_another_language:
            return UNKNOWN  # a component, or a class of that name in the other language
        members = [name.rpartition(".")[2] for name in defined if f"{owner}." in name]
        return _no_name(f"{owner} in {places[0]} has no", member, members)

    def imported(self, path: str, claim: Claim) -> Answer:
        """An import of something of this repository: of its top, or of the package that the context file lies in."""
        answer = self._imported(claim)
        own = self._own_module(path, claim.parts[0]) if answer.verdict == CONTRADICTED else None
        if own is None:
            return answer
        told = self.names.words(own)
        name = claim.parts[1]
        return answer if name and told is not None and name not in told[1] and not self.names.is_open(own) else YES

    def _own_module(self, path: str, module: str) -> Optional[str]:
        """The module's file below the folder of that name that the path goes through, unless that is at the top."""
        root, *rest = module.split(".")
        folders = path.split("/")[:-1]
        if root not in folders[1:]:
            return None
        place = "/".join([*folders[: folders.index(root, 1) + 1], *rest])
        return next((file for file in (f"{place}/__init__.py", f"{place}.py") if file in self.places.tree.files), None)

    def _imported(self, claim: Claim) -> Answer:
        module, name = claim.parts
        root = module.partition(".")[0]
        if root not in self.names.roots and module not in self.names.modules.index:
            return UNKNOWN
        answer = self._dotted(claim, module, root in _VARIABLES)
        found, rest = self.names.module(module)
        if answer is not YES or not name or rest:
            return answer
        if f"{module}.{name}" in self.names.modules.index or f"{module}.{name}" in self.names.packages or not found:
            return YES
        return self._attribute(found, name, claim.hedge)

    def test(self, path: str, claim: Claim) -> Answer:
        """A test by its node id: the file, and each name that follows."""
        file, ids, *folder = claim.parts
        place = self.places.path(path, claim._replace(kind="path", parts=(file, "run", *folder)))
        found = self.places.find(path, file) or self.places.find(path, posixpath.join(*folder, file))
        if place is not YES or found is None:
            return place
        told = self.names.words(found)
        if told is None:
            return UNKNOWN
        for part in ids.partition("[")[0].split("::"):
            if not part.isidentifier():
                return UNKNOWN
            if part not in told[1]:
                if part.endswith(_ANY_TEST) or stands_for_any(part):
                    return UNKNOWN
                tests = [name.rpartition(".")[2] for name in self.names.defined_in(found)]
                return UNKNOWN if claim.hedge else _no_name(f"{found} has no test", part, tests)
        return YES


def _is_camel(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _no_name(evidence: str, name: str, known: Iterable[str]) -> Answer:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return no(f"{evidence} '{name}'", near[0] if near else "")
