"""The figures as people read them: tables for a terminal, and the same in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.bars import MIB, Verdict, verdicts
from bench.figures import ratio
from bench.measure import BenchError
from bench.plan import GATES, Key
from bench.rounds import Measured

BEGIN = "<!-- bench: written by `make bench`, not by hand -->"
END = "<!-- bench: end -->"

_HEADS = ("state", "tool", "wall s", "min-max", "CPU s", "runs", "peak MiB", "gates take")
_BAR_HEADS = ("bar", "measured", "at most", "")

Cells = tuple[str, ...]


def rows(measured: Measured) -> list[Cells]:
    """One line a row. The last cell of a peer says how many times its wall time ours is, in the same rounds."""
    return [line for group in measured.together for line in _group(measured, group)]


def _group(measured: Measured, group: Sequence[Key]) -> Iterator[Cells]:
    figures = measured.figures
    states = list(dict.fromkeys(state for state, _ in group))
    ours = [key for key in group if key[1] == GATES]
    for key in sorted(group, key=lambda key: states.index(key[0])):
        its = figures[key]
        beside = [ratio(figures[our], its) for our in ours if len(ours) == 1 or _comparable(our, key)]
        shown = " / ".join("?" if times is None else f"{times:.2f} x" for times in beside)
        spread = f"{its.least:.3f}-{its.most:.3f}"
        cells = (*key, f"{its.wall:.3f}", spread, f"{its.cpu:.3f}", str(its.runs), _memory(measured, key))
        yield (*cells, "" if key in ours else shown)


def _comparable(our: Key, other: Key) -> bool:
    """Of several states in one group: the same, or one that says more of the same (`cold, all four gates`)."""
    return our[0].startswith(other[0])


def _memory(measured: Measured, key: Key) -> str:
    peak = measured.peaks.get(key)
    return "" if peak is None else f"{peak.pss / MIB:.0f}"


def bars(measured: Measured) -> list[Cells]:
    """One line a bar."""
    found = verdicts(measured.figures, measured.peaks, prove_bar=measured.corpus == "homeassistant")
    return [(bar.promise, _measure(bar), f"{bar.limit:g} {bar.unit}", bar.outcome) for bar in found]


def _measure(bar: Verdict) -> str:
    return "" if bar.measured is None else f"{bar.measured:.{0 if bar.unit == 'MiB' else 2}f} {bar.unit}"


def title(measured: Measured) -> str:
    """What was measured, and how busy the machine was beside."""
    before, after = measured.load
    name = f"{measured.corpus} {measured.version}: {measured.modules:,} modules of {measured.files:,} files"
    return f"{name}; load average {before:.1f} before, {after:.1f} after"


def bars_note(measured: Measured) -> str:
    """What the bars were set for."""
    return "" if measured.corpus == "homeassistant" else "The bars are homeassistant's; here they are for comparison."


def text(corpora: Sequence[Measured], about: Mapping[str, str]) -> str:
    """For a terminal."""
    parts = ["\n".join(f"{name}: {value}" for name, value in about.items())]
    for measured in corpora:
        parts += [title(measured), _aligned((_HEADS, *rows(measured)))]
        parts += [bars_note(measured), _aligned((_BAR_HEADS, *bars(measured)))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _aligned(lines: Sequence[Cells]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def markdown(corpora: Sequence[Measured], about: Mapping[str, str]) -> str:
    """For docs/benchmarks.md."""
    parts = ["\n".join(f"- {name}: {value}" for name, value in about.items())]
    for measured in corpora:
        parts += [f"### {title(measured)}", ruled((_HEADS, *rows(measured)))]
        parts += [bars_note(measured), ruled((_BAR_HEADS, *bars(measured)))]
    return "\n\n".join(part for part in parts if part) + "\n"


def ruled(lines: Sequence[Cells]) -> str:
    """A table in Markdown; the first line is its head."""
    rows = [lines[0], tuple("---" for _ in lines[0]), *lines[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in rows)


def between_markers(document: str, written: str, begin: str = BEGIN, end: str = END) -> str:
    """The document with what stands between its markers replaced. BenchError where it has not one of each, in order."""
    head, begins, rest = document.partition(begin)
    _, ends, tail = rest.partition(end)
    if not begins or not ends or begin in rest or end in tail:
        raise BenchError(f"the document must hold once each, in this order: {begin} and {end}")
    return f"{head}{begin}\n\n{written.strip()}\n\n{end}{tail}"
