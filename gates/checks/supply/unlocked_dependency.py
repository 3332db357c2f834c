"""A dependency is not locked: no pin, no hash, or a lock that does not follow from what is asked for.

Why: what is not pinned by hash is another program tomorrow; a lock that was edited by hand, or not compiled after the
last edit, promises what nobody installs. No network and no resolver is asked: the lock must hold together by itself.
Instead: compile the lock with hashes (`pip-compile --generate-hashes`, `uv lock`, `uv export --format pylock.toml`)
and commit it; install with `pip install --require-hashes --only-binary=:all: -r requirements.txt`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gates.checks.gate import Plant
from gates.errors import CannotPlant
from gates.facts.checkout import Checkout
from gates.facts.supply.asked import Asked
from gates.facts.supply.install_commands import InstallCommand, InstallCommands
from gates.facts.supply.installed import InstalledDistributions
from gates.facts.supply.requirement_lines import Line, decoded
from gates.facts.supply.requirement_sources import Source
from gates.facts.supply.requirements import Lock, Requirements
from gates.finding import Finding
from gates.globs import Globs, any_of

_PLANTED = "gates-planted-dependency"
_REMEDY = "compile it again"
_HASHED = "--require-hashes --only-binary=:all:"


@dataclass(frozen=True)
class UnlockedDependency:
    """`allowed_in`: files whose requirements, pins or install commands may be unlocked."""

    allowed_in: Globs = ()

    def check(
        self, requirements: Requirements, installed: InstalledDistributions, installs: InstallCommands
    ) -> Iterator[Finding]:
        allowed = any_of(self.allowed_in)
        for source in (source for source in requirements.sources if not allowed.fullmatch(source.path)):
            yield from _unread(source.path, source.unread)
        for source in (source for source in requirements.unlocked if not allowed.fullmatch(source.path)):
            yield _without_a_lock(source)
        for lock in (lock for lock in requirements.locks if not allowed.fullmatch(lock.path)):
            yield from _of_tables(lock) if lock.is_universal else _of_lines(lock)
            yield from _asked_and_not_locked(lock)
            yield from _not_within_bounds(lock)
            yield from _asked_when_it_was_locked(lock)
            yield from _needed_and_not_locked(lock, installed)
        for command in (command for command in installs.commands if not allowed.fullmatch(command.path)):
            yield from _of_command(command)

    def plant(self, checkout: Checkout, requirements: Requirements) -> Plant:
        """Ask for one more distribution, and compile nothing."""
        allowed = any_of(self.allowed_in)
        for lock in requirements.locks:
            if allowed.fullmatch(lock.path) or lock.is_universal:
                continue
            for source in lock.sources:
                if not source.path.endswith(".toml"):
                    overlay = {source.path: f"{decoded(checkout.read(source.path))}\n{_PLANTED}\n".encode()}
                    return Plant(overlay, lock.path, f"{_PLANTED}: not locked")
        for lock in requirements.locks:
            if not allowed.fullmatch(lock.path) and not lock.is_universal:
                overlay = {lock.path: f"{decoded(checkout.read(lock.path))}\n{_PLANTED}==1.0\n".encode()}
                return Plant(overlay, lock.path, f"{_PLANTED}: no hash")
        path = "gates-planted-requirements.in"
        if not allowed.fullmatch(path):
            return Plant({path: f"{_PLANTED}\n".encode()}, path, "no lock")
        raise CannotPlant("allowed_in covers every file: the policy forbids nothing")


def _without_a_lock(source: Source) -> Finding:
    first, line = source.asked[0]
    many = len(source.asked)
    named = first.text if many == 1 else f"{first.text} and {many - 1} more"
    return Finding(source.path, line, f"asks for {named}, and no lock with hashes is of it", subject="no lock")


def _unread(path: str, unread: tuple[Line, ...]) -> Iterator[Finding]:
    for line in unread:
        if line.unread:
            yield Finding(path, line.line, f"is no requirement: {line.unread}", subject=f"{line.text}: unreadable")
        elif line.text not in (".", "-e ."):
            yield Finding(path, line.line, f"names a place that others do not have: {line.text}", subject=line.text)


def _of_tables(lock: Lock) -> Iterator[Finding]:
    if lock.unread:
        yield Finding(lock.path, 0, lock.unread, subject="unreadable", verdict="opaque")
    names = {pin.name for pin in lock.pins}
    for pin in lock.pins:
        if pin.bare or not pin.has_files:
            what = f"{pin.bare[0]} of it has no hash" if pin.bare else "names no file with a hash"
            yield Finding(lock.path, pin.line, f"{pin.name} {pin.version}: {what}", subject=f"{pin.name}: no hash")
        if pin.place:
            yield Finding(lock.path, pin.line, f"{pin.name} is locked to {pin.place}", subject=f"{pin.name}: place")
        if pin.foreign:
            message = f"{pin.name} {pin.version}: {pin.foreign[0]} is no file of it"
            yield Finding(lock.path, pin.line, message, subject=f"{pin.name}: another's file")
        for need in sorted({*pin.needs} - names):
            message = f"{pin.name} needs {need}, which is not locked; {_REMEDY}"
            yield Finding(lock.path, pin.line, message, subject=f"{need}: not locked")
    asked = {name for source in lock.asking for name in source.names or ()}
    # A pylock.toml need not say what needs what.
    if any(pin.asks is not None for pin in lock.pins) or (asked and any(pin.needs for pin in lock.pins)):
        children: dict[str, set[str]] = {}
        for pin in lock.pins:
            children.setdefault(pin.name, set()).update(pin.needs)
        yield from _orphans(lock, children, {pin.name for pin in lock.pins if pin.is_root} | asked)


def _of_lines(lock: Lock) -> Iterator[Finding]:
    yield from _unread(lock.path, tuple(line for line in lock.lines if line.unread))
    pinned = {line.asked.name: line for line in lock.lines if line.asked is not None}
    asking = {each.path: {asked.name for part in each.whole for asked, _ in part.asked} for each in lock.asking}
    for line in lock.lines:
        if line.place:
            yield Finding(
                lock.path, line.line, f"names an index or a path: {line.place}", subject=f"place: {line.place}"
            )
        elif line.asked is not None:
            yield from _of_line(lock, line, line.asked, pinned, asking)
    children: dict[str, set[str]] = {name: set() for name in pinned}
    for name, line in pinned.items():
        for via in line.via:
            if via.name in children:
                children[via.name].add(name)
    if any(line.via for line in pinned.values()):
        yield from _orphans(lock, children, {name for name, line in pinned.items() if _is_asked(line)})


def _is_asked(line: Line) -> bool:
    return not line.via or any(via.file for via in line.via)


def _of_line(
    lock: Lock, line: Line, asked: Asked, pinned: Mapping[str, Line], asking: Mapping[str, set[str]]
) -> Iterator[Finding]:
    name = asked.name
    if not asked.pinned:
        yield Finding(lock.path, line.line, f"{asked.text} may be any of several versions", subject=f"{name}: no pin")
    elif not line.hashes:
        yield Finding(lock.path, line.line, f"{asked.text} has no hash", subject=f"{name}: no hash")
    for via in line.via:
        if via.name and via.name not in pinned:
            message = f"{name} is here for {via.name}, which is not locked; {_REMEDY}"
            yield Finding(lock.path, line.line, message, subject=f"{name}: via {via.name}")
        source = _source_of(via.file, asking)
        if via.file.startswith("/"):
            yield Finding(lock.path, line.line, f"names a path: {via.file}", subject=f"{name}: via {via.file}")
        elif source and name not in asking[source]:
            message = f"{name} is here because {source} asks for it, and it does not; {_REMEDY}"
            yield Finding(lock.path, line.line, message, subject=f"{name}: via {source}")
    if any(other.via for other in pinned.values()) and not line.via:
        yield Finding(lock.path, line.line, f"nothing says why {name} is locked; {_REMEDY}", subject=f"{name}: no via")


def _source_of(said: str, asking: Mapping[str, set[str]]) -> str:
    return next((path for path in asking if said and (path == said or path.endswith(f"/{said}"))), "")


def _orphans(lock: Lock, children: Mapping[str, set[str]], roots: set[str]) -> Iterator[Finding]:
    if not roots:
        return
    reached, waiting = set(roots), list(roots)
    while waiting:
        new = children.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    lines = {pin.name: pin.line for pin in lock.pins}
    lines.update((line.asked.name, line.line) for line in lock.lines if line.asked is not None)
    for name in sorted(children.keys() - reached):
        message = f"{name} is locked, and nothing that is asked for leads to it; {_REMEDY}"
        yield Finding(lock.path, lines.get(name, 0), message, subject=f"{name}: orphan")


def _asked_and_not_locked(lock: Lock) -> Iterator[Finding]:
    versions = _versions(lock)
    for source in lock.asking:
        for asked, _ in source.asked:
            if asked.name not in versions:
                if lock.wants(asked):
                    extra = source.extras.get(asked.name)
                    place = f"the {extra} of {source.path}" if extra else source.path
                    kind = extra.partition(" ")[0] if extra else ""
                    remedy = f"{_REMEDY}, or leave the {kind} out (unlocked_extras)" if extra else _REMEDY
                    message = f"{asked.text}, which {place} asks for, is not locked; {remedy}"
                    yield Finding(lock.path, 0, message, subject=f"{asked.name}: not locked")
            elif lock.wants(asked) and not _is_met(asked, versions[asked.name]):
                line = _line_of(lock, asked.name)
                message = f"{asked.name} {versions[asked.name][0]} is not {asked.text}, which {source.path} asks for"
                yield Finding(lock.path, line, message, subject=f"{asked.name}: not what is asked for")


def _not_within_bounds(lock: Lock) -> Iterator[Finding]:
    versions = _versions(lock)
    bounds = {each.path: each for source in lock.sources for each in source.bounds}
    for bound in bounds.values():
        for asked, _ in bound.asked:
            held = versions.get(asked.name, ())
            if held and lock.wants(asked) and not _is_met(asked, held):
                message = f"{asked.name} {held[0]} is not {asked.text}, to which {bound.path} constrains it; {_REMEDY}"
                line = _line_of(lock, asked.name)
                yield Finding(lock.path, line, message, subject=f"{asked.name}: not as {bound.path} has it")


def _asked_when_it_was_locked(lock: Lock) -> Iterator[Finding]:
    """What a table says that a project asks for, held against what it asks for now."""
    pins = {pin.name: pin for pin in lock.pins}
    for source in lock.sources:
        pin = pins.get(source.project)
        if pin is None or pin.asks is None or source.names is None:
            continue
        for name in sorted(pin.asks - source.names - {pin.name}):
            message = f"{name} is here because {source.path} asked for it, and it does no more; {_REMEDY}"
            yield Finding(lock.path, pin.line, message, subject=f"{name}: asked for no more")
        for asked, _ in source.asked:
            if asked.name in pins.keys() - pin.asks and lock.wants(asked):
                message = f"{asked.name} is here for others, and {source.path} asks for it by now; {_REMEDY}"
                yield Finding(lock.path, pin.line, message, subject=f"{asked.name}: asked for since")


def _needed_and_not_locked(lock: Lock, installed: InstalledDistributions) -> Iterator[Finding]:
    """What the metadata of a locked version, where it is at hand, needs in turn."""
    versions = _versions(lock)
    extras = {line.asked.name: line.asked.extras for line in lock.lines if line.asked is not None}
    for name in sorted(versions):
        if installed.version(name) not in versions[name]:
            continue
        for need in installed.needed_by(name):
            if not _holds(lock, need, ("", *extras.get(name, ()))) or need.name == name:
                continue
            if need.name not in versions:
                message = f"{name} {versions[name][0]} needs {need.text}, which is not locked; {_REMEDY}"
                yield Finding(lock.path, _line_of(lock, name), message, subject=f"{need.name}: not locked")
            elif not _is_met(need, versions[need.name]):
                message = f"{name} {versions[name][0]} needs {need.text}, and {versions[need.name][0]} is locked"
                yield Finding(
                    lock.path, _line_of(lock, need.name), message, subject=f"{need.name}: not what {name} needs"
                )


def _holds(lock: Lock, need: Asked, extras: tuple[str, ...]) -> bool:
    """Whether it is needed: in every environment where it is not said which the lock is for."""
    if lock.needs_all or lock.is_universal:
        return all(need.applies([place], extras) for place in lock.places)
    return need.applies(lock.places, extras)


def _versions(lock: Lock) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pin in lock.pins:
        found.setdefault(pin.name, []).append(pin.version)
    for line in lock.lines:
        if line.asked is not None:
            found.setdefault(line.asked.name, []).append(line.asked.pinned)
    return found


def _is_met(asked: Asked, versions: Iterable[str]) -> bool:
    """By one of the versions; a table does not say which one a project of the repository itself has."""
    return any(not version or asked.is_satisfied_by(version) for version in versions)


def _line_of(lock: Lock, name: str) -> int:
    lines = [line.line for line in lock.lines if line.asked is not None and line.asked.name == name]
    return next(iter([*lines, *(pin.line for pin in lock.pins if pin.name == name)]), 0)


def _of_command(command: InstallCommand) -> Iterator[Finding]:
    if command.files and not command.demands_hashes:
        message = f"installs {command.files[0]} without {_HASHED}: `{command.text}`"
        yield Finding(command.path, command.line, message, subject=f"install: {command.files[0]}")
    if command.names:
        message = f"installs {', '.join(command.names)} as it is today, beside the lock: `{command.text}`"
        yield Finding(command.path, command.line, message, subject=f"install: {' '.join(command.names)}")
    if command.paths and "--no-deps" not in command.options:
        message = f"installs {command.paths[0]} with whatever it needs today; add --no-deps: `{command.text}`"
        yield Finding(command.path, command.line, message, subject=f"install: {command.paths[0]}")
