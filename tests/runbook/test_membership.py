"""A store that lost what it held comes back without breaking what was decided, and one can be replaced for good."""

import asyncio
import random
from dataclasses import replace

import pytest

from scripts.runbook.ballots import Ballot, Membership
from scripts.runbook.errors import ChangeUnderWay, RegisterMoved, StoresMissing
from scripts.runbook.founding import found_register
from scripts.runbook.membership import admit, set_aside
from scripts.runbook.register import Change, Register
from tests.runbook.memory_stores import NAMES, MemoryStore, Stores, run

URLS = {name: f"s3://{name}" for name in NAMES}


def add(who: str = "") -> Change:
    return lambda value: {"count": value["count"] + 1, "by": who}


def proposer(stores: Stores, site: str, incarnation: str = "1") -> Register:
    return stores.register(site, incarnation, urls=URLS)


async def begun() -> Stores:
    stores = Stores()
    await found_register(stores, "test", {"count": 0})
    return stores


def others(stores: Stores, site: str) -> dict[str, MemoryStore]:
    return {name: store for name, store in stores.items() if name != site}


async def readmit(stores: Stores, site: str) -> int:
    membership = Membership(URLS, site)
    config = await set_aside(others(stores, site), membership)
    await admit(others(stores, site), membership, stores[site], config)
    return config


async def count(register: Register) -> int:
    for _ in range(3):
        outcome = await register.propose(lambda value: None)
        if outcome.value is not None:
            return outcome.value["count"]
    raise AssertionError("the register does not answer")


@pytest.mark.parametrize("site", NAMES)
def test_a_wiped_store_votes_again_and_nothing_is_forgotten(site: str) -> None:
    """After it came back, any other store may go: what was committed is still there, and running processes follow."""

    async def scene() -> None:
        stores = await begun()
        running = proposer(stores, "aws", "running")
        assert (await running.propose(add())).committed
        stores[site].state = None

        assert await readmit(stores, site) == 2

        for gone in (name for name in NAMES if name != site):
            stores.only(*(name for name in NAMES if name != gone))
            assert await count(proposer(stores, "gcp", f"new-{gone}")) == 1
        stores.only(*NAMES)
        assert await count(running) == 1
        assert running.config == 2
        assert (await running.propose(add())).committed

    run(scene())


def test_a_process_that_begins_after_a_change_sees_the_value_at_its_first_look() -> None:
    """A command looks once; it knows the first configuration alone, and follows to the newest within that look."""

    async def scene() -> None:
        stores = await begun()
        for site in NAMES:
            await readmit(stores, site)
        fresh = proposer(stores, "operator", "fresh")

        seen = await fresh.look()

        assert (seen.value, seen.committed, fresh.config) == ({"count": 0}, True, 4)

    run(scene())


def test_a_returning_store_counts_for_nothing_until_it_is_admitted() -> None:
    """Set aside before it is started, it cannot make up a majority with its old votes, whoever asks."""

    async def scene() -> None:
        stores = await begun()
        old = stores["azure"].state
        await proposer(stores, "aws").propose(add())
        await asyncio.sleep(1)
        await set_aside(others(stores, "azure"), Membership(URLS, "azure"))
        stores["azure"].state = old
        stores["gcp"].down = True

        assert await proposer(stores, "gcp", "fresh").peek() is None
        assert await proposer(stores, "gcp", "fresh").peek() is None
        assert (await proposer(stores, "aws", "fresh").propose(add())).verdict == "unknown"
        assert stores["azure"].state == old

    run(scene())


def test_an_old_promise_cannot_be_used_across_the_change() -> None:
    """A proposal prepared before a store forgot its promise comes too late, and its votes reach no store."""

    async def scene() -> None:
        stores = await begun()
        slow = proposer(stores, "aws", "slow")
        await slow.prepare()
        await asyncio.sleep(1)
        stores["azure"].state = None
        await readmit(stores, "azure")
        quick = proposer(stores, "gcp", "quick")
        assert (await quick.propose(add("quick"))).committed

        late = await slow.propose(add("slow"))

        assert late.verdict == "unknown"
        assert (await quick.propose(lambda value: None)).value == {"count": 1, "by": "quick"}

    run(scene())


def test_all_that_stay_must_take_part() -> None:
    """It refuses, naming the store that does not answer; what was done is finished by doing it again."""

    async def scene() -> None:
        stores = await begun()
        stores["azure"].state = None
        stores["gcp"].down = True
        with pytest.raises(StoresMissing, match="gcp"):
            await readmit(stores, "azure")
        assert stores["azure"].state is None
        stores["gcp"].down = False

        assert await readmit(stores, "azure") >= 2
        assert await count(proposer(stores, "aws", "later")) == 0

    run(scene())


