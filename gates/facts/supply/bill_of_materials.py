"""The bill of materials of an environment: what cyclonedx-py sees in it, joined with the lock and the metadata."""

from __future__ import annotations

import glob
import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Optional

from gates.errors import FactUnavailable
from gates.facts.checkout import Checkout
from gates.facts.fact import digest_of
from gates.facts.git import GitFailed, git
from gates.facts.store import Store
from gates.facts.supply.asked import environments, normalised
from gates.facts.supply.bill_documents import SPEC, Component, cyclonedx, spdx, supplier
from gates.facts.supply.installed import InstalledDistributions
from gates.facts.supply.licences import expression
from gates.facts.supply.requirements import Lock, Requirements
from gates.facts.supply.tools import Tool, Tools

_REMEDY = "pip install 'lukhas-gates[supply]'"
_FLAGS = ("environment", "--output-reproducible", "--no-validate", "--spec-version", SPEC, "--of", "JSON")
_PROJECT = "pyproject.toml"
# What makes an environment, and is in no lock.
_MAKES_IT = frozenset({"pip", "setuptools", "wheel"})


@dataclass(frozen=True)
class BillSettings:
    """`[facts.bill]`: which environment, by which lock.

    `environment` is the folder of a virtual environment, "" the one that judges; `lock` the lock that it is installed
    from, where the Pythons of `[facts.requirements]` do not say it. `licences` states the SPDX expression of
    distributions whose metadata does not.
    """

    policy_section: ClassVar[str] = "bill"
    environment: str = ""
    lock: str = ""
    licences: Mapping[str, str] = field(default_factory=dict)


