"""The advisories of this machine, served on loopback as OSV's interface serves them."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gates.facts.supply.advisory_records import Advisory, is_version
from gates.facts.supply.asked import normalised


@contextlib.contextmanager
def served(known: Mapping[str, Sequence[Advisory]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The address to ask, and what was asked of it so far: (name, version)."""
    import http.server  # most runs serve nothing

    asked: list[tuple[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
            name, version = normalised(query["package"]["name"]), str(query["version"])
            asked.append((name, version))
            found = [_as_osv(name, each) for each in known.get(name, ()) if each.affects(version)]
            content = json.dumps({"vulns": found} if found else {}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Nothing is said of what is asked."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1/query", asked
        finally:
            server.shutdown()
            thread.join()


def _as_osv(name: str, advisory: Advisory) -> dict[str, Any]:
    events = [{"introduced": "0"}, *({"fixed": version} for version in advisory.fixes if is_version(version))]
    return {
        "id": advisory.id,
        "aliases": list(advisory.aliases),
        "summary": advisory.summary or "no summary",
        "affected": [
            {"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
        ],
    }
