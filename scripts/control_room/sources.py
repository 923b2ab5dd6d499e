"""What the room asks: only what survives a lost cloud, each source by itself, so that none can hide or delay another."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

from scripts.control_room.journals import LedgerReader
from scripts.readiness import INVENTORY
from scripts.runbook.control import ControlStores
from scripts.runbook.errors import BadSignature
from scripts.runbook.inventory import read_inventory
from scripts.runbook.lease import LeaseSighting, look
from scripts.runbook.nameserver import Answer, Vendor, read_answer
from scripts.runbook.readiness import Line
from scripts.runbook.readiness_facts import gather, judge
from scripts.runbook.registers import open_register
from scripts.runbook.signing import unseal
from scripts.runbook.sites import Platform
from scripts.runbook.status import SiteStatus, status_key

ASK_SECONDS = 2.0
STORE_EVERY, REGISTER_EVERY, LEDGER_EVERY, DNS_EVERY, OUTSIDE_EVERY = 1.0, 0.5, 2.0, 2.0, 1.0
READINESS_EVERY, READINESS_SECONDS = 10.0, 10.0

# The name under which the room reads the register; it never proposes anything.
READER = "control-room"


class SourceSilent(Exception):
    """A source answered, but gave nothing that can be used; the text says what."""


@dataclass(frozen=True)
class Source:
    """One thing to ask: its key, what a person calls it, how often, by when, and how. `read` raises for no answer."""

    key: str
    title: str
    every: float
    deadline: float
    read: Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class StoreWord:
    """What one control store shows of the sites: the statuses whose signature holds, and what is wrong with others."""

    statuses: dict[str, SiteStatus] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OutsideWord:
    """What the app's own address answers to anybody: the site that serves it, and whether it takes writes.

    `acknowledged`: the writes that the process which answered has acknowledged since it began; None from an older one.
    """

    site: str
    writable: bool
    role: str
    acknowledged: int | None = None


async def every_source(platform: Platform) -> list[Source]:
    """Return every source of a platform; clients are opened here, in the loop that will use them."""
    return [
        _register(platform),
        *(_store(platform, site) for site in platform.sites),
        *(_ledger(platform, site) for site in platform.sites),
        *(_vendor(platform, vendor) for vendor in platform.vendors),
        _outside(platform),
        _readiness(platform),
    ]


def _register(platform: Platform) -> Source:
    register = open_register(platform, READER)

    async def read() -> LeaseSighting:
        sighting = await look(register)
        if sighting.record is None:
            faults = "; ".join(f"{site}: {reason}" for site, reason in register.faults.items())
            raise SourceSilent(f"no majority of the control stores answers ({faults or 'no answer'})")
        return sighting

    return Source("register", "the register", REGISTER_EVERY, 2 * ASK_SECONDS, read)


def _store(platform: Platform, site: str) -> Source:
    stores = ControlStores({site: platform.outputs[site].lease_url}, platform.credentials(), ASK_SECONDS)

    async def read() -> StoreWord:
        answers = await asyncio.gather(*(stores.get(status_key(other)) for other in platform.sites))
        silent = [answer.failures[site] for answer in answers if site in answer.failures]
        if silent:
            raise SourceSilent(silent[0])
        envelopes = {other: answer.values[site] for other, answer in zip(platform.sites, answers, strict=True)}
        return read_word(envelopes, platform.public_keys)

    return Source(f"store-{site}", f"the control store of {site}", STORE_EVERY, ASK_SECONDS, read)


def read_word(envelopes: dict[str, bytes | None], public_keys: dict[str, str]) -> StoreWord:
    """Sort a store's status objects into those that can be believed and those that cannot, with the reason."""
    word = StoreWord()
    for site, envelope in envelopes.items():
        if envelope is None:
            continue
        try:
            status = SiteStatus.from_body(unseal(envelope, public_keys, site))
            if status.site != site:
                raise BadSignature(f"{site} signed a status of {status.site}")
            word.statuses[site] = status
        except BadSignature as reason:
            word.refused[site] = str(reason)
    return word


def _ledger(platform: Platform, site: str) -> Source:
    reader = LedgerReader(platform, site, ASK_SECONDS)
    return Source(f"ledger-{site}", f"the journals kept at {site}", LEDGER_EVERY, 2 * ASK_SECONDS, reader.read)


def _vendor(platform: Platform, vendor: Vendor) -> Source:
    async def read() -> Answer:
        answer = await asyncio.to_thread(read_answer, vendor, platform.record_name)
        if answer.error:
            raise SourceSilent(answer.error)
        return answer

    return Source(f"dns-{vendor.name}", f"DNS at {vendor.name}", DNS_EVERY, 2 * ASK_SECONDS, read)


def _outside(platform: Platform) -> Source:
    # Each question goes over a connection of its own: a kept one would still lead to a site that has moved.
    client = httpx.AsyncClient(timeout=ASK_SECONDS, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

    async def read() -> OutsideWord:
        answer = await client.get(f"{platform.outside_url}/readyz")
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR and "json" not in answer.headers.get(
            "content-type", ""
        ):
            raise SourceSilent(f"the edge answers {answer.status_code}: nobody serves the app")
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("site"), str):
            raise SourceSilent(f"it answers {answer.status_code} and not as the app does ({answer.text[:60]!r})")
        count = said.get("acknowledged")
        return OutsideWord(
            said["site"], bool(said.get("writable")), str(said.get("role", "unknown")),
            count if isinstance(count, int) else None,
        )  # fmt: skip

    return Source("outside", "the app's own address", OUTSIDE_EVERY, ASK_SECONDS, read)


def _readiness(platform: Platform) -> Source:
    async def read() -> list[Line]:
        return judge(await gather(platform, read_inventory(INVENTORY)))

    return Source("readiness", "readiness", READINESS_EVERY, READINESS_SECONDS, read)
