"""Every path of the checkout, as somebody who reads about it looks for it: below a folder, by its end, in any case."""

from __future__ import annotations

import difflib
import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Optional

from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.git import GitFailed, git
from gates.globs import glob_pattern

_CLOSE = 0.6
_FEW = 4000
_MANY_OF_A_NAME = 40
_ABOVE = re.compile(r"^(?:\.{1,2}/)+")
# Languages with classes, whose names may be those of a Python class.
_OTHER_LANGUAGES = (".ts", ".tsx", ".js", ".jsx", ".go", ".rs", ".java", ".kt", ".swift", ".cs", ".rb", ".php", ".cpp")
_SHARE = 10


@dataclass
class TreePaths:
    """The paths of files, those of folders, and of submodules."""

    checkout: Checkout
    unit: ClassVar[str] = "paths"
    reads: ClassVar[tuple[str, ...]] = ("*.gitignore",)
    _ignored: dict[str, bool] = field(default_factory=dict)
    _nearest: dict[str, str] = field(default_factory=dict)
    _matched: dict[str, bool] = field(default_factory=dict)
    _by_folder: Optional[dict[str, list[str]]] = None

    @classmethod
    def gather(cls, checkout: Checkout) -> TreePaths:
        """Nothing is worked out before it is asked for."""
        return cls(checkout)

    @cached_property
    def digest(self) -> str:
        """Of all paths, and of what git is told to ignore."""
        rules = [self.checkout.files[path].blob for path in sorted(self.files) if path.endswith(".gitignore")]
        return digest_of("\0".join(sorted(self.files)), *rules)

    def __len__(self) -> int:
        return len(self.checkout.files)

    @property
    def files(self) -> Mapping[str, object]:
        """Every file by its path."""
        return self.checkout.files

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file; "" is the top."""
        found = {""}
        for path in self.checkout.files:
            folder = posixpath.dirname(path)
            while folder not in found:
                found.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(found)

    def holds(self, path: str) -> bool:
        """Whether a file or a folder lies just there."""
        return path in self.checkout.files or path in self.folders

    @cached_property
    def by_name(self) -> Mapping[str, Sequence[str]]:
        """The last part of a path to all the files and folders of that name."""
        found: dict[str, list[str]] = {}
        for path in (*self.checkout.files, *self.folders):
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    @cached_property
    def _by_small_path(self) -> Mapping[str, str]:
        return {path.lower(): path for path in (*self.checkout.files, *self.folders)}

    @cached_property
    def _by_stem(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for path in self.checkout.files:
            name = path.rpartition("/")[2]
            found.setdefault(name.partition(".")[0], []).append(path)
        return found

    def ending_in(self, path: str) -> list[str]:
        """The files and folders whose paths end with this one."""
        name = path.rpartition("/")[2]
        return [found for found in self.by_name.get(name, ()) if found == path or found.endswith(f"/{path}")]

    def stems(self, path: str) -> list[str]:
        """The files that have this path once their suffix is taken away, at the top or below any folder."""
        name = path.rpartition("/")[2]
        return [found for found in self._by_stem.get(name, ()) if re.search(rf"(?:^|/){re.escape(path)}\.\w+$", found)]

    def in_other_case(self, path: str) -> Optional[str]:
        """The path that differs from this one in nothing but capital letters."""
        found = self._by_small_path.get(path.lower())
        return found if found is not None and found != path else None

    def matching(self, glob: str) -> bool:
        """Whether a glob of a shell matches a file or a folder, from the top or below any folder."""
        if glob not in self._matched:
            self._matched[glob] = any(self._matching(alternative) for alternative in _alternatives(glob.strip("/")))
        return self._matched[glob]

    def _matching(self, glob: str) -> bool:
        pattern = re.compile(f"(?:.*/)?{glob_pattern(undotted(glob))}")
        return any(map(pattern.fullmatch, self.checkout.files)) or any(map(pattern.fullmatch, self.folders))

    @cached_property
    def speaks_another_language(self) -> bool:
        """Whether at least a tenth as many files as are Python's are another's: a name may be one of theirs."""
        ours = sum(path.endswith(".py") for path in self.checkout.files)
        theirs = sum(path.endswith(_OTHER_LANGUAGES) for path in self.checkout.files)
        return theirs * _SHARE >= ours

    def submodule_of(self, path: str) -> bool:
        """Whether a path lies in another repository."""
        return any(path == folder or path.startswith(f"{folder}/") for folder in self._submodules)

    @cached_property
    def _submodules(self) -> tuple[str, ...]:
        return (
            tuple(path for path in self.checkout.files if self.checkout.files[path].is_submodule)
            if _may_have(self.checkout)
            else ()
        )

    def nearest(self, path: str) -> str:
        """The path that was likely meant, "" where none comes near."""
        if path not in self._nearest:
            self._nearest[path] = self._found_near(path)
        return self._nearest[path]

    def _found_near(self, path: str) -> str:
        name = path.rpartition("/")[2]
        same = [found for found in self.by_name.get(name, ()) if found]
        if len(same) == 1 or len(same) > _MANY_OF_A_NAME:
            return same[0] if len(same) == 1 else ""
        if same:
            return max(same, key=lambda found: difflib.SequenceMatcher(None, found, path).ratio())
        folder = posixpath.dirname(path)
        beside = self.beside(folder)
        near = difflib.get_close_matches(path, beside, n=1, cutoff=_CLOSE)
        if not near and len(self.folders) <= _FEW:
            near = difflib.get_close_matches(path, [found for found in self.folders if found], n=1, cutoff=0.8)
        return near[0] if near else ""

    def beside(self, folder: str) -> Sequence[str]:
        """The files that lie in a folder itself."""
        if self._by_folder is None:
            self._by_folder = {}
            for path in self.checkout.files:
                self._by_folder.setdefault(posixpath.dirname(path), []).append(path)
        return self._by_folder.get(folder, ())

    def ignored(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the paths that git would not keep."""
        asked = [path for path in dict.fromkeys(paths) if path not in self._ignored and _can_be_asked(path)]
        if asked and self.checkout.has_git:
            found = set(_ignored(self.checkout, asked))
            self._ignored.update((path, path in found) for path in asked)
        return frozenset(path for path in paths if self._ignored.get(path))


