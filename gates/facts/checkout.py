"""The repository under judgement: its files with their git blob ids, overlays, commands. The one door to files."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from re import Pattern
from typing import NamedTuple, Optional

from gates.asking import CHANGES, FILTERS, HEAD, LISTING, OTHERS, ask_ahead
from gates.errors import CheckoutError
from gates.facts.fact import Overlay, digest_of
from gates.facts.files import EXECUTABLE, PLAIN, SUBMODULE, SYMLINK, UNREADABLE, File, Files, parse_listing
from gates.facts.git import GitFailed, answer, git, hash_files, read_blobs, top_of
from gates.globs import any_of
from gates.replay import Listed

# What no repository without git wants judged: the tool's own files, environments, caches.
_NEVER_WALKED = frozenset({".git", ".gates", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".hg", ".svn"})


@dataclasses.dataclass(frozen=True)
class Checkout:
    """What stands in the work tree: tracked files as they are now, and untracked ones that git does not ignore.

    `dirty` are the paths that differ from the index or the index from HEAD, or are untracked. `notes` say what a
    reader must know (no git, shallow clone). `listed` is what git said of it. `overlay` is content that is judged in
    place of what is on disk.
    """

    root: Path
    files: Files = dataclasses.field(repr=False)
    commit: Optional[str] = None
    tree: Optional[str] = None
    base: Optional[str] = None
    dirty: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    has_git: bool = True
    is_shallow: bool = False
    overlay: Overlay = dataclasses.field(default_factory=dict, repr=False)
    listed: Optional[Listed] = dataclasses.field(default=None, repr=False)

    @classmethod
    def open(cls, folder: Path, base: Optional[str] = None) -> Checkout:
        """Read the repository that holds the folder. CheckoutError where it cannot be read."""
        if not folder.is_dir():
            raise CheckoutError(f"{folder}: is no folder")
        root = top_of(folder)
        if root is None:
            if base is not None:
                raise CheckoutError(f"{folder}: is no git repository, so there is no base '{base}' to compare with")
            return cls._walked(folder.resolve())
        return cls._tracked(root, base)

    @classmethod
    def _walked(cls, root: Path) -> Checkout:
        files: dict[str, File] = {}
        closed: list[str] = []
        for folder, folders, names in os.walk(root, onerror=lambda error: closed.append(str(error))):
            folders[:] = sorted(name for name in folders if name not in _NEVER_WALKED)
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            below = os.path.relpath(folder, root).replace(os.sep, "/")
            for name in sorted(names + links):
                path = name if below == "." else f"{below}/{name}"
                mode = _mode(root, path)
                if mode is not None:
                    content = _readable(root, path, mode)
                    files[path] = File(path, UNREADABLE if content is None else _blob_id(content), mode)
        note = "no git repository: every file below the folder was judged, ignored ones too"
        unread = [f"a folder cannot be read, what lies in it was not judged: {error}" for error in closed]
        return cls(root, Files.of(files.values()), notes=(note, *unread), has_git=False)

    @classmethod
    def _tracked(cls, root: Path, base: Optional[str]) -> Checkout:
        ask_ahead(str(root))
        try:
            return cls._answered(root, base)
        except GitFailed as failed:
            raise CheckoutError(f"{root}: git cannot read it: {failed}") from None

    @classmethod
    def _answered(cls, root: Path, base: Optional[str]) -> Checkout:
        raw = answer(root, *LISTING)
        listing = parse_listing(raw)
        changes = _parse_changes(answer(root, *CHANGES))
        new = [os.fsdecode(path) for path in answer(root, *OTHERS).split(b"\0") if path]
        is_shallow = False
        flagged = [path for path in listing.flagged if os.path.lexists(root / path)]
        files, dirty = _refreshed(root, listing.files, changes, [*listing.unmerged, *flagged, *new])
        commit: Optional[str] = None
        tree: Optional[str] = None
        try:
            shallow, commit, tree = answer(root, *HEAD).decode("ascii").split()
            is_shallow = shallow == "true"
            dirty.update(_staged(root, tree))
        except GitFailed:  # a repository without a commit: everything in it is new
            dirty.update(files)
        files = _identify_filtered(root, files)
        notes = ("shallow clone: what lies before it cannot be compared with",) if is_shallow else ()
        base_commit = _resolved(root, base, is_shallow) if base is not None else None
        listed = Listed(raw, tuple(changes), tuple(new))
        return cls(root, files, commit, tree, base_commit, tuple(sorted(dirty)), notes, True, is_shallow, listed=listed)

    def overlaid(self, overlay: Overlay) -> Checkout:
        """The same checkout with these contents in place of what is on disk; None takes a file away.

        ValueError for a path that leads out of it: a tool that is given the files would find it written there.
        """
        laid: dict[str, Optional[File]] = {}
        for path, content in overlay.items():
            if not is_inside(path):
                raise ValueError(f"{path}: leads out of the checkout")
            mode = self.files[path].mode if path in self.files else PLAIN
            laid[path] = None if content is None else File(path, _blob_id(content), mode)
        files = self.files.with_changes(laid)
        dirty = tuple(sorted({*self.dirty, *overlay}))
        return dataclasses.replace(self, files=files, dirty=dirty, overlay={**self.overlay, **overlay})

    @cached_property
    def digest(self) -> str:
        """Of every file's path, mode and content."""
        return tree_digest(self.files[path] for path in sorted(self.files))

    def read(self, path: str) -> bytes:
        """The content of a file: the overlay's, else the work tree's, else (sparse checkout) the index's.

        A symlink's content is its target, as git keeps it. CheckoutError where it cannot be read.
        """
        content = self.overlay.get(path)
        if content is not None:
            return content
        file = self.files.get(path)
        if file is None:
            raise CheckoutError(f"{path}: is no file of this checkout")
        try:
            return _content(self.root, path, file.mode)
        except OSError as error:
            indexed = self.indexed([file.blob]) if isinstance(error, (FileNotFoundError, NotADirectoryError)) else {}
            if file.blob in indexed:
                return indexed[file.blob]
            raise CheckoutError(f"{path}: cannot be read ({error.strerror})") from None

    def indexed(self, blobs: Sequence[str]) -> dict[str, bytes]:
        """Contents as git keeps them, for files that do not stand in the work tree (sparse checkout)."""
        try:
            return read_blobs(self.root, blobs) if self.has_git else {}
        except GitFailed:
            return {}

    def matching(self, globs: Iterable[str]) -> list[File]:
        """The files that any of the globs matches, by path."""
        pattern = any_of(globs)
        return [self.files[path] for path in sorted(self.files) if pattern.fullmatch(path)]

    def matches(self, pattern: Pattern[str]) -> bool:
        """Whether any file's path matches."""
        return any(pattern.fullmatch(path) for path in self.files)

    @cached_property
    def changed(self) -> frozenset[str]:
        """The paths that differ from the base (its merge base with HEAD), or from HEAD where there is no base."""
        if not self.has_git:
            return frozenset(self.files)
        paths = set(self.dirty)
        if self.base is not None:
            try:
                listed = git(self.root, "diff", "--name-only", "-z", "--no-renames", self.base)
            except GitFailed as failed:
                raise CheckoutError(f"{self.root}: git cannot compare with {self.base}: {failed}") from None
            paths.update(os.fsdecode(path) for path in listed.split(b"\0") if path)
        return frozenset(paths)

    @contextlib.contextmanager
    def materialised(self, paths: Sequence[str]) -> Iterator[Path]:
        """A folder with just these files (the overlay's where it has them), for a tool that reads files itself."""
        with tempfile.TemporaryDirectory(prefix="gates-") as name:
            folder = Path(name)
            for path in paths:
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.read(path))
            yield folder


