"""What a bundle holds, as a table for people."""

from __future__ import annotations

import tempfile
import webbrowser
from collections.abc import Iterator, Sequence
from pathlib import Path

from gates.attestation import archive
from gates.attestation.test_result import TestResult
from gates.attestation.verify import Verification, verify
from gates.errors import GatesError
from gates.number_words import counted
from gates.reporters.printable import printable

_PAGE = "report.html"


def show(bundle: Path) -> str:
    """Whether it verifies, what it is of, each gate, each file. GatesError where it cannot be read."""
    found = verify(bundle)
    if found.unreadable is not None:
        raise GatesError(found.unreadable)
    return "".join(f"{printable(line).rstrip()}\n" for line in _lines(found))


def open_page(bundle: Path) -> Path:
    """Open report.html of a bundle that verifies, in a browser; where it was put. GatesError where it does not."""
    if verify(bundle).exit_code:
        raise GatesError(f"{bundle}: does not verify, so its page is not opened")
    pages = dict(archive.read(bundle.read_bytes()).members)
    place = Path(tempfile.mkdtemp(prefix="gates-")) / f"{bundle.stem}.html"
    place.write_bytes(pages[_PAGE])
    if not webbrowser.open(place.as_uri()):
        raise GatesError(f"there is no browser here; the page is {place}")
    return place


def _lines(found: Verification) -> Iterator[str]:
    yield from found.text.split("\n")
    if found.manifest is None:
        return
    yield from _origin(found)
    yield ""
    rows = [_row(result) for _, result in sorted(found.results.items())]
    yield from _table(("gate", "result", "level", "outcome", "findings", "waived", "owed", "proof", "examined"), rows)
    yield ""
    yield from _table(
        ("file", "bytes", "SHA-256"), [(entry.name, str(entry.size), entry.sha256) for entry in found.files]
    )


def _origin(found: Verification) -> Iterator[str]:
    listed = found.manifest
    assert listed is not None
    if not listed.dirty:
        yield f"tree      {listed.tree}"
    if listed.base is not None:
        yield f"base      {listed.base}"
    yield f"made by   gates {listed.tool}, {listed.interpreter}, for {listed.today}"
    yield from (f"dirty     {path}" for path in listed.dirty)


def _row(result: TestResult) -> tuple[str, ...]:
    record = result.record
    waived = sum(waiver["findings"] for waiver in record["waived"])
    examined = ", ".join(counted(many, unit) for unit, many in sorted(record["examined"].items()) if ": " not in unit)
    counts = (str(record["findings"]), str(waived), str(record["owed"]))
    proof = record["proof"]["outcome"]
    return (result.gate, result.result, record["level"], record["outcome"], *counts, proof, examined)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    # Escaped before it is measured, so that a name that is not plain does not shift the columns.
    lines = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths))
