"""What the code cells of a Jupyter notebook import and run, `%run`, `%%bash` and `!commands` included."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Optional

from gates.facts.extractors.carriers.names import salvaged
from gates.facts.extractors.carriers.places import Places
from gates.facts.extractors.carriers.python_source import imported
from gates.facts.extractors.carriers.running import by_script
from gates.facts.extractors.carriers.use import FILE, LOADS, NAME, RUNS, Use
from gates.facts.extractors.syntax_tree import parsed

_SOURCE = re.compile(r'(?<!\\)"(?:source|input)"\s*:')
_COMMAND = re.compile(r"^(?P<indent>\s*)(?:[\w, ]+=\s*)?(?P<mark>!!?|%%?)(?P<rest>.*)$")
_TIMED = re.compile(r"(?:time|timeit|prun|memit|lprun|debug)\b(?:\s+-\w+(?:\s+\d+)?)*\s*(?P<statement>.*)")
_RUN = re.compile(r"run\s+(?:-[a-ln-z]+\s+)*(?:-m\s+(?P<module>[\w.]+)|(?P<file>[^\s'\"]+|'[^']+'|\"[^\"]+\"))")
_EXTENSION = re.compile(r"(?:load_ext|reload_ext)\s+(?P<module>[\w.]+)")
_SHELLS = re.compile(r"%%(?:bash|sh|script\s+(?:ba)?sh)\b.*")
_OTHERS = re.compile(r"%%(?!time|timeit|prun|capture|memit|python|debug)\w+")


def extract(source: bytes) -> Optional[tuple[Use, ...]]:
    """What it names, by line of the notebook's own text."""
    text = source.decode("utf-8-sig", "replace")
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        return tuple(salvaged(text, str(error)))
    return tuple(dict.fromkeys(_uses(notebook, text))) or None


def _uses(notebook: Any, text: str) -> Iterator[Use]:
    places = Places(text)
    python: list[str] = []
    lines: list[int] = []  # of the notebook, for each line of Python
    at = 1
    for cell in _cells(notebook):
        code = [line for given in _given(cell) for line in given.splitlines()]
        at = _head(places, at)
        numbers: list[int] = []
        for before, line in zip(["", *code], code):
            at = _line_of(line, places, at + 1 if line == before and numbers else at)
            numbers.append(at)
        at += 1
        if cell.get("cell_type") != "code" or not code:
            continue
        if _SHELLS.match(code[0]):
            script = "\n".join(code[1:])
            for use in by_script(script, Places(script)):
                yield _there(use, numbers[min(use.line, len(numbers) - 1)], places)
        elif not _OTHERS.match(code[0]):
            kept = []
            for line, number in zip(code, numbers):
                yield from _by_magic(line, places, number)
                kept.append(_without_magic(line))
            if _is_python(kept):
                python += kept
                lines += numbers
            else:
                found = salvaged("\n".join(kept), "a cell is no Python")
                yield from (use._replace(line=numbers[max(use.line, 1) - 1], column=0) for use in found)
    for use in imported("\n".join(python)):
        yield _there(use, lines[use.line - 1], places)


def _cells(notebook: Any) -> Iterator[dict[str, Any]]:
    sheets = [notebook, *(notebook.get("worksheets") or ())] if isinstance(notebook, dict) else []  # those of format 3
    for sheet in sheets:
        for cell in sheet.get("cells") or () if isinstance(sheet, dict) else ():
            if isinstance(cell, dict):
                yield cell


def _given(cell: dict[str, Any]) -> list[str]:
    given = cell.get("source", cell.get("input", ""))
    return [given] if isinstance(given, str) else [line for line in given or () if isinstance(line, str)]


def _head(places: Places, at: int) -> int:
    """The line on which the next cell's own text begins, behind what it printed."""
    lines = places.lines
    return next((number for number in range(at, len(lines) + 1) if _SOURCE.search(lines[number - 1])), at)


def _line_of(line: str, places: Places, at: int) -> int:
    """Where the text of a notebook spells a line of a cell, from some line on."""
    if line.strip():
        spelled = {json.dumps(line, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
        for number, text in enumerate(places.lines[at - 1 :], at):
            if any(way in text for way in spelled):
                return number
    return at


def _without_magic(line: str) -> str:
    match = _COMMAND.match(line)
    if match is None:
        return line if not line.rstrip().endswith("?") or "'" in line else "pass"
    timed = _TIMED.fullmatch(match["rest"]) if match["mark"] in ("%", "%%") else None
    return match["indent"] + ((timed["statement"] if timed else "") or "pass")


def _by_magic(line: str, places: Places, number: int) -> Iterator[Use]:
    match = _COMMAND.match(line)
    if match is None:
        return
    if match["mark"].startswith("!"):
        yield from by_script(match["rest"], places, number)
        return
    run, extension = _RUN.match(match["rest"]), _EXTENSION.match(match["rest"])
    if run is not None and run["module"]:
        yield Use(*places.find(run["module"], number), NAME, run["module"], RUNS)
    elif run is not None:
        path = run["file"].strip("'\"")
        path = path if path.endswith((".py", ".ipynb", ".ipy")) else f"{path}.py"
        yield Use(*places.find(run["file"].strip("'\""), number), FILE, path, RUNS)
    elif extension is not None:
        yield Use(*places.find(extension["module"], number), NAME, extension["module"], LOADS)
    elif match["rest"].startswith(("sx ", "system ")):
        yield from by_script(match["rest"].partition(" ")[2], places, number)


def _is_python(lines: list[str]) -> bool:
    try:
        parsed("\n".join(lines).encode("utf-8", "replace"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _there(use: Use, number: int, places: Places) -> Use:
    at, column = places.find(use.text, number, number)
    if not column:
        at, column = places.find(use.text.rpartition(".")[0] or use.text, number, number)
    return use._replace(line=at, column=column)
