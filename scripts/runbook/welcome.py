"""The primary's part when a site comes back: say what it has in the rows asked for, and set that site's slot."""

import psycopg

from scripts.runbook import takeovers, understudies
from scripts.runbook.positions import resume_after
from scripts.runbook.replication import slot_name
from scripts.runbook.return_talk import Answer, AnsweredTable, Ask, AskedTable
from scripts.runbook.rows import columns_of, read_rows, read_values
from scripts.runbook.tail import since_fork
from scripts.runbook.takeovers import TookOver
from scripts.runbook.understudies import Slot
from scripts.runbook.unique_values import Claims, columns_in, unique_indexes

Connection = psycopg.Connection


def welcome(connection: Connection, ask: Ask) -> Answer:
    """Answer a site that wants to follow, and let its slot stand exactly where it must go on reading."""
    slot = understudies.slots(connection).get(slot_name(ask.site))
    if slot is not None and slot.active:
        return Answer(ask.site, ask.nonce, f"{ask.site} reads from {ask.primary} already")
    if ask.copy:
        understudies.drop_slot(connection, ask.site)
        return Answer(ask.site, ask.nonce)
    took = takeovers.taken_over(connection, ask.epoch)
    if took is None:
        return _refused(ask, f"{ask.primary} does not know how it took over at epoch {ask.epoch}")
    if slot is None or slot.wal_status == "lost":
        return _refused(ask, f"the slot for {ask.site} on {ask.primary} is lost")
    if strange := _strange(connection, ask):
        return _refused(ask, strange)
    # The rows first: what changes after this look is then surely in the slot's stream.
    tables = {name: _answered(connection, slot, took, name, asked) for name, asked in ask.tables.items()}
    start = _start(connection, slot, took, ask)
    if start is None and slot.confirmed > took.fork:
        return _refused(ask, f"the slot for {ask.site} on {ask.primary} went past what {ask.site} has")
    if start is None and not understudies.is_proven(connection, ask.site, took.origin):
        return _refused(ask, f"the slot for {ask.site} on {ask.primary} is too young to be trusted with its gap")
    understudies.advance(connection, slot.name, start)
    return Answer(ask.site, ask.nonce, tables=tables)


def _refused(ask: Ask, why: str) -> Answer:
    return Answer(ask.site, ask.nonce, why)


def _strange(connection: Connection, ask: Ask) -> str:
    """Return what the primary does not know of the tables asked for, or nothing."""
    for name, asked in ask.tables.items():
        columns = columns_of(connection, name)
        if columns != asked.columns:
            return f"{name} has other columns on {ask.primary}" if columns else f"{ask.primary} has no table {name}"
    return ""


def _answered(connection: Connection, slot: Slot, took: TookOver, name: str, asked: AskedTable) -> AnsweredTable:
    keys, indexes = set(asked.keys), unique_indexes(connection, name)
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        rows = read_rows(connection, name, asked.key_columns, keys)
        values = read_values(connection, name, asked.key_columns, keys, columns_in(indexes))
    own, newest = Claims.of(indexes, asked.held), Claims.of(indexes, values.items())
    since = since_fork(connection, slot.name, took.fork, name, keys, own, newest)
    found = (since.created, since.changed, since.rekeyed, own.taken, newest.taken)
    return AnsweredTable(tuple(sorted(rows.items())), *(tuple(sorted(part)) for part in found))


def _start(connection: Connection, slot: Slot, took: TookOver, ask: Ask) -> int | None:
    """Return where in this log the site goes on: at the fork, or earlier when it lacks some of what came before."""
    if ask.applied is None or ask.applied >= took.position:
        return took.fork
    return resume_after(understudies.peek(connection, slot.name), took.origin, ask.applied)