def is_inside(path: str) -> bool:
    """Whether a path lies in the repository, as those that git lists do."""
    return not path.startswith("/") and ".." not in path.split("/")


def tree_digest(files: Iterable[File]) -> str:
    """SHA-256 of a list of files: path, mode and blob id of each."""
    lines = (f"{file.mode:o} {file.blob} {file.path}\0" for file in files)
    return digest_of("".join(lines))


def _staged(root: Path, tree: str) -> set[str]:
    """The paths whose entry in the index is not HEAD's.

    Git keeps in the index which tree it last stood for (the TREE extension of gitformat-index, taken away by whatever
    is staged since): where that is HEAD's, nothing is, and comparing tens of thousands of entries can be left out.
    """
    with contextlib.suppress(OSError, ValueError, GitFailed):
        kept = rb"TREE.{4}\0\d+ \d+\n" + re.escape(bytes.fromhex(tree))
        if re.search(kept, (root / _index_of(root)).read_bytes(), re.DOTALL):
            return set()
    listed = git(root, "diff-index", "--cached", "--name-only", "-z", "--no-renames", "HEAD")
    return {os.fsdecode(path) for path in listed.split(b"\0") if path}


def _index_of(root: Path) -> str:
    if (root / ".git").is_dir():
        return ".git/index"
    return os.fsdecode(git(root, "rev-parse", "--git-path", "index").rstrip(b"\n"))


class _Change(NamedTuple):
    """What git says of a path whose stat data or mode differ from the index. Mode 0: it is gone."""

    before: int
    now: int
    status: str


def _parse_changes(changes: bytes) -> dict[str, _Change]:
    """`diff-files -z`; entries of an unfinished merge are left to the listing."""
    fields = os.fsdecode(changes).split("\0")[:-1]
    found: dict[str, _Change] = {}
    for facts, path in zip(fields[::2], fields[1::2]):
        before, now, _, _, status = facts[1:].split(" ")
        if status != "U":
            found[path] = _Change(int(before, 8), int(now, 8), status)
    return found


