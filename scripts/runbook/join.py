"""Makes a site a standby from empty, keeps the way back open between the standbys, and founds the register."""

import contextlib
from collections.abc import Generator
from typing import Any

import psycopg

from scripts.runbook import fence, replication, understudies
from scripts.runbook.errors import RegisterIncomplete
from scripts.runbook.founding import found_register
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.registers import open_acceptors
from scripts.runbook.replication import Following
from scripts.runbook.rule import Rule
from scripts.runbook.sites import Platform

FOUNDING_TRIES = 5


@contextlib.contextmanager
def agent_connection(platform: Platform, site: str) -> Generator[psycopg.Connection[Any]]:
    """Lend an autocommit connection to a site's database in the agent's role."""
    with psycopg.connect(platform.agent_url(site), autocommit=True, connect_timeout=3) as connection:
        yield connection


def join(platform: Platform, site: str, primary: str, epoch: int) -> None:
    """Make an empty site follow the primary over a connection of its own: where no agent runs yet."""
    conninfo = platform.conninfo(platform.outputs[primary], site)
    with agent_connection(platform, site) as connection:
        copy_tables(connection, site, Following(primary, epoch), conninfo)


def copy_tables(connection: psycopg.Connection[Any], site: str, following: Following, conninfo: str) -> None:
    """Copy every table of the primary, then go on from there. Safe to run again."""
    replication.follow(connection, site, following, conninfo, copy=True)
    replication.wait_until_copied(connection)


def keep_way_back(platform: Platform, site: str, standbys: tuple[str, ...]) -> None:
    """Give a standby in step its understudy slot for every other standby."""
    with agent_connection(platform, site) as connection:
        for other in standbys:
            if other != site:
                understudies.ensure_slot(connection, other)


async def found(platform: Platform, primary: str, rule: Rule, standbys: tuple[str, ...]) -> None:
    """Write the register's first record, and let the primary's fence be opened by whoever renews the lease."""
    first = LeaseRecord.first(primary, rule, standbys, platform.mode)
    for attempt in range(FOUNDING_TRIES):
        try:
            await found_register(open_acceptors(platform), platform.cluster, first.to_value())
            break
        except RegisterIncomplete:  # done again it finds its own work; a store that just started may be slow at first
            if attempt == FOUNDING_TRIES - 1:
                raise
    with agent_connection(platform, primary) as connection:
        fence.open_for(connection, first.epoch, rule, 0)
