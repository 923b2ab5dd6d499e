"""A platform whose control stores, ledger stores and DNS really run, without databases: all that the room reads."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from scripts.embedded.layout import SITES, LocalSettings, decide, write_platform
from scripts.embedded.postgres_binaries import find_postgres
from scripts.runbook import sites, status
from scripts.runbook.founding import found_register
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.registers import open_acceptors
from scripts.runbook.rule import Rule
from scripts.runbook.sites import Platform
from tests.conftest import free_port
from tests.control_room.pictures import in_step
from tests.embedded.neutral import NameServer
from tests.embedded.running_stores import RunningStore, local_store, make_store

__all__ = ["local_store", "make_store"]

RECORD = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"))


@dataclass
class Survivors:
    """What survives a lost cloud, running: `platform` reads it, `say` lets every site speak now."""

    platform: Platform
    stores: dict[str, RunningStore]

    async def say(self, *, not_to: str = "", **epochs: int) -> None:
        """Publish every site's status to every control store but one, as the agents do each second."""
        control = self.platform.lease_stores()
        control.stores.pop(not_to, None)
        for site in SITES:
            word = in_step(site, at=time.time(), sequence=int(time.time() * 10), epoch=epochs.get(site, 1))
            await status.publish(control, self.platform.signer(site), word)


@pytest.fixture(scope="module")
def survivors(
    tmp_path_factory: pytest.TempPathFactory, local_store: Callable[[str], RunningStore]
) -> Iterator[Survivors]:
    """Give a platform of three running stores of three dialects and one name server, with a register that aws holds."""
    folder = tmp_path_factory.mktemp("room") / "local"
    write_platform(decide(LocalSettings(folder, edge_port=free_port()), find_postgres()))
    stores = {site: local_store(site) for site in SITES}
    (folder / "store-credentials.json").write_text(json.dumps(_merged(stores)))
    dns = NameServer(folder)
    before = sites.load(folder)
    for site, store in stores.items():
        urls = {"lease_url": store.url("lifeboat-lease"), "ledger_url": store.url("lifeboat-ledger")}
        (folder / "outputs" / f"{site}.json").write_text(replace(before.outputs[site], **urls).to_json())
    platform = replace(sites.load(folder), vendors=(dns.vendor,))
    try:
        asyncio.run(_found(platform))
        yield Survivors(platform, stores)
    finally:
        dns.kill()


def _merged(stores: dict[str, RunningStore]) -> dict[str, object]:
    """Return one file of credentials for stores that were each made with their own."""
    return {kind: stores[site].credentials[kind] for kind, site in (("s3", "aws"), ("gs", "gcp"), ("az", "azure"))}


async def _found(platform: Platform) -> None:
    await found_register(open_acceptors(platform), platform.cluster, RECORD.to_value())


@pytest.fixture
def folder(survivors: Survivors) -> Path:
    return survivors.platform.folder
