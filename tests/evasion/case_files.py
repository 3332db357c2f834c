"""The cases of tests/evasion/cases/: each a small tree in which production does or does not reach candidate code.

A file holds a family of cases. Its first line says what they share; then, for each case:

    === NAME                    unique in its family
    HEAD                        whether the case is run for real, and if not, why
    --- PATH                    a file and its text; `PATH -> TARGET` is a symlink. Without such a line the text is
    TEXT                        that of shop/FAMILY/NAME.py

HEAD is `executed`: the case's first module is imported. `executed by: STATEMENTS` runs these instead,
`executed after: STATEMENTS` runs them before, unobserved; `executed from 3.10` and `executed before 3.12` are for some
Pythons only. `not executed: REASON` says why nobody can run it here.

What is found stands at the end of its line, and is taken off before the file is written, so that it may stand on any
line of any kind of file: `# finds: MODULE` (entered, though the lane may not), `# finds: opaque` (it cannot be known
here; words behind it stand in the message), `# loads: MODULE` (loaded by name, as the lane may). Several have `; `
between. A `---` line stands for the file as a whole. A line without any is clean.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Optional

FOLDER = Path(__file__).parent / "cases"
SHARED = Path(__file__).parent / "tree.txt"
_CASE = re.compile(r"^=== (.+)\n(.+)\n", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FILE = re.compile(r"^--- (\S+)(?: -> (\S+))?(.*)\n", re.MULTILINE)
_PROMISE = re.compile(r"(?:^|[ \t]+)# (finds|loads): (.*)$")
_HEAD = re.compile(
    r"executed(?: from 3\.(?P<first>\d+))?(?: before 3\.(?P<end>\d+))?(?: after: (?P<after>.+)| by: (?P<by>.+))?"
    r"|not executed: (?P<reason>.+)"
)


class Promise(NamedTuple):
    """What is found on one line: what is entered and may not be, what is said of the opaque, what may be loaded."""

    entered: frozenset[str] = frozenset()
    opaque: Optional[str] = None
    loaded: frozenset[str] = frozenset()


class Plan(NamedTuple):
    """How a case is run: `before`, which nobody watches, then `run`. `pythons` are the minor versions that can."""

    before: str
    run: str
    pythons: range
    reason: str = ""

    @property
    def is_possible_here(self) -> bool:
        """Whether this Python can run it."""
        return sys.version_info[1] in self.pythons


class Case(NamedTuple):
    """One case: its files, its symlinks (path to target), and by path and line what is found there."""

    name: str
    plan: Plan
    files: Mapping[str, str]
    links: Mapping[str, str]
    promises: Mapping[tuple[str, int], Promise]

    @property
    def family(self) -> str:
        """The file that it stands in."""
        return self.name.partition("/")[0]

    @property
    def entered(self) -> frozenset[str]:
        """Every module that it enters and may not."""
        return frozenset().union(*(promise.entered for promise in self.promises.values()))

    @property
    def is_opaque(self) -> bool:
        """Whether something in it cannot be known."""
        return any(promise.opaque is not None for promise in self.promises.values())

    @property
    def is_clean(self) -> bool:
        """Whether nothing may be found in it."""
        return not self.entered and not self.is_opaque

    @property
    def stands_alone(self) -> bool:
        """Whether its tree holds something that would change the meaning of another case's."""
        paths = (*self.files, *self.links)
        return any(not path.startswith(("shop/", "tests/", "candidate/")) or path.endswith(".pth") for path in paths)


def all_cases() -> tuple[Case, ...]:
    """Every case, by family and in the order of its file."""
    return tuple(case for file in sorted(FOLDER.glob("*.txt")) for case in family(file.stem, file.read_text("utf-8")))


def family(name: str, text: str) -> Iterator[Case]:
    """The cases of one file."""
    _, *parts = _CASE.split(text)
    for title, head, body in zip(*(iter(parts),) * 3):
        if not _NAME.fullmatch(title):
            raise ValueError(f"{name}: '{title}' is no name for a case")
        own = f"shop/{name}/{title.replace('-', '_')}.py"
        body = body if body.startswith("--- ") else f"--- {own}\n{body}"
        files, links, promises = _unpacked(body)
        module = next((path for path in files if path.endswith(".py")), own)
        yield Case(f"{name}/{title}", _plan(head, module), files, links, promises)


def shared_tree() -> Mapping[str, str]:
    """The files that every case stands among; each family is a package."""
    text = SHARED.read_text("utf-8")
    packages = {f"shop/{file.stem}/__init__.py": "" for file in FOLDER.glob("*.txt")}
    return {**_unpacked(text[text.index("\n--- ") + 1 :])[0], **packages}


def write(root: Path, case: Case) -> None:
    """Lay the case out below a folder, over whatever is there."""
    write_files(root, case.files)
    for path, target in case.links.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)


def write_files(root: Path, files: Mapping[str, str]) -> None:
    """Write texts below a folder."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")


def _unpacked(body: str) -> tuple[dict[str, str], dict[str, str], dict[tuple[str, int], Promise]]:
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    promises: dict[tuple[str, int], Promise] = {}
    _, *parts = _FILE.split(body)
    for path, target, rest, text in zip(*(iter(parts),) * 4):
        lines: list[str] = []
        for number, line in enumerate([rest, *text.strip("\n").split("\n")]):
            match = _PROMISE.search(line)
            if match is not None:
                promises[path, number] = _promise(match[1], match[2])
                line = line[: match.start()]
            lines.append(line)
        if target:
            links[path] = target
        else:
            files[path] = "\n".join(lines[1:]) + "\n" if any(lines[1:]) else ""
    return files, links, promises


def _promise(verb: str, text: str) -> Promise:
    words = text.split("; ")
    if verb == "loads":
        return Promise(loaded=frozenset(words))
    opaque = [word[len("opaque") :].strip() for word in words if word.startswith("opaque")]
    return Promise(
        frozenset(word for word in words if not word.startswith("opaque")), " ".join(opaque) if opaque else None
    )


def _plan(head: str, module: str) -> Plan:
    match = _HEAD.fullmatch(head)
    if match is None:
        raise ValueError(f"{module}: '{head}' is no head of a case")
    if match["reason"]:
        return Plan("", "", range(0), match["reason"])
    name = module[: -len(".py")].replace("/", ".")
    name = name[: -len(".__init__")] if name.endswith(".__init__") else name
    pythons = range(int(match["first"] or 9), int(match["end"] or 99))
    return Plan(match["after"] or "", match["by"] or f"import {name}", pythons)
