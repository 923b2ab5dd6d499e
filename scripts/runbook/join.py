"""Makes a site a standby from empty, keeps the way back open between the standbys, and founds the register."""

import contextlib
from collections.abc import Generator
from typing import Any

import psycopg

from scripts.runbook import fence, replication, understudies
from scripts.runbook.errors import CannotJoin, RegisterIncomplete
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
    """Make an empty site follow the primary: copy every table, then go on from there. Safe to run again."""
    outputs = platform.outputs[primary]
    conninfo = platform.conninfo(outputs.database_host, outputs.database_port, site)
    with agent_connection(platform, site) as connection:
        replication.follow(connection, site, Following(primary, epoch), conninfo, copy=True)
        replication.wait_until_copied(connection)


def keep_way_back(platform: Platform, site: str, standbys: tuple[str, ...]) -> None:
    """Give a standby in step its understudy slot for every other standby."""
    with agent_connection(platform, site) as connection:
        for other in standbys:
            if other != site:
                understudies.ensure_slot(connection, other)


def refuse_unless_empty(platform: Platform, site: str, primary: str) -> int:
    """Return how many tables a join would copy.

    Raises CannotJoin when the site is the primary, follows already, or holds rows that a copy would collide with.
    """
    if site == primary:
        raise CannotJoin(f"{site} is the primary; it cannot follow itself.")
    if follows(platform, site):
        raise CannotJoin(f"{site} follows already; there is nothing to do.")
    with agent_connection(platform, site) as connection:
        tables = replication.published_tables(connection)
        filled = [name for name in tables if replication.has_rows(connection, name)]
    if filled:
        raise CannotJoin(
            f"{site} is not empty ({', '.join(filled)} hold rows): a copy would collide. Start it from an empty database."
        )
    return len(tables)


def follows(platform: Platform, site: str) -> bool:
    """Say whether a site's database answers and follows somebody."""
    try:
        with agent_connection(platform, site) as connection:
            return replication.following(connection) is not None
    except psycopg.OperationalError:
        return False


async def found(platform: Platform, primary: str, rule: Rule, standbys: tuple[str, ...]) -> None:
    """Write the register's first record, and let the primary's fence be opened by whoever renews the lease."""
    first = LeaseRecord.first(primary, rule, standbys)
    for attempt in range(FOUNDING_TRIES):
        try:
            await found_register(open_acceptors(platform), platform.cluster, first.to_value())
            break
        except RegisterIncomplete:  # done again it finds its own work; a store that just started may be slow at first
            if attempt == FOUNDING_TRIES - 1:
                raise
    with agent_connection(platform, primary) as connection:
        fence.open_for(connection, first.epoch, rule, 0)
