"""Embeddings as pgvector's type `vector`, sent and read in binary."""

from __future__ import annotations

import sys
from array import array
from typing import Any

import psycopg
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo


class Embedding:
    """Bytes of 32-bit floats in the machine's order, to be sent as a vector."""

    __slots__ = ("values",)

    def __init__(self, values: bytes) -> None:
        self.values = values


def register(connection: psycopg.Connection[Any]) -> None:
    """Let this connection send and read vectors; the extension must be there."""
    info = TypeInfo.fetch(connection, "vector")
    assert info is not None, "the extension is there"
    connection.adapters.register_dumper(Embedding, type("_VectorDumps", (_Dumps,), {"oid": info.oid}))
    connection.adapters.register_loader(info.oid, _Loads)


def _turned(values: bytes) -> bytes:
    """Into the order of bytes of the network, or back."""
    numbers = array("f", values)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers.tobytes()


class _Dumps(Dumper):
    format = Format.BINARY

    def dump(self, obj: Embedding) -> Buffer:
        return (len(obj.values) // 4).to_bytes(2, "big") + b"\0\0" + _turned(obj.values)


class _Loads(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> bytes:
        return _turned(bytes(data)[4:])
