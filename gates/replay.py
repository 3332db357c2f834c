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
from stat import S_IFDIR, S_IFMT, S_IFREG

from gates.asking import CHANGES, LISTING, OTHERS, ask, begin, tell_ahead
from gates.untracked import (
    digest,
    folders_of,
    have_same_folders,
    held_by,
    hold_same_names,
    names_digest,
    packed,
    signature,
)

TYPE_CHECKING = False  # the typing module takes longer to import than all the rest takes to run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Optional

SCHEMA = 6
# A memo begins with the digest of the rest; then come the schema and what git is asked about, behind their length.
_SEAL = 32
_LENGTH = 8
FOLDER = "replay"
CACHE = ".gates/cache"

# Options whose answer depends on more than the recipe knows.
_NEVER = ("--attach", "--base", "--evidence", "--no-cache", "--shard", "--help", "--today")
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
    the files whose content was looked at (none: all); `changed` and `untracked` hold paths with digests, and so does
    `unlisted`, of what was looked at though git ignores it (recordings); `folders`
    (packed) and `ignoring` hold signatures;
    `names` is a digest of what lies in the folders.
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
        unlisted: tuple[tuple[str, str], ...],
        folders: tuple[str, bytes],
        names: str,
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
        self.unlisted = unlisted
        self.folders = folders
        self.names = names
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
        behind = _SEAL + _LENGTH + int(sealed[_SEAL : _SEAL + _LENGTH], 16)
        schema, *asked = os.fsdecode(sealed[_SEAL + _LENGTH : behind]).split("\0")
        if schema != str(SCHEMA):
            return None
        begin(root, *_changes(asked))  # git takes longer than all that follows
        if digest(sealed[_SEAL:]).encode() != sealed[:_SEAL]:
            return None  # damaged
        recipe, kept = marshal.loads(sealed[behind:])
        answer = Answer(*kept)
        held = _holds(root, Recipe(*recipe))
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
        folders, names = before.folders, before.names
    else:
        paths = [entry.partition("\t")[2] for entry in os.fsdecode(listed.listing).split("\0")[:-1]]
        held = held_by([*paths, *listed.untracked])
        signed = folders_of(root, held)
        names = names_digest((folder for folder, _ in signed), held)
        found = packed(signed, listed_ns - _RACY_NS)
        if found is None:
            return False
        folders = found
    unlisted = _unlisted(pathspecs, listed)
    if any(_changed_ns(root, path) > listed_ns - _RACY_NS for path in unlisted):
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
        digest(listed.listing),
        pathspecs,
        _identified(root, [path for path in listed.changed if is_read(path, pathspecs)]),
        untracked,
        _digested(root, unlisted),
        folders,
        names,
        _ignoring(root),
    )
    place = _place(root, arguments)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    draft = f"{place}.{os.getpid()}"
    with open(draft, "wb") as stream:
        head = os.fsencode("\0".join([str(SCHEMA), *_asked(pathspecs)]))
        memo = b"%08x%s" % (len(head), head) + marshal.dumps(
            (tuple(vars(recipe).values()), tuple(vars(answer).values()))
        )
        stream.write(digest(memo).encode() + memo)
    os.replace(draft, place)
    return True


def _listed(root: str) -> Optional[Listed]:
    changes, others, listing = ask(root, *CHANGES), ask(root, *OTHERS), ask(root, *LISTING)
    changed, untracked, printed = changes.fields(), others.fields(), listing.printed()
    if changed is None or untracked is None or printed is None:
        return None
    return Listed(printed, tuple(changed[1::2]), tuple(untracked))


def _unlisted(reads: Iterable[str], listed: Listed) -> list[str]:
    """Of the files that were named one by one, those that git does not list."""
    named = (pathspec[len(":(literal)") :] for pathspec in reads if pathspec.startswith(":(literal)"))
    return [path for path in named if path not in listed.untracked and os.fsencode(f"\t{path}\0") not in listed.listing]


def _changed_ns(root: str, path: str) -> int:
    try:
        found = os.stat(os.path.join(root, path))
    except OSError:
        return 0
    return max(found.st_mtime_ns, found.st_ctime_ns)


