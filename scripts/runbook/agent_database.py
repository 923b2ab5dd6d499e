"""The agent's way into its own database: one thread, one connection, made anew when it broke."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

CONNECT_SECONDS = 3


class AgentDatabase:
    """Runs the runbook's blocking database functions without stopping the agent's loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def call(
        self,
        function: Callable[Concatenate[psycopg.Connection[Any], Parameters], Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Run `function(connection, ...)` in the thread. Raises psycopg.Error; a broken connection is dropped."""

        def work() -> Result:
            try:
                return function(self._connected(), *args, **kwargs)
            except psycopg.OperationalError:
                self._drop()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        self._thread.submit(self._drop).result()
        self._thread.shutdown()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="lifeboat-agent"
            )
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
