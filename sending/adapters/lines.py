"""A daemon's line to PostgreSQL: one asynchronous connection that is made when needed and made anew after a loss.

Trap: plans. The statements here are prepared once and run for weeks, and a plan made while a table was empty (a sequential
scan) would be kept while it grows to millions of rows; so the planner is told to look rows up by index.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from sending.relay.ports import Unreachable

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5
BY_INDEX = (
    "SET plan_cache_mode = force_generic_plan",
    "SET enable_seqscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    "SET join_collapse_limit = 1",  # join in the order that is written: from the few ids to what belongs to them
)


class Line:
    """One connection. Statements run one at a time, each its own transaction."""

    def __init__(self, dsn: str, *, name: str, settings: Sequence[str] = BY_INDEX) -> None:
        self._dsn = dsn
        self._name = name
        self._settings = settings
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._turn = asyncio.Lock()

    async def rows(
        self, statement: str, parameters: dict[str, Any] | None = None, *, binary: bool = False
    ) -> list[TupleRow]:
        """Run one statement and commit; its rows. Raises Unreachable when that may or may not have happened."""
        async with self._turn:
            connection = await self.connection()
            try:
                cursor = await connection.execute(statement, parameters, prepare=True, binary=binary)
                return await cursor.fetchall() if cursor.description else []
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                await self.close()
                raise Unreachable(str(error).strip() or type(error).__name__) from error
            except asyncio.CancelledError:
                await self.close()
                raise

    async def connection(self) -> psycopg.AsyncConnection[TupleRow]:
        """The connection, made if need be. Raises Unreachable."""
        if self._connection is None or self._connection.closed:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    self._dsn,
                    autocommit=True,
                    connect_timeout=CONNECT_SECONDS,
                    application_name=f"posthouse {self._name}",
                )
                for setting in self._settings:
                    await connection.execute(setting)
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                raise Unreachable(str(error).strip() or type(error).__name__) from error
            self._connection = connection
        return self._connection

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close()
            except psycopg.Error as error:
                log.debug("A lost connection did not close: %s", error)