def test_a_change_that_broke_off_is_finished_under_the_same_number() -> None:
    """When only one store was raised, the next run raises the other to the same configuration."""

    async def scene() -> None:
        stores = await begun()
        state = stores["aws"].state
        assert state
        stores["aws"].state = replace(state, config=2, membership=Membership(URLS, "azure"))

        assert await set_aside(others(stores, "azure"), Membership(URLS, "azure")) == 2
        with pytest.raises(ChangeUnderWay):
            await admit(others(stores, "azure"), Membership(URLS, "azure"), stores["azure"], 1)

    run(scene())


def test_two_who_bring_in_different_stores_do_not_mix() -> None:
    """The second is told that somebody else is at it."""

    async def scene() -> None:
        stores = await begun()
        state = stores["gcp"].state
        assert state
        stores["gcp"].state = replace(state, config=2, membership=Membership(URLS, "aws"))

        with pytest.raises(ChangeUnderWay, match="aws"):
            await set_aside(others(stores, "azure"), Membership(URLS, "azure"))

    run(scene())


def test_a_replaced_store_is_never_asked_again() -> None:
    """With a new store instead of a lost one the register goes on, and a process with the old files stops."""

    async def scene() -> None:
        stores = await begun()
        old_process = proposer(stores, "gcp", "old")
        await old_process.propose(add())
        await asyncio.sleep(1)
        stays, newcomer = others(stores, "azure"), MemoryStore()
        urls = {"aws": "s3://aws", "gcp": "s3://gcp", "oci": "s3://oci"}
        membership = Membership(urls, "oci")
        config = await set_aside(stays, membership)
        await admit(stays, membership, newcomer, config)

        fresh = Register("test", 1, "gcp", "new", {**stays, "oci": newcomer}, urls=urls)
        stores["aws"].down = True

        assert await count(fresh) == 1
        stores["aws"].down = False
        with pytest.raises(RegisterMoved, match="s3://oci"):
            await old_process.propose(add())

    run(scene())


def test_a_rolled_back_store_is_noticed_and_taken_back() -> None:
    """Its ballot went backwards: it is named as rolled back, and after the re-admission it counts again."""

    async def scene() -> None:
        stores = await begun()
        register = proposer(stores, "aws")
        older = stores["gcp"].state
        await register.propose(add())
        await asyncio.sleep(1)
        stores["gcp"].state = older
        await register.look()
        assert "rolled back" in register.faults["gcp"]

        await readmit(stores, "gcp")
        await register.look()
        await register.look()

        assert register.faults == {}
        stores["azure"].down = True
        assert (await register.propose(add())).committed

    run(scene())


@pytest.mark.parametrize("seed", range(60))
def test_no_step_is_lost_whatever_is_wiped_and_readmitted(seed: int) -> None:
    """Three proposers count while stores are wiped and come back: each committed step keeps a number of its own."""

    async def scene() -> None:
        draw = random.Random(seed)
        stores = await begun()
        proposers = [proposer(stores, site) for site in NAMES]
        seen: list[int] = []

        async def work(register: Register) -> None:
            for _ in range(25):
                outcome = await register.propose(add())
                if outcome.committed and outcome.value:
                    seen.append(outcome.value["count"])
                await asyncio.sleep(draw.uniform(0, 0.02))

        async def damage() -> None:
            for _ in range(3):
                await asyncio.sleep(draw.uniform(0, 0.1))
                site = draw.choice(NAMES)
                stores[site].state = None
                await asyncio.sleep(draw.uniform(0, 0.05))
                await readmit(stores, site)

        await asyncio.gather(damage(), *(work(register) for register in proposers))

        assert len(set(seen)) == len(seen)
        assert len(seen) > 10
        assert await count(proposer(stores, "aws", "reader")) >= max(seen)

    run(scene())


def test_the_vote_keeps_its_stores_through_every_write() -> None:
    """A proposal under the new configuration writes its set of stores with it."""

    async def scene() -> None:
        stores = await begun()
        await readmit(stores, "aws")
        register = proposer(stores, "gcp")
        await register.peek()
        assert (await register.propose(add())).committed
        await asyncio.sleep(1)

        states = [store.state for store in stores.values()]
        assert [state.membership for state in states if state] == [Membership(URLS, "aws")] * 3
        assert all(state and state.promised > Ballot(1, "", "") for state in states)

    run(scene())
