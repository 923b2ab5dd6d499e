"""One site's side of native logical replication: whom it subscribes to, and whether it still applies.

Every function takes an autocommit connection of the role lifeboat_agent, acts, and reads back what it did.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from scripts.runbook.errors import ReplicationStuck

Connection = psycopg.Connection[Any]

PUBLICATION = "lifeboat"

CREATE_SUBSCRIPTION = """
CREATE SUBSCRIPTION {name} CONNECTION {conninfo} PUBLICATION {publication} WITH (slot_name = {slot}, create_slot = {copy},
copy_data = {copy}, origin = any, synchronous_commit = 'local', failover = true)
"""


@dataclass(frozen=True)
class Following:
    """Which primary this site follows, and under which epoch."""

    primary: str
    epoch: int


def slot_name(follower: str) -> str:
    """Return the name of the slot that `follower` reads on any other site."""
    return f"to_{follower}"


def subscription_name(primary: str) -> str:
    return f"lifeboat_from_{primary}"


def subscribe(connection: Connection, me: str, primary: str, conninfo: str, *, copy: bool) -> None:
    """Subscribe to a site: by a copy into empty tables, or from the slot that stands ready there for this site.

    `synchronous_commit = local` makes a confirmation mean "flushed here" without waiting for the WAL writer.
    """
    name = subscription_name(primary)
    if name not in subscriptions(connection):
        statement = sql.SQL(CREATE_SUBSCRIPTION).format(
            name=sql.Identifier(name), conninfo=sql.Literal(conninfo), publication=sql.Identifier(PUBLICATION),
            slot=sql.Literal(slot_name(me)), copy=sql.SQL("true" if copy else "false"),
        )  # fmt: skip
        connection.execute(statement)
    wait_until(lambda: bool(_workers(connection, primary)), f"the subscription {name} has no apply worker")


def follow(connection: Connection, me: str, following: Following, conninfo: str, *, copy: bool) -> None:
    """Subscribe to a primary and note that this site follows it."""
    subscribe(connection, me, following.primary, conninfo, copy=copy)
    connection.execute(
        """INSERT INTO lifeboat.following (primary_site, epoch) VALUES (%s, %s)
           ON CONFLICT (only_row) DO UPDATE SET primary_site = excluded.primary_site, epoch = excluded.epoch""",
        (following.primary, following.epoch),
    )


def following(connection: Connection) -> Following | None:
    """Return whom this site follows by its own record; None for one that never followed."""
    row = connection.execute("SELECT primary_site, epoch FROM lifeboat.following").fetchone()
    return Following(*row) if row else None


def wait_until_copied(connection: Connection, timeout_seconds: float = 600) -> None:
    """Wait until every table of the subscription is in step (`r`, ready)."""
    wait_until(lambda: not tables_not_ready(connection), "the first copy does not finish", timeout_seconds)


def applying(connection: Connection, primary: str) -> bool:
    """Say whether anything more of `primary` may be applied: an enabled subscription, or a worker that has not ended."""
    query = "SELECT 1 FROM pg_subscription WHERE subenabled AND subname = %s"
    return connection.execute(query, (subscription_name(primary),)).fetchone() is not None or bool(
        _workers(connection, primary)
    )


def published_tables(connection: Connection) -> list[str]:
    """Return the tables that this site's publication names, as `schema.table`."""
    rows = connection.execute(
        "SELECT schemaname || '.' || tablename FROM pg_publication_tables WHERE pubname = %s ORDER BY 1", (PUBLICATION,)
    )
    return [name for (name,) in rows]


def table_bytes(connection: Connection) -> int:
    """Return how many bytes the published tables take, indexes included."""
    query = """SELECT coalesce(sum(pg_total_relation_size(format('%%I.%%I', schemaname, tablename)::regclass)), 0)::bigint
               FROM pg_publication_tables WHERE pubname = %s"""
    row = connection.execute(query, (PUBLICATION,)).fetchone()
    return row[0] if row else 0


def has_rows(connection: Connection, table: str) -> bool:
    """Say whether a table holds anything."""
    query = sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(*table.split(".")))
    return connection.execute(query).fetchone() is not None


