"""The register's objects in real buckets: S3, Cloud Storage and Blob, by conditional writes only.

The client must not retry by itself: a repeated write meets its own first attempt and reports a conflict that is none.
What each store answers: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html,
https://docs.cloud.google.com/storage/docs/request-preconditions,
https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from app.stores import Credentials, open_store
from scripts.runbook.ballots import Acceptor, AcceptorState, Token
from scripts.runbook.errors import StoreBusy, StoreConflict, StoreUnavailable

Dialect: TypeAlias = Literal["s3", "gs", "az"]

TIMEOUT_SECONDS = 2.0
CLOUD_STORAGE_PACE = 1.0
"""Seconds between two writes to one object name: https://cloud.google.com/storage/quotas."""

_TOO_MANY = re.compile(r"status code: 429\b")
_TOKEN_PARTS: Mapping[Dialect, tuple[str, ...]] = {"s3": ("e_tag",), "gs": ("e_tag", "version"), "az": ("e_tag",)}


def register_key(cluster: str) -> str:
    """Return the key of a cluster's register in every lease bucket."""
    return f"lease/v1/{cluster}.json"


def open_acceptor(
    url: str, credentials: Credentials | None, cluster: str, enter: Callable[[], dict[str, Any]] | None = None
) -> Acceptor:
    """Open a cluster's acceptor in the lease bucket that a store URL names; Cloud Storage comes with its pace."""
    store = open_store(url, credentials, timeout_seconds=TIMEOUT_SECONDS, retries=0, enter=enter)
    dialect = url.split("://", 1)[0]
    acceptor = BucketAcceptor(store, register_key(cluster), dialect)  # ty: ignore[invalid-argument-type]
    if dialect != "gs":
        return acceptor
    return PacedAcceptor(acceptor, turn=_TURNS.setdefault((url, cluster), Turn()))


@dataclass
class Turn:
    """When a store may be written again; every acceptor of one object in one process shares it."""

    free_at: float = float("-inf")


# An agent's loops and its runbook have a register each, and the store counts the writes of both.
_TURNS: dict[tuple[str, str], Turn] = {}


class BucketAcceptor:
    """One object in one bucket. `store` is an obstore store opened without retries and with a time-out of 2 s."""

    pace = 0.0

    def __init__(self, store: Any, key: str, dialect: Dialect) -> None:
        self._store, self._key, self._dialect = store, key, dialect

    async def read(self) -> tuple[AcceptorState, Token]:
        """Return the state and its token. A missing object is unavailable, never empty: it may have been wiped."""
        try:
            answer = await obstore.get_async(self._store, self._key)
            data = bytes(await answer.bytes_async())
        except (BaseError, OSError) as error:
            raise self._doubt(error) from error
        return AcceptorState.from_json(data), self._token(answer.meta)

    async def compare_and_set(self, token: Token | None, state: AcceptorState) -> Token:
        """Write the state if the object is still the one `token` names (None: if there is none yet)."""
        mode = "create" if token is None else token
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        try:
            written = await obstore.put_async(
                self._store, self._key, state.to_json(), attributes=headers, mode=mode, use_multipart=False
            )
        except (
            PreconditionError,
            AlreadyExistsError,
        ) as error:  # 412; 409, also S3's "another write is under way"; S3's 404
            raise StoreConflict(f"{self._key} is no longer what was read") from error
        except (BaseError, OSError) as error:
            raise self._doubt(error) from error
        return self._token(written)

    def _token(self, meta: Mapping[str, Any]) -> dict[str, str]:
        """Return the parts of an answer that name this state; obstore refuses a part that is None."""
        token = {part: meta[part] for part in _TOKEN_PARTS[self._dialect] if meta.get(part)}
        if not token or (self._dialect == "gs" and "version" not in token):
            raise StoreUnavailable(f"the answer for {self._key} names no state of the object")
        return token

    def _doubt(self, error: Exception) -> StoreUnavailable:
        """Sort what is neither success nor a plain refusal: none of it says whether a write took effect."""
        said = str(error).strip().splitlines()
        sentence = f"{self._key}: {said[0][:200] if said else type(error).__name__}"
        return StoreBusy(sentence) if _TOO_MANY.search(str(error)) else StoreUnavailable(sentence)


class PacedAcceptor:
    """An acceptor in a store that takes one write a second to an object, and refuses more with 429.

    A write waits exactly what is left of the second since the end of the last one; reads never wait. A newer write
    takes the place of one that still waits, since only the newest ballot can be of use.
    """

    def __init__(
        self,
        inner: Acceptor,
        pace: float = CLOUD_STORAGE_PACE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        turn: Turn | None = None,
    ) -> None:
        self._inner, self._clock, self._sleep, self._jitter = inner, clock, sleep, jitter
        self._interval = pace
        self.pace = 1.5 * pace  # the longest wait: a second, and half of it more after a 429
        self._turn = turn or Turn()
        self._newest = 0
        self._one_at_a_time = asyncio.Lock()

    async def read(self) -> tuple[AcceptorState, Token]:
        return await self._inner.read()

    async def compare_and_set(self, token: Token | None, state: AcceptorState) -> Token:
        """Write once the store may be written again; raises StoreUnavailable when a newer write came meanwhile."""
        self._newest += 1
        ticket = self._newest
        async with self._one_at_a_time:
            while ticket == self._newest and (left := self._turn.free_at - self._clock()) > 0:
                await self._sleep(left)
            if ticket != self._newest:
                raise StoreUnavailable("a newer write took the place of this one")
            return await self._write(token, state)

    async def _write(self, token: Token | None, state: AcceptorState) -> Token:
        pause = self._interval
        try:
            return await self._inner.compare_and_set(token, state)
        except StoreBusy:
            pause += self._interval * self._jitter() / 2
            raise
        finally:
            self._turn.free_at = self._clock() + pause
