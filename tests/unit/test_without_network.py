"""No test, and nothing that a test starts, reaches a network."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.without_network import leave

WHY_NOT = leave()
alone = pytest.mark.skipif(WHY_NOT != "", reason=WHY_NOT)
# An address that RFC 5737 gives to nobody: where there is a network, a connection to it is tried until the time is up.
REACH = "import socket; socket.create_connection(('192.0.2.1', 9), timeout=9)"


@alone
def test_a_test_reaches_nobody() -> None:
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("192.0.2.1", 9), timeout=9)


@alone
def test_what_a_test_starts_reaches_nobody() -> None:
    started = subprocess.run([sys.executable, "-c", REACH], check=False, capture_output=True, encoding="utf-8")

    assert "unreachable" in started.stderr


@alone
def test_loopback_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as asked:
        assert asked.getpeername() == server.getsockname()