def reconnect(connection: Connection, primary: str, conninfo: str) -> None:
    """Tell the subscription to `primary` where that is now; its worker begins anew only if it was told otherwise before."""
    name = subscription_name(primary)
    if name in subscriptions(connection):
        statement = sql.SQL("ALTER SUBSCRIPTION {} CONNECTION {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Literal(conninfo)))


def stop_applying(connection: Connection, primary: str) -> None:
    """Disable the subscription to `primary` and see that no apply worker of it is left."""
    if subscription_name(primary) in subscriptions(connection):
        connection.execute(sql.SQL("ALTER SUBSCRIPTION {} DISABLE").format(sql.Identifier(subscription_name(primary))))
    wait_until(lambda: _are_ended(connection, primary), f"the apply worker for {primary} does not end")


def _are_ended(connection: Connection, primary: str) -> bool:
    """Tell every apply worker for `primary` to end, and say whether none is left."""
    workers = _workers(connection, primary)
    for pid in workers:
        # One that has only just begun has no role yet, so that a superuser alone may end it; it sees by itself that its
        # subscription is disabled. A dead primary makes PostgreSQL begin one again and again.
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
    return not workers


def stop_following(connection: Connection) -> None:
    """Drop the note of whom this site follows, and every subscription: from now on it follows nobody."""
    # The note goes first: a run that is killed in between then finds a site that has taken what there was to take.
    connection.execute("DELETE FROM lifeboat.following")
    for name in subscriptions(connection):
        forget(connection, name.removeprefix("lifeboat_from_"))
    if left := subscriptions(connection):
        raise ReplicationStuck(f"the subscriptions {', '.join(left)} are still there after they were dropped")


def forget(connection: Connection, primary: str) -> None:
    """Drop the subscription to a primary without talking to it; its slot there stays."""
    name = sql.Identifier(subscription_name(primary))
    if subscription_name(primary) not in subscriptions(connection):
        return
    connection.execute(sql.SQL("ALTER SUBSCRIPTION {} DISABLE").format(name))
    connection.execute(sql.SQL("ALTER SUBSCRIPTION {} SET (slot_name = NONE)").format(name))
    connection.execute(sql.SQL("DROP SUBSCRIPTION {}").format(name))


def subscriptions(connection: Connection) -> list[str]:
    """Return the names of this site's subscriptions."""
    rows = connection.execute(
        """SELECT subname FROM pg_subscription WHERE subname LIKE 'lifeboat\\_from\\_%'
           AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())"""
    )
    return [name for (name,) in rows]


def wait_until(condition: Callable[[], bool], complaint: str, timeout_seconds: float = 20) -> None:
    """Ask again every 10 ms until it is so; raises ReplicationStuck with the complaint after the time-out."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ReplicationStuck(f"{complaint} (waited {timeout_seconds:g} s); look at the server's log")
        time.sleep(0.01)


def origin_of(connection: Connection, primary: str) -> str | None:
    """Return the name PostgreSQL gave the origin of this site's subscription to `primary`."""
    row = connection.execute(
        "SELECT 'pg_' || oid FROM pg_subscription WHERE subname = %s", (subscription_name(primary),)
    ).fetchone()
    return row[0] if row else None


def _workers(connection: Connection, primary: str) -> list[int]:
    rows = connection.execute(
        "SELECT pid FROM pg_stat_subscription WHERE pid IS NOT NULL AND subname = %s", (subscription_name(primary),)
    )
    return [pid for (pid,) in rows]


def tables_not_ready(connection: Connection) -> list[str]:
    """Return the tables of this site's subscriptions that a first copy has not finished."""
    return [
        table
        for (table,) in connection.execute(
            "SELECT srrelid::regclass::text FROM pg_subscription_rel WHERE srsubstate <> 'r'"
        )
    ]


def one_value(connection: Connection, query: LiteralString) -> str:
    row = connection.execute(query).fetchone()
    if row is None:
        raise ReplicationStuck(f"the server answered nothing to: {query}")
    return row[0]
