"""The fence of one site's database: who the site is, until when it may write, and what an acknowledgement needs.

Every function takes an autocommit connection of the role lifeboat_agent. Times are seconds since 1970 on the
database's own clock: the only clock that the fence's check reads.
"""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from scripts.runbook.errors import FenceRefused, ReplicationStuck
from scripts.runbook.positions import parse_lsn
from scripts.runbook.replication import wait_until
from scripts.runbook.rule import Rule

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Fence:
    """The one row of lifeboat.fence; `open` is what the trigger would say at the moment it was read."""

    site: str
    epoch: int
    writable: bool
    valid_until: float
    rule: Rule
    open: bool


def clock(connection: Connection) -> float:
    """Return the database's clock."""
    return _row(connection, "SELECT extract(epoch FROM clock_timestamp())::float8")[0]


def read(connection: Connection) -> Fence:
    site, epoch, writable, until, rule, is_open = _row(
        connection,
        """SELECT site, epoch, writable, extract(epoch FROM valid_until)::float8, rule,
                  writable AND clock_timestamp() < valid_until FROM lifeboat.fence""",
    )
    return Fence(site, epoch, writable, until, Rule.from_json(rule), is_open)


def extend(connection: Connection, epoch: int, until: float) -> None:
    """Move the end of the term, never backwards, and only for the epoch that this site holds."""
    connection.execute(
        "UPDATE lifeboat.fence SET valid_until = greatest(valid_until, to_timestamp(%s)) WHERE epoch = %s",
        (until, epoch),
    )


def close(connection: Connection) -> None:
    """Take no more writes from now on, and see that it is so."""
    connection.execute("UPDATE lifeboat.fence SET writable = false WHERE writable")
    if read(connection).open:
        raise FenceRefused("the fence was closed but still reads open; look at who else writes lifeboat.fence")


def expire(connection: Connection) -> None:
    """End the term at once: whoever started this database again knows of no renewal. Only `extend` opens it again."""
    connection.execute("UPDATE lifeboat.fence SET valid_until = 'epoch'")
    if read(connection).open:
        raise FenceRefused("the term was ended but the fence still reads open; look at who else writes lifeboat.fence")


def open_for(connection: Connection, epoch: int, rule: Rule, until: float) -> None:
    """Take writes under a new epoch and rule until the term ends.

    A term that is over already opens nothing until `extend` moves its end.
    Raises FenceRefused when the database already knows a later epoch.
    """
    connection.execute(
        """UPDATE lifeboat.fence SET epoch = %s, writable = true, rule = %s, valid_until = greatest(to_timestamp(%s),
           CASE WHEN epoch = %s THEN valid_until ELSE 'epoch' END) WHERE epoch <= %s""",
        (epoch, rule.to_json(), until, epoch, epoch),
    )
    now = read(connection)
    if now.epoch != epoch:
        raise FenceRefused(f"{now.site} already knows epoch {now.epoch}; epoch {epoch} is over")


def adopt(connection: Connection, epoch: int) -> None:
    """Note a new epoch on a closed fence, so that the term of it can be extended before writes open."""
    connection.execute(
        "UPDATE lifeboat.fence SET epoch = %s, writable = false, valid_until = 'epoch' WHERE epoch < %s", (epoch, epoch)
    )


def obey(connection: Connection, epoch: int, known: Rule, rule: Rule) -> None:
    """Let acknowledgements obey another rule from now on, if they obey the one that the caller knows.

    Raises FenceRefused when they obey a third one, or the epoch is another: somebody else was faster.
    """
    changed = connection.execute(
        "UPDATE lifeboat.fence SET rule = %s WHERE epoch = %s AND rule = %s::jsonb",
        (rule.to_json(), epoch, known.to_json()),
    )
    if changed.rowcount != 1 and (now := read(connection)).rule != rule:
        raise FenceRefused(f"{now.site} obeys {now.rule.to_json()} at epoch {now.epoch} by now; nothing was changed")


def log_end(connection: Connection) -> int:
    """Return the end of this site's log, in bytes."""
    return parse_lsn(_row(connection, "SELECT pg_current_wal_lsn()")[0])


def beat(connection: Connection, site: str, epoch: int) -> None:
    """Write the heartbeat row through the fence, as the app writes its own."""
    connection.execute(
        """INSERT INTO lifeboat.heartbeat (site, epoch, beat, at) VALUES (%s, %s, 1, clock_timestamp()) ON CONFLICT (site)
           DO UPDATE SET epoch = excluded.epoch, beat = lifeboat.heartbeat.beat + 1, at = excluded.at""",
        (site, epoch),
    )


