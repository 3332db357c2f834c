"""A link between files of the repository leads nowhere.

Why: whoever follows it is lost, and nobody else notices; a link that works on one machine alone (another case of
letters, a file that git does not keep) is dead for everybody else.
Instead: mend the target; after a `git mv` the finding says where it lies now. lychee judges the documents; line
anchors, undefined references, letters' case, links out of the repository or to untracked files, docstrings and
workflows are judged here. Links to the network are judged where `[facts.network-links]` allows it, by what
`gates links fetch` wrote down of their servers' answers.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.context.names import Names
from gates.facts.documents import Documents, Link
from gates.facts.link_check import LinkCheck
from gates.facts.network_links import NetworkLinks
from gates.facts.renames import Renames
from gates.finding import Finding
from gates.globs import Globs, any_of

_PLANTED = "gates-planted-gone.md"
_LINES = re.compile(r"L(\d+)(?:C\d+)?(?:-L?(\d+)(?:C\d+)?)?")


@dataclass(frozen=True)
class DeadLink:
    """`allowed_in`: the files whose links may be dead, such as an archive's."""

    allowed_in: Globs = ()

    def check(
        self, documents: Documents, asked: LinkCheck, renames: Renames, names: Names, network: NetworkLinks
    ) -> Iterator[Finding]:
        allowed = any_of(self.allowed_in)
        seen: set[tuple[str, int, str]] = set()
        for finding in (*self._all(documents, asked, renames, names), *_gone(network)):
            place = (finding.path, finding.line, finding.subject)
            if place not in seen and not allowed.fullmatch(finding.path):
                seen.add(place)
                yield finding

    def _all(self, documents: Documents, asked: LinkCheck, renames: Renames, names: Names) -> Iterator[Finding]:
        for link in documents.of_documents:
            yield from _own(link, documents, renames, names, is_document=True)
        for link in documents.of_others:
            yield from _own(link, documents, renames, names, is_document=False)
        for dead in asked.dead:
            if dead.place.startswith("..") or "{{" in dead.place:
                continue  # said above, or to be filled in
            beside = posixpath.relpath(dead.place, posixpath.dirname(dead.path) or ".")
            written = _written(documents, dead.path, dead.line, dead.place, dead.anchor) or beside
            if dead.why == "fragment":
                if documents.has_anchor(dead.place, dead.anchor):
                    continue  # GitHub keeps the mark behind an emoji that it drops, and lychee does not
                message = f"`{written}`: {dead.place} has no heading or anchor #{dead.anchor}"
                yield Finding(dead.path, dead.line, message, subject=written)
            else:
                yield _missing(Link(dead.path, dead.line, written), dead.place, documents, renames)
        for path, line, label in documents.undefined:
            yield Finding(path, line, f"the reference [{label}] is defined nowhere in the file", subject=f"[{label}]")

    def plant(self, checkout: Checkout, documents: Documents) -> Plant:
        """Append a link to a file that is not there to the first document outside the allowed ones."""
        allowed = any_of(self.allowed_in)
        for file in documents.files:
            if not allowed.fullmatch(file.path):
                planted = f"\n\nSee [this]({_PLANTED}).\n".encode()
                return Plant({file.path: checkout.read(file.path) + planted}, file.path, _PLANTED)
        raise CannotPlant("allowed_in covers every document: the policy forbids nothing")


def _gone(network: NetworkLinks) -> Iterator[Finding]:
    """What servers said is not there, with the day on which they said so."""
    for link, answer in network.dead:
        message = f"`{link.target}`: {answer.said}, on {answer.asked}"
        yield Finding(link.path, link.line, message, subject=link.target)


def _written(documents: Documents, path: str, line: int, place: str, anchor: str) -> str:
    """How a link that lychee names by where it leads is written in the file, "" where it is HTML."""
    same = documents.by_place.get((path, place, anchor))
    return min(same, key=lambda link: abs(link.line - line)).target if same else ""


def _own(link: Link, documents: Documents, renames: Renames, names: Names, *, is_document: bool) -> Iterator[Finding]:
    """What lychee cannot see of a link; of one that is in no document it sees nothing."""
    place = link.place
    if place.startswith(".."):
        yield Finding(link.path, link.line, f"`{link.target}` leads out of the repository", subject=link.target)
    elif not documents.tree.holds(place) and place != ".":
        if documents.tree.in_other_case(place) or not is_document:
            yield _missing(link, place, documents, renames)
    elif place in documents.untracked and link.path not in documents.untracked:
        message = f"`{link.target}` is not tracked by git: nobody else has it"
        yield Finding(link.path, link.line, message, subject=link.target)
    else:
        lines = _LINES.fullmatch(link.anchor)
        held = names.words(place) if lines and place in documents.checkout.files else None
        if lines and held is not None and int(lines[2] or lines[1]) > held[0]:
            message = f"`{link.target}`: {place} has {held[0]:,} lines"
            yield Finding(link.path, link.line, message, subject=link.target)


def _missing(link: Link, place: str, documents: Documents, renames: Renames) -> Finding:
    cased = documents.tree.in_other_case(place)
    moved = renames.now(place)
    meant = "" if cased or moved else _meant(link, documents, renames)
    there = cased or moved or meant
    right = _as_written(link, there) if there else None
    why = "does not exist" + (f"; git does not say whether it moved: {renames.why_not}" if renames.why_not else "")
    if there:
        why = (
            f"is {cased}, in other letters"
            if cased
            else f"moved to {moved}"
            if moved
            else f"is {meant} since this moved"
        )
    return Finding(link.path, link.line, f"`{link.target}`: {place} {why}", subject=link.target, fix=right)


def _meant(link: Link, documents: Documents, renames: Renames) -> str:
    """Where the link led before the document itself was moved; "" where that was nowhere, or it never was."""
    before = renames.before(link.path)
    place = link._replace(path=before).place if before else ""
    return (place if documents.tree.holds(place) else renames.now(place)) if place else ""


def _as_written(link: Link, there: str) -> str:
    """The target that leads there, from the top where it was written so, with its anchor."""
    anchor = f"#{link.anchor}" if link.anchor else ""
    if link.target.startswith("/"):
        return f"/{there}{anchor}"
    return posixpath.relpath(there, posixpath.dirname(link.path) or ".") + anchor
