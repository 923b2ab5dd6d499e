"""What a site remembers of the runbooks it has taken on, in its own database, so that a new agent goes on with them.

Every function takes an autocommit connection of the role lifeboat_agent.
"""

from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from scripts.runbook.lease import LeaseKey
from scripts.runbook.signing import Body

Connection = psycopg.Connection[Any]
# How much of the request's nonce a runbook's name carries.
NONCE_PART = 6

State = Literal["running", "done", "stopped"]


@dataclass(frozen=True)
class Commission:
    """One runbook that a site has taken on: what to do, by which plan, on whose word.

    nonce: of the request, under which it is answered. expires: until when it may begin, seconds since 1970.
    approved_by: the operator; None in mode `auto`, where `watched` is the renewal that was watched until it was due.
    """

    runbook: str
    verb: str
    to: str
    plan: Body
    nonce: str
    expires: float
    approved_by: str | None = None
    watched: LeaseKey | None = None
    skips: tuple[str, ...] = ()

    @property
    def is_new(self) -> bool:
        """Say whether no earlier request began this runbook."""
        return self.runbook.endswith(self.nonce[:NONCE_PART])

    def to_body(self) -> Body:
        return {**vars(self), "skips": list(self.skips), "watched": list(self.watched) if self.watched else None}

    @classmethod
    def from_body(cls, body: Body) -> "Commission":
        parts: dict[str, Any] = {**body, "skips": tuple(body["skips"])}
        parts["watched"] = LeaseKey(*body["watched"]) if body["watched"] else None
        return cls(**parts)


def name_of(verb: str, epoch: int, to: str, nonce: str) -> str:
    """Return the name of a runbook that begins."""
    return f"{verb}-{epoch}-to-{to}-{nonce[:NONCE_PART]}"


def is_answered(connection: Connection, nonce: str) -> bool:
    """Say whether this site has answered a request already, by this process or an earlier one."""
    query = "SELECT 1 FROM lifeboat.answered_request WHERE nonce = %s"
    return connection.execute(query, (nonce,)).fetchone() is not None


def note_answered(connection: Connection, nonce: str, operator: str) -> None:
    """Remember for good that a request was answered."""
    connection.execute(
        "INSERT INTO lifeboat.answered_request (nonce, operator) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (nonce, operator),
    )


def begin(connection: Connection, commission: Commission) -> None:
    """Take a runbook on, or on again under a new word; from here on an agent that is started again goes on with it."""
    with connection.transaction():
        note_answered(connection, commission.nonce, commission.approved_by or "")
        connection.execute(
            """INSERT INTO lifeboat.run (runbook, commission, state) VALUES (%s, %s, 'running')
               ON CONFLICT (runbook) DO UPDATE SET commission = excluded.commission, state = 'running', reason = ''""",
            (commission.runbook, Jsonb(commission.to_body())),
        )


def end(connection: Connection, runbook: str, state: State, reason: str = "") -> None:
    connection.execute("UPDATE lifeboat.run SET state = %s, reason = %s WHERE runbook = %s", (state, reason, runbook))


def unfinished(connection: Connection) -> Commission | None:
    """Return the runbook that an agent was in the middle of when it ended, the oldest first, or None."""
    row = connection.execute(
        "SELECT commission FROM lifeboat.run WHERE state = 'running' ORDER BY began LIMIT 1"
    ).fetchone()
    return Commission.from_body(row[0]) if row else None


def stopped(connection: Connection, verb: str, to: str, epoch: int) -> Commission | None:
    """Return the last run with the same aim that was stopped before its end, or None."""
    row = connection.execute(
        """SELECT commission FROM lifeboat.run WHERE state = 'stopped' AND commission->>'verb' = %s
           AND commission->>'to' = %s AND (commission->'plan'->>'epoch')::bigint = %s ORDER BY began DESC LIMIT 1""",
        (verb, to, epoch),
    ).fetchone()
    return Commission.from_body(row[0]) if row else None