def _refreshed(
    root: Path, files: Files, changes: Mapping[str, _Change], others: Sequence[str]
) -> tuple[Files, set[str]]:
    """The files with the real ids of what may differ from the index; and the paths that do differ."""
    modes = {path: _mode(root, path) for path in others if not path.endswith("/")}
    dirty: set[str] = set()
    for path, change in changes.items():
        if change.before == SUBMODULE and change.now in (0, SUBMODULE):
            dirty.add(path)  # it stays what the index says: what stands in it belongs to another repository
        else:
            on_disk = _mode(root, path) if change.now in (PLAIN, EXECUTABLE, SYMLINK) else None
            modes[path] = change.now if on_disk is not None else None
        if change.status == "A":  # git add --intent-to-add
            dirty.add(path)
    ids = _ids(root, modes)
    now = {path: None if mode is None else File(path, ids.get(path, UNREADABLE), mode) for path, mode in modes.items()}
    dirty.update(path for path, file in now.items() if file != files.get(path))
    return files.with_changes(now) if now else files, dirty


def _ids(root: Path, modes: Mapping[str, Optional[int]]) -> dict[str, str]:
    """The ids of files in the work tree; of those that cannot be read, none."""
    plain = [path for path, mode in modes.items() if mode in (PLAIN, EXECUTABLE)]
    try:
        ids = hash_files(root, plain)
    except GitFailed:  # one that cannot be read stops git's list
        plain = [path for path in plain if _is_readable(root, path)]
        try:
            ids = hash_files(root, plain)
        except GitFailed:
            ids = _raw_ids(root, plain)
    links = [path for path, mode in modes.items() if mode == SYMLINK]
    return {**ids, **_raw_ids(root, links, SYMLINK)}


def _raw_ids(root: Path, paths: Iterable[str], mode: int = PLAIN) -> dict[str, str]:
    contents = ((path, _readable(root, path, mode)) for path in paths)
    return {path: _blob_id(content) for path, content in contents if content is not None}


def _identify_filtered(root: Path, files: Files) -> Files:
    """The files; those that a filter turns into something else (git-crypt) by the bytes in the work tree.

    Whether the filter ran does not show in git's id: a locked and an unlocked clone have the same. Large files
    (git-lfs) are left out: none of them is source, and reading them all would take long.
    """
    try:
        names = os.fsdecode(answer(root, *FILTERS)).split("\0")[:-1]
    except GitFailed:  # none is configured
        return files
    drivers = {name.split(".", 1)[1].rsplit(".", 1)[0] for name in names} - {"lfs"}
    if not drivers:
        return files
    feed = b"".join(os.fsencode(path) + b"\0" for path in files)
    fields = os.fsdecode(git(root, "check-attr", "-z", "--stdin", "filter", feed=feed)).split("\0")
    filtered = [path for path, driver in zip(fields[::3], fields[2::3]) if driver in drivers]
    plain = [path for path in filtered if files[path].mode in (PLAIN, EXECUTABLE)]
    return files.with_changes({path: files[path]._replace(blob=blob) for path, blob in _raw_ids(root, plain).items()})


def _resolved(root: Path, base: str, is_shallow: bool) -> str:
    """The merge base of HEAD and the base: what this branch added, not what the base gained meanwhile."""
    try:
        git(root, "rev-parse", "-q", "--verify", f"{base}^{{commit}}")
    except GitFailed:
        hint = "; this clone is shallow: git fetch --unshallow" if is_shallow else f"; try: git fetch origin {base}"
        raise CheckoutError(f"there is no commit '{base}' to compare with{hint}") from None
    try:
        return git(root, "merge-base", base, "HEAD").decode("ascii").strip()
    except GitFailed:
        hint = "; this clone is shallow: git fetch --unshallow" if is_shallow else ""
        raise CheckoutError(f"HEAD and '{base}' have no common commit{hint}") from None


def _mode(root: Path, path: str) -> Optional[int]:
    """The git mode of what stands at the path; None where nothing does that git would keep."""
    try:
        mode = os.lstat(os.path.join(root, path)).st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISLNK(mode):
        return SYMLINK
    if not stat.S_ISREG(mode):
        return None
    return EXECUTABLE if mode & stat.S_IXUSR else PLAIN


def _content(root: Path, path: str, mode: int) -> bytes:
    place = os.path.join(root, path)
    if mode == SYMLINK and os.path.islink(place):  # without core.symlinks a link is a file that holds its target
        return os.fsencode(os.readlink(place))
    descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as stream:
        return stream.read()


def _readable(root: Path, path: str, mode: int) -> Optional[bytes]:
    try:
        return _content(root, path, mode)
    except OSError:
        return None


def _is_readable(root: Path, path: str) -> bool:
    try:
        with open(os.path.join(root, path), "rb"):
            return True
    except OSError:
        return False


def _blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
