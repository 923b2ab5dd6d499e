"""A person's word that the primary may acknowledge alone: kept in its own database, under one epoch, until it ends."""

from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


def decide(connection: Connection, operator: str, epoch: int) -> None:
    """Note that a person decided it for this epoch; the agent acts on it only while no standby confirms."""
    connection.execute(
        """INSERT INTO lifeboat.alone (operator, epoch) VALUES (%s, %s) ON CONFLICT (only_row)
           DO UPDATE SET operator = excluded.operator, epoch = excluded.epoch""",
        (operator, epoch),
    )


def who_decided(connection: Connection, epoch: int) -> str | None:
    """Return who decided it for this epoch, or None."""
    row = connection.execute("SELECT operator FROM lifeboat.alone WHERE epoch = %s", (epoch,)).fetchone()
    return row[0] if row else None


def end(connection: Connection) -> None:
    """Forget it: a standby is back in step, and the next time needs a new word."""
    connection.execute("DELETE FROM lifeboat.alone")
