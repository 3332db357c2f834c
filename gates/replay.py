"""The whole-run memo: a report is kept with its recipe, and given again while every input is the same.

This module is all that an unchanged tree needs, so it imports next to nothing. A recipe holds the identity of
whatever the run depended on:

- the command line, the shape of the terminal, the interpreter, the code of this package and what is installed beside;
- the commit, and the index: by its own checksum, or (a fresh checkout) by what it lists;
- what differs from the index, decided by git (`diff-files`: size, mtime, ctime, inode), and then by content;
- which untracked files there are: for every folder that git looks into the mtime, ctime and inode, as git's own
  untracked cache has it, and the files by which git ignores;
- the dates between which no waiver expires.

Where a shortcut does not hold (new inodes, new times) git is asked, and what it says is compared. Whatever is not
certain is not replayed: the run is then made, from kept facts.
"""

from __future__ import annotations

import marshal
import os
import sys
import time

from gates.asking import CHANGES, LISTING, OTHERS, ask, tell_ahead

TYPE_CHECKING = False  # the typing module takes longer to import than all the rest takes to run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Optional

SCHEMA = 2
# A memo begins with the digest of the rest.
_SEAL = 32
FOLDER = "replay"
CACHE = ".gates/cache"

# Options whose answer depends on more than the recipe knows.
_NEVER = ("--base", "--evidence", "--no-cache", "--shard", "--help", "--today")
# A folder that changed this shortly before it was listed may have changed again within the same tick of the clock.
_RACY_NS = 100_000_000


class Answer:
    """What a run said: its exit code, what it printed, and the files it wrote."""

    def __init__(self, code: int, printed: bytes, files: tuple[tuple[str, bytes], ...]) -> None:
        self.code = code
        self.printed = printed
        self.files = files


class Listed:
    """What git said of a checkout: the index as it lists it, the paths that differ from it, the untracked ones."""

    def __init__(self, listing: bytes, changed: tuple[str, ...], untracked: tuple[str, ...]) -> None:
        self.listing = listing
        self.changed = changed
        self.untracked = untracked


class Recipe:
    """What an answer depended on.

    `code` and `content` stand for the code that answered, by signature and by digest; `reads` are git pathspecs of
    the files whose content was looked at (none: all); `changed` and `untracked` hold paths with digests, `folders` and
    `ignoring` signatures.
    """

    def __init__(
        self,
        code: Any,
        content: str,
        first_day: str,
        last_day: str,
        head: tuple[str, str],
        index: bytes,
        listing: str,
        reads: tuple[str, ...],
        changed: tuple[tuple[str, str], ...],
        untracked: tuple[tuple[str, str], ...],
        folders: tuple[tuple[str, Any], ...],
        ignoring: Any,
    ) -> None:
        self.code = code
        self.content = content
        self.first_day = first_day
        self.last_day = last_day
        self.head = head
        self.index = index
        self.listing = listing
        self.reads = reads
        self.changed = changed
        self.untracked = untracked
        self.folders = folders
        self.ignoring = ignoring


def replay(arguments: Sequence[str]) -> Optional[int]:
    """Give the kept answer to this command line, if there is one and it still holds; its exit code, else None."""
    if not _is_replayable(arguments) or os.environ.get("GATES_STORE"):
        return None
    root = root_of(os.getcwd())
    if root is None:
        return None
    try:
        place = _place(root, arguments)
        with open(place, "rb") as stream:
            sealed = stream.read()
        if _digest(sealed[_SEAL:]).encode() != sealed[:_SEAL]:
            return None  # damaged
        schema, recipe, kept = marshal.loads(sealed[_SEAL:])
        answer = Answer(*kept)
        held = _holds(root, Recipe(*recipe)) if schema == SCHEMA else None
        if held is None:
            return None
        code = give(root, answer)
        if not held:
            _mend(root, arguments, place, Recipe(*recipe), answer)
        return code
    except (OSError, ValueError, EOFError, TypeError):
        return None  # no memo, or a damaged one: the run is made


def _is_replayable(arguments: Sequence[str]) -> bool:
    return arguments[:1] == ["run"] and not any(argument.split("=", 1)[0] in _NEVER for argument in arguments)


