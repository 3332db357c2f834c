"""The workflows and actions of the repository: what they use, run and promise."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from gates.facts.carrier_files import CarrierSettings
from gates.facts.checkout import Checkout, tree_digest
from gates.facts.extraction import Extraction
from gates.facts.fact import digest_of
from gates.facts.files import File
from gates.globs import any_of

FOLDER = ".github/workflows"
LOCK = f"{FOLDER}/actions.lock"
_OF_WORKFLOWS = "gates.facts.extractors.workflow?jobs"
_OF_ACTIONS = "gates.facts.extractors.workflow?runs"
_LOCK_EXTRACTOR = "gates.facts.extractors.actions_lock"
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_ACTION = re.compile(r"(?:.*/)?action\.ya?ml")
_MAKEFILE = re.compile(r"(?:.*/)?(?:GNU)?[Mm]akefile")
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")  # in the order in which make looks for them
_RULE = re.compile(r"^(?P<targets>[^\s:#=][^:=#]*?)\s*::?(?!=)", re.MULTILINE)


class Use(NamedTuple):
    """An action, a reusable workflow or an image, where it is used."""

    path: str
    kind: str
    line: int
    text: str
    comment: str
    where: str


class Job(NamedTuple):
    """A job: `check` is the name by which a required check would name it, as a regular expression; `is_computed` says
    whether its matrix is known only when it runs, and `events` what starts it."""

    path: str
    id: str
    line: int
    has_timeout: bool
    is_call: bool
    check: str
    is_computed: bool
    events: tuple[str, ...]


class Lenience(NamedTuple):
    """A failure that is passed over."""

    path: str
    line: int
    where: str
    value: str


class MakeCall(NamedTuple):
    """A target that a script asks make for, and the makefile that would have it."""

    path: str
    line: int
    target: str
    makefile: str

    @property
    def file(self) -> str:
        """What the target would be as a file."""
        return posixpath.join(posixpath.dirname(self.makefile), self.target)


class Locked(NamedTuple):
    """What actions.lock says: action@ref to (commit, what it uses in turn); workflow to its actions."""

    actions: Mapping[str, tuple[str, tuple[str, ...]]]
    workflows: Mapping[str, tuple[str, ...]]


@dataclass
class Workflows:
    """Every workflow, every action.yml that has `runs`, and the makefiles that they call."""

    checkout: Checkout = field(repr=False)
    workflows: tuple[File, ...]
    perhaps_actions: tuple[File, ...]
    extraction: Extraction = field(repr=False)
    makefiles: tuple[File, ...] = ()
    lock: tuple[File, ...] = ()
    unit: ClassVar[str] = "workflows"

    @classmethod
    def gather(cls, checkout: Checkout, extraction: Extraction, settings: CarrierSettings) -> Workflows:
        """By their names; nothing is read until it is asked for."""
        left_out = any_of(settings.leave_out)
        named = (path for path in checkout.files if path.endswith((".yml", ".yaml", "akefile")))
        known = [checkout.files[path] for path in sorted(named) if not left_out.fullmatch(path)]
        plain = [file for file in known if not file.is_symlink and not file.is_submodule]
        workflows = tuple(file for file in plain if _WORKFLOW.fullmatch(file.path))
        actions = tuple(file for file in plain if _ACTION.fullmatch(file.path) and file not in workflows)
        makefiles = tuple(file for file in plain if _MAKEFILE.fullmatch(file.path))
        lock = (checkout.files[LOCK],) if LOCK in checkout.files else ()
        return cls(checkout, workflows, actions, extraction, makefiles, lock)

    @cached_property
    def digest(self) -> str:
        """Of the files."""
        return digest_of(tree_digest(self.candidates), tree_digest(self.makefiles), tree_digest(self.lock))

    @property
    def reads(self) -> tuple[str, ...]:
        """Git pathspecs of the files."""
        return ("*.yml", "*.yaml", *(f":(literal){file.path}" for file in (*self.makefiles, *self.lock)))

    def __len__(self) -> int:
        return len(self.files)

    def needs(self) -> dict[str, Sequence[File]]:
        """What is asked of each file."""
        lock = {_LOCK_EXTRACTOR: self.lock} if self.lock else {}
        return {_OF_WORKFLOWS: self.workflows, _OF_ACTIONS: self.perhaps_actions, **lock}

    @property
    def lacking(self) -> Mapping[str, str]:
        """The files that cannot be read as what they are, with the reason."""
        lock = self._lock_said
        said = {path: value for path, value in self._said.items() if isinstance(value, str)}
        return {**said, **({LOCK: lock} if isinstance(lock, str) else {})}

    @property
    def candidates(self) -> tuple[File, ...]:
        """Those that are workflows or actions by their names."""
        return (*self.workflows, *self.perhaps_actions)

    @cached_property
    def files(self) -> tuple[File, ...]:
        """Those that are workflows or actions, or would be if they could be read."""
        known = self.extraction.known(_OF_ACTIONS, self.perhaps_actions)
        others = {path for path, said in known.items() if said is None}
        return tuple(file for file in self.candidates if file.path not in others)

    def account(self) -> dict[str, int]:
        """How many of each there are in them."""
        return {"actions and images": len(self.uses), "jobs": len(self.jobs), "scripts": self.scripts}

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """By path, in the order of the file."""
        return tuple(Use(path, *each) for path, said in self._parsed() for each in said[0])

    @property
    def scripts(self) -> int:
        """How many steps run one."""
        return sum(said[1] for _, said in self._parsed())

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """By path, in the order of the file."""
        return tuple(
            Job(path, name, line, has_timeout, is_call, check, matrix == "computed", tuple(said[4]))
            for path, said in self._parsed()
            for name, shown, line, has_timeout, is_call, matrix in said[2]
            for check in [_check(shown or name, bool(matrix), bool(shown), is_call)]
        )

    @cached_property
    def leniences(self) -> tuple[Lenience, ...]:
        """Each `continue-on-error`, and each line of a script that has `|| true`, `set +e` or the like."""
        return tuple(Lenience(path, *each) for path, said in self._parsed() for each in said[3])

    @cached_property
    def locked(self) -> Locked:
        """What actions.lock says; nothing where there is none."""
        said = self._lock_said
        if not said or isinstance(said, str):
            return Locked({}, {})
        actions = {action: (commit.rpartition("-")[2], tuple(uses)) for action, commit, uses in said[0]}
        return Locked(actions, {path: tuple(used) for path, used in said[1]})

    def make_calls(self) -> Iterator[MakeCall]:
        """Every target that a script asks make for; none in a folder that is made, or fetched, on the way."""
        for path, said in self._parsed():
            for line, target, folder, is_elsewhere in said[5]:
                if not is_elsewhere or self._has(folder):
                    yield MakeCall(path, line, target, self._makefile(folder))

    def targets(self, makefile: str) -> tuple[bool, frozenset[str]]:
        """Whether all the targets of a makefile are known (it includes nothing and has no patterns), and which."""
        text = self.checkout.read(makefile).decode("utf-8", "replace")
        found = {name for rule in _RULE.finditer(text) for name in rule["targets"].split()}
        is_whole = not re.search(r"^-?s?include\b", text, re.MULTILINE) and not any("%" in name for name in found)
        return is_whole and not any("$" in name for name in found), frozenset(found)

    def _has(self, folder: str) -> bool:
        return not folder or any(path.startswith(f"{folder}/") for path in self.checkout.files)

    def _makefile(self, folder: str) -> str:
        """The one that make would take, and the usual one where there is none."""
        found = [posixpath.join(folder, name) for name in _MAKEFILES]
        return next((path for path in found if path in self.checkout.files), found[-1])

    @cached_property
    def _said(self) -> Mapping[str, Any]:
        actions = self.extraction.of(_OF_ACTIONS, self.perhaps_actions)
        known = self.extraction.known(_OF_WORKFLOWS, self.workflows)
        return {**actions, **{path: said or "line 1: is no workflow: it has no `jobs`" for path, said in known.items()}}

    @cached_property
    def _lock_said(self) -> Any:
        return self.extraction.of(_LOCK_EXTRACTOR, self.lock).get(LOCK) if self.lock else None

    def _parsed(self) -> Iterator[tuple[str, Any]]:
        return ((path, said) for path, said in sorted(self._said.items()) if not isinstance(said, str))


def _check(name: str, has_matrix: bool, is_named: bool, is_call: bool) -> str:
    parts = re.split(r"\$\{\{.*?\}\}", name)
    pattern = ".*".join(map(re.escape, parts))
    if has_matrix and not (is_named and len(parts) > 1):
        pattern += r"(?: \(.*\))"
    return pattern + (r" / .*" if is_call else "")
