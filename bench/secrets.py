"""How many of 28 types of secrets each engine finds, and how many of 14 look-alikes it takes for one.

python -m bench.secrets [--seeds N] [--markdown docs/supply-chain.md]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from bench.secret_types import LOOK_ALIKES, SECRETS, made
from gates.facts.checkout import Checkout
from gates.facts.files import Files
from gates.facts.store import Store
from gates.facts.supply.secrets import Secrets, SecretSettings
from gates.facts.supply.tools import Tools

RECALL, PRECISION = 0.95, 0.97
BEGIN, END = "<!-- bench.secrets -->", "<!-- end -->"
ENGINES: tuple[Literal["gitleaks", "kingfisher", "both"], ...] = ("gitleaks", "kingfisher", "both")


class Score(NamedTuple):
    """What one choice of engines did, by file: `missed` and `mistaken` name the kinds."""

    engine: str
    found: int
    secrets: int
    false_alarms: int
    look_alikes: int
    missed: tuple[str, ...]
    mistaken: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Of the secrets, the part that was found."""
        return self.found / self.secrets

    @property
    def precision(self) -> float:
        """Of what was found, the part that is a secret."""
        return self.found / (self.found + self.false_alarms)


def score(engine: Literal["gitleaks", "kingfisher", "both"], seeds: Sequence[int], store: Store) -> Score:
    """Let it search a file for each kind and seed. RuntimeError where it did not search."""
    texts = {
        f"{group}/{seed}/{number}.txt": (kind, text)
        for group, kinds in (("secret", SECRETS), ("look-alike", LOOK_ALIKES))
        for seed in seeds
        for number, (kind, text) in enumerate(made(kinds, seed).items())
    }
    overlay = {path: text.encode() for path, (_, text) in texts.items()}
    checkout = Checkout(Path("nowhere"), Files.of(())).overlaid(overlay)
    secrets = Secrets.gather(checkout, store, Tools.gather(store), SecretSettings(engine))
    hit = {each.path for each in secrets.leaked}
    if secrets.lacking:
        raise RuntimeError("; ".join(secrets.lacking.values()))
    found = {path for path in hit if path.startswith("secret/")}
    missed = sorted({kind for path, (kind, _) in texts.items() if path.startswith("secret/") and path not in hit})
    mistaken = sorted({texts[path][0] for path in hit - found})
    many = (len(SECRETS) * len(seeds), len(LOOK_ALIKES) * len(seeds))
    return Score(engine, len(found), many[0], len(hit - found), many[1], tuple(missed), tuple(mistaken))


def table(scores: Sequence[Score], versions: Sequence[str]) -> Iterator[str]:
    """The scores as Markdown."""
    yield f"{scores[0].secrets} files with a secret, {scores[0].look_alikes} with a look-alike; {', '.join(versions)}."
    yield ""
    yield "| engine | recall | precision | missed | taken for a secret |"
    yield "| --- | --- | --- | --- | --- |"
    for each in scores:
        missed, mistaken = ", ".join(each.missed) or "-", ", ".join(each.mistaken) or "-"
        yield f"| {each.engine} | {each.recall:.3f} | {each.precision:.3f} | {missed} | {mistaken} |"


def main(arguments: Sequence[str]) -> int:
    """0 where both engines together meet the bars, 1 where they do not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="files of each kind [3]")
    parser.add_argument("--markdown", type=Path, help="write the table between the marks of this file")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "facts.sqlite") as store:
        scores = [score(engine, range(asked.seeds), store) for engine in ENGINES]
        tools = Tools.gather(store)
        versions = [
            f"{name} {tools.said(name, tools.places(name)[0], words).split()[at]}" for name, words, at in _ASKED
        ]
    text = "\n".join(table(scores, versions))
    print(text)
    if asked.markdown:
        before, _, rest = asked.markdown.read_text("utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        asked.markdown.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")
    return 0 if scores[-1].recall >= RECALL and scores[-1].precision >= PRECISION else 1


_ASKED = (("gitleaks", ("version",), 0), ("kingfisher", ("--version",), 1))

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