def _mend(root: str, arguments: Sequence[str], place: str, recipe: Recipe, answer: Answer) -> None:
    """Renew the shortcuts when git had to be asked for the second time: the first time may be the only one."""
    marker = f"{place}.again"
    if not os.path.exists(marker):
        with open(marker, "wb"):
            return
    os.unlink(marker)
    remember(root, arguments, answer, recipe.reads, recipe.last_day, _now_ns(), recipe.content)


def remember(
    root: str,
    arguments: Sequence[str],
    answer: Answer,
    reads: Iterable[str],
    last_day: str,
    listed_ns: int,
    content: Optional[str] = None,
    listed: Optional[Listed] = None,
) -> bool:
    """Keep an answer with its recipe; whether it could be kept.

    `listed_ns` is when the checkout was listed: what has changed since may not have been seen. `content` is a digest
    of the code that answered; `listed` what git said of the checkout then (both asked again where not given).
    """
    if not _is_replayable(arguments):
        return False
    pathspecs = tuple(reads)
    listed = listed or _listed(root)
    if listed is None:
        return False
    index, untracked = _index(root), _identified(root, listed.untracked)
    before = _unmoved.get(root)
    if before is not None and before.index == index and before.untracked == untracked:
        folders = before.folders
    else:
        paths = [entry.partition("\t")[2] for entry in os.fsdecode(listed.listing).split("\0")]
        folders = _folders(root, [*paths, *listed.untracked])
    if any(signature is None or signature[0] > listed_ns - _RACY_NS for _, signature in folders):
        return False
    code = _code()
    if content is None:
        content = before.content if before is not None and before.code == code else content_digest()
    recipe = Recipe(
        code,
        content,
        _today(),
        last_day,
        _head(root),
        index,
        _digest(listed.listing),
        pathspecs,
        _identified(root, [path for path in listed.changed if is_read(path, pathspecs)]),
        untracked,
        folders,
        _ignoring(root),
    )
    place = _place(root, arguments)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    draft = f"{place}.{os.getpid()}"
    with open(draft, "wb") as stream:
        memo = marshal.dumps((SCHEMA, tuple(vars(recipe).values()), tuple(vars(answer).values())))
        stream.write(_digest(memo).encode() + memo)
    os.replace(draft, place)
    return True


def _listed(root: str) -> Optional[Listed]:
    changes, others, listing = ask(root, *CHANGES), ask(root, *OTHERS), ask(root, *LISTING)
    changed, untracked, printed = changes.fields(), others.fields(), listing.printed()
    if changed is None or untracked is None or printed is None:
        return None
    return Listed(printed, tuple(changed[1::2]), tuple(untracked))


def is_read(path: str, reads: Sequence[str]) -> bool:
    """Whether one of the pathspecs (`*.py`, `:(literal)a/b`, none for all) means the path, as git would say."""
    if not reads:
        return True
    literal = {pathspec[len(":(literal)") :] for pathspec in reads if pathspec.startswith(":")}
    suffixes = tuple(pathspec[1:] for pathspec in reads if pathspec.startswith("*"))
    return path in literal or path.endswith(suffixes) or any(path.startswith(f"{folder}/") for folder in literal)


