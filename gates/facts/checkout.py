"""The repository under judgement: its files with their git blob ids, overlays, commands. The one door to files."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import stat
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Iterable, Iterator, Mapping, NamedTuple, Optional, Pattern, Sequence

from gates.errors import CheckoutError
from gates.facts.fact import Overlay, digest_of
from gates.facts.git import GitFailed, finish, git, hash_files, start, top_of
from gates.globs import any_of

SYMLINK = 0o120000
SUBMODULE = 0o160000
EXECUTABLE = 0o100755
PLAIN = 0o100644
UNREADABLE = "unreadable"

# What no repository without git wants judged: the tool's own files, environments, caches.
_NEVER_WALKED = frozenset({".git", ".gates", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".hg", ".svn"})


class File(NamedTuple):
    """One file: its path with `/`, the id of its content as git counts it, and its git mode."""

    path: str
    blob: str
    mode: int

    @property
    def is_symlink(self) -> bool:
        return self.mode == SYMLINK

    @property
    def is_submodule(self) -> bool:
        return self.mode == SUBMODULE


@dataclasses.dataclass(frozen=True)
class Checkout:
    """What stands in the work tree: tracked files as they are now, and untracked ones that git does not ignore.

    `dirty` are the paths that differ from the index or the index from HEAD, or are untracked. `notes` say what a
    reader must know (no git, shallow clone). `overlay` is content that is judged in place of what is on disk.
    """

    root: Path
    files: Mapping[str, File] = dataclasses.field(repr=False)
    commit: Optional[str] = None
    tree: Optional[str] = None
    base: Optional[str] = None
    dirty: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    has_git: bool = True
    is_shallow: bool = False
    overlay: Overlay = dataclasses.field(default_factory=dict, repr=False)

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
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in _NEVER_WALKED)
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            for name in sorted(names + links):
                path = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
                mode = _mode(root / path)
                if mode is not None:
                    content = _readable(root, path, mode)
                    files[path] = File(path, UNREADABLE if content is None else _blob_id(content), mode)
        note = "no git repository: every file below the folder was judged, ignored ones too"
        return cls(root, files, notes=(note,), has_git=False)

    @classmethod
    def _tracked(cls, root: Path, base: Optional[str]) -> Checkout:
        listing = start(root, "ls-files", "-s", "-z")
        changed = start(root, "diff-files", "-z", "--no-renames")
        untracked = start(root, "ls-files", "-z", "--others", "--exclude-standard")
        staged = start(root, "diff-index", "--cached", "--name-only", "-z", "--no-renames", "HEAD")
        head = start(root, "rev-parse", "HEAD^{commit}", "HEAD^{tree}")
        shallow = start(root, "rev-parse", "--is-shallow-repository")
        try:
            files, unmerged = _parse_listing(finish(listing))
            touched = _parse_changes(finish(changed))
            new = [os.fsdecode(path) for path in finish(untracked).split(b"\0") if path]
            is_shallow = finish(shallow).strip() == b"true"
        except GitFailed as failed:
            raise CheckoutError(f"{root}: git cannot read it: {failed}") from None
        dirty = _refresh(root, files, touched + unmerged, new)
        try:
            commit, tree = finish(head).decode("ascii").split()
            dirty.update(os.fsdecode(path) for path in finish(staged).split(b"\0") if path)
        except GitFailed:
            commit = tree = None  # a repository without a commit: everything in it is new
            dirty.update(files)
        notes = ("shallow clone: what lies before it cannot be compared with",) if is_shallow else ()
        base_commit = _resolved(root, base, is_shallow) if base is not None else None
        return cls(root, files, commit, tree, base_commit, tuple(sorted(dirty)), notes, True, is_shallow)

    def overlaid(self, overlay: Overlay) -> Checkout:
        """The same checkout with these contents in place of what is on disk; None takes a file away."""
        files = dict(self.files)
        for path, content in overlay.items():
            if content is None:
                files.pop(path, None)
            else:
                mode = files[path].mode if path in files else PLAIN
                files[path] = File(path, _blob_id(content), mode)
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
            if self.has_git and isinstance(error, FileNotFoundError):
                with contextlib.suppress(GitFailed):
                    return git(self.root, "cat-file", "blob", file.blob)
            raise CheckoutError(f"{path}: cannot be read ({error.strerror})") from None

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
            listed = git(self.root, "diff", "--name-only", "-z", "--no-renames", self.base)
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


def tree_digest(files: Iterable[File]) -> str:
    """SHA-256 of a list of files: path, mode and blob id of each."""
    lines = (f"{file.mode:o} {file.blob} {file.path}\0" for file in files)
    return digest_of("".join(lines))


def _parse_listing(listing: bytes) -> tuple[dict[str, File], list[str]]:
    """`ls-files -s -z`: the files, and the paths of which several stages stand (a merge that is not finished)."""
    files: dict[str, File] = {}
    unmerged: list[str] = []
    for entry in os.fsdecode(listing).split("\0")[:-1]:
        facts, path = entry.split("\t", 1)
        mode, blob, stage = facts.split(" ")
        if stage != "0":
            unmerged.append(path)
        files[path] = File(path, blob, int(mode, 8))
    return files, unmerged


def _parse_changes(changes: bytes) -> list[str]:
    """`diff-files -z`: the paths whose stat data or mode differ from the index; submodules left as the index has them."""
    fields = os.fsdecode(changes).split("\0")[:-1]
    return [path for facts, path in zip(fields[::2], fields[1::2]) if not facts.startswith(":160000")]


def _refresh(root: Path, files: dict[str, File], touched: Sequence[str], new: Sequence[str]) -> set[str]:
    """Put the real ids of what may differ from the index into `files`; the paths that do differ."""
    modes = {path: _mode(root / path) for path in {*touched, *new} if not path.endswith("/")}
    plain = [path for path, mode in modes.items() if mode in (PLAIN, EXECUTABLE)]
    try:
        ids = hash_files(root, plain)
    except GitFailed:
        contents = {path: _readable(root, path, PLAIN) for path in plain}  # one that cannot be read stops git's list
        ids = {path: _blob_id(content) for path, content in contents.items() if content is not None}
    dirty: set[str] = set()
    for path, mode in modes.items():
        before = files.get(path)
        if mode is None:
            files.pop(path, None)
        elif mode == SYMLINK:
            files[path] = File(path, _blob_id(_content(root, path, mode)), mode)
        else:
            files[path] = File(path, ids.get(path, UNREADABLE), mode)
        if files.get(path) != before:
            dirty.add(path)
    return dirty


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


def _mode(path: Path) -> Optional[int]:
    """The git mode of what stands at the path; None where nothing does that git would keep."""
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISLNK(mode):
        return SYMLINK
    if not stat.S_ISREG(mode):
        return None
    return EXECUTABLE if mode & stat.S_IXUSR else PLAIN


def _content(root: Path, path: str, mode: int) -> bytes:
    if mode == SYMLINK:
        return os.fsencode(os.readlink(root / path))
    with open(root / path, "rb") as stream:
        return stream.read()


def _readable(root: Path, path: str, mode: int) -> Optional[bytes]:
    try:
        return _content(root, path, mode)
    except OSError:
        return None


def _blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
