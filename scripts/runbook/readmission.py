"""Lets a control store count again that lost its object: one that forgot a promise may never be asked as if it had not.

The store has no object, so it is unavailable to everybody until this has written one. The value is first committed
anew by the others, at a ballot far above any that was ever read. Whatever the lost object had promised or accepted lies
below it, so no round that counted on the lost object can find the majority it still needs: each majority with the lost
store in it has one of the others in it too, and that one has promised the higher ballot.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from scripts.runbook.ballots import Acceptor, AcceptorState
from scripts.runbook.errors import CannotReadmit, StoreConflict, StoreUnavailable
from scripts.runbook.register import Register

# Ballots grow by a few in each round: no round that nobody could read of was ever this far ahead.
JUMP = 1_000_000
TRIES = 8


async def readmit(
    register: Register,
    name: str,
    acceptor: Acceptor,
    *,
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> bool:
    """Write the register's present state into a store that has no object; False when it has one.

    A store whose object may be an older one must lose it before this. Raises CannotReadmit.
    """
    try:
        await acceptor.read()
        return False
    except StoreUnavailable:
        state = await _recommitted(register, lambda: sleep(0.3 + jitter()))
    if state is None:
        raise CannotReadmit(name, "the other control stores do not answer, both of them are needed")
    try:
        await acceptor.compare_and_set(None, state)
        await acceptor.read()
    except StoreUnavailable as reason:
        raise CannotReadmit(name, str(reason)) from reason
    except StoreConflict:
        return False  # somebody else was at it, and was first
    return True


async def _recommitted(register: Register, pause: Callable[[], Awaitable[Any]]) -> AcceptorState | None:
    """Commit the present value anew; both other stores are needed, and the lease's holder may be writing to them too."""
    for attempt in range(TRIES):
        if attempt:
            # Cloud Storage takes one write a second to an object: the holder and this must not stay in step.
            await pause()
        if state := await register.recommit(JUMP):
            return state
    return None
