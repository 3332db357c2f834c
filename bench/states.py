"""The states that a tree is measured in, and how each is brought about between two measurements."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Optional

from bench.corpora import Corpus, commit, fetched, gates_toml, git, policies, unpacked, write
from bench.measure import Command, timed
from bench.peers import IMPORT_LINTER, RUFF, Peers, installed, script, tach_toml

CACHE = ".gates/cache"


@dataclass
class Tree:
    """A working copy of a corpus in a folder of its own, with the caches of every tool beside it."""

    corpus: Corpus
    work: Path
    place: Path
    peers: Peers
    _numbers: count[int] = field(default_factory=lambda: count(1))

    @classmethod
    def made(cls, corpus: Corpus, corpora: Path, work: Path) -> Tree:
        """Unpack it, write the policies, record today's debt, commit."""
        work.mkdir(parents=True)
        place = unpacked(fetched(corpus, corpora), work / "tree")
        tree = cls(corpus, work, place, Peers(corpus, work / "peers"))
        write(place, {**policies(corpus), "tach.toml": tach_toml(corpus)})
        commit(place, "What this repository promises")
        timed(tree.gates("baseline"), tree.output)
        commit(place, "Today's debt")
        tree.peers.configure(place, tree.caches)
        return tree

    @property
    def caches(self) -> Path:
        """Where the peers keep what they keep."""
        return self.work / "caches"

    @property
    def fresh(self) -> Path:
        """Where the fresh checkout of the moment lies; never twice in one place."""
        return self.work / f"fresh-{self._fresh}"

    _fresh: int = 0

    @property
    def fresh_caches(self) -> Path:
        """The peers' caches, as a fresh checkout is given them."""
        return self.work / f"fresh-{self._fresh}-caches"

    @property
    def output(self) -> Path:
        """What the last command said."""
        return self.work / "output.txt"

    def gates(self, *arguments: str, folder: Optional[Path] = None) -> Command:
        """The `gates` of the environment that runs this."""
        return Command(
            (str(script("gates")), *arguments),
            folder or self.place,
            says=r"[1-9]\d* gates: .*\(exit 0\)|baseline\.json",
        )

    def cold(self) -> None:
        """Nothing is kept."""
        shutil.rmtree(self.place / CACHE, ignore_errors=True)

    def settled(self) -> None:
        """As committed, the index in step with the files, and every tool's cache warm."""
        git(self.place, "checkout", "--quiet", "--force", "--", ".")
        git(self.place, "update-index", "-q", "--refresh")
        for _ in range(2):  # the first may find a folder that has changed only just now, and keep no memo
            timed(self.gates("run"), self.output)
        if installed(RUFF):
            timed(self.peers.ruff(self.place, self.caches), self.output)
        if installed(IMPORT_LINTER):
            timed(self.peers.import_linter(self.place, self.caches), self.output)
        self._keep()

    def _keep(self) -> None:
        shutil.rmtree(self.work / "kept", ignore_errors=True)
        shutil.copytree(self.place / CACHE, self.work / "kept")

    def recovered(self) -> None:
        """With the cache that `settled` left: whatever later commands kept is forgotten."""
        self.cold()
        shutil.copytree(self.work / "kept", self.place / CACHE)

    def checked_out(self) -> None:
        """A clone in a new folder: new inodes and times; every tool's cache comes along."""
        for old in (self.fresh, self.fresh_caches):
            shutil.rmtree(old, ignore_errors=True)
        self._fresh += 1
        git(self.work, "clone", "--quiet", str(self.place), str(self.fresh))
        shutil.copytree(self.work / "kept", self.fresh / CACHE)
        shutil.copytree(self.caches, self.fresh_caches) if self.caches.exists() else self.fresh_caches.mkdir()

    def touched(self) -> None:
        """Every tracked file has a new time and its old content."""
        for path in git(self.place, "ls-files", "-z").split("\0")[:-1]:
            os.utime(self.place / path, follow_symlinks=False)

    def import_added(self) -> None:
        """One file differs from the last run: it imports one module more."""
        self._edit(f"{self.corpus.added} as _bench_{next(self._numbers)}")

    def body_changed(self) -> None:
        """One file differs from the last run: in what it does, not in what it imports."""
        self._edit(f"_bench = {next(self._numbers)}")

    def _edit(self, line: str) -> None:
        original = git(self.place, "show", f"HEAD:{self.corpus.edited}")
        (self.place / self.corpus.edited).write_text(f"{original}\n\n{line}\n", "utf-8")

    def policy_edited(self) -> None:
        """One section of the policy differs from every run before: another file is allowed."""
        modules = git(self.place, "ls-files", "--", f"{self.corpus.package}/{self.corpus.inner}/*.py").splitlines()
        chosen = modules[next(self._numbers) % len(modules)]
        (self.place / "policies" / "gates.toml").write_text(gates_toml(chosen), "utf-8")
