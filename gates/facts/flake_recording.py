"""A recording of `gates flakes` as a file: JSON, with the content that every module had while the tests ran.

{"recording": "flakes", "schema": 1, "commit": "...", "tree": "...", "python": "3.11", "scope": "all", "base": null,
 "lacks": [], "not_tried": {"clock": "..."}, "files": {"app/total.py": "<blob>"},
 "tests": {"tests/test_total.py::test_sum": {"path": "...", "line": 4, "runs": 97, "failed": 0, "why": "new"}},
 "flaky": [{"test": "...", "dimension": "order", "because": "...", "command": "python -m pytest ...", ...}]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Optional

import msgspec

from gates.facts.recording_file import RecordingError, is_inside

SCHEMA = 1
ALL, CHANGE = "all", "change"


class TestRuns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a test ran and failed, whatever the way. `why` it was asked for: new, changed, reaches, quarantined.

    `seeds` are those of its runs that differed in nothing but their random seeds: what bounds its rate.
    """

    __test__ = False
    path: str
    line: int
    runs: int
    failed: int
    seeds: int = 0
    why: str = ""


class Flaky(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A test that passed and failed with the same code, and what that depends on.

    `rates` are the contrast that shows it: failed and runs, and failed and runs of what it is compared with; `p` how
    likely so unequal counts are by chance. `tests` are others that are to blame, `state` what was left changed.
    """

    test: str
    dimension: str
    way: str
    because: str
    command: str
    rates: tuple[int, int, int, int]
    p: float
    tests: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    said: str = ""


class FlakeRecording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scope`: whether all tests ran or those of a change; `lacks` are reasons why it may not hold what it should."""

    files: dict[str, str]
    tests: dict[str, TestRuns]
    flaky: tuple[Flaky, ...] = ()
    scope: str = ALL
    base: Optional[str] = None
    commit: Optional[str] = None
    tree: Optional[str] = None
    python: str = ""
    lacks: tuple[str, ...] = ()
    not_tried: dict[str, str] = msgspec.field(default_factory=dict)


def render(recording: FlakeRecording) -> bytes:
    """The file's bytes."""
    fields: Mapping[str, Any] = msgspec.to_builtins(recording)
    held = {key: dict(sorted(value.items())) if isinstance(value, dict) else value for key, value in fields.items()}
    return (json.dumps({"recording": "flakes", "schema": SCHEMA, **held}, indent=1) + "\n").encode("ascii")


def parse(content: bytes) -> FlakeRecording:
    """What a file says. RecordingError where it is none, or is cut off."""
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        raise RecordingError("is no JSON, or cut off") from None
    if not isinstance(read, dict) or read.pop("recording", None) != "flakes":
        raise RecordingError("is no recording of flakes")
    schema = read.pop("schema", None)
    if schema != SCHEMA:
        raise RecordingError(f"its schema is {schema!r:.20}, and this version reads {SCHEMA}")
    try:
        recording = msgspec.convert(read, FlakeRecording)
    except (msgspec.ValidationError, RecursionError) as error:
        raise RecordingError(f"is not as it should be: {error}") from None
    odd = next((test.path for test in recording.tests.values() if not is_inside(test.path)), None)
    if odd is not None:
        raise RecordingError(f"{odd!r:.80} is no path of a repository")
    unknown = next((flaky.test for flaky in recording.flaky if flaky.test not in recording.tests), None)
    if unknown is not None:
        raise RecordingError(f"{unknown!r:.80} is flaky and was never run")
    return recording
