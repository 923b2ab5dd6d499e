"""Proves by using them what the agent's role must be allowed to do on the day of a move, and leaves nothing behind."""

import secrets
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from scripts.runbook.replication import PUBLICATION
from scripts.runbook.understudies import PEEK

Connection = psycopg.Connection[Any]

PATIENCE = "5s"
REACH_SECONDS = "2s"
"""How long a server may try to open another: its transaction holds up whoever makes a slot meanwhile."""


def refused(connection: Connection) -> dict[str, str]:
    """Try each act, and return those that the server refused with its reason; the connection is the agent's own."""
    faults: dict[str, str] = {}
    connection.execute("SELECT set_config('statement_timeout', %s, false)", (PATIENCE,))
    try:
        for name, act in ACTS.items():
            try:
                act(connection)
            except psycopg.Error as reason:
                faults[name] = str(reason).splitlines()[0]
    finally:
        connection.execute("RESET statement_timeout")
    return faults


def unreached(connection: Connection, conninfo: str) -> str:
    """Have this site's own server open another's as a subscription would, and return why that failed, or "".

    The agent cannot ask by itself: the private links let database subnets through to database subnets and nobody else.
    An expired password, a tunnel that is down and a server that binds no channel all show here, before the day of a move.
    """
    statement = sql.SQL(
        "CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION {} WITH (create_slot = false, slot_name = NONE, enabled = false)"
    ).format(sql.Identifier(f"probe_{secrets.token_hex(4)}"), sql.Literal(conninfo), sql.Identifier(PUBLICATION))
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SELECT set_config('statement_timeout', %s, true)", (REACH_SECONDS,))
            connection.execute(statement)
    except psycopg.errors.QueryCanceled:
        return f"no answer within {REACH_SECONDS[:-1]} seconds"
    except psycopg.Error as reason:
        return str(reason).strip().splitlines()[0]
    return ""


def _use_slots(connection: Connection) -> None:
    name = f"probe_{secrets.token_hex(4)}"
    connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput', true)", (name,))
    try:
        connection.execute(PEEK, (name, PUBLICATION))
        connection.execute("SELECT pg_replication_slot_advance(%s, pg_current_wal_lsn())", (name,))
    finally:
        connection.execute("SELECT pg_drop_replication_slot(%s)", (name,))


def _subscribe(connection: Connection) -> None:
    """Create a subscription that connects to nobody, and take it back."""
    statement = sql.SQL(
        "CREATE SUBSCRIPTION {} CONNECTION 'host=probe.invalid password=probe' PUBLICATION {} WITH (connect = false)"
    ).format(sql.Identifier(f"probe_{secrets.token_hex(4)}"), sql.Identifier(PUBLICATION))
    _and_take_back(connection, lambda: connection.execute(statement))


def _hold_the_fence(connection: Connection) -> None:
    # A row that no site has: the right to write is proved without a lock that the lease would wait for.
    connection.execute("UPDATE lifeboat.fence SET valid_until = valid_until WHERE site = ''")


def _act_as_owner(connection: Connection) -> None:
    _and_take_back(connection, lambda: connection.execute("SET LOCAL ROLE lifeboat_owner"))


def _watch_the_server(connection: Connection) -> None:
    connection.execute("SELECT count(*) FROM pg_ls_waldir()")


def _and_take_back(connection: Connection, act: Callable[[], object]) -> None:
    with connection.transaction(force_rollback=True):
        act()


ACTS: dict[str, Callable[[Connection], None]] = {
    "make, read, advance and drop a replication slot": _use_slots,
    "make and drop a subscription": _subscribe,
    "write the fence": _hold_the_fence,
    "act as the tables' owner": _act_as_owner,
    "see how much log the server keeps": _watch_the_server,
}
