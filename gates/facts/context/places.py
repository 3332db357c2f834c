"""Claims about places held against the tree: paths, globs, drawn trees, @imports, links with their anchors."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Optional

from gates.facts.checkout import Checkout
from gates.facts.context.absence import Absence
from gates.facts.context.held import UNKNOWN, YES, Answer, no
from gates.facts.context.names import Names
from gates.facts.context.tree import TreePaths, undotted
from gates.facts.extraction import Extraction
from gates.facts.extractors.documents.claim import PATH, TREE, Claim

ANCHORS = "gates.facts.extractors.tree.anchors"
# Words that stand for another in a path, and folders that programs make.
_STANDS_FOR = re.compile(
    r"(?:(?:your|my|new|some|the|existing|other|path|to|foo|bar|baz|qux|example|sample|demo|xxx*|yyy*|name"
    r"|module|feature|thing|something|whatever|package"
    r"|component|file|filename|dir|folder|user|project|repo|service|plugin|topic|slug|test_foo|test_bar"
    r"|test_example|test_module|test_feature"
    r"|test_file|test_specific\w*|specific|test_xxx*|test_something|test_new\w*|n+|x+|y+|z+|abc|myapp|mymodule"
    r"|mypackage|hello\w*)(?:[._-]|$)|[A-Z]+_?(?:NAME|ID|PATH|FILE|DIR|SLUG|VERSION)$|(?:YYYY|NNN|XXX))",
)
_MADE = frozenset(
    "build dist target out output outputs node_modules .venv venv .env __pycache__ htmlcov _build _site .tox"
    " .nox .cache .mypy_cache"
    " .ruff_cache .pytest_cache .hypothesis tmp temp logs log artifacts .next .nuxt .turbo .git vendor"
    " third_party .eggs generated _generated"
    " .idea .vscode obj Debug Release runs checkpoints wandb mlruns .gradle .dart_tool Pods DerivedData"
    " downloads cache worktrees .worktrees".split()
)
# What a name that stands for any is put together from: test_name.py, TestClass, path/to/file.
_ANY = frozenset(
    "test tests name file module function func method class specific example my your some new foo bar baz feature"
    " component path to thing something case unit case1 xxx xyz abc the any it does this that".split()
)
_SUFFIXED = re.compile(
    r"\.(?:py|pyi|md|mdc|rst|txt|toml|ya?ml|json|cfg|ini|sh|js|ts|tsx|jsx|mjs|cjs|go|rs|java|rb|c|h|cc|cpp|hpp"
    r"|html|css|scss|sql|ipynb|proto|tf|lua|me|svg|png|xml|env)$"
)


@dataclass
class Places:
    """What the tree says of places that a context file names."""

    tree: TreePaths
    names: Names
    checkout: Checkout
    extraction: Extraction
    _siblings: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    _drawings: dict[tuple[str, int], list[bool]] = field(default_factory=dict)

    def prepare(self, claims: Iterable[tuple[str, Claim]]) -> None:
        """Ask git at once about all paths that are not there, and note which lists hold files that are."""
        missing: list[str] = []
        for path, claim in claims:
            if claim.kind not in (PATH, "glob", "entry of a tree", "link"):
                continue
            if claim.kind == TREE:
                self._drawings.setdefault((path, claim.listing), []).append(self._has_entry(path, claim))
            text = undotted(claim.parts[0]) or claim.parts[0]
            found = self.find(path, claim.parts[0]) if claim.kind == PATH else None
            if found is None:
                folder = posixpath.dirname(path)
                missing += [text, posixpath.normpath(posixpath.join(folder, text))]
            elif claim.listing:
                self._siblings.setdefault((path, claim.listing), []).append(found)
        self.tree.ignored(dict.fromkeys(missing))

    def path(self, path: str, claim: Claim) -> Answer:
        """A path: beside the file, at a folder above it, at the top, or at the end of some other path."""
        text, extra = claim.parts[0], claim.parts[1]
        if text.startswith(("~", "/")) and not (text.startswith("/") and self._is_top(text.strip("/").split("/")[0])):
            return UNKNOWN
        folder = claim.parts[2] if len(claim.parts) > 2 else ""
        found = self.find(path, text) or self.find(path, posixpath.join(folder, text))
        if found is None and folder and not self.tree.ending_in(folder):
            return UNKNOWN  # whoever follows the document stands elsewhere
        if found is not None:
            return self._line_of(path, text, found, extra) if extra.isdigit() else YES
        return self._absent(path, claim, text.strip("/"), extra)

    def _line_of(self, path: str, text: str, found: str, number: str) -> Answer:
        """A line of a file; where several files may be meant, one of them has it or nothing is known."""
        if found in (posixpath.normpath(posixpath.join(folder, undotted(text))) for folder in _above(path)):
            return self._line(found, number)
        told = [self._line(there, number) for there in self.tree.ending_in(undotted(text))]
        return told[0] if len(told) == 1 else YES if YES in told else UNKNOWN

    def _line(self, found: str, number: str) -> Answer:
        lines = self.names.words(found) if found in self.tree.files else None
        if lines is not None and int(number) > lines[0]:
            return no(f"{found} has {lines[0]:,} lines")
        return YES

    def find(self, path: str, text: str) -> Optional[str]:
        """Where it lies, if it does."""
        bare = text.strip("/") if text.startswith("/") else text.rstrip("/")
        folder = posixpath.dirname(path)
        while True:
            there = posixpath.normpath(posixpath.join(folder, bare))
            there = "" if there == "." else there
            if self.tree.holds(there):
                return there
            if not folder:
                break
            folder = posixpath.dirname(folder)
        short = undotted(bare)
        ends = self.tree.ending_in(short)
        return ends[0] if ends else None

    def _absent(self, path: str, claim: Claim, text: str, extra: str) -> Answer:
        bare = undotted(text)
        cased = self.tree.in_other_case(bare) or self.tree.in_other_case(posixpath.join(posixpath.dirname(path), bare))
        if cased is not None and "/" in bare:
            return no("the letters' case differs", cased)
        if claim.hedge or self._is_anybodys(path, bare) or self.tree.stems(bare):
            return UNKNOWN
        parts = bare.split("/")
        if len(parts) == 1:
            return self._alone(path, claim, bare)
        if extra != "run" and not _SUFFIXED.search(bare) and not self._is_below_something(path, parts, claim):
            return UNKNOWN
        if (
            extra != "run"
            and "." not in parts[-1]
            and not claim.parts[0].endswith("/")
            and parts[-1] in self.names.every
        ):
            return UNKNOWN  # "pipeline/run_all": a name in a package
        if all(self._is_top(part) for part in parts):  # "tests/docs": the one and the other
            return UNKNOWN
        is_folder = claim.parts[0].endswith("/") or not posixpath.splitext(bare)[1]
        if not Absence(self.tree).is_felt([*_above(path), *claim.parts[2:3]], bare, is_folder):
            return UNKNOWN
        return no("no such path", self.tree.nearest(bare))

    def _is_below_something(self, path: str, parts: list[str], claim: Claim) -> bool:
        """Of a folder: whether the one that should hold it is there."""
        return self._is_known(path, parts[:-1]) and (len(parts) > 2 or claim.parts[0].endswith("/"))

    def _is_known(self, path: str, parts: list[str]) -> bool:
        return self.find(path, "/".join(parts)) is not None

    def _alone(self, path: str, claim: Claim, name: str) -> Answer:
        """A name without a folder, in a list of such names: where its neighbours lie it should lie, too."""
        beside = self._siblings.get((path, claim.listing), ()) if claim.listing else ()
        is_folder = claim.parts[0].endswith("/")
        same = [found for found in beside if self.tree.holds(found) and (found in self.tree.folders) == is_folder]
        if not is_folder:
            same = [found for found in same if posixpath.splitext(found)[1] == posixpath.splitext(name)[1]]
        if len(same) < 2:
            return UNKNOWN
        return no(
            "no such folder" if is_folder else "no such file",
            self.tree.nearest(posixpath.join(posixpath.dirname(same[0]), name)),
        )

    def _is_anybodys(self, path: str, text: str) -> bool:
        """Whether it is made by a program, ignored by git, in another repository, or stands for any."""
        parts = [part for part in text.split("/") if part]
        if any(stands_for_another(part) or part in _MADE for part in parts) or stands_for_any(
            parts[-1] if parts else ""
        ):
            return True
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
        return bool(self.tree.ignored([text, beside])) or self.tree.submodule_of(text) or self.tree.submodule_of(beside)

    def _is_top(self, name: str) -> bool:
        return self.tree.holds(name)

    def glob(self, path: str, claim: Claim) -> Answer:
        """A glob matches something; where a part stands for another nothing is promised."""
        text, extra = claim.parts[0], claim.parts[1]
        if self.tree.matching(re.sub(r"\[[^\]]*\]", "?", text)):
            return YES
        fixed = re.split(r"[*?{\[]", text, maxsplit=1)[0].rpartition("/")[0]
        if extra == "hole" or claim.hedge or not fixed or self._is_anybodys(path, fixed) or text.startswith(("~", "/")):
            return UNKNOWN
        folder = self.find(path, fixed)
        if folder is None:
            is_felt = "/" in fixed and Absence(self.tree).is_felt(_above(path), undotted(fixed), True)
            return no(f"there is no {fixed}/", self.tree.nearest(fixed)) if is_felt else UNKNOWN
        if not re.search(r"\.\w+$|\*\.\w+$", text) or self.tree.ignored([text.replace("*", "x")]):
            return UNKNOWN
        return no("it matches nothing")

    def entry(self, path: str, claim: Claim) -> Answer:
        """An entry of a drawn tree: below the folder that the drawing names, or below one that others of it are in."""
        text, root = claim.parts
        bare = text.rstrip("/")
        if self._has_entry(path, claim):
            return YES
        if claim.hedge or self._is_anybodys(path, bare) or re.search(r"\.\w+/", bare) or not _is_entry(text):
            return UNKNOWN
        above = posixpath.dirname(bare)
        is_drawn = self._drawn(path, claim, root)
        shown = self._drawings.get((path, claim.listing), [])
        if 2 * sum(shown) < len(shown):
            return UNKNOWN  # a drawing of something else
        if not is_drawn or (above and not (self.tree.ending_in(above) or self._is_known(path, [above]))):
            return UNKNOWN
        return no("no such path", self.tree.nearest(posixpath.join(is_drawn, bare) if is_drawn != "." else bare))

    def _has_entry(self, path: str, claim: Claim) -> bool:
        text, root = claim.parts
        bare = text.rstrip("/")
        tries = [
            posixpath.normpath(posixpath.join(base, *under))
            for base in {posixpath.dirname(path), ""}
            for under in ((root, bare), (bare,))
        ]
        return any(self.tree.holds(place) for place in tries) or bool(self.tree.ending_in(bare))

    def _drawn(self, path: str, claim: Claim, root: str) -> str:
        """The folder that the drawing is of, "." for the top; "" where that is not known."""
        if root and root != ".":
            found = self.find(path, root)
            return found or (
                "."
                if found == ""
                else "."
                if root in (posixpath.basename(str(self.checkout.root)), self.project_name)
                else ""
            )
        return "."

    project_name: str = ""

    def include(self, path: str, claim: Claim) -> Answer:
        """An @import: beside the file or at the top."""
        text = claim.parts[0]
        if text.startswith(("~", "/")):
            return UNKNOWN
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
        top = posixpath.normpath(text)
        if beside in self.tree.files or top in self.tree.files:
            return YES
        if self.tree.ignored([beside, top]) or claim.hedge or stands_for_another(posixpath.basename(text)):
            return UNKNOWN
        return no("no such file", self.tree.nearest(beside))

    def link(self, path: str, claim: Claim) -> Answer:
        """A link: beside the file, or from the top where it begins with a slash; with its anchor."""
        target, _, anchor = claim.parts[0].partition("#")
        target = target.partition("?")[0]
        if re.match(r"[a-z][a-z0-9+.-]*:|//|mailto", target, re.IGNORECASE) or re.search(r"[<>{}$*]|^\.\.\.|…", target):
            return UNKNOWN
        if not target:
            return self._anchor(path, anchor) if anchor else UNKNOWN
        there = posixpath.normpath(
            target.strip("/") if target.startswith("/") else posixpath.join(posixpath.dirname(path), target)
        )
        if there.startswith(".."):
            return UNKNOWN
        if there == "." or self.tree.holds(there):
            return self._anchor(there, anchor) if anchor and there in self.tree.files else YES
        if self.tree.ignored([there]) or self.tree.submodule_of(there) or target.startswith("/"):
            return UNKNOWN
        if stands_for_another(posixpath.basename(there)) or not re.search(r"[./]", target):
            return UNKNOWN
        cased = self.tree.in_other_case(there)
        if cased:
            return no("the letters' case differs", cased)
        return no("no such path", self._beside(path, self.tree.nearest(there)))

    def _beside(self, path: str, nearest: str) -> str:
        return posixpath.relpath(nearest, posixpath.dirname(path) or ".") if nearest else ""

    def _anchor(self, path: str, anchor: str) -> Answer:
        line = re.fullmatch(r"L(\d+)(?:C\d+)?(?:-L?(\d+)(?:C\d+)?)?", anchor)
        if line:
            return self._line(path, line[2] or line[1])
        if not path.endswith((".md", ".me", ".mdc", ".markdown")):
            return UNKNOWN
        value = self.extraction.of(ANCHORS, [self.checkout.files[path]]).get(path)
        anchors = value[0] if value and not isinstance(value, str) else ()
        if anchor.lower() in {known.lower() for known in anchors} or anchor in ("top", ""):
            return YES
        near = max(anchors, key=lambda known: _alike(known, anchor), default="")
        return no(f"{path} has no heading with this anchor", f"#{near}" if near and _alike(near, anchor) > 0.5 else "")


def stands_for_another(word: str) -> bool:
    """Whether a word begins as one does that the reader is to replace: `your_plugin.py`, `foo`."""
    return bool(_STANDS_FOR.match(word))


def stands_for_any(name: str) -> bool:
    """Whether a name of a file, a class or a test is put together from words that say nothing: `test_name.py`."""
    stem = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.partition(".")[0])
    words = [word.lower() for word in re.split(r"[_-]+", stem) if word]
    return len(words) > 1 and all(word in _ANY for word in words)


def _above(path: str) -> Iterator[str]:
    """The folder of a file, and each one above it; the last is the top."""
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _is_entry(text: str) -> bool:
    """Whether a word of a drawing is a file or a folder beyond doubt: other things are drawn as trees, too."""
    return text.endswith("/") or "." in posixpath.basename(text)


def _alike(one: str, other: str) -> float:
    import difflib

    return difflib.SequenceMatcher(None, one, other).ratio()