def root_of(folder: str) -> Optional[str]:
    """The nearest folder upwards that holds `.git`."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def _digest(content: bytes) -> str:
    try:
        from _blake2 import blake2b  # hashlib brings OpenSSL along, for longer than all the rest takes
    except ImportError:
        from hashlib import blake2b
    return blake2b(content, digest_size=16).hexdigest()


def _place(root: str, arguments: Sequence[str]) -> str:
    out, complaint = sys.stdout, sys.stderr
    width = os.environ.get("COLUMNS") or (os.get_terminal_size(out.fileno()).columns if out.isatty() else 0)
    told = [(name, os.environ.get(name)) for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "CI", "PYTHONUTF8")]
    shape = (list(arguments), os.getcwd()[len(root) :], out.isatty(), complaint.isatty(), width, told, sys.version)
    cache = os.environ.get("GATES_CACHE") or os.path.join(root, CACHE)
    return os.path.join(cache, FOLDER, _digest(repr(shape).encode("utf-8", "surrogateescape")))


# Of each root the recipe whose files are where they were, though the content of some is not what it was.
_unmoved: dict[str, Recipe] = {}


def _ignorers(identified: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [entry for entry in identified if entry[0].endswith(".gitignore")]


def _holds(root: str, recipe: Recipe) -> Optional[bool]:
    """Whether the recipe holds by its shortcuts alone (True), by asking git (False), or not at all (None)."""
    if not recipe.first_day <= _today() <= recipe.last_day or recipe.head != _head(root):
        return None
    # What takes longest is started first: in a fresh checkout that is the list of untracked files.
    others = None if recipe.ignoring == _ignoring(root) else ask(root, *OTHERS)
    changes = ask(root, *CHANGES, "--", *recipe.reads)
    same_index = recipe.index == _index(root)
    listing = None if same_index else ask(root, *LISTING)
    if others is None and not _have_same_folders(root, recipe.folders):
        others = ask(root, *OTHERS)
    same_folders = others is None
    same_code = recipe.code == _code()
    changed = changes.fields()
    listed = None if listing is None else listing.printed()
    untracked = [path for path, _ in recipe.untracked] if others is None else others.fields()
    if (
        changed is None
        or untracked is None
        or (not same_index and (listed is None or _digest(listed) != recipe.listing))
    ):
        return None
    same_untracked = _identified(root, untracked) == recipe.untracked
    differing = _identified(root, changed[1::2])
    if same_index and same_folders and same_untracked and _ignorers(differing) == _ignorers(recipe.changed):
        tell_ahead(root, OTHERS, untracked)
        _unmoved[root] = recipe
    if differing != recipe.changed or not same_untracked:
        return None
    if not same_code and recipe.content != content_digest():
        return None
    return same_index and same_folders and same_code


def give(root: str, answer: Answer) -> int:
    """Write and print an answer; its exit code."""
    for path, content in answer.files:
        write_if_changed(os.path.join(root, path), content)
    sys.stdout.flush()
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(answer.printed.decode("utf-8"))
    else:
        stream.write(answer.printed)
        stream.flush()
    return answer.code


def write_if_changed(place: str, content: bytes) -> None:
    """Write a file, unless it holds just that already; whole or not at all."""
    try:
        with open(place, "rb") as stream:
            if stream.read() == content:
                return
    except OSError:
        pass
    os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
    draft = f"{place}.{os.getpid()}.part"
    try:
        with open(draft, "wb") as stream:
            stream.write(content)
        os.replace(draft, place)
    except OSError as error:
        if os.path.lexists(draft):
            os.unlink(draft)
        raise OSError(error.errno, error.strerror, place) from None


def _today() -> str:
    return time.strftime("%Y-%m-%d")


def _now_ns() -> int:
    return time.time_ns()


def _signature(place: str) -> Optional[tuple[int, ...]]:
    """mtime, ctime, inode, size and links of what stands there; nothing can change and keep all of them."""
    try:
        found = os.stat(place)
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size, found.st_nlink)


def _code() -> tuple[Any, ...]:
    """This package's files, and the folders into which distributions are installed."""
    package = os.path.dirname(os.path.abspath(__file__))
    own: list[tuple[str, Any]] = []
    waiting = [package]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            if entry.name.endswith(".py"):
                found = entry.stat()
                own.append((entry.path, (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)))
            elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                waiting.append(entry.path)
    installed = [(place, _signature(place)) for place in sys.path if place.endswith("-packages")]
    return (tuple(sorted(own)), tuple(installed), sys.version)


def content_digest() -> str:
    """Of this package's source by content, and of the distributions beside it by name and version."""
    own = []
    package = os.path.dirname(os.path.abspath(__file__))
    for place, _ in _code()[0]:
        with open(place, "rb") as stream:
            own.append((place[len(package) :], stream.read()))
    folders = [place for place in sys.path if place.endswith("-packages") and os.path.isdir(place)]
    installed = sorted(name for place in folders for name in os.listdir(place) if name.endswith((".dist-info", ".pth")))
    return _digest(repr((sorted(own), installed, sys.version)).encode())


def _git_folder(root: str) -> str:
    place = os.path.join(root, ".git")
    if os.path.isdir(place):
        return place
    with open(place, encoding="utf-8") as stream:  # a work tree of its own, or a submodule
        return os.path.join(root, stream.read().partition("gitdir:")[2].strip())


def _index(root: str) -> bytes:
    """The index's own checksum, and its signature where it has none (index.skipHash)."""
    place = os.path.join(_git_folder(root), "index")
    with open(place, "rb") as stream:
        stream.seek(-20, os.SEEK_END)
        checksum = stream.read()
    return checksum if any(checksum) else repr(_signature(place)).encode()


