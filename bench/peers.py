"""ruff, import-linter and tach on the nearest equal work, each with what it finds today set aside in its own way."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.corpora import Corpus
from bench.measure import BenchError, Command, environment

RUFF, IMPORT_LINTER, TACH = "ruff", "import-linter", "tach"
_SCRIPTS = {RUFF: "ruff", IMPORT_LINTER: "lint-imports", TACH: "tach"}
# Each round of import-linter shows the shortest chains only; behind an edge that is set aside the next one shows.
_ROUNDS = 20

LOADERS = ("importlib.import_module", "importlib.__import__", "runpy.run_module", "runpy.run_path")


def script(name: str) -> Path:
    """A console script of the environment that runs this."""
    return Path(sys.executable).parent / name


def installed(peer: str) -> bool:
    """Whether the environment that runs this has it."""
    return script(_SCRIPTS[peer]).exists()


def version(name: str) -> str:
    """Name and version, as a console script gives them."""
    said = subprocess.run([str(script(name)), "--version"], capture_output=True, env=environment(), check=False).stdout
    return said.decode("utf-8", "replace").strip()


def versions() -> dict[str, str]:
    """The versions of the peers; that it is not installed where one is not."""
    return {
        peer: f"{peer} {version(name).split()[-1]}" if installed(peer) else f"{peer} is not installed here"
        for peer, name in _SCRIPTS.items()
    }


@dataclass(frozen=True)
class Peers:
    """The commands of the peers that are installed, with their configurations in `folder`."""

    corpus: Corpus
    folder: Path

    def ruff(self, tree: Path, caches: Path, cached: bool = True) -> Command:
        """TID251: the inner package, and loading by name, are banned outside of it."""
        keeping = ("--cache-dir", str(caches / RUFF)) if cached else ("--no-cache",)
        config = str(self.folder / "ruff.toml")
        arguments = (str(script("ruff")), "check", "--config", config, *keeping, ".")
        return Command(arguments, tree, says="All checks passed")

    def import_linter(self, tree: Path, caches: Path, cached: bool = True) -> Command:
        """A forbidden contract, direct and through others: the rest of the package to the inner one."""
        keeping = ("--cache-dir", str(caches / IMPORT_LINTER)) if cached else ("--no-cache",)
        arguments = (str(script("lint-imports")), "--config", str(self.folder / "importlinter.ini"), *keeping)
        return Command(arguments, tree, says=r"(?s)Analyzed \d{3,} files.*1 kept, 0 broken")

    def tach(self, tree: Path) -> Command:
        """Two modules, one of which may not depend on the other. It has no way to set aside what it finds."""
        return Command((str(script("tach")), "check"), tree, exits=(0, 1), says="disallowed imports|validated")

    def configure(self, tree: Path, caches: Path) -> None:
        """Write the configurations, run ruff and import-linter, and set aside all that they find."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if installed(RUFF):
            self._set_findings_aside(tree, caches)
        if installed(IMPORT_LINTER):
            self._set_imports_aside(tree, caches)

    def _set_findings_aside(self, tree: Path, caches: Path) -> None:
        config = self.folder / "ruff.toml"
        config.write_text(ruff_toml(self.corpus), "utf-8")
        owing: set[str] = set()
        unparsable: set[str] = set()
        for entry in self._ruff_finds(tree, caches):
            path = Path(entry["filename"]).resolve().relative_to(tree.resolve()).as_posix()
            (owing if entry["code"] == "TID251" else unparsable).add(path)
        config.write_text(ruff_toml(self.corpus, sorted(owing), sorted(unparsable)), "utf-8")

    def _ruff_finds(self, tree: Path, caches: Path) -> Sequence[Mapping[str, str]]:
        said = _said(self.ruff(tree, caches, cached=False), "--output-format", "json")
        try:
            found: Sequence[Mapping[str, str]] = json.loads(said)
        except ValueError:
            raise BenchError(f"ruff on {self.corpus.name} gives no report: {said[-1500:]}") from None
        return found

    def _set_imports_aside(self, tree: Path, caches: Path) -> None:
        modules = outer_modules(self.corpus, tree)
        aside: set[tuple[str, str]] = set()
        for _ in range(_ROUNDS):
            text = importlinter_ini(self.corpus, modules, sorted(aside))
            (self.folder / "importlinter.ini").write_text(text, "utf-8")
            said = _said(self.import_linter(tree, caches))
            if "0 broken" in said:
                return
            found = set(crossing(self.corpus, said)) - aside
            if not found:
                raise BenchError(f"import-linter on {self.corpus.name} cannot be brought to keep:\n{said[-1500:]}")
            aside |= found
        raise BenchError(f"import-linter on {self.corpus.name} still finds chains after {_ROUNDS} rounds")


