"""A proposal into files: never over what stands there unless asked, never half, never lost."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

from gates.errors import GatesError, PolicyError
from gates.policy import FILES, folder_of
from gates.scaffold.proposal import Proposal

# Without it there is no policy, so it goes first and comes last: a repository has all of a proposal, or no policy.
_DECISIVE = "gates.toml"
_STANDS = "stands already; `gates init --force` writes a new one and keeps this one as .bak"


def refuse_occupied(root: Path, force: bool = False) -> None:
    """PolicyError where `write` would refuse, as far as can be known before anything is proposed."""
    folder = folder_of(root)
    if os.path.lexists(folder) and not folder.is_dir():
        raise PolicyError(f"{folder.name}: is no folder; {_elsewhere(folder)}")
    strangers = sorted(file.name for file in folder.glob("*.toml") if file.name not in FILES)
    if strangers:
        raise PolicyError(f"{folder.name}/{strangers[0]}: is no policy of gates; {_elsewhere(folder)}")
    if not force and os.path.lexists(folder / _DECISIVE):
        raise PolicyError(f"{folder.name}/{_DECISIVE}: {_STANDS}")


def _elsewhere(folder: Path) -> str:
    return f'name another place in pyproject.toml: [tool.gates] policies = "{folder.name}/gates"'


def write(proposal: Proposal, root: Path, force: bool = False) -> tuple[str, ...]:
    """Write the proposal below `root`, and give the paths that are new: where a file stood, its .bak among them.

    What stands there with other content is refused unless `force`; what stands there already is nothing to write.

    Everything is written aside and then renamed into place, gates.toml last: whoever is killed on the way leaves a
    repository without a policy, and can run it again. Errors: PolicyError, GatesError where the disk refuses.
    """
    targets = {path: root / path for path in proposal.files}
    changed = {path: target for path, target in targets.items() if _content(target) != proposal.files[path]}
    if not changed:
        return ()
    refuse_occupied(root, force)
    standing = [path for path, target in changed.items() if os.path.lexists(target)]
    if standing and not force:
        raise PolicyError(f"{standing[0]}: {_STANDS}")
    try:
        return _put(proposal, changed, standing)
    except OSError as error:
        raise GatesError(f"{error.filename or root}: cannot be written ({error.strerror})") from None


def _content(file: Path) -> object:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _put(proposal: Proposal, changed: Mapping[str, Path], standing: list[str]) -> tuple[str, ...]:
    staged: dict[str, Path] = {}
    try:
        for path, target in changed.items():
            staged[path] = target.with_name(f".{target.name}.new")
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_through(staged[path], proposal.files[path])
        kept: list[str] = []
        for path in sorted(standing, key=_is_not_decisive):
            aside = _free_name(changed[path])
            changed[path].rename(aside)
            kept.append(f"{path}{aside.name[len(changed[path].name) :]}")
        for path in sorted(changed, key=lambda path: (not _is_not_decisive(path), path)):
            staged[path].replace(changed[path])
            del staged[path]
    finally:
        for leftover in staged.values():
            leftover.unlink(missing_ok=True)
    return tuple(sorted([*changed, *kept]))


def _is_not_decisive(path: str) -> bool:
    return path.rsplit("/", 1)[-1] != _DECISIVE


def _write_through(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _free_name(file: Path) -> Path:
    return next(name for name in _backup_names(file) if not os.path.lexists(name))


def _backup_names(file: Path) -> Iterator[Path]:
    yield file.with_name(f"{file.name}.bak")
    yield from (file.with_name(f"{file.name}.bak.{number}") for number in count(2))
