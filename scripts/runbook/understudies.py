"""The slots of one site: who reads from here, how far this site has applied its own primary, and the way back kept open.

Every function takes an autocommit connection of the role lifeboat_agent, acts, and reads back what it did.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg

from scripts.runbook.errors import ReplicationStuck, SlotTooYoung
from scripts.runbook.positions import (
    AppliedTransaction,
    applied_transactions,
    format_lsn,
    last_applied,
    parse_lsn,
    resume_after,
)
from scripts.runbook.replication import (
    PUBLICATION,
    Following,
    applying,
    following,
    one_value,
    origin_of,
    slot_name,
)

Connection = psycopg.Connection[Any]
Result = TypeVar("Result")

SLOT_PATIENCE_SECONDS = 5.0

PEEK = """
SELECT data FROM pg_logical_slot_peek_binary_changes(%s, NULL, NULL, 'proto_version', '1', 'publication_names', %s)
WHERE get_byte(data, 0) IN (ascii('O'), ascii('C'))
"""


@dataclass(frozen=True)
class Slot:
    """A logical slot of this site: whose it is, whether it is being read, and how far it was confirmed (bytes)."""

    name: str
    active: bool
    confirmed: int
    retained_bytes: int
    wal_status: str


def slots(connection: Connection) -> dict[str, Slot]:
    """Return every Lifeboat slot of this site by name.

    Active is one that a site reads through a WAL sender: a look into a slot holds it too, for a moment.
    """
    rows = connection.execute(
        """SELECT slot_name, EXISTS (SELECT FROM pg_stat_replication WHERE pid = active_pid),
                  coalesce(confirmed_flush_lsn, '0/0'), coalesce(wal_status, 'lost'),
                  coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint
           FROM pg_replication_slots WHERE slot_name LIKE 'to\\_%' AND slot_type = 'logical'"""
    )
    return {
        name: Slot(name, active, parse_lsn(confirmed), retained, status)
        for name, active, confirmed, status, retained in rows
    }


def ensure_slot(connection: Connection, follower: str) -> None:
    """Create the slot for `follower` where there is none: it survives the provider's own zone failover."""
    if slot_name(follower) in slots(connection):
        return
    connection.execute("DELETE FROM lifeboat.proven_slot WHERE site = %s", (follower,))
    connection.execute(
        "SELECT pg_create_logical_replication_slot(%s, 'pgoutput', false, false, true)", (slot_name(follower),)
    )
    if slot_name(follower) not in slots(connection):
        raise ReplicationStuck(
            f"the slot {slot_name(follower)} was created but is not listed; look at the server's log"
        )


@dataclass(frozen=True)
class View:
    """This site's replication at one moment, for its status: `applied` in its primary's log, `log` its own end (bytes)."""

    following: Following | None
    applying: bool
    applied: int
    log: int
    slots: tuple[Slot, ...]


def view(connection: Connection) -> View:
    """Return what this site follows, how far it has applied it, and who may read from here."""
    now = following(connection)
    applied = applied_position(connection, now.primary) if now else 0
    end = parse_lsn(one_value(connection, "SELECT pg_current_wal_lsn()"))
    return View(
        now, now is not None and applying(connection, now.primary), applied, end, tuple(slots(connection).values())
    )


def applied_position(connection: Connection, primary: str) -> int:
    """Return how far this site has applied `primary`, in bytes of the primary's log; 0 when nothing is known.

    Read from this site's own slots; what was advanced past is kept in lifeboat.applied.
    """
    origin = origin_of(connection, primary)
    if origin is None:
        return 0
    stored = connection.execute("SELECT lsn FROM lifeboat.applied WHERE origin = %s", (origin,)).fetchone()
    idle = [slot.name for slot in slots(connection).values() if not slot.active]
    seen = [last_applied(peek(connection, name), origin) for name in idle]
    return max([parse_lsn(stored[0]) if stored else 0, *seen])


def keep_understudies(connection: Connection, primary: str, positions: Mapping[str, int]) -> None:
    """Give every other follower its understudy slot, and advance each slot to what its site surely has.

    `positions`: how far each other follower of the same primary has applied it (bytes). The primary itself has all that
    came from it.
    """
    origin = origin_of(connection, primary)
    if origin is None:
        return
    for follower in positions:
        ensure_slot(connection, follower)
    for slot in slots(connection).values():
        follower = slot.name.removeprefix("to_")
        if slot.active or (follower != primary and follower not in positions):
            continue
        transactions = peek(connection, slot.name)
        newest = last_applied(transactions, origin)
        _store_applied(connection, origin, newest)
        target = resume_after(transactions, origin, newest if follower == primary else positions[follower])
        advance(connection, slot.name, target)
        if target is not None:
            _store_proven(connection, follower, origin)


