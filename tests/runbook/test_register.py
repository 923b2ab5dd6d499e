"""The register: agreement of three stores of which any one may vanish, lie about success or come back older."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.runbook.ballots import ZERO, AcceptorState, Ballot, Seen
from scripts.runbook.errors import RegisterExists, RegisterIncomplete, RegisterMoved, StoreUnavailable
from scripts.runbook.founding import found_register
from scripts.runbook.register import Change, Value
from tests.runbook.memory_stores import Stores, run

START: Value = {"count": 0}


def add(who: str = "") -> Change:
    return lambda value: {"count": value["count"] + 1, "by": who}


def leave(value: Value) -> None:
    return None


async def begun() -> Stores:
    stores = Stores()
    await found_register(stores, "test", START)
    return stores


def test_it_agrees_and_then_writes_once_per_store() -> None:
    """It commits with a promise first, and from the second time on with one write and no read."""

    async def scene() -> None:
        stores = await begun()
        register = stores.register("aws", "a")
        first = await register.propose(add("first"))
        await asyncio.sleep(0.1)
        before = [(store.reads, store.writes) for store in stores.values()]

        second = await register.propose(add("second"))
        await asyncio.sleep(0.1)

        assert (first.verdict, second.value) == ("committed", {"count": 2, "by": "second"})
        assert [(store.reads, store.writes) for store in stores.values()] == [(r, w + 1) for r, w in before]

    run(scene())


@pytest.mark.parametrize("gone", ["aws", "gcp", "azure"])
@pytest.mark.parametrize("how", ["down", "silent"])
def test_any_one_store_may_be_gone_and_nobody_waits_for_it(gone: str, how: str) -> None:
    """It commits without the time-out of a store that refuses or never answers."""

    async def scene() -> None:
        stores = await begun()
        setattr(stores[gone], how, True)
        started = asyncio.get_running_loop().time()

        outcome = await stores.register("gcp", "g").propose(add())

        assert outcome.committed
        assert asyncio.get_running_loop().time() - started <= 0.2  # the grace for a store that may disagree

    run(scene())


def test_two_dead_stores_are_known_at_once() -> None:
    """It says unknown as soon as no majority is possible, and names the stores."""

    async def scene() -> None:
        stores = await begun()
        stores["gcp"].down = stores["azure"].down = True
        stores["aws"].silent = True
        register = stores.register("aws")
        started = asyncio.get_running_loop().time()

        outcome = await register.propose(add())

        assert outcome.verdict == "unknown"
        assert asyncio.get_running_loop().time() - started < 0.1
        assert set(register.faults) == {"gcp", "azure"}

    run(scene())


def test_a_silent_store_is_given_up_after_its_limit() -> None:
    """It bounds a straggler, so that nothing is under way for ever."""

    async def scene() -> None:
        stores = await begun()
        stores["azure"].silent = True
        register = stores.register("aws", timeout=2.0)
        await register.propose(add())

        await asyncio.sleep(2.1)

        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    run(scene())


def test_a_change_may_be_declined() -> None:
    """It aborts with the present value, read afresh, even when it has a value kept from its own last round."""

    async def scene() -> None:
        stores = await begun()
        old, new = stores.register("aws", "a"), stores.register("gcp", "g")
        await old.propose(add("aws"))
        await new.propose(add("gcp"))

        outcome = await old.propose(leave)

        assert outcome.aborted
        assert outcome.value == {"count": 2, "by": "gcp"}

    run(scene())


def test_a_write_that_lands_late_cannot_undo_a_newer_one() -> None:
    """It stays at the newer value when an accept of a lost round arrives afterwards."""

    async def scene() -> None:
        stores = await begun()
        slow = stores.register("aws", "a")
        assert await slow.prepare() == START
        for store in stores.values():
            store.hold_writes = True
        assert (await slow.propose(add("late"))).verdict == "unknown"
        for store in stores.values():
            store.hold_writes = False
        await stores.register("gcp", "g").propose(add("newer"))

        for store in stores.values():
            store.land()

        assert await stores.register("azure", "z").peek() == {"count": 1, "by": "newer"}

    run(scene())


def test_an_unknown_write_is_either_built_on_or_gone() -> None:
    """It finds a value that one store accepted and builds on it, so that it is never half there."""

    async def scene() -> None:
        stores = await begun()
        first = stores.register("aws", "a")
        await first.prepare()
        stores["gcp"].hold_writes = stores["azure"].hold_writes = True
        assert (await first.propose(add("half"))).verdict == "unknown"
        stores["gcp"].hold_writes = stores["azure"].hold_writes = False

        sighting = await stores.register("azure", "w").look()
        stores["azure"].down = True
        outcome = await stores.register("gcp", "g").propose(add("next"))

        assert (sighting.value, sighting.committed) == ({"count": 1, "by": "half"}, False)
        assert outcome.value == {"count": 2, "by": "next"}

    run(scene())


def test_a_promise_ahead_of_time_saves_a_round() -> None:
    """It takes one write per store after `prepare`, on the value that is then the newest."""

    async def scene() -> None:
        stores = await begun()
        register = stores.register("gcp", "g")
        await register.prepare()
        await asyncio.sleep(0.1)
        writes = [store.writes for store in stores.values()]

        outcome = await register.propose(add())
        await asyncio.sleep(0.1)

        assert outcome.committed
        assert [store.writes for store in stores.values()] == [count + 1 for count in writes]

    run(scene())


def test_a_promise_that_stands_is_not_asked_for_again() -> None:
    """It writes nothing when it is asked for twice, and asks anew once another proposer was promised more."""

    async def scene() -> None:
        stores = await begun()
        register, other = stores.register("gcp", "g"), stores.register("aws", "a")
        await register.prepare()
        await asyncio.sleep(0.1)
        writes = [store.writes for store in stores.values()]

        again = await register.prepare()
        unchanged = [store.writes for store in stores.values()]
        await other.propose(add("other"))
        anew = await register.prepare()

        assert (again, unchanged) == ({"count": 0}, writes)
        assert anew == {"count": 1, "by": "other"}
        assert (await register.propose(add("mine"))).value == {"count": 2, "by": "mine"}

    run(scene())


def test_a_kept_token_is_not_used_over_a_higher_promise() -> None:
    """It loses its fast path when another proposer was promised more meanwhile, also where its own vote stands."""

    async def scene() -> None:
        stores = await begun()
        first, second = stores.register("aws", "a"), stores.register("gcp", "g")
        await first.propose(add("one"))
        await second.prepare()

        late = await first.propose(add("two"))
        done = await second.propose(add("three"))
        final = await stores.register("azure", "w").propose(leave)

        assert final.value is not None
        committed = [outcome.value for outcome in (late, done) if outcome.committed]
        assert committed
        assert final.value["count"] == 1 + len(committed)

    run(scene())


def test_ballots_of_a_restart_never_repeat() -> None:
    """It keeps a committed value through a crash and restart; without the incarnation the same schedule loses it."""
    assert run(_restart_in_the_middle("first", "second")) == "kept"
    assert run(_restart_in_the_middle("", "")) == "lost"


async def _restart_in_the_middle(before: str, after: str) -> str:
    """A process is promised a ballot, sends its accept, dies; its successor goes the same way; the accept lands late."""
    stores = await begun()
    ghost = stores.register("aws", before)
    await ghost.prepare()
    for store in stores.values():
        store.hold_writes = True
    await ghost.propose(add("ghost"))
    for store in stores.values():
        store.hold_writes = False
    successor = stores.register("aws", after, seen={"aws": Seen(), "gcp": Seen(), "azure": Seen()})
    prepared = await successor.prepare()
    assert prepared == START
    stores["aws"].land()
    stores["gcp"].held.clear()
    stores["azure"].held.clear()
    outcome = await successor.propose(add("successor"))
    await asyncio.sleep(1)
    stores["azure"].down = True  # so that the reader meets the ghost's vote and one vote of the successor
    final = await stores.register("gcp", "reader").propose(leave)
    assert final.value is not None
    return "lost" if outcome.committed and final.value.get("by") != "successor" else "kept"


def test_a_wiped_store_is_unavailable_and_never_empty() -> None:
    """It goes on with two stores, and stops when a second one is gone too."""

    async def scene() -> None:
        stores = await begun()
        register = stores.register("aws", "a")
        await register.propose(add())
        stores["azure"].state = None

        degraded = await stores.register("gcp", "g").propose(add())
        stores["aws"].down = True
        stopped = await stores.register("gcp", "h").propose(add())

        assert degraded.value == {"count": 2, "by": ""}
        assert stopped.verdict == "unknown"
        assert stores["azure"].state is None

    run(scene())


def test_a_store_that_was_rolled_back_does_not_count_and_is_named() -> None:
    """It refuses an older ballot than it has seen, in a later process of the site too, given what the first remembered."""

    async def scene() -> None:
        stores = await begun()
        register = stores.register("aws", "a")
        await register.propose(add())
        await asyncio.sleep(0.1)
        old = stores["azure"].state
        await register.propose(add())
        await asyncio.sleep(0.1)
        stores["azure"].state = old
        restarted = stores.register("aws", "b", seen=register.remembered)
        stores["gcp"].down = True

        outcome = await restarted.propose(add())

        assert outcome.verdict == "unknown"
        assert "rolled back" in restarted.faults["azure"]
        stores["gcp"].down = False
        assert (await restarted.propose(add())).value == {"count": 3, "by": ""}

    run(scene())


def test_another_clusters_object_does_not_count() -> None:
    """It leaves the object of another cluster alone and says so."""

    async def scene() -> None:
        stores = await begun()
        assert stores["gcp"].state
        foreign = stores["gcp"].state = replace(stores["gcp"].state, cluster="other")
        register = stores.register("aws")

        outcome = await register.propose(add())
        await asyncio.sleep(0.3)
        await register.look()

        assert outcome.committed
        assert stores["gcp"].state == foreign
        assert "other" in register.faults["gcp"]

    run(scene())


def test_a_newer_set_of_stores_stops_the_process() -> None:
    """It raises instead of proposing when a store belongs to a newer configuration."""

    async def scene() -> None:
        stores = await begun()
        for store in stores.values():
            assert store.state
            store.state = replace(store.state, config=2)

        with pytest.raises(RegisterMoved, match="configuration 2"):
            await stores.register("aws").propose(add())

    run(scene())


def test_a_register_is_made_once_and_whole() -> None:
    """It finishes its own interrupted work, and refuses to make a second one or a part of one."""

    async def scene() -> None:
        stores = Stores()
        stores["azure"].down = True
        with pytest.raises(RegisterIncomplete, match="azure"):
            await found_register(stores, "test", START)
        stores["azure"].down = False
        await found_register(stores, "test", START)
        await stores.register("aws").propose(add())
        stores["gcp"].state = None

        with pytest.raises(RegisterExists):
            await found_register(stores, "test", START)

        assert stores["gcp"].state is None

    run(scene())


def test_a_strange_object_is_unavailable() -> None:
    """It reads back what it writes, and nothing else."""
    state = AcceptorState("test", 1, Ballot(3, "aws", "x"), ZERO, {"epoch": 1})

    assert AcceptorState.from_json(state.to_json()) == state
    for strange in (b"", b"[]", b"{}", state.to_json().replace(b'"x"', b"7"), state.to_json().replace(b"1}", b"1")):
        with pytest.raises(StoreUnavailable):
            AcceptorState.from_json(strange)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=5, max_size=25))
def test_counting_never_loses_a_committed_step(steps: list[tuple[int, int]]) -> None:
    """It counts at least every committed step and at most every attempt, whichever store is down at each."""

    async def scene() -> None:
        stores = await begun()
        proposers = [stores.register(site, "i") for site in stores]
        committed = 0
        for who, down in steps:
            stores.only(*(name for index, name in enumerate(stores) if index != down))
            committed += (await proposers[who].propose(add())).committed
        stores.only(*stores)

        final = await stores.register("aws", "reader").propose(leave)

        assert final.value is not None
        assert committed <= final.value["count"] <= len(steps)

    run(scene())


def test_eight_proposers_at_once_count_right() -> None:
    """It gives contending proposers distinct numbers: what each was told committed is there."""

    async def scene() -> None:
        stores = await begun()
        seen: list[int] = []

        async def work(number: int) -> None:
            register = stores.register("aws", f"p{number}")
            for attempt in range(6):
                outcome = await register.propose(add(str(number)))
                if outcome.committed and outcome.value:
                    seen.append(outcome.value["count"])
                await asyncio.sleep(0.01 * (number + 1) * (attempt + 1))

        await asyncio.gather(*(work(number) for number in range(8)))

        assert len(seen) > 20
        assert len(set(seen)) == len(seen)

    run(scene())