@dataclass
class BillOfMaterials:
    """Every component of the environment; what the tool said is kept by the digest of what is installed."""

    checkout: Checkout = field(repr=False)
    requirements: Requirements
    store: Store = field(repr=False)
    settings: BillSettings
    installed: InstalledDistributions
    folders: tuple[str, ...]
    tool: Optional[Tool]
    no_tool: str = ""
    unit: ClassVar[str] = "requirements files"

    @classmethod
    def gather(
        cls, checkout: Checkout, requirements: Requirements, store: Store, tools: Tools, settings: BillSettings
    ) -> BillOfMaterials:
        """The tool is identified; it is started when it is asked."""
        if settings.lock and settings.lock not in checkout.files:
            raise FactUnavailable(f"{settings.lock} does not exist, and [facts.bill] names it")
        if settings.environment:
            pattern = os.path.join(glob.escape(str(checkout.root)), settings.environment, "lib/python*/site-packages")
            folders = tuple(sorted(glob.glob(pattern)))
        else:
            folders = tuple(place for place in sys.path if place.endswith("-packages") and os.path.isdir(place))
        installed = InstalledDistributions.of(folders)
        try:
            tool = tools.get("cyclonedx-py", r"^\s*(?:cyclonedx-py\s+)?(\d+\.\d+\.\d+)", _REMEDY)
        except FactUnavailable as unavailable:
            return cls(checkout, requirements, store, settings, installed, folders, None, str(unavailable))
        return cls(checkout, requirements, store, settings, installed, folders, tool)

    @cached_property
    def digest(self) -> str:
        """Of what is installed, the locks, the tool and the settings."""
        return digest_of(self._asked_digest, self.requirements.digest, repr(self.settings), sys.version_info[:2])

    @cached_property
    def _asked_digest(self) -> str:
        project = self.checkout.files[_PROJECT].blob if _PROJECT in self.checkout.files else ""
        tool = self.tool.version if self.tool else self.no_tool
        return digest_of(self.installed.digest, project, tool, repr(_FLAGS), self.made)

    @property
    def reads(self) -> tuple[str, ...]:
        """The project; the locks are said by themselves, and what is installed by the interpreter."""
        return (f":(literal){_PROJECT}",)

    def __len__(self) -> int:
        return len(self.requirements)

    @property
    def is_watched(self) -> bool:
        """Whether the memo of an unchanged tree would see that something was installed: in its own environment."""
        return set(self.folders) <= set(sys.path)

    @property
    def is_settled(self) -> bool:
        """Whether what lacks is the program: it lacks for as long as it is not brought."""
        return self.tool is None

    @property
    def lacking(self) -> Mapping[str, str]:
        """Why there is no bill."""
        why = self._no_lock or ((self._answer[1] or self._why_another) if len(self.requirements) else "")
        return {"bill of materials": why} if why else {}

    @property
    def _why_another(self) -> str:
        """Why the environment is not the one that is installed from the lock, as far as nobody said that it is."""
        lock = self.lock
        if lock is None or self.settings.environment or 2 * self._held(lock) >= len(self.locked):
            return ""
        held = f"{self._held(lock)} of the {len(self.locked)} distributions of {lock.path}"
        remedy = 'name one that is installed from it: [facts.bill] environment = ".venv"'
        return f"the environment that judges holds {held}; {remedy}"

    def account(self) -> dict[str, int]:
        """How many of the components are locked, and how many bring a bill of their own (PEP 770)."""
        embedded = sum(component.embedded_bills for component in self.components)
        locked = len({each.name for each in self.components} & self.locked.keys())
        return {"components": len(self.components), "of them locked": locked, "embedded bills": embedded}

    @cached_property
    def made(self) -> str:
        """When the commit was made, in seconds since 1970: the time that the bill names."""
        if self.checkout.commit is None:
            return "0"
        try:
            return git(self.checkout.root, "log", "-1", "--format=%ct", self.checkout.commit).decode("ascii").strip()
        except GitFailed:
            return "0"

    @property
    def _no_lock(self) -> str:
        """Why the one that the policy names is none."""
        named = self.settings.lock
        return f"{named} is no lock that pins something, and [facts.bill] names it" if named and not self.lock else ""

    @cached_property
    def lock(self) -> Optional[Lock]:
        """The lock that the environment is installed from: the one named, or for this Python, or that fits best."""
        locks = [lock for lock in self.requirements.locks if len(lock)]  # one that pins nothing locks nothing
        if self.settings.lock:
            return next((lock for lock in locks if lock.path == self.settings.lock), None)
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        fitting = [
            lock
            for lock in locks
            if not lock.needs_all and any(place["python_version"] == here for place in lock.places)
        ]
        return max(fitting or locks, key=self._held, default=None)

    def _held(self, lock: Lock) -> int:
        pins = [(line.asked.name, line.asked.pinned) for line in lock.lines if line.asked is not None]
        pins += [(pin.name, pin.version) for pin in lock.pins]
        return sum(1 for name, version in pins if self.installed.version(name) == version)

    @cached_property
    def locked(self) -> Mapping[str, tuple[str, int, tuple[str, ...]]]:
        """Name to version, line and hashes of what the lock has for this environment."""
        lock = self.lock
        if lock is None:
            return {}
        here = environments([f"{sys.version_info[0]}.{sys.version_info[1]}"], _platform())
        found = {pin.name: (pin.version, pin.line, ()) for pin in lock.pins if not pin.is_root}
        lines = {
            line.asked.name: (line.asked.pinned, line.line, line.hashes)
            for line in lock.lines
            if line.asked is not None and line.asked.applies(here)
        }
        return {**found, **lines}

    @property
    def root(self) -> str:
        """The repository's own project, by its normalised name; "" where it has none."""
        said = self._answer[0].get("metadata", {}).get("component", {}).get("name", "")
        return normalised(said) if said else ""

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """By name, the project itself and what makes an environment apart."""
        document = self._answer[0]
        graph = {each["ref"]: tuple(each.get("dependsOn", ())) for each in document.get("dependencies", ())}
        entries = {normalised(each["name"]): each for each in document.get("components", ())}
        return tuple(
            self._component(name, entries[name], graph)
            for name in sorted(entries)
            if name not in self._own and not (name in _MAKES_IT and name not in self.locked)
        )

    @property
    def _own(self) -> frozenset[str]:
        """The repository's projects: its root, and those that its lock knows by their folders."""
        pins = self.lock.pins if self.lock is not None else ()
        return frozenset({self.root, *(pin.name for pin in pins if pin.is_root)})

    def documents(self) -> tuple[bytes, bytes]:
        """CycloneDX and SPDX. FactUnavailable where there is no bill."""
        why = self._no_lock or self._answer[1]
        if why:
            raise FactUnavailable(why)
        bill = cyclonedx(self._answer[0], self.components)
        return bill, spdx(bill, self.components)

    @property
    def tool_said(self) -> Mapping[str, Any]:
        """What the tool said, whole."""
        return self._answer[0]

    def _component(self, name: str, entry: Mapping[str, Any], graph: Mapping[str, tuple[str, ...]]) -> Component:
        headers = self.installed.headers(name)
        version, _, hashes = self.locked.get(name, ("", 0, ()))
        purl = entry.get("purl") or f"pkg:pypi/{name}@{entry['version']}"
        return Component(
            name,
            entry["version"],
            purl,
            supplier(headers),
            self._stated.get(name) or expression(entry.get("licenses", ()), headers),
            hashes if version == entry["version"] else (),
            graph.get(entry["bom-ref"], ()),
            entry["bom-ref"] in graph,
            self._embedded(name),
            entry,
        )

    @cached_property
    def _stated(self) -> Mapping[str, str]:
        return {normalised(name): licence for name, licence in self.settings.licences.items()}

    def _embedded(self, name: str) -> int:
        folder = self.installed.places[name][1] / "sboms" if name in self.installed.places else None
        return sum(1 for _ in folder.iterdir()) if folder is not None and folder.is_dir() else 0

    @cached_property
    def _answer(self) -> tuple[Mapping[str, Any], str]:
        if self.tool is None:
            return {}, self.no_tool
        if not self.installed.places:
            return {}, f"nothing is installed in {self.settings.environment or 'this environment'}; install the lock"
        kept = self.store.get_one("bill", self._asked_digest)
        if kept is not None:
            return json.loads(kept), ""
        try:
            found = self._asked(self.tool)
        except FactUnavailable as unavailable:
            return {}, str(unavailable)
        self.store.put("bill", {self._asked_digest: json.dumps(found).encode()})
        self.store.put("licence", self._told_licences(found))
        return found, ""

    def _told_licences(self, document: Mapping[str, Any]) -> dict[str, bytes]:
        """What each component's metadata says of its licence, by name and version: for the day that it is replaced."""
        told = ((normalised(entry["name"]), entry) for entry in document["components"])
        return {
            f"{name} {entry['version']}": expression(entry.get("licenses", ()), self.installed.headers(name)).encode()
            for name, entry in told
        }

    def licence_of(self, name: str, version: str) -> Optional[str]:
        """The licence of a release that is installed, or was when this machine last made a bill of it; "" where its
        metadata says none for certain, None where nothing is known of it.
        """
        if name in self._stated:
            return self._stated[name]
        here = next((each for each in self.components if (each.name, each.version) == (name, version)), None)
        if here is not None:
            return here.licence
        kept = self.store.get_one("licence", f"{name} {version}")
        return None if kept is None else kept.decode("utf-8")

    def _asked(self, tool: Tool) -> Mapping[str, Any]:
        project = [_PROJECT] if _PROJECT in self.checkout.files else []
        with self.checkout.materialised(project) as folder:
            # cyclonedx-py asks an interpreter for its folders: this one names those of the environment in question.
            python = folder / "gates-python"
            python.write_text(f"#!/bin/sh\necho {shlex.quote(json.dumps(['', *self.folders]))}\n", "utf-8")
            python.chmod(0o755)
            words = [*_FLAGS, *(["--pyproject", _PROJECT] if project else []), "-o", "-", str(python)]
            done = tool.run(words, folder, {"SOURCE_DATE_EPOCH": self.made})
        if done.code != 0:
            raise FactUnavailable(f"cyclonedx-py ended with {done.code}: {done.last_words}")
        try:
            document: dict[str, Any] = json.loads(done.printed)
            seen = {normalised(each["name"]): str(each["version"]) for each in document["components"]}
            root = normalised(document["metadata"].get("component", {}).get("name", ""))
        except (ValueError, LookupError, TypeError) as error:
            raise FactUnavailable(f"cyclonedx-py printed no bill: {error}") from None
        missed = sorted(self.installed.places.keys() - seen.keys() - {root})
        if missed or document.get("specVersion") != SPEC:
            many = len(self.installed.places)
            raise FactUnavailable(f"cyclonedx-py saw {len(seen)} of {many} distributions; not {', '.join(missed[:3])}")
        return document


def _platform() -> str:
    return sys.platform if sys.platform in ("linux", "darwin", "win32") else "linux"
