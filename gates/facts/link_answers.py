"""What servers answered when links to the network were asked: a file of JSON, each answer with its day.

    {"recording": "links", "schema": 1, "answers": {"https://example.net/a": ["2026-11-22", "dead", "404 Not Found"]}}

`alive` and `dead` are what a server or its name says beyond doubt (404, 410, no such host while others answered);
`unclear` is every other answer (a refusal, too many requests, an error of the server), which fails nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gates.errors import FactUnavailable
from gates.facts.recording_file import RecordingError
from gates.facts.supply.tools import Tool

SCHEMA = 1
ALIVE, DEAD, UNCLEAR = "alive", "dead", "unclear"
_FLAGS = ("--format", "json", "--no-progress", "-vv", "--max-retries", "2", "--timeout", "20")
_GONE = frozenset({404, 410})
_PASSED_ON = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
)
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
# Port 0 is nobody's: an engine that calls this alive, or leaves it out, was not on the network.
_CANARY = "http://127.0.0.1:0/gates-canary"
_KINDS = ("success_map", "error_map", "excluded_map", "redirect_map", "timeout_map")
_ENDED = frozenset({0, 2})


class Answer(NamedTuple):
    """What a link's server said, and on which day."""

    asked: str
    verdict: str
    said: str

    @property
    def day(self) -> dt.date:
        """The day as a date."""
        return dt.date.fromisoformat(self.asked)


def render(answers: Mapping[str, Answer]) -> bytes:
    """The file's bytes: the same for the same answers."""
    whole = {"recording": "links", "schema": SCHEMA, "answers": dict(sorted(answers.items()))}
    return (json.dumps(whole, indent=0, ensure_ascii=False) + "\n").encode()


def parse(content: bytes) -> dict[str, Answer]:
    """Address to answer. RecordingError where the file is none."""
    try:
        read = json.loads(content)
        if read["recording"] != "links" or read["schema"] != SCHEMA:
            raise RecordingError(f"is no recording of links of schema {SCHEMA}")
        answers = {url: Answer(*map(str, answer)) for url, answer in read["answers"].items()}
        for answer in answers.values():
            answer.day  # noqa: B018  a date that is none is no answer
    except RecordingError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise RecordingError("is no recording of links, or cut off") from None
    return answers


def ask(tool: Tool, urls: Sequence[str], today: dt.date) -> dict[str, Answer]:
    """What the servers say of the addresses; one that did not answer in time is left out.

    FactUnavailable where lychee cannot be believed, and where
    nobody answered at all.
    """
    asked = [*urls, _CANARY]
    with tempfile.TemporaryDirectory(prefix="gates-links-") as name:
        # A line each: that is how answers are told apart, for lychee writes an address in a form of its own.
        (Path(name) / "links.md").write_text("".join(f"<{url}>\n" for url in asked), "utf-8")
        environment = {key: os.environ[key] for key in (*_PASSED_ON, *_CERTIFICATES) if key in os.environ}
        done = tool.run([*_FLAGS, "links.md"], Path(name), environment)
    if done.code not in _ENDED:
        raise FactUnavailable(f"lychee ended with {done.code}: {done.last_words}")
    try:
        said = json.loads(done.printed)
        found = {kind: {each["span"]["line"]: each["status"] for each in _all(said[kind])} for kind in _KINDS}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise FactUnavailable(f"what lychee printed is not what its format says: {error}") from None
    return _sorted(asked, found, today)


def _all(by_file: Mapping[str, Sequence[Any]]) -> Iterator[Any]:
    return (each for some in by_file.values() for each in some)


def _sorted(asked: Sequence[str], found: Mapping[str, Mapping[int, Any]], today: dt.date) -> dict[str, Answer]:
    alive = {**found["success_map"], **found["redirect_map"]}
    refused, left_out = found["error_map"], found["excluded_map"]
    told = {*alive, *refused, *left_out, *found["timeout_map"]}
    unread = [url for line, url in enumerate(asked, 1) if line not in told]
    if unread:
        raise FactUnavailable(f"lychee says nothing of {len(unread)} links, such as {unread[0]}")
    if len(asked) not in refused:
        raise FactUnavailable("lychee does not call dead what nobody can reach; a configuration may switch it off")
    is_online = any(alive) or any("code" in status for status in refused.values())
    if not is_online and len(left_out) + 1 < len(asked):
        raise FactUnavailable("nobody answered; is there a network?")
    answers: dict[str, Answer] = {}
    for line, url in enumerate(asked[:-1], 1):
        if line in alive:
            answers[url] = Answer(today.isoformat(), ALIVE, str(alive[line]["text"]))
        elif line in refused:
            code = refused[line].get("code")
            is_dead = code in _GONE or (code is None and "resolve" in str(refused[line]).lower())
            answers[url] = Answer(today.isoformat(), DEAD if is_dead else UNCLEAR, _short(refused[line]["text"]))
        elif line in left_out:
            answers[url] = Answer(today.isoformat(), UNCLEAR, "lychee asks nobody, as of example.org")
    return answers


def _short(text: str) -> str:
    return " ".join(text.replace("Rejected status code: ", "").split())[:120]
