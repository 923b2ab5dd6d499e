"""Every source in turn dead, slow and lying: the room goes on with the others, and says which one and since when."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import obstore
import pytest

from app.stores import open_store
from scripts.control_room.history import History
from scripts.control_room.sentence import tell
from scripts.control_room.sight import Sight
from scripts.control_room.sources import every_source
from scripts.control_room.standing import Moment, Standing, stand
from scripts.control_room.watching import Watch
from scripts.embedded.layout import SITES
from scripts.runbook.sites import Platform
from scripts.runbook.status import status_key
from tests.conftest import free_port
from tests.control_room.conftest import Survivors
from tests.runbook.test_control import listener

# Long enough for every source's deadline and one more turn, on a busy machine too.
LOOKED_SECONDS = 6.0


async def looked(platform: Platform) -> Standing:
    """Watch for some seconds, and return the picture at the end."""
    # Readiness asks all the others once more, and judges them: it has tests of its own.
    watch = Watch.over([source for source in await every_source(platform) if source.key != "readiness"])
    watch.sights["readiness"], history = Sight(), History()
    running = asyncio.create_task(watch.run())
    deadline = watch.clock() + LOOKED_SECONDS
    while watch.clock() < deadline:
        history.learn(watch.sights, watch.clock())
        await asyncio.sleep(0.3)
    running.cancel()
    moment = Moment(watch.clock(), time.time())
    return stand(platform.sites, watch.sources, watch.sights, history, platform.terms, moment)


def troubles(standing: Standing) -> dict[str, str]:
    return {source.key: source.trouble for source in standing.sources if source.trouble}


def elsewhere(url: str, port: int) -> str:
    """Return a store's address with another port."""
    head, _, tail = url.partition("endpoint=http://127.0.0.1:")
    return f"{head}endpoint=http://127.0.0.1:{port}{tail.lstrip('0123456789')}"


def moved(platform: Platform, source: str, port: int) -> Platform:
    """Return the platform with one source at another port, where nobody or somebody strange listens."""
    kind, _, name = source.partition("-")
    if kind in ("store", "ledger"):
        field = "lease_url" if kind == "store" else "ledger_url"
        outputs = replace(platform.outputs[name], **{field: elsewhere(getattr(platform.outputs[name], field), port)})
        register = {**platform.register_urls, **({name: outputs.lease_url} if kind == "store" else {})}
        return replace(platform, outputs={**platform.outputs, name: outputs}, register_urls=register)
    if kind == "dns":
        return replace(platform, vendors=(replace(platform.vendors[0], port=port),))
    return replace(platform, outside_url=f"http://127.0.0.1:{port}")


SOURCES = (*(f"store-{site}" for site in SITES), "ledger-gcp", "dns-ours", "outside")


async def looked_at_once(platforms: list[Platform], meanwhile: Callable[[], Awaitable[None]]) -> list[Standing]:
    """Watch several variants of a platform at the same time: all but one thing is the same store, clock and second."""
    speaking = asyncio.create_task(_again(meanwhile))
    standings = [
        standing
        for batch in (platforms[:3], platforms[3:])
        for standing in await asyncio.gather(*(looked(platform) for platform in batch))
    ]
    speaking.cancel()
    return standings


async def _again(act: Callable[[], Awaitable[None]]) -> None:
    while True:
        await act()
        await asyncio.sleep(0.5)


@pytest.mark.parametrize("fault", ["dead", "slow"])
def test_each_source_in_turn_dead_or_slow(survivors: Survivors, fault: str) -> None:
    """Its trouble is named with its age; every other source goes on, and the sentence still says who takes writes."""
    hole: AbstractContextManager[int] = listener(b"") if fault == "slow" else nullcontext(free_port())
    with hole as port:
        variants = [moved(survivors.platform, source, port) for source in SOURCES]
        standings = asyncio.run(looked_at_once(variants, survivors.say))

    # The app itself does not run here, so its address is silent in every case.
    assert [set(troubles(standing)) for standing in standings] == [{source, "outside"} for source in SOURCES]
    for source, standing in zip(SOURCES, standings, strict=True):
        broken = next(one for one in standing.sources if one.key == source)
        assert broken.trouble_for is not None
        assert broken.trouble_for > 0
        words = tell(standing).words
        assert words.startswith("aws takes writes; gcp and azure could each take over now and lose nothing"), words


def test_stores_that_lie_are_named_and_not_believed(survivors: Survivors) -> None:
    """One shows a torn object, azure speaks of an old epoch, and with two stores gone nobody can know: all is said."""
    store = open_store(survivors.platform.outputs["aws"].lease_url, survivors.platform.credentials(), retries=0)
    lost = moved(moved(survivors.platform, "store-aws", free_port()), "store-gcp", free_port())

    async def lie() -> None:
        await survivors.say(not_to="aws", azure=0)
        await obstore.put_async(store, status_key("azure"), b'{"body": {"site": "azu')

    lied_to, blind = asyncio.run(looked_at_once([survivors.platform, lost], lie))
    azure = next(site for site in lied_to.sites if site.name == "azure")
    said = tell(blind)

    assert "no signed envelope" in troubles(lied_to)["store-aws"]
    assert azure.is_fresh
    assert azure.status is not None
    assert lied_to.record is not None
    assert (azure.status.epoch, lied_to.record.epoch) == (0, 1)
    assert said.words.startswith("Nobody can know who is primary: two of 3 control stores must answer, and aws and gcp")
    assert said.tone == "bad"
