"""Links to the network: asked where the policy allows it, by a command and not by a run; kept with the day."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gates.errors import FactUnavailable
from gates.facts.checkout import Checkout
from gates.facts.link_answers import Answer, ask, parse, render
from gates.facts.recording_file import RecordingError
from gates.facts.supply.tools import Done, Tool
from gates.policy import Policy
from gates.report import Outcome, Result
from gates.running import run
from tests.cli.command import gates_in
from tests.context.test_dead_links import git, needs_lychee

TODAY = dt.date(2026, 11, 22)
RECORDING = ".gates/recordings/links.json"
ALLOWED = "[gates.dead-link]\n\n[facts.network-links]\nallowed = true\nkeep_days = 7\n"
ADDRESS = "https://acme.test/guide"


class Server(BaseHTTPRequestHandler):
    """Has one page, has lost another, and refuses a third."""

    def do_GET(self) -> None:
        self.send_response({"/here": 200, "/refused": 403}.get(self.path, 404))
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def laid(root: Path, policy: str = ALLOWED, text: str = f"# Read me\n\n[a]({ADDRESS})\n") -> Path:
    for path, content in {"policies/gates.toml": policy, "README.md": text}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, "utf-8")
    git(root, "init", "--quiet")
    return root


def recorded(root: Path, answer: Answer) -> Path:
    (root / RECORDING).parent.mkdir(parents=True)
    (root / RECORDING).write_bytes(render({ADDRESS: answer}))
    return root


def judged(root: Path) -> Result:
    return run(Policy.load(root / "policies"), Checkout.open(root), today=TODAY).result("dead-link")


@needs_lychee
def test_where_the_policy_does_not_allow_it_no_address_is_looked_at(tmp_path: Path) -> None:
    result = judged(laid(tmp_path, "[gates.dead-link]\n"))

    assert result.outcome is Outcome.PASSED
    assert result.examined.get("links to the network", 0) == 0


@needs_lychee
def test_without_an_answer_it_cannot_tell(tmp_path: Path) -> None:
    result = judged(laid(tmp_path))

    assert result.outcome is Outcome.BROKEN
    assert f"{RECORDING}: does not exist; run `gates links fetch`" in str(result.reason)


@needs_lychee
@pytest.mark.parametrize(
    ("answer", "outcome", "said"),
    [
        (Answer("2026-11-22", "alive", "200 OK"), Outcome.PASSED, ""),
        (Answer("2026-11-16", "alive", "200 OK"), Outcome.PASSED, ""),
        (Answer("2026-11-15", "alive", "200 OK"), Outcome.BROKEN, "no answer of the last 7 days for 1 links"),
        (Answer("2026-11-20", "unclear", "403 Forbidden"), Outcome.PASSED, ""),
        (Answer("2026-11-20", "dead", "404 Not Found"), Outcome.FAILED, ""),
    ],
)
def test_an_answer_counts_for_some_days(answer: Answer, outcome: Outcome, said: str, tmp_path: Path) -> None:
    result = judged(recorded(laid(tmp_path), answer))

    assert result.outcome is outcome
    assert said in str(result.reason)
    assert [finding.message for finding in result.findings] == (
        [f"`{ADDRESS}`: 404 Not Found, on 2026-11-20"] if answer.verdict == "dead" else []
    )


@needs_lychee
def test_servers_are_asked_once_and_again_only_when_their_answers_are_old(server: str, tmp_path: Path) -> None:
    text = f"# Read me\n\n[a]({server}/here) [b]({server}/gone) [c]({server}/refused) <https://example.org/>\n"
    root = laid(tmp_path, text=text)

    said = gates_in(root, "links", "fetch")
    answers = parse((root / RECORDING).read_bytes())
    again = gates_in(root, "links", "fetch")

    assert (said.code, said.out) == (0, "4 answers: 1 alive, 1 dead, 2 unclear\n")
    assert {url.rpartition("/")[2]: answer.verdict for url, answer in answers.items()} == {
        "here": "alive",
        "gone": "dead",
        "refused": "unclear",
        "": "unclear",
    }
    assert again.out == "0 answers\n"


def test_nobody_is_asked_where_the_policy_does_not_allow_it(tmp_path: Path) -> None:
    said = gates_in(laid(tmp_path, "[gates.dead-link]\n"), "links", "fetch")

    assert said.code == 2
    assert "[facts.network-links] does not say `allowed = true`: nobody is asked" in said.complaint


@needs_lychee
def test_where_nobody_answers_nothing_is_kept(tmp_path: Path) -> None:
    root = laid(tmp_path, text="# Read me\n\n[a](http://127.0.0.1:1/gone)\n")

    said = gates_in(root, "links", "fetch")

    assert said.code == 2
    assert "nobody answered; is there a network?" in said.complaint
    assert not (root / RECORDING).exists()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"recording": "links", "schema": 2, "answers": {}}', b'{"schema": 1}']
)
def test_what_is_no_recording_is_refused(content: bytes) -> None:
    with pytest.raises(RecordingError):
        parse(content)


class Prints(Tool):
    """A lychee that prints what it is told to."""

    def run(self, *_: Any) -> Done:
        return Done(2, self.version.encode(), "")


def said(**maps: list[tuple[int, dict[str, object]]]) -> str:
    kinds = ("success_map", "error_map", "excluded_map", "redirect_map", "timeout_map")
    rows = {kind: [{"span": {"line": line}, "status": status} for line, status in maps.get(kind, [])] for kind in kinds}
    return json.dumps({kind: {"links.md": row} for kind, row in rows.items()})


ERROR: dict[str, object] = {"text": "Network error"}
OK: dict[str, object] = {"text": "200 OK", "code": 200}


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ("no json", "is not what its format says"),
        (said(success_map=[(1, OK)]), "says nothing of 1 links"),
        (said(success_map=[(1, OK), (2, OK)]), "does not call dead what nobody can reach"),
        (said(error_map=[(1, ERROR), (2, ERROR)]), "nobody answered"),
    ],
)
def test_a_lychee_that_cannot_be_believed_is_no_answer(printed: str, why: str) -> None:
    with pytest.raises(FactUnavailable, match=why):
        ask(Prints("lychee", Path("/nowhere"), printed), [ADDRESS], TODAY)


def test_a_host_that_is_gone_is_dead_where_others_answered() -> None:
    lost: dict[str, object] = {"text": "Network error", "details": "DNS could not resolve the host"}
    printed = said(success_map=[(1, OK)], error_map=[(2, lost), (3, ERROR)], timeout_map=[])

    answers = ask(Prints("lychee", Path("/nowhere"), printed), [ADDRESS, "https://gone.test/"], TODAY)

    assert [answer.verdict for answer in answers.values()] == ["alive", "dead"]
