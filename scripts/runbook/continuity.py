"""Whether a site's database is still the one that it was: a provider's zone failover, or a restore, may bring back an earlier state.

Such a standby lacks transactions that it had confirmed, and its subscription goes on without them: the slot on the primary
moves forward only. Such a primary is worse: what it writes next lies at positions that its standbys confirmed for what is
gone, so they neither get it nor seem to lack it, and it must not write at all.

So each look at the database leaves a count in it, and the status carries the same count away from it: a database that says
less than was said of it has gone back. A server that was promoted also has another timeline.

Every function takes an autocommit connection of the role lifeboat_agent.
"""

from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


def look(connection: Connection, said: int) -> tuple[int, str]:
    """Compare this database with what its site `said` of it last; return the new count, and why it went back, or "".

    A database that was never looked at is one made anew, and has confirmed nothing. That it went back stays noted.
    """
    with connection.transaction():
        row = connection.execute("SELECT went_back, looks, timeline FROM lifeboat.continuity FOR UPDATE").fetchone()
        if row is None:
            begin_anew(connection, said)
            return said + 1, ""
        noted, looks, before = row
        now = _timeline(connection)
        why = noted or _why(looks, said, before, now)
        reached = max(looks, said) + 1
        connection.execute(
            "UPDATE lifeboat.continuity SET looks = %s, timeline = %s, went_back = %s", (reached, now, why)
        )
        return reached, why


def went_back(connection: Connection, said: int = 0) -> str:
    """Return why this database may lack what its site confirmed, or ""; only a copy of everything ends it.

    With what the site `said` of it last, the answer holds before anybody has looked and noted it.
    """
    row = connection.execute("SELECT went_back, looks, timeline FROM lifeboat.continuity").fetchone()
    if row is None:
        return ""
    noted, looks, before = row
    return noted or _why(looks, said, before, _timeline(connection))


def begin_anew(connection: Connection, said: int = 0) -> None:
    """Begin with what this database holds now, after everything was removed from it: nothing is missing in a copy."""
    connection.execute(
        """INSERT INTO lifeboat.continuity (looks, timeline) VALUES (%s, %s)
           ON CONFLICT (only_row) DO UPDATE SET went_back = ''""",
        (said + 1, _timeline(connection)),
    )


def _timeline(connection: Connection) -> int:
    """Return the timeline that this server writes, as the first eight digits of its log files' names say it."""
    row = connection.execute("SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int").fetchone()
    assert row is not None
    return row[0]


def _why(looks: int, said: int, before: int, now: int) -> str:
    if looks < said:
        return f"its database went back to an earlier state, by {said - looks} looks of its agent"
    if before != now:
        return f"its database is another server's since timeline {before}: it may lack what was confirmed"
    return ""