def _said(command: Command, *more: str) -> str:
    arguments = [*command.arguments, *more]
    done = subprocess.run(arguments, cwd=command.folder, env=environment(), capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace")


def outer_modules(corpus: Corpus, tree: Path) -> list[str]:
    """The modules and packages right below the package, the inner one left out: the sources of the contract."""
    package = tree / corpus.package
    modules = {entry.stem for entry in package.glob("*.py")} - {"__init__"}
    packages = {entry.parent.name for entry in package.glob("*/__init__.py")} - {corpus.inner}
    return [f"{corpus.package}.{name}" for name in sorted(modules | packages)]


def crossing(corpus: Corpus, said: str) -> list[tuple[str, str]]:
    """The imports in import-linter's report that cross the boundary."""
    inner = f"{corpus.package}.{corpus.inner}"
    edges = re.findall(r"^\W*([\w.]+) -> ([\w.]+) \(l\.", said, re.MULTILINE)
    return [(one, two) for one, two in edges if _below(two, inner) and not _below(one, inner)]


def _below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def ruff_toml(corpus: Corpus, owing: Iterable[str] = (), unparsable: Iterable[str] = ()) -> str:
    """The same boundary for ruff. What is found in `owing` is set aside; `unparsable` has no code, and is left out."""
    banned = (f"{corpus.package}.{corpus.inner}", *LOADERS)
    bans = [f'"{name}".msg = "bench"' for name in banned]
    aside = [f'{json.dumps(glob)} = ["TID251"]' for glob in (f"{corpus.package}/{corpus.inner}/**", *owing)]
    head = [f"extend-exclude = {json.dumps(list(unparsable))}", "", "[lint]", 'select = ["TID251"]', ""]
    return "\n".join([*head, "[lint.flake8-tidy-imports.banned-api]", *bans, "", "[lint.per-file-ignores]", *aside, ""])


def importlinter_ini(corpus: Corpus, modules: Sequence[str], aside: Iterable[tuple[str, str]] = ()) -> str:
    """The same boundary for import-linter; `aside` are the imports that it leaves out."""
    lines = ["[importlinter]", f"root_package = {corpus.package}", "", "[importlinter:contract:boundary]"]
    lines += ["name = boundary", "type = forbidden", "source_modules =", *(f"    {name}" for name in modules)]
    lines += ["forbidden_modules =", f"    {corpus.package}.{corpus.inner}"]
    ignored = [f"    {one} -> {two}" for one, two in aside]
    return "\n".join([*lines, *(["ignore_imports =", *ignored] if ignored else []), ""])


def tach_toml(corpus: Corpus) -> str:
    """The same boundary for tach, which reads it from the top of the tree."""
    outer, inner = corpus.package, f"{corpus.package}.{corpus.inner}"
    return (
        'source_roots = ["."]\n\n'
        f'[[modules]]\npath = "{outer}"\ndepends_on = []\n\n'
        f'[[modules]]\npath = "{inner}"\ndepends_on = ["{outer}"]\n'
    )
