"""A control store that lost its object counts again only with a state above everything it may have forgotten."""

import asyncio
from dataclasses import replace

import pytest

from scripts.runbook.ballots import AcceptorState, Ballot
from scripts.runbook.errors import CannotReadmit
from scripts.runbook.readmission import readmit
from scripts.runbook.register import Register, Rejected
from tests.runbook.memory_stores import Stores, run
from tests.runbook.test_register import START, add, begun


async def lost(name: str) -> tuple[Stores, AcceptorState | None]:
    """Give three stores that agreed on one change, of which one then lost its object; and what it held."""
    stores = await begun()
    await stores.register("aws").propose(add("first"))
    await asyncio.sleep(0.1)
    held, stores[name].state = stores[name].state, None
    return stores, held


@pytest.mark.parametrize("name", ["aws", "gcp", "azure"])
def test_a_store_that_lost_its_object_counts_again(name: str) -> None:
    """It holds the committed value afterwards, and any other store may then be gone."""

    async def scene() -> None:
        stores, _ = await lost(name)
        assert await readmit(stores.register("gcp", "operator"), name, stores[name])
        await asyncio.sleep(0.1)
        for other in set(stores) - {name}:
            stores.only(*(set(stores) - {other}))
            outcome = await stores.register("azure", f"after {other}").propose(add("second"))
            assert outcome.committed
        stores.only(*stores)
        final = await stores.register("aws", "reader").peek()
        assert final is not None
        assert final["count"] == 3

    run(scene())


def test_a_store_that_holds_its_object_is_left_alone() -> None:
    """Nothing is written anywhere."""

    async def scene() -> None:
        stores = await begun()
        before = {name: store.state for name, store in stores.items()}

        assert not await readmit(stores.register("gcp", "operator"), "aws", stores["aws"])
        assert {name: store.state for name, store in stores.items()} == before

    run(scene())


def test_without_both_others_it_stays_unavailable() -> None:
    """It is refused in a sentence, and the store still holds nothing: its word could have been the missing one."""

    async def scene() -> None:
        stores, _ = await lost("azure")
        stores["aws"].down = True

        with pytest.raises(CannotReadmit, match="azure"):
            await readmit(stores.register("gcp", "operator"), "azure", stores["azure"])
        assert stores["azure"].state is None

    run(scene())


def test_a_round_that_counted_on_the_lost_promise_cannot_finish() -> None:
    """A proposer holds the lost store's promise and asks the second store only after the re-admission: it is refused."""

    async def scene() -> None:
        stores, held = await lost("azure")
        assert held is not None
        forgotten = Ballot(held.promised.number + 5, "slow", "1")
        late = _HalfAsked("test", 1, "slow", "1", stores)

        assert await readmit(stores.register("gcp", "operator"), "azure", stores["azure"])
        state = stores["azure"].state
        assert state is not None
        assert state.promised > forgotten
        assert not await late.promises(stores, "gcp", forgotten)

    run(scene())


def test_a_store_written_back_from_its_old_object_would_lose_a_commit() -> None:
    """The case that the jump is for: with the old object put back as it was, a later commit is overwritten."""

    async def scene() -> None:
        stores, held = await lost("azure")
        assert held is not None
        rolled_back = replace(held, promised=Ballot(1, "", ""), accepted=Ballot(1, "", ""), value=START)
        stores["azure"].state = rolled_back
        stores.only("aws", "azure")
        await stores.register("aws", "2").propose(add("kept by aws and azure"))
        stores["azure"].state = rolled_back
        stores.only("gcp", "azure")

        value = await stores.register("gcp", "3").propose(add("blind"))

        assert value.value is not None
        assert value.value["count"] == 2  # and not 3: the commit before it is gone

    run(scene())


class _HalfAsked(Register):
    """A proposer whose question reaches one store at a time."""

    async def promises(self, stores: Stores, name: str, ballot: Ballot) -> bool:
        try:
            await self._ask_promise(name, stores[name], ballot, self.config)
        except Rejected:
            return False
        return True