def prepare_slot(connection: Connection, follower: str, primary: str, position: int, epoch: int) -> None:
    """Set the understudy slot for `follower` to exactly where that site, at `position` of the lost primary, must go on.

    Only while this site's fence is closed. A follower that had more than this site gave its tail before: it then has
    everything, and goes on from here. Raises SlotTooYoung for a slot that may begin after what the follower has.
    """
    if is_prepared(connection, follower, epoch):
        return
    # The follower's reading lets the slot go of what shows how far this site came, and a run begun again asks for it.
    if position > note_applied(connection, primary):
        stand_ready(connection, follower, epoch)
        return
    ensure_slot(connection, follower)
    origin = origin_of(connection, primary) or ""
    target = resume_after(peek(connection, slot_name(follower)), origin, position)
    if target is None and not is_proven(connection, follower, origin):
        raise SlotTooYoung(follower, primary)
    advance(connection, slot_name(follower), target)
    _store_prepared(connection, follower, epoch)


def stand_ready(connection: Connection, follower: str, epoch: int) -> None:
    """Set the slot for a follower that has everything this site has to the end of this site's log, once an epoch."""
    if is_prepared(connection, follower, epoch):
        return
    ensure_slot(connection, follower)
    advance(connection, slot_name(follower), parse_lsn(one_value(connection, "SELECT pg_current_wal_lsn()")))
    _store_prepared(connection, follower, epoch)


def note_applied(connection: Connection, primary: str) -> int:
    """Keep how far this site has applied `primary`, and return it (bytes): the slots that show it may go after this."""
    position = applied_position(connection, primary)
    if origin := origin_of(connection, primary):
        _store_applied(connection, origin, position)
    return position


def drop_slot(connection: Connection, follower: str) -> None:
    """Drop the slot for a site that cannot go on from it, and see that it is gone; one that is read is left."""
    if slot_name(follower) in slots(connection):
        when_free(lambda: connection.execute("SELECT pg_drop_replication_slot(%s)", (slot_name(follower),)).fetchall())
    connection.execute("DELETE FROM lifeboat.proven_slot WHERE site = %s", (follower,))
    if slot_name(follower) in slots(connection):
        raise ReplicationStuck(
            f"the slot {slot_name(follower)} was dropped but is still listed; look at the server's log"
        )


def is_prepared(connection: Connection, follower: str, epoch: int) -> bool:
    return (
        connection.execute(
            "SELECT 1 FROM lifeboat.prepared_slot WHERE site = %s AND epoch = %s", (follower, epoch)
        ).fetchone()
        is not None
    )


def prepared_slots(connection: Connection, epoch: int) -> list[str]:
    """Return the sites whose slot here stands ready under `epoch`."""
    return [
        site
        for (site,) in connection.execute(
            "SELECT site FROM lifeboat.prepared_slot WHERE epoch = %s ORDER BY site", (epoch,)
        )
    ]


def peek(connection: Connection, name: str) -> list[AppliedTransaction]:
    """Return the applied transactions that a slot still holds, without moving it."""
    rows = when_free(lambda: connection.execute(PEEK, (name, PUBLICATION)).fetchall())
    return applied_transactions(bytes(data) for (data,) in rows)


def advance(connection: Connection, name: str, target: int | None) -> None:
    """Move a slot forward to `target` (bytes of this site's log) and see that it got there; None moves nothing."""
    if target is None or slots(connection)[name].confirmed >= target:
        return
    move = "SELECT pg_replication_slot_advance(%s, %s)"
    when_free(lambda: connection.execute(move, (name, format_lsn(target))).fetchall())
    reached = slots(connection)[name].confirmed
    if reached < target:
        raise ReplicationStuck(
            f"the slot {name} was to be advanced to {format_lsn(target)} but stands at {format_lsn(reached)}"
        )


def when_free(act: Callable[[], Result]) -> Result:
    """Act on a slot, again for as long as somebody else, the agent or a runbook, holds it for its own look."""
    deadline = time.monotonic() + SLOT_PATIENCE_SECONDS
    while True:
        try:
            return act()
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _store_applied(connection: Connection, origin: str, position: int) -> None:
    if position:
        connection.execute(
            """INSERT INTO lifeboat.applied (origin, lsn) VALUES (%s, %s) ON CONFLICT (origin) DO UPDATE
               SET lsn = greatest(lifeboat.applied.lsn, excluded.lsn), at = clock_timestamp()""",
            (origin, format_lsn(position)),
        )


def _store_prepared(connection: Connection, follower: str, epoch: int) -> None:
    connection.execute(
        """INSERT INTO lifeboat.prepared_slot (site, epoch) VALUES (%s, %s)
           ON CONFLICT (site) DO UPDATE SET epoch = excluded.epoch""",
        (follower, epoch),
    )


def _store_proven(connection: Connection, follower: str, origin: str) -> None:
    connection.execute(
        """INSERT INTO lifeboat.proven_slot (site, origin) VALUES (%s, %s)
           ON CONFLICT (site) DO UPDATE SET origin = excluded.origin""",
        (follower, origin),
    )


def is_proven(connection: Connection, follower: str, origin: str) -> bool:
    """Say whether the slot for `follower` was ever seen to reach back to something that it already had."""
    query = "SELECT 1 FROM lifeboat.proven_slot WHERE site = %s AND origin = %s"
    return connection.execute(query, (follower, origin)).fetchone() is not None