def acknowledge(connection: Connection, rule: Rule, timeout_seconds: float = 10) -> None:
    """Wait until everything committed so far is confirmed as the rule demands, the same way the app waits."""
    end = _row(connection, "SELECT pg_current_wal_lsn()")[0]
    complaint = (
        f"too few of {' and '.join(rule.sites)} confirm what is written here, so nothing is acknowledged: "
        "`lifeboat readiness` says which of them does not, and what to do"
    )
    wait_until(lambda: rule.satisfied_by(_confirmed(connection, end)), complaint, timeout_seconds)


@contextlib.contextmanager
def passing(connection: Connection) -> Generator[None]:
    """Let one transaction of this connection write through a fence that is closed; nobody else ever sees it open.

    For what must be so before a site takes writes. The checks that wait for the commit are made before it closes again.
    """
    with connection.transaction():
        stood = _row(connection, "SELECT writable, valid_until FROM lifeboat.fence FOR UPDATE")
        connection.execute("UPDATE lifeboat.fence SET writable = true, valid_until = 'infinity'")
        yield
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        connection.execute("UPDATE lifeboat.fence SET writable = %s, valid_until = %s", stood)


def acknowledge_everywhere(connection: Connection, timeout_seconds: float = 5) -> tuple[set[str], set[str]]:
    """Wait until every standby that the rule names has everything committed so far; return who has it, and who has not."""
    log_end, rule = _row(connection, "SELECT pg_current_wal_lsn()")[0], read(connection).rule
    standbys = {site for clause in rule.clauses for site in clause.sync}
    with contextlib.suppress(ReplicationStuck):
        wait_until(lambda: standbys <= _confirmed(connection, log_end), "not everybody confirmed", timeout_seconds)
    confirmed = _confirmed(connection, log_end) & standbys
    return confirmed, standbys - confirmed


def drain(connection: Connection, epoch: int, patience_seconds: float = 10) -> str:
    """Let the writers under way end, take no more, and return the end of the log, behind which nothing will come.

    Raises FenceRefused, and goes on taking writes, when a writer does not end in time or the epoch is another one.
    """
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{patience_seconds:g}s",))
            connection.execute("SELECT pg_advisory_xact_lock(lifeboat.fence_lock())")
            connection.execute("UPDATE lifeboat.fence SET writable = false WHERE epoch = %s", (epoch,))
    except psycopg.errors.LockNotAvailable as held:
        raise FenceRefused(
            f"a write has been under way for {patience_seconds:g} s; nothing was changed, try again"
        ) from held
    if (now := read(connection)).writable:
        raise FenceRefused(f"{now.site} takes writes under epoch {now.epoch}, not {epoch}; nothing was changed")
    return _row(connection, "SELECT pg_current_wal_lsn()")[0]


def reopen(connection: Connection, epoch: int) -> None:
    """Take writes again under the epoch that a drain ended, while its lease still runs."""
    connection.execute("UPDATE lifeboat.fence SET writable = true WHERE epoch = %s", (epoch,))


def end_move(connection: Connection, epoch: int) -> None:
    """Note that the move to `epoch` has done everything: the agent may say so in the register."""
    connection.execute("INSERT INTO lifeboat.ended_move (epoch) VALUES (%s) ON CONFLICT DO NOTHING", (epoch,))


def move_is_over(connection: Connection, epoch: int, patience_seconds: float = 0.5) -> bool:
    """Say whether a move to `epoch` has ended, and a write made under it is confirmed, with all before it, by the rule."""
    if connection.execute("SELECT 1 FROM lifeboat.ended_move WHERE epoch = %s", (epoch,)).fetchone() is None:
        return False
    now = read(connection)
    beaten = connection.execute(
        "SELECT 1 FROM lifeboat.heartbeat WHERE site = %s AND epoch = %s", (now.site, epoch)
    ).fetchone()
    if now.epoch != epoch or not now.open or beaten is None:
        return False
    try:
        acknowledge(connection, now.rule, patience_seconds)
    except ReplicationStuck:
        return False
    return True


def _confirmed(connection: Connection, end: str) -> set[str]:
    """Return the sites whose slot here has confirmed everything up to a position, and nothing beyond the end of this log."""
    rows = connection.execute(
        """SELECT substr(slot_name, 4) FROM pg_replication_slots WHERE slot_name LIKE 'to\\_%%'
           AND confirmed_flush_lsn BETWEEN %s AND pg_current_wal_insert_lsn()""",
        (end,),
    )
    return {site for (site,) in rows}


def _row(connection: Connection, query: LiteralString) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    if row is None:
        raise FenceRefused("lifeboat.fence has no row: this database was never made a site of this platform")
    return row
