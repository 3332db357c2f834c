"""What reporters make of the fixed report. `python -m tests.reporters.goldens` writes the files anew; read the diff."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from gates.report import Report
from gates.reporters import NAMES, reporter
from gates.reporters.lane_violations import lanes_json, lanes_markdown
from tests.reporters.fixed_report import CALM, REPORT

FOLDER = Path(__file__).parent / "golden_files"
_ENDINGS = {
    "text": "txt",
    "json": "json",
    "sarif": "sarif",
    "github": "txt",
    "junit": "xml",
    "markdown": "md",
    "html": "html",
}


def goldens() -> dict[str, str]:
    """Each file's name and what must stand in it."""
    made: dict[str, tuple[Callable[[Report], str], Report]] = {
        f"{name}.{_ENDINGS[name]}": (reporter(name), REPORT) for name in NAMES
    }
    made["calm.txt"] = (reporter("text"), CALM)
    made["lane-violations.json"] = (lanes_json, REPORT)
    made["lane-violations.md"] = (lanes_markdown, REPORT)
    return {name: render(report) for name, (render, report) in made.items()}


def renew() -> None:
    """Write every golden as it is now."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in goldens().items():
        (FOLDER / name).write_bytes(text.encode())


if __name__ == "__main__":
    renew()