def _digested(root: str, paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each path with a digest of what stands there; without the weight of hashlib."""
    found = []
    for path in paths:
        try:
            with open(os.path.join(root, path), "rb") as stream:
                found.append((path, digest(stream.read())))
        except OSError:
            found.append((path, ""))
    return tuple(found)


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


def _place(root: str, arguments: Sequence[str]) -> str:
    out, complaint = sys.stdout, sys.stderr
    width = os.environ.get("COLUMNS") or (os.get_terminal_size(out.fileno()).columns if out.isatty() else 0)
    told = [(name, os.environ.get(name)) for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "CI", "PYTHONUTF8")]
    here = os.getcwd()[len(root) :]
    shape = (list(arguments), here, out.isatty(), complaint.isatty(), width, told, sys.version, _programs())
    cache = os.environ.get("GATES_CACHE") or os.path.join(root, CACHE)
    return os.path.join(cache, FOLDER, digest(repr(shape).encode("utf-8", "surrogateescape")))


def _programs() -> list[tuple[str, int]]:
    """The folders in which programs are looked for, with when something was put in or out: facts ask some of them."""
    found = []
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        try:
            found.append((folder, os.stat(folder or ".").st_mtime_ns))
        except OSError:
            continue
    return found


# Of each root the recipe whose files are where they were, though the content of some is not what it was.
_unmoved: dict[str, Recipe] = {}


def _ignorers(identified: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [entry for entry in identified if entry[0].endswith(".gitignore")]


def _holds(root: str, recipe: Recipe) -> Optional[bool]:
    """Whether the recipe holds by its shortcuts alone (True), by asking git (False), or not at all (None)."""
    if not recipe.first_day <= _today() <= recipe.last_day or recipe.head != _head(root):
        return None
    if recipe.unlisted != _digested(root, [path for path, _ in recipe.unlisted]):
        return None
    changes = ask(root, *_changes(_asked(recipe.reads)))
    same_index = recipe.index == _index(root)
    listing = None if same_index else ask(root, *LISTING)
    same_rules = recipe.ignoring == _ignoring(root)
    same_folders = same_rules and have_same_folders(root, *recipe.folders)
    # (a fresh checkout has new folders, in which nothing but what is tracked may lie all the same)
    is_known = same_folders or (
        not same_rules and not recipe.untracked and hold_same_names(root, recipe.folders[0], recipe.names)
    )
    others = None if is_known else ask(root, *OTHERS)
    same_code = _is_same_code(recipe.code)
    changed = changes.fields()
    listed = None if listing is None else listing.printed()
    untracked = [path for path, _ in recipe.untracked] if others is None else others.fields()
    if (
        changed is None
        or untracked is None
        or (not same_index and (listed is None or digest(listed) != recipe.listing))
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


def _asked(reads: Sequence[str]) -> list[str]:
    """The pathspecs that git is asked about, all of which it holds every file against; none for all.

    It refuses what lies outside the work tree, such as the refs of a linked one; those are compared by themselves.
    """
    return [] if "*" in reads else [pathspec for pathspec in reads if not pathspec.startswith(":(literal)/")]


def _changes(pathspecs: Iterable[str]) -> tuple[str, ...]:
    return (*CHANGES, "--", *pathspecs)


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
    """Write a file, unless it holds just that already; whole or not at all. A device or a pipe is written into."""
    if is_special(place):
        with open(place, "wb") as stream:
            stream.write(content)
        return
    try:
        with open(place, "rb") as stream:
            if stream.read() == content:
                return
    except OSError:
        pass
    place = os.path.realpath(place)
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


def is_special(place: str) -> bool:
    """Whether there is something there that is neither file nor folder: a rename would put a file in its place."""
    try:
        kind = S_IFMT(os.stat(place).st_mode)
    except OSError:
        return False
    return kind not in (S_IFREG, S_IFDIR)


def _today() -> str:
    return time.strftime("%Y-%m-%d")


def _now_ns() -> int:
    return time.time_ns()


def _code() -> tuple[Any, ...]:
    """This package's folders and files, and the folders into which distributions are installed."""
    package = os.path.dirname(os.path.abspath(__file__))
    own: list[tuple[str, Any]] = []
    waiting = [package]
    while waiting:
        folder = waiting.pop()
        own.append((folder, signature(folder)))
        for entry in os.scandir(folder):
            if entry.name.endswith(".py"):
                own.append((entry.path, signature(entry.path)))
            elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                waiting.append(entry.path)
    installed = [(place, signature(place)) for place in _installed()]
    return (tuple(sorted(own)), tuple(installed), sys.version)


def _is_same_code(code: tuple[Any, ...]) -> bool:
    """Whether all that `_code` found is as it was; no folder has to be listed for that."""
    own, installed, version = code
    if version != sys.version or [place for place, _ in installed] != _installed():
        return False
    return all(signature(place) == signed for part in (own, installed) for place, signed in part)


def _installed() -> list[str]:
    return [place for place in sys.path if place.endswith("-packages")]


def content_digest() -> str:
    """Of this package's source by content, and of the distributions beside it by name and version."""
    own = []
    package = os.path.dirname(os.path.abspath(__file__))
    for place, _ in _code()[0]:
        if place.endswith(".py"):
            with open(place, "rb") as stream:
                own.append((place[len(package) :], stream.read()))
    folders = [place for place in _installed() if os.path.isdir(place)]
    installed = sorted(name for place in folders for name in os.listdir(place) if name.endswith((".dist-info", ".pth")))
    return digest(repr((sorted(own), installed, sys.version)).encode())


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
    return checksum if any(checksum) else repr(signature(place)).encode()


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
    return tuple(signature(place) for place in places)


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
