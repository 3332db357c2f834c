"""A connection to a Postgres with pgvector, made ready; and how its errors are said."""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from runtime.errors import ConfigurationFault, StoreFault
from runtime.memory.stores.postgres_vector import register

Connection = psycopg.Connection[tuple[Any, ...]]
# Of a server whose machine is gone nobody says so: after half a minute without a sign it counts as gone.
_SIGNS_OF_LIFE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4}


class Server(NamedTuple):
    """Where connections go. What the connection string says itself is left as it is.

    `patience` is how many seconds a connection may take, and how long what was sent may go unanswered by the network.
    """

    url: str
    schema: str
    durable: bool
    patience: float

    @property
    def where(self) -> str:
        """How errors call it: without the password. Errors: ConfigurationFault for what is no connection string."""
        parts = _parts(self.url)
        port = f":{parts['port']}" if "port" in parts else ""
        return f"postgres at {parts.get('host', 'localhost')}{port}/{parts.get('dbname', '')}"

    def connect(self) -> Connection:
        """A new connection in which our tables come first. Errors: StoreFault."""
        try:
            connection = psycopg.connect(self.url, autocommit=True, **self._defaults())
        except psycopg.Error as error:
            raise StoreFault(f"{self.where}: cannot connect: {first_line(error)}") from error
        try:
            self._make_ready(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, psycopg.Error):
                raise StoreFault(f"{self.where}: {first_line(error)}") from error
            raise
        return connection

    def _defaults(self) -> dict[str, Any]:
        wanted = {
            "application_name": "lukhas-memory",
            "connect_timeout": max(2, int(self.patience)),
            "tcp_user_timeout": int(1000 * self.patience),
            **_SIGNS_OF_LIFE,
        }
        said = _parts(self.url)
        return {name: value for name, value in wanted.items() if name not in said}

    def _make_ready(self, connection: Connection) -> None:
        if connection.info.parameter_status("server_encoding") != "UTF8":
            raise StoreFault(f"{self.where}: the database is not in UTF-8; make one with ENCODING 'UTF8'")
        extension = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
        there = connection.execute(extension).fetchone()
        if there is None:
            _install_extension(connection, self.where)
            there = connection.execute(extension).fetchone()
        assert there is not None, "it was installed just now"
        # The schema first, so that no table of the same name elsewhere is taken for ours.
        path = [self.schema, there[0], "public"]
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.SQL(", ").join(map(sql.Identifier, path))))
        connection.execute(f"SET synchronous_commit TO {'on' if self.durable else 'off'}")
        connection.execute("SET jit TO off")
        register(connection)


def first_line(error: BaseException) -> str:
    """What an error says first; the rest is hints for who typed the statement."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _parts(url: str) -> dict[str, Any]:
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.Error as error:
        raise ConfigurationFault("not a connection string of Postgres: postgresql://user@host/database") from error


def _install_extension(connection: Connection, where: str) -> None:
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.errors.UniqueViolation:
        return  # another service was faster
    except psycopg.Error as error:
        said = first_line(error)
        raise StoreFault(
            f"{where}: no pgvector ({said}); install it, and have an administrator run CREATE EXTENSION vector"
        ) from error
