"""Every source in turn dead, slow and lying: the room goes on with the others, and says which one and since when."""

import asyncio
import re
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

# A source that hangs is known after its own deadline of two seconds; a busy machine is late with everything.
PATIENCE_SECONDS = 40.0


async def looked(platform: Platform, until: Callable[[Standing], bool]) -> Standing:
    """Watch until the picture is as expected, and return it; after a busy machine's patience, as it is."""
    # Readiness asks all the others once more, and judges them: it has tests of its own.
    watch = Watch.over([source for source in await every_source(platform) if source.key != "readiness"])
    watch.sights["readiness"], history = Sight(), History()
    running = asyncio.create_task(watch.run())
    deadline = watch.clock() + PATIENCE_SECONDS
    while True:
        await asyncio.sleep(0.3)
        history.learn(watch.sights, watch.clock())
        moment = Moment(watch.clock(), time.time())
        standing = stand(platform.sites, watch.sources, watch.sights, history, platform.terms, moment)
        if until(standing) or watch.clock() > deadline:
            running.cancel()
            return standing


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


async def looked_at_once(
    platforms: dict[str, Platform], meanwhile: Callable[[], Awaitable[None]], until: Callable[[str, Standing], bool]
) -> dict[str, Standing]:
    """Watch several variants of a platform, three at a time, each until it is as expected."""
    speaking = asyncio.create_task(_again(meanwhile))
    standings: dict[str, Standing] = {}
    names = list(platforms)
    for batch in (names[:3], names[3:]):
        seen = await asyncio.gather(
            *(looked(platforms[name], lambda standing, name=name: until(name, standing)) for name in batch)
        )
        standings |= dict(zip(batch, seen, strict=True))
    speaking.cancel()
    return standings


async def _again(act: Callable[[], Awaitable[None]]) -> None:
    while True:
        await act()
        await asyncio.sleep(0.5)


# The app itself does not run here, so its address is silent in every case, and the sentence begins with that.
WELL = re.compile(
    r"The app's own address does not answer .*, though aws said \d+ s ago that it takes writes; "
    "gcp and azure could each take over now and lose nothing"
)


def is_alone_in_trouble(source: str, standing: Standing) -> bool:
    """Say whether one source is in trouble, with its age, and nothing else suffers from it."""
    broken = next(one for one in standing.sources if one.key == source)
    alone = set(troubles(standing)) == {source, "outside"}
    return alone and (broken.trouble_for or 0) > 0 and WELL.match(tell(standing).words) is not None


@pytest.mark.parametrize("fault", ["dead", "slow"])
def test_each_source_in_turn_dead_or_slow(survivors: Survivors, fault: str) -> None:
    """Its trouble is named with its age; every other source goes on, and the sentence still says who takes writes."""
    hole: AbstractContextManager[int] = listener(b"") if fault == "slow" else nullcontext(free_port())
    with hole as port:
        variants = {source: moved(survivors.platform, source, port) for source in SOURCES}
        standings = asyncio.run(looked_at_once(variants, survivors.say, is_alone_in_trouble))

    suffering = {source: (troubles(standing), tell(standing).words) for source, standing in standings.items()
                 if not is_alone_in_trouble(source, standing)}  # fmt: skip
    assert suffering == {}


def test_stores_that_lie_are_named_and_not_believed(survivors: Survivors) -> None:
    """One shows a torn object, azure speaks of an old epoch, and with two stores gone nobody can know: all is said."""
    store = open_store(survivors.platform.outputs["aws"].lease_url, survivors.platform.credentials(), retries=0)
    lost = moved(moved(survivors.platform, "store-aws", free_port()), "store-gcp", free_port())

    async def lie() -> None:
        await survivors.say(not_to="aws", azure=0)
        await obstore.put_async(store, status_key("azure"), b'{"body": {"site": "azu')

    def is_told(name: str, standing: Standing) -> bool:
        if name == "blind":
            return tell(standing).words.startswith(
                "Nobody can know who is primary: two of 3 control stores must answer, and aws and gcp"
            )
        azure = next(site for site in standing.sites if site.name == "azure")
        named = "no signed envelope" in troubles(standing).get("store-aws", "")
        return named and azure.is_fresh and azure.status is not None and azure.status.epoch == 0

    told = asyncio.run(looked_at_once({"lied to": survivors.platform, "blind": lost}, lie, is_told))

    assert {name: is_told(name, standing) for name, standing in told.items()} == {"lied to": True, "blind": True}
    assert told["lied to"].record is not None
    assert told["lied to"].record.epoch == 1
    assert tell(told["blind"]).tone == "bad"