def _head(root: str) -> tuple[str, str]:
    """What HEAD says, and what the branch that it names says."""
    folder = _git_folder(root)
    head = _text(os.path.join(folder, "HEAD"))
    shared = _text(os.path.join(folder, "commondir")).strip()
    common = os.path.join(folder, shared) if shared else folder
    branch = head.partition("ref:")[2].strip()
    said = _text(os.path.join(common, branch)) if branch else ""
    if branch and not said:
        packed = _text(os.path.join(common, "packed-refs")).splitlines()
        said = next((line for line in packed if line.endswith(f" {branch}")), "").partition(" ")[0]
    return head, said.strip()


def _text(place: str) -> str:
    try:
        with open(place, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def _ignoring(root: str) -> tuple[Any, ...]:
    """The files outside the tree by which git decides what to ignore."""
    home = os.path.expanduser("~")
    settings = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    folder = _git_folder(root)
    places = [os.path.join(folder, "info", "exclude"), os.path.join(folder, "config"), os.path.join(home, ".gitconfig")]
    places += [os.path.join(settings, "git", "ignore"), os.path.join(settings, "git", "config")]
    return tuple(_signature(place) for place in places)


def _identified(root: str, paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each path with a digest of what stands there now."""
    found = sorted(set(paths))
    if not found:
        return ()
    from hashlib import sha256

    identified: list[tuple[str, str]] = []
    for path in found:
        place = os.path.join(root, path)
        try:
            mode = os.lstat(place).st_mode
            if mode & 0o170000 == 0o120000:
                content = os.fsencode(os.readlink(place))
            else:
                with open(place, "rb") as stream:
                    content = stream.read()
            identified.append((path, f"{mode:o} {sha256(content).hexdigest()}"))
        except OSError:
            identified.append((path, "gone"))
    return tuple(identified)


def _folders(root: str, paths: Iterable[str]) -> tuple[tuple[str, Any], ...]:
    """Every folder in which git looks for untracked files: those of the paths, and what lies beside them unignored."""
    known = {path.rpartition("/")[0] for path in paths}
    waiting = list(known)
    while waiting:
        above = waiting.pop().rpartition("/")[0]
        if above not in known:
            known.add(above)
            waiting.append(above)
    known.add("")
    signed = {folder: _signature(os.path.join(root, folder)) for folder in known}
    held = dict.fromkeys(known, 0)
    for folder in known - {""}:
        held[folder.rpartition("/")[0]] += 1
    crowded = [folder for folder in known if _may_hold_others(signed[folder], held[folder])]
    beside = [below for folder in crowded for below in _below(root, folder) if below not in known]
    ignored = _ignored(root, beside)
    waiting = [folder for folder in beside if folder not in ignored]
    while waiting:  # folders that hold nothing yet
        folder = waiting.pop()
        signed[folder] = _signature(os.path.join(root, folder))
        waiting.extend(_below(root, folder))
    return tuple(sorted(signed.items()))


def _may_hold_others(signature: Optional[tuple[int, ...]], known: int) -> bool:
    """Whether a folder may hold folders beside the known ones: its links are two and one for each, on most systems."""
    links = signature[4] if signature is not None else 0
    return links < 2 or links - 2 != known


def _below(root: str, folder: str) -> list[str]:
    try:
        entries = list(os.scandir(os.path.join(root, folder)))
    except OSError:
        return []
    prefix = f"{folder}/" if folder else ""
    return [prefix + entry.name for entry in entries if entry.name != ".git" and entry.is_dir(follow_symlinks=False)]


def _ignored(root: str, folders: Sequence[str]) -> set[str]:
    ignored: set[str] = set()
    for start in range(0, len(folders), 500):
        some = folders[start : start + 500]
        ignored.update(ask(root, "check-ignore", "-z", "--", *some).fields() or ())
    return ignored | {folder for folder in folders if folder == ".gates"}


def _have_same_folders(root: str, folders: Iterable[tuple[str, Any]]) -> bool:
    stat = os.stat
    try:
        for folder, (mtime, ctime, inode, _, _) in folders:
            found = stat(f"{root}/{folder}")
            if found.st_mtime_ns != mtime or found.st_ctime_ns != ctime or found.st_ino != inode:
                return False
    except OSError:
        return False
    return True
