"""How fast and how faithful the service is, part by part, beside plain equal work: `make bench-runtime`.

Each part runs in a process of its own, one after the other. What cannot be measured here is named as not measured.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from bench import tables
from bench.figure import HEADS, Cells, Figure, aligned, cells
from bench.machine import machine
from bench.measure import BenchError
from bench.part import ROOT, Part, Ran, ran

BEGIN = "<!-- bench-runtime: written by `make bench-runtime`, not by hand -->"
END = "<!-- bench-runtime: end -->"

PARTS = (
    Part("registry", "bench.registry:figures"),
    Part("pipeline", "bench.pipeline:figures"),
    Part("pipeline_budget", "bench.pipeline_budget:figures"),
    Part("pipeline_peers", "bench.pipeline_peers:figures", python=ROOT / ".venvs" / "peers" / "bin" / "python"),
    Part("telemetry", "bench.telemetry:figures"),
    Part("selection", "bench.selection:figures"),
    Part("stores", "bench.stores:figures"),
    Part("postgres", "bench.postgres:figures"),
    Part("kills", "bench.kills:figures"),
    Part("folding", "bench.folding:figures"),
    Part("recall", "bench.recall:figures"),
    Part("nats", "bench.nats:figures"),
    Part("service", "bench.service:figures"),
    Part("soak", "bench.service:soak", long=True),
)
NAMES = [part.name for part in PARTS]


def _options(words: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.runtime", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a first look: does it run, not what does it cost")
    parser.add_argument("--long", action="store_true", help="the ten minutes at half load, too")
    parser.add_argument("--only", action="append", choices=NAMES, help="only this part; may be given again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the table of all parts between the markers of a document"
    )
    options = parser.parse_args(words)
    if options.markdown and options.only:
        parser.error("--markdown writes the whole table: leave out --only")
    return options


def about(quick: bool) -> Mapping[str, str]:
    """The machine, for whoever reads the figures elsewhere."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    measured = f"{time.strftime('%Y-%m-%d')}{', a first look only (--quick)' if quick else ''}"
    return {"machine": machine(), "python": python, "measured": measured}


def measured(chosen: Sequence[Part], quick: bool, long: bool) -> list[Ran]:
    """Every part that is chosen; one that is long and was not asked for is named as left out."""
    found = []
    for part in chosen:
        if part.long and not long:
            found.append(Ran(part, lacks="takes long: --long measures it"))
            continue
        print(f"\n== {part.name}, load {os.getloadavg()[0]:.1f}", flush=True)
        each = ran(part, quick, _tell)
        for figure in each.shown[len(each.figures) :]:
            _tell(figure)
        found.append(each)
    return found


def _tell(figure: Figure) -> None:
    print(aligned(cells(figure)), flush=True)


def rows(every: Sequence[Ran]) -> list[Cells]:
    """One line a figure, with its bench and the load of the machine meanwhile."""
    return [
        (*cells(figure), each.part.name, "" if each.lacks else f"{max(each.load):.1f}")
        for each in every
        for figure in each.shown
    ]


def summary(every: Sequence[Ran]) -> str:
    """How the bars stand."""
    outcomes = [figure.outcome for each in every for figure in each.shown]
    counted = {name: outcomes.count(name) for name in ("met", "NOT met", "too few", "not measured")}
    return ", ".join(f"{times} {name}" for name, times in counted.items() if times)


def markdown(every: Sequence[Ran], here: Mapping[str, str]) -> str:
    """For docs/runtime.md."""
    head = "\n".join(f"- {name}: {value}" for name, value in here.items())
    table = [tuple(cell.replace("|", "\\|") for cell in line) for line in rows(every)]
    return f"{head}\n- bars: {summary(every)}\n\n{tables.ruled([(*HEADS, 'bench', 'load'), *table])}\n"


def as_json(every: Sequence[Ran], here: Mapping[str, str]) -> str:
    """Every sample, so that other sums can be made of them."""
    return json.dumps({"about": here, "parts": [_plain(each) for each in every]}, indent=2) + "\n"


def _plain(each: Ran) -> dict[str, Any]:
    figures = [{**dataclasses.asdict(figure), "outcome": figure.outcome} for figure in each.shown]
    name, reason = each.part.name, each.lacks or each.broke or None
    return {
        "name": name,
        "load": each.load,
        "seconds": round(each.seconds, 1),
        "not measured": reason,
        "figures": figures,
    }


def main(words: Optional[Sequence[str]] = None, parts: Sequence[Part] = PARTS) -> int:
    """Measure, print, write. 0 whether bars are met or not: a busy machine is no fault of the code; 1 what broke."""
    options = _options(words)
    chosen = [part for part in parts if options.only is None or part.name in options.only]
    try:
        if options.markdown:  # before the long part
            tables.between_markers(options.markdown.read_text("utf-8"), "", BEGIN, END)
        here = about(options.quick)
        print(*(f"{name}: {value}" for name, value in here.items()), sep="\n")
        every = measured(chosen, options.quick, options.long or bool(options.only))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except (BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(f"\n{summary(every)}")
    if options.json:
        options.json.write_text(as_json(every, here), "utf-8")
    if options.markdown:
        document = options.markdown.read_text("utf-8")
        options.markdown.write_text(tables.between_markers(document, markdown(every, here), BEGIN, END), "utf-8")
    return 1 if any(each.broke for each in every) else 0


if __name__ == "__main__":
    sys.exit(main())
