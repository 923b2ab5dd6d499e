"""Changes for good which stores hold the register, and takes back one that lost what it held.

A store that was wiped, made anew or rolled back has forgotten votes, so it may not vote on as if nothing had happened.
First every store that stays is raised to the next configuration: each majority of the old one needs one of them, so the
old one can decide nothing any more. Then the newcomer gets the highest vote among them, and counts.
Source: performance_reliability research, section 8.5; CASPaxos' change of membership, https://arxiv.org/abs/1802.07000.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from scripts.runbook.acceptors import open_acceptor
from scripts.runbook.ballots import Acceptor, AcceptorState, Membership, Token
from scripts.runbook.errors import (
    ChangeUnderWay,
    LifeboatError,
    StoreBusy,
    StoreConflict,
    StoresMissing,
    StoreUnavailable,
)
from scripts.runbook.registers import open_acceptors
from scripts.runbook.sites import Platform

Result = TypeVar("Result")

TRIES = 8
ANSWER_SECONDS = 4.0
# Cloud Storage takes one write a second to an object, and an agent may just have used it.
BUSY_SECONDS = 1.2


async def set_store_aside(platform: Platform, site: str) -> int:
    """Take a site's control store out of the vote until it is re-admitted, and return the new configuration's number.

    Call it BEFORE the store of a killed or wiped site is started again, then start it, then call `readmit_store` with
    the number: in between, nothing that the store says counts. The other two go on deciding all the while, and every
    process follows by itself. Killed half-way: call it again.
    Raises StoresMissing when another store does not answer, ChangeUnderWay when somebody else changes the set.
    """
    acceptors = open_acceptors(platform)
    stays = {name: acceptor for name, acceptor in acceptors.items() if name != site}
    return await set_aside(stays, Membership(platform.register_urls, site))


async def readmit_store(platform: Platform, site: str, config: int) -> None:
    """Let a site's control store vote again, empty or not, from what the others hold.

    `config` is what `set_store_aside` returned; done again it changes nothing.
    Raises StoresMissing when another store or this one does not answer, ChangeUnderWay when the set was changed since.
    """
    acceptors = open_acceptors(platform)
    newcomer = acceptors.pop(site)
    await admit(acceptors, Membership(platform.register_urls, site), newcomer, config)


async def replace_store(platform: Platform, leaver: str, name: str, url: str) -> Mapping[str, str]:
    """Let a new store hold the register instead of `leaver`'s for good, and return the URLs of the set that counts now.

    Every machine needs these in its platform.json: a process that has others stops and says so.
    """
    stays = open_acceptors(platform)
    del stays[leaver]
    urls = {**{kept: platform.register_urls[kept] for kept in stays}, name: url}
    membership = Membership(urls, name)
    newcomer = open_acceptor(url, platform.credentials(), platform.cluster)
    config = await set_aside(stays, membership)
    await admit(stays, membership, newcomer, config)
    return urls


async def set_aside(stays: Mapping[str, Acceptor], membership: Membership) -> int:
    """Raise every store that stays to the next configuration, and return its number."""
    states = await _everywhere(stays, _read)
    configs = {state.config for state in states.values()}
    # Unequal: an earlier run broke off, and the newcomer cannot have voted yet. Equal: it may have, so a new number.
    config = max(configs) + (len(configs) == 1)

    async def act(acceptor: Acceptor) -> AcceptorState:
        return await _raise_to(acceptor, config, membership)

    await _everywhere(stays, act)
    return config


async def admit(stays: Mapping[str, Acceptor], membership: Membership, newcomer: Acceptor, config: int) -> None:
    """Give the newcomer the highest vote among those that stay, under the configuration that set it aside."""
    states = list((await _everywhere(stays, _read)).values())
    for state in states:
        if (state.config, state.membership) != (config, membership):
            raise ChangeUnderWay(
                f"The control stores are of configuration {state.config} by now, not {config}: "
                "somebody else changes them. Let that end, then run this again."
            )
    newest = max(states, key=lambda state: state.accepted)
    vote = replace(newest, promised=max(state.promised for state in states))

    async def act(acceptor: Acceptor) -> None:
        await _put(acceptor, vote)

    await _everywhere({membership.newcomer: newcomer}, act)


async def _raise_to(acceptor: Acceptor, config: int, membership: Membership) -> AcceptorState:
    state, token = await acceptor.read()
    if state.config < config:
        raised = replace(state, config=config, membership=membership)
        await acceptor.compare_and_set(token, raised)
        return raised
    if (state.config, state.membership) != (config, membership):
        raise ChangeUnderWay(
            f"Somebody else brings in {state.membership.newcomer if state.membership else 'another store'} "
            f"by configuration {state.config}. Let that end, then run this again."
        )
    return state


async def _put(acceptor: Acceptor, vote: AcceptorState) -> None:
    """Write the newcomer's first vote, unless it was written before, and read it back."""
    found, token = await _found(acceptor)
    if found is None or found.config < vote.config:
        await acceptor.compare_and_set(token, vote)
        found, _ = await acceptor.read()
    if found.config != vote.config:
        raise ChangeUnderWay(f"The newcomer's store is of configuration {found.config}, beyond {vote.config}.")


async def _found(acceptor: Acceptor) -> tuple[AcceptorState | None, Token | None]:
    """Return what a newcomer holds; one that shows nothing is written with "only if there is none" and refuses if there is."""
    try:
        return await acceptor.read()
    except StoreUnavailable:
        return None, None


async def _read(acceptor: Acceptor) -> AcceptorState:
    return (await acceptor.read())[0]


async def _everywhere(
    acceptors: Mapping[str, Acceptor], act: Callable[[Acceptor], Awaitable[Result]]
) -> dict[str, Result]:
    """Act on every store. Raises StoresMissing naming those on which it could not be done."""
    ended = await asyncio.gather(*(_insist(acceptor, act) for acceptor in acceptors.values()), return_exceptions=True)
    done: dict[str, Result] = {}
    failures: dict[str, str] = {}
    for name, result in zip(acceptors, ended, strict=True):
        if isinstance(result, StoreUnavailable | StoreConflict):
            failures[name] = str(result)
        elif isinstance(result, BaseException):
            raise result
        else:
            done[name] = result
    if failures:
        raise StoresMissing(failures)
    return done


async def _insist(acceptor: Acceptor, act: Callable[[Acceptor], Awaitable[Result]]) -> Result:
    """Act again while an agent's renewal came in between, or the store asks for a pause."""
    last: LifeboatError = StoreUnavailable("no answer")
    for _ in range(TRIES):
        try:
            return await asyncio.wait_for(act(acceptor), ANSWER_SECONDS)
        except StoreBusy as busy:
            last = busy
            await asyncio.sleep(BUSY_SECONDS)
        except StoreConflict as changed:
            last = changed
        except TimeoutError:
            raise StoreUnavailable(f"no answer within {ANSWER_SECONDS:g} s") from None
    raise last