def undotted(path: str) -> str:
    """A path without the `./` and `../` that it begins with; the dot of `.github` stays."""
    return _ABOVE.sub("", path)


def _may_have(checkout: Checkout) -> bool:
    return bool(checkout.files.of_mode(0o160000))


def _can_be_asked(path: str) -> bool:
    return bool(path) and not path.startswith(("/", "../")) and path != ".." and "\0" not in path


def _ignored(checkout: Checkout, paths: Sequence[str]) -> list[str]:
    """What git says of them; by the rules of the repository alone."""
    # A folder may be ignored by a pattern that ends in a slash: it is asked about as one, too.
    feed = b"".join(os.fsencode(form) + b"\0" for path in paths for form in (path, f"{path}/", f"{path}/x"))
    try:
        said = git(checkout.root, "-c", "core.excludesFile=", "check-ignore", "--no-index", "-z", "--stdin", feed=feed)
    except GitFailed:  # none of them is
        return []
    forms = {os.fsdecode(form) for form in said.split(b"\0") if form}
    return [path for path in paths if {path, f"{path}/", f"{path}/x"} & forms]


def _alternatives(glob: str) -> Iterator[str]:
    """`a/{b,c}` as `a/b` and `a/c`."""
    match = re.search(r"\{([^{}]*)\}", glob)
    if match is None:
        yield glob
        return
    for choice in match[1].split(","):
        yield from _alternatives(glob[: match.start()] + choice.strip() + glob[match.end() :])
