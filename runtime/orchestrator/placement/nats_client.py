"""nats-py's client, with less between a message and the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Optional

from nats.aio.client import Client

_HEADER_LINE = b"NATS/1.0\r\n"


class DirectClient(Client):
    """Can write into the socket at once, and reads plain headers in one go.

    In nats-py a task of its own writes what was published, a turn of the loop later and with all that was published in
    this one: right where there is much, and a wait for nothing where there is one message. And it looks at every
    character of every header. What is used of nats-py here and not of its public face is looked for: where a version of
    it has other names for that, its own way is taken, and so it is for all that is not as it usually is.
    """

    def say(self, subject: str, body: bytes, headers: Optional[Mapping[str, str]], reply: str) -> bool:
        """Write it now; False where that has to be left to `publish`. The subjects are the caller's to check."""
        transport = self._idle_transport()
        head = b"" if headers is None else _head(headers)
        if transport is None or head is None:
            return False
        if head:
            command = f"HPUB {subject} {reply} {len(head)} {len(head) + len(body)}\r\n"
        else:
            command = f"PUB {subject} {reply} {len(body)}\r\n"
        transport.write(b"".join((command.encode(), head, body, b"\r\n")))
        self.stats["out_msgs"] += 1
        self.stats["out_bytes"] += len(body)
        return True

    async def _process_headers(self, headers: Optional[bytes]) -> Optional[dict[str, str]]:
        found = _plain_headers(headers) if headers else None
        return await super()._process_headers(headers) if found is None else found

    def _idle_transport(self) -> Optional[asyncio.WriteTransport]:
        """Where to write to; None where something waits to be written before, or where it is not a plain stream."""
        writer = getattr(self._transport, "_io_writer", None)
        if writer is None or getattr(self, "_pending", True) or not self.is_connected:
            return None
        transport: asyncio.WriteTransport = writer.transport
        return None if transport.get_write_buffer_size() else transport


def _head(headers: Mapping[str, str]) -> Optional[bytes]:
    """The headers as they are sent; None where one of them holds an end of a line."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if lines.count("\r") != len(headers) or lines.count("\n") != len(headers):
        return None
    return f"NATS/1.0\r\n{lines}\r\n".encode()


def _plain_headers(message: bytes) -> Optional[dict[str, str]]:
    """The headers of a message; None where nats-py has to look: at a status, a line that is no header, an odd name."""
    if not (message.startswith(_HEADER_LINE) and message.isascii()):
        return None
    lines = message[len(_HEADER_LINE) : -4].decode().split("\r\n")
    try:
        found = {name.strip(): value.strip() for name, value in [line.split(":", 1) for line in lines]}
    except ValueError:
        return None
    return found if len(" ".join(found).split()) == len(lines) else None
