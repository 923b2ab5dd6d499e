"""What a site remembers of its runbooks: enough that a new agent goes on, and that no request is acted on twice."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from scripts.runbook import commissions
from scripts.runbook.commissions import Commission
from scripts.runbook.lease import LeaseKey
from tests.conftest import RunningPostgres

FIRST = Commission("failover-2-to-gcp-0000aa", "failover", "gcp", {"epoch": 2, "hears": ["azure"]}, "0000aa" + "0" * 26,
                   1_900_000_000.5, "ana", skips=("point_dns",))  # fmt: skip


@pytest.fixture
def agent(app_database: RunningPostgres) -> Iterator[psycopg.Connection[Any]]:
    """Give the agent's own connection, and a memory in which nothing is under way."""
    with psycopg.connect(app_database.agent_url, autocommit=True) as connection:
        connection.execute("UPDATE lifeboat.run SET state = 'done'")
        yield connection


def test_an_agent_that_is_started_again_finds_what_it_was_in_the_middle_of(agent: psycopg.Connection[Any]) -> None:
    """Whole: the plan, whose word it was, what is left out, and in mode auto the renewal that was watched."""
    watched = replace(FIRST, runbook="failover-2-to-gcp-0000ab", nonce="0000ab" + "0" * 26, approved_by=None,
                      watched=LeaseKey(1, 7, "aws.x.3"), skips=())  # fmt: skip
    commissions.begin(agent, FIRST)
    commissions.begin(agent, watched)

    oldest = commissions.unfinished(agent)
    commissions.end(agent, FIRST.runbook, "done")
    younger = commissions.unfinished(agent)
    commissions.end(agent, watched.runbook, "stopped", "azure does not follow")

    assert (oldest, younger, commissions.unfinished(agent)) == (FIRST, watched, None)


def test_what_was_taken_on_or_refused_is_answered_for_good(agent: psycopg.Connection[Any]) -> None:
    """A new process of the agent knows it too: a request is a word said once."""
    nonce = "0000ac" + "0" * 26
    before = commissions.is_answered(agent, nonce)
    commissions.begin(agent, replace(FIRST, runbook="failover-2-to-gcp-0000ac", nonce=nonce))
    commissions.note_answered(agent, nonce, "ana")

    assert (before, commissions.is_answered(agent, nonce)) == (False, True)


def test_a_stopped_run_with_the_same_aim_is_gone_on_with(agent: psycopg.Connection[Any]) -> None:
    """Same verb, site and epoch; a new word takes it on again under its old name."""
    stopped = replace(FIRST, runbook="rejoin-9-to-aws-0000ad", verb="rejoin", to="aws", plan={"epoch": 9})
    commissions.begin(agent, stopped)
    commissions.end(agent, stopped.runbook, "stopped", "the disk is full")

    assert commissions.stopped(agent, "rejoin", "aws", 9) == stopped
    assert commissions.stopped(agent, "rejoin", "aws", 10) is None
    assert commissions.stopped(agent, "rejoin", "gcp", 9) is None
    again = replace(stopped, nonce="0000ae" + "0" * 26)
    commissions.begin(agent, again)
    assert commissions.unfinished(agent) == again
    assert (stopped.is_new, again.is_new) == (False, False)
    assert replace(stopped, runbook=commissions.name_of("rejoin", 9, "aws", stopped.nonce)).is_new
