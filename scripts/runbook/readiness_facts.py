"""Gathers what readiness judges: from the control stores, the ledger and DNS alone, so that a laptop needs no database."""

import asyncio
import time
from urllib.parse import urlsplit

from scripts.runbook import certificates, clocks, ledger, status
from scripts.runbook.ballots import Acceptor, AcceptorState
from scripts.runbook.errors import StoreUnavailable
from scripts.runbook.failover import DNS_TTL_SECONDS
from scripts.runbook.inventory import Entry, inventory_lines
from scripts.runbook.lease import LeaseRecord, read_record
from scripts.runbook.readiness import Line, ReadinessFacts, Seen
from scripts.runbook.readiness_around import around_lines
from scripts.runbook.readiness_register import register_lines
from scripts.runbook.readiness_sites import site_lines
from scripts.runbook.registers import open_acceptors, open_register
from scripts.runbook.sites import Platform
from scripts.runbook.traffic import Traffic, plain_target

VOTE_SECONDS = 4.0
DAY = 86400
# Runbooks that moved writes, for practice or in earnest.
MOVES = ("drill", "failover", "failback", "switchover")
NEWEST_MOVES = 5


def judge(facts: ReadinessFacts) -> list[Line]:
    """Return the whole page, the worst lines first."""
    lines = [*register_lines(facts), *site_lines(facts), *around_lines(facts)]
    return sorted(lines, key=lambda line: -line.state)


async def gather(platform: Platform, inventory: tuple[Entry, ...]) -> ReadinessFacts:
    """Ask every store, every agent's word, every DNS vendor and this machine's own clock, all at once."""
    urls = [outputs.lease_url for outputs in platform.outputs.values()]
    traffic = Traffic(platform.vendors, platform.record_name, DNS_TTL_SECONDS)
    around = asyncio.gather(
        asyncio.to_thread(clocks.ahead_of_stores, urls),
        asyncio.to_thread(traffic.answers),
        asyncio.to_thread(_edge_days, platform.outside_url),
        _drill_days(platform),
    )
    record, votes, heard = await asyncio.gather(
        read_record(open_register(platform, "readiness")), _votes(platform), _hear(platform)
    )
    ahead, names, edge, drill = await around
    return ReadinessFacts(
        sites=platform.sites, terms=platform.terms, record=record, votes=votes,
        seen={site: _seen(word, ahead) for site, word in heard.items()}, reader_ahead=ahead, names=names,
        wanted=_wanted(platform, record), drill_days=drill, inventory=tuple(inventory_lines(inventory)),
        images={site: outputs.image for site, outputs in platform.outputs.items()}, edge_days=edge,
        is_local=(urlsplit(platform.outside_url).hostname or "").startswith("127."),
    )  # fmt: skip


async def _votes(platform: Platform) -> dict[str, AcceptorState | str]:
    acceptors = open_acceptors(platform)
    votes = await asyncio.gather(*(_vote(acceptor) for acceptor in acceptors.values()))
    return dict(zip(acceptors, votes, strict=True))


async def _vote(acceptor: Acceptor) -> AcceptorState | str:
    try:
        return (await asyncio.wait_for(acceptor.read(), VOTE_SECONDS))[0]
    except StoreUnavailable as missing:
        return str(missing)
    except TimeoutError:
        return f"no answer within {VOTE_SECONDS:g} s"


async def _hear(platform: Platform) -> dict[str, status.Heard]:
    stores = platform.lease_stores()
    words = await asyncio.gather(*(status.hear(stores, platform.public_keys, site) for site in platform.sites))
    return dict(zip(platform.sites, words, strict=True))


def _seen(heard: status.Heard, reader_ahead: float | None) -> Seen:
    """Return a site's word with its age by the stores' clocks: both this machine's and the site's may be off."""
    if heard.status is None:
        return Seen(None, failures=heard.failures)
    site_ahead = heard.status.health.clock_ahead if heard.status.health else None
    age = (time.time() - (reader_ahead or 0)) - (heard.status.at - (site_ahead or 0))
    return Seen(heard.status, max(round(age, 1), 0.0), heard.failures)


def _wanted(platform: Platform, record: LeaseRecord | None) -> str | None:
    return plain_target(platform.outputs[record.holder].edge_target) if record else None


async def _drill_days(platform: Platform) -> float | None:
    """Return the days since the last move that any ledger store holds to its end, or None."""
    stores = platform.ledger_stores()
    known = await ledger.runbooks(stores)
    moves = sorted((name for name in known if name.startswith(MOVES)), key=_epoch_of, reverse=True)[:NEWEST_MOVES]
    copies = await asyncio.gather(
        *(ledger.read_copies(stores, platform.public_keys, name, known[name]) for name in moves)
    )
    ends = [one.longest[-1].end for one in copies if one.longest and one.longest[-1].outcome == "done"]
    return (time.time() - max(ends)) / DAY if ends else None


def _epoch_of(runbook: str) -> int:
    return next((int(word) for word in runbook.split("-") if word.isdigit()), 0)


def _edge_days(address: str) -> float | None:
    """Return the days left of the certificate at a public address; None without TLS, below 0 where none is shown."""
    parts = urlsplit(address)
    if parts.scheme != "https" or parts.hostname is None:
        return None
    try:
        return certificates.days_left(parts.hostname, parts.port or 443, name=parts.hostname)
    except OSError:
        return -1.0
